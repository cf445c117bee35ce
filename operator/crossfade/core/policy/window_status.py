"""What the status of a policy tells of its windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crossfade.api.policy_windows import Moment, Window, WindowStatus
from crossfade.core.moments import text_of
from crossfade.core.policy.closures import MOMENTS, Calendar, closure_of
from crossfade.core.policy.window_problems import problems
from crossfade.core.policy.windows import KEPT_S, State, state_of


@dataclass(frozen=True)
class _Doing:
    """What a window does, or Allow windows of the same moments together."""

    state: State
    closed_for: tuple[Moment, ...]


def statuses(calendar: Calendar, now: datetime) -> tuple[list[WindowStatus], datetime]:
    """What each window of a policy does, and until when that is right."""
    wrong = {window.name for window in calendar.windows if problems(window)}
    found: dict[tuple[str, ...], _Doing] = {}
    told = []
    for window in calendar.windows:
        together = window.kind == "Allow" and window.name not in wrong
        key = ("", *sorted(window.applies)) if together else (window.name,)
        found[key] = found.get(key) or _doing(calendar, window, now)
        told.append(_status(window, found[key], readable=window.name not in wrong))
    until = (each.state.valid_until for each in found.values())
    return told, min(until, default=now + timedelta(seconds=KEPT_S))


def _doing(calendar: Calendar, window: Window, now: datetime) -> _Doing:
    by_moment = {each: closure_of(calendar, window, each) for each in MOMENTS if each in window.applies}
    at = int(now.timestamp())
    closed_for = (each for each, closure in by_moment.items() if closure.spans(at, at + 1))
    return _Doing(state_of(list(by_moment.values()), now), tuple(closed_for))


def _status(window: Window, doing: _Doing, *, readable: bool) -> WindowStatus:
    state = doing.state
    return WindowStatus(
        name=window.name,
        closed=state.closed,
        closed_for=list(doing.closed_for),
        reason=window.reason if readable else state.named.reason,
        since=_text(state.since),
        next_open=_text(state.next_open),
        next_close=_text(state.next_close),
    )


def _text(moment: datetime | None) -> str | None:
    return text_of(moment) if moment else None
