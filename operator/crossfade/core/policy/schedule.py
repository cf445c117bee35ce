"""Schedules in cron: on which local days they come, at which times, and which moments those are.

`cronsim` reads them, and knows days as Debian's cron does. Which moments they are is said here, as Debian's cron has it too: its
manual's words for clock changes are that a job at a specific time that is skipped runs at once, and one that comes twice runs once; those
with `*` for the minute or the hour follow the clock. cronsim's own walk through a zone (2.8) is not used: asked in the second of two
equal hours it gives moments of the first, and on the days on which Lord Howe's clocks change by half an hour it begins `*/10 3 * * *` at
03:30.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from crossfade.core.policy.spans import Span, merged
from crossfade.core.policy.zones import first_moment, has_one_offset, midnight, moments

ANY_DAY: Final = datetime(2000, 1, 1)  # noqa: DTZ001 (without a zone, cronsim knows no clock changes)
FIELDS: Final = 5


class ScheduleError(ValueError):
    """A schedule that cannot be read, or that never comes; the message says what to write instead."""


@dataclass(frozen=True)
class Schedule:
    """`comes_on`: whether it comes on a local day; `times`: when on each of them, in seconds since midnight, rising.

    `specific`: its times are specific, and none of minute and hour begins with `*`.
    """

    text: str
    comes_on: Callable[[date], bool]
    times: tuple[int, ...]
    specific: bool

    def begins(self, day: date, zone: ZoneInfo) -> Iterator[int]:
        """The moments at which it comes on a local day."""
        for time_s in self.times:
            local = datetime(day.year, day.month, day.day) + timedelta(seconds=time_s)  # noqa: DTZ001
            yield from [first_moment(local, zone)] if self.specific else moments(local, zone)

    def plain_day(self, duration_s: int) -> tuple[Span, ...]:
        """Its times on a day without a clock change, in seconds from its midnight on, merged."""
        return _plain_day(self.times, duration_s)

    def spans(self, day: date, zone: ZoneInfo, duration_s: int) -> list[Span]:
        """The times that begin on a local day and last so long, in seconds that pass."""
        if not self.comes_on(day):
            return []
        if has_one_offset(day, zone):
            at = midnight(day, zone)
            return [(at + begins, at + ends) for begins, ends in self.plain_day(duration_s)]
        return merged((at, at + duration_s) for at in self.begins(day, zone))


@lru_cache(maxsize=1024)
def schedule_of(text: str) -> Schedule:
    """Read a schedule of five fields. Raises ScheduleError."""
    fields = text.split()
    if len(fields) != FIELDS:
        raise ScheduleError(f"{text!r} has not 5 fields: minute, hour, day of month, month, day of week")
    try:
        cron = CronSim(text, ANY_DAY)
    except CronSimError as error:
        raise ScheduleError(
            f"{text!r} cannot be read ({_lower(str(error))}): write it like 0 16 * * FRI"
        ) from None
    if next(cron, None) is None:
        raise ScheduleError(
            f"{text!r} never comes: no day of 50 years has that day of month and that day of week"
        )
    return Schedule(
        text,
        lambda day: day.month in cron.months and cron.match_day(day),
        tuple(sorted(hour * 3600 + minute * 60 for hour in cron.hours for minute in cron.minutes)),
        not fields[0].startswith("*") and not fields[1].startswith("*"),
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


@lru_cache(maxsize=1024)
def _plain_day(times: tuple[int, ...], duration_s: int) -> tuple[Span, ...]:
    return tuple(merged((time_s, time_s + duration_s) for time_s in times))
