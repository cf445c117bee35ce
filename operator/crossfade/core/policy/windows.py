"""Whether releases may go on by the calendar: open or closed, since when, until when, and how long that answer holds.

Pure: windows and `now` in. An answer holds until `valid_until`: whoever asks often keeps it until then. Looked at are 400 days before and
after `now`, fewer where windows begin more than 25 times a day; of what lies further away is said no moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from typing import Final, overload

from crossfade.api.policy_windows import InFlight, Moment
from crossfade.core.policy.closures import (
    ABORTING,
    MOMENTS,
    NOBODY,
    PAUSING,
    Calendar,
    Closure,
    Named,
    closures,
)
from crossfade.core.policy.outlook import Outlook, outlook
from crossfade.core.policy.spans import Span, holding
from crossfade.core.policy.zones import DAY_S

REACHES_DAYS: Final = (1, 8, 64, 400)
"""How far it is looked to either side: further only where the nearer did not tell all."""

TIMES: Final = 20_000
"""Further than a day it is looked at so many beginnings of windows, at most: those of up to 25 a day are seen for 400 days, those of every
two minutes for 8. Windows are an admin's, and looking must not keep everybody waiting."""

KEPT_S: Final = DAY_S
"""An answer that could not tell all is kept for so long, at most: then more is in sight."""


@dataclass(frozen=True)
class State:
    """Whether something waits for the calendar.

    `since`: since when it is so, `next_open`, `next_close`: when it opens and closes next; None where that is further away than was looked.
    `looked_s`: how far that was. `named`: who closes: of several that which ends last; while open, which closes next. `others`: how many more
    close now. `needs_person`: it ends only when somebody does something. `rejects`: what is applied now is refused.
    """

    closed: bool
    valid_until: datetime
    since: datetime | None = None
    next_open: datetime | None = None
    next_close: datetime | None = None
    looked_s: int = 0
    named: Named = NOBODY
    others: int = 0
    needs_person: bool = False
    rejects: bool = False


def state(calendars: Iterable[Calendar], moment: Moment, now: datetime) -> State:
    """Whether a moment of a release may come, by one policy or by several: all of them must let it."""
    return state_of([found for each in calendars for found in closures(each, moment)], now)


def in_flight(calendars: Iterable[Calendar], now: datetime) -> tuple[InFlight, State]:
    """What is done to releases under way, and by whom: the strictest of what closes now, for whatever moment."""
    known = list(calendars)
    aborting = state_of(_under_way(known, ABORTING), now)
    if aborting.closed:
        return "Abort", aborting
    pausing = state_of(_under_way(known, PAUSING), now)
    return ("Pause" if pausing.closed else "Continue"), pausing


def _under_way(calendars: Iterable[Calendar], harm: Collection[InFlight]) -> list[Closure]:
    return [found for each in calendars for moment in MOMENTS for found in closures(each, moment, harm)]


def state_of(known: Sequence[Closure], now: datetime) -> State:
    """What things that close do together. It is looked as far as is needed to tell all."""
    at = floor(now.timestamp())
    for days in _reaches(known):
        begins, ends = at - days * DAY_S, at + days * DAY_S
        parts = [each.spans(begins, ends) for each in known]
        found = outlook(parts, at, begins, ends)
        if found.is_complete:
            break
    return _told(list(zip(known, parts, strict=True)), found, at, days)


def _reaches(known: Iterable[Closure]) -> Iterator[int]:
    """How far to look: as far as what is seen there stays countable, and a day in any case."""
    often = 2 * sum(each.times_a_day for each in known)
    return (days for days in REACHES_DAYS if days == REACHES_DAYS[0] or days * often <= TIMES)


def _told(parts: Sequence[tuple[Closure, Sequence[Span]]], found: Outlook, at: int, days: int) -> State:
    """The answer, with the name of who closes."""
    closing = [(closure, span[1]) for closure, spans in parts if (span := holding(spans, at))]
    last = max(closing, key=lambda each: (each[0].needs_person, each[1]), default=None)
    return State(
        closed=found.closed,
        valid_until=_moment(_valid_until(found, at)),
        since=_moment(found.since),
        next_open=_moment(found.next_open),
        next_close=_moment(found.next_close),
        looked_s=days * DAY_S,
        named=last[0].named(last[1]) if last else _next(parts, at),
        others=max(len({closure.named(ends) for closure, ends in closing}) - 1, 0),
        needs_person=bool(last and last[0].needs_person),
        rejects=any(closure.rejects for closure, _ in closing),
    )


def _valid_until(found: Outlook, at: int) -> int:
    soon = at + KEPT_S
    return found.changes if found.changes and (found.is_complete or found.changes < soon) else soon


def _next(parts: Sequence[tuple[Closure, Sequence[Span]]], at: int) -> Named:
    """Who closes next; nobody where nothing does."""
    coming = [(span[0], closure) for closure, spans in parts for span in spans if span[0] > at]
    first = min(coming, key=lambda each: each[0], default=None)
    return first[1].named(first[0]) if first else NOBODY


@overload
def _moment(second: int) -> datetime: ...
@overload
def _moment(second: int | None) -> datetime | None: ...
def _moment(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
