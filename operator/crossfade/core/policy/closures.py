"""What closes: each Deny window, the Allow windows of a policy together, a freeze, and a window that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from crossfade.api.policy_windows import Closing, Freeze, InFlight, Moment, Window
from crossfade.core.policy.active import active, seconds_of, times_a_day
from crossfade.core.policy.spans import Span, cut, merged, outside
from crossfade.core.policy.window_problems import problems
from crossfade.core.policy.window_words import UNREADABLE

MOMENTS: Final[tuple[Moment, ...]] = ("Start", "Step", "Promote")
ABORTING: Final[frozenset[InFlight]] = frozenset({"Abort"})
PAUSING: Final[frozenset[InFlight]] = frozenset({"Pause", "Abort"})
WHATEVER: Final[frozenset[InFlight]] = frozenset({"Continue", "Pause", "Abort"})


@dataclass(frozen=True)
class Calendar:
    """The windows and the freeze of one policy, which is named in what is said."""

    policy: str = ""
    windows: tuple[Window, ...] = ()
    freeze: Freeze | None = None


@dataclass(frozen=True)
class Named:
    """Who closes: the policy and its window, none for a freeze; the reason, and the zone in which its times are told."""

    policy: str = ""
    window: str = ""
    reason: str = ""
    time_zone: str = "UTC"


NOBODY: Final = Named()


@dataclass(frozen=True)
class Closure:
    """One thing that closes. `spans`: the times between two moments in which it does, merged.

    `named`: who that is, by the moment at which such a time begins or ends. `times_a_day`: how often it begins on a day, at most. `needs_person`: it ends only when somebody does something. `rejects`: what is
    applied meanwhile is refused.
    """

    spans: Callable[[int, int], list[Span]]
    named: Callable[[int], Named]
    rejects: bool = False
    needs_person: bool = False
    times_a_day: int = 1


def closures(calendar: Calendar, moment: Moment, in_flight: Collection[InFlight] = WHATEVER) -> list[Closure]:
    """What of a policy closes for a moment; with `in_flight` only what does that to releases under way.

    A window that cannot be read takes nothing back, whatever it says: that may be a slip of the pen.
    """
    freeze = calendar.freeze
    found = [_freeze(calendar, freeze)] if freeze and _counts(freeze, moment, in_flight) else []
    for window in calendar.windows:
        wrong = problems(window)
        if not _counts(window, moment, in_flight) or (wrong and in_flight == ABORTING):
            continue
        if wrong:
            found.append(_unreadable(calendar, window, wrong))
        elif window.kind == "Deny":
            found.append(_deny(calendar, window))
    allowing = _allowing(calendar, moment)
    if any(_counts(window, moment, in_flight) for window in allowing):
        found.append(_allow(calendar, allowing))
    return found


def closure_of(calendar: Calendar, window: Window, moment: Moment) -> Closure:
    """What closes for a moment by one window: an Allow window together with the others of its policy."""
    if wrong := problems(window):
        return _unreadable(calendar, window, wrong)
    return _deny(calendar, window) if window.kind == "Deny" else _allow(calendar, _allowing(calendar, moment))


def _counts(closing: Closing, moment: Moment, in_flight: Collection[InFlight]) -> bool:
    return moment in closing.applies and closing.in_flight in in_flight


def _allowing(calendar: Calendar, moment: Moment) -> list[Window]:
    windows = (each for each in calendar.windows if each.kind == "Allow" and moment in each.applies)
    return [each for each in windows if not problems(each)]


def _freeze(calendar: Calendar, freeze: Freeze) -> Closure:
    until = seconds_of(freeze.until) if freeze.until else None
    named = Named(calendar.policy, "", freeze.reason)

    def spans(begins: int, ends: int) -> list[Span]:
        return cut([(begins, ends if until is None else max(until, begins))], begins, ends)

    return Closure(spans, lambda _edge: named, freeze.on_closed == "Reject", until is None)


def _unreadable(calendar: Calendar, window: Window, wrong: Sequence[str]) -> Closure:
    named = Named(calendar.policy, window.name, f"{UNREADABLE}{'; '.join(wrong)}")
    return Closure(
        lambda begins, ends: [(begins, ends)],
        lambda _edge: named,
        window.on_closed == "Reject",
        needs_person=True,
    )


def _deny(calendar: Calendar, window: Window) -> Closure:
    named = _name(calendar, window)
    return Closure(
        lambda begins, ends: active(window, begins, ends),
        lambda _edge: named,
        window.on_closed == "Reject",
        times_a_day=times_a_day(window),
    )


def _allow(calendar: Calendar, windows: Sequence[Window]) -> Closure:
    def spans(begins: int, ends: int) -> list[Span]:
        opened = merged(span for window in windows for span in active(window, begins, ends))
        return outside(opened, begins, ends)

    def named(edge: int) -> Named:
        changing = (window for window in windows if active(window, edge - 1, edge + 1))
        return _name(calendar, next(changing, windows[0]))

    rejects = any(window.on_closed == "Reject" for window in windows)
    return Closure(spans, named, rejects, times_a_day=sum(map(times_a_day, windows)))


def _name(calendar: Calendar, window: Window) -> Named:
    return Named(calendar.policy, window.name, window.reason, window.time_zone)
