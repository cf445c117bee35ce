"""When a window is active, by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import floor
from zoneinfo import ZoneInfo

from crossfade.api.policy_windows import Window
from crossfade.core.policy.schedule import schedule_of
from crossfade.core.policy.spans import Span, cut, merged, without
from crossfade.core.policy.zones import day_of, midnight, zone_of


def active(window: Window, begins: int, ends: int) -> list[Span]:
    """The times between two moments in which it is active, merged. Raises ValueError where it cannot be read.

    Fractions of seconds in `start` and `end` do not count.
    """
    zone = zone_of(window.time_zone)
    spans = merged(_spans(window, zone, begins, ends))
    gone = days(tuple(window.except_dates), zone)
    return cut(without(spans, gone) if gone else spans, begins, ends)


def times_a_day(window: Window) -> int:
    """How often it is active on a day of its schedule."""
    if window.schedule is None:
        return 0
    return len(schedule_of(window.schedule).plain_day(window.duration_seconds or 0))


def _spans(window: Window, zone: ZoneInfo, begins: int, ends: int) -> Iterable[Span]:
    if window.schedule is not None:
        return _scheduled(window.schedule, window.duration_seconds or 0, zone, begins, ends)
    if window.start and window.end:
        return [(seconds_of(window.start), seconds_of(window.end))]
    return days(tuple(window.dates), zone)


def _scheduled(text: str, duration_s: int, zone: ZoneInfo, begins: int, ends: int) -> Iterator[Span]:
    """From the day whose span may last until `begins` on; a day more at either end, since clocks change."""
    schedule = schedule_of(text)
    first = day_of(begins - duration_s, zone) - timedelta(days=1)
    last = day_of(ends, zone) + timedelta(days=1)
    for number in range(first.toordinal(), last.toordinal() + 1):
        yield from schedule.spans(date.fromordinal(number), zone, duration_s)


@lru_cache(maxsize=1024)
def days(texts: tuple[str, ...], zone: ZoneInfo) -> Sequence[Span]:
    """Local days from midnight to midnight, merged. Raises ValueError for one that no calendar has."""
    read = map(first_and_last, texts)
    return merged((midnight(first, zone), midnight(last + timedelta(days=1), zone)) for first, last in read)


@lru_cache(maxsize=8192)
def first_and_last(text: str) -> tuple[date, date]:
    """The days of `2026-12-24/2026-12-26`, or of a single one. Raises ValueError."""
    first, _, last = text.partition("/")
    begins, ends = _day(first), _day(last or first)
    if ends < begins:
        raise ValueError(f"{text} ends before it begins: write the earlier day first")
    return begins, ends


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no day of the calendar") from None


def seconds_of(text: str) -> int:
    """The second of a moment that an API object names."""
    return floor(datetime.fromisoformat(text).timestamp())
