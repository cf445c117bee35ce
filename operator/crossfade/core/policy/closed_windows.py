"""Which windows of a policy are closed now, as a decision gets them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from crossfade.api.policy_windows import InFlight, Moment, Window
from crossfade.core.moments import text_of
from crossfade.core.policy.closures import MOMENTS, Calendar, closure_of
from crossfade.core.policy.matched import Closed
from crossfade.core.policy.window_problems import problems
from crossfade.core.policy.windows import State, state_of


def closed_windows(calendar: Calendar, now: datetime) -> tuple[Closed, ...]:
    """Each window that is closed, once for all of its moments that close and open together.

    Allow windows for different moments may open for one of them before another.
    """
    known: dict[tuple[str, ...], State] = {}
    return tuple(
        _closed(window, state, moments)
        for window in calendar.windows
        for state, moments in _by_times(calendar, window, known, now)
    )


def _by_times(
    calendar: Calendar, window: Window, known: dict[tuple[str, ...], State], now: datetime
) -> Iterator[tuple[State, frozenset[Moment]]]:
    """What is closed of a window, and for what. `known`: what was worked out already, by the windows that close together."""
    found: dict[tuple[datetime | None, datetime | None], tuple[State, set[Moment]]] = {}
    for moment in (each for each in MOMENTS if each in window.applies):
        key = _together(calendar, window, moment)
        state = known[key] = known.get(key) or state_of([closure_of(calendar, window, moment)], now)
        if state.closed:
            found.setdefault((state.since, state.next_open), (state, set()))[1].add(moment)
    return ((state, frozenset(moments)) for state, moments in found.values())


def _together(calendar: Calendar, window: Window, moment: Moment) -> tuple[str, ...]:
    """The windows that close together with it for a moment, by name: of a policy the Allow windows do."""
    if window.kind == "Deny" or problems(window):
        return (window.name,)
    allowing = (each for each in calendar.windows if each.kind == "Allow" and moment in each.applies)
    return ("", *(each.name for each in allowing if not problems(each)))


def _closed(window: Window, state: State, moments: frozenset[Moment]) -> Closed:
    wrong = bool(problems(window))
    return Closed(
        window=window.name,
        moments=moments,
        in_flight=_in_flight(window, wrong=wrong),
        reason=str(state.named.reason if wrong else window.reason),
        since=text_of(state.since) if state.since else None,
        until=text_of(state.next_open) if state.next_open else None,
        time_zone=window.time_zone,
    )


def _in_flight(window: Window, *, wrong: bool) -> InFlight:
    """What becomes of releases under way. A window that cannot be read takes nothing back: that may be a slip of the pen."""
    return "Pause" if wrong and window.in_flight == "Abort" else window.in_flight
