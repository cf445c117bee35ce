"""Cron and local days as a watchmaker would have them: minute by minute, by looking at the local clock. Slow, and nothing is shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Fields:
    """A schedule as sets, and as it is written; `starred`: which of its fields begin with `*`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    text: str

    def shows(self, local: datetime) -> bool:
        """Whether it comes when the clock shows that."""
        _, _, day, _, weekday = self.text.split()
        by_day = (local.day in self.days, local.isoweekday() % 7 in self.weekdays)
        joined = all if day.startswith("*") or weekday.startswith("*") else any
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and local.month in self.months
            and joined(by_day)
        )

    @property
    def follows_the_clock(self) -> bool:
        """Whether its minute or its hour begins with `*`."""
        minute, hour, *_ = self.text.split()
        return minute.startswith("*") or hour.startswith("*")


def minutes(begins: datetime, ends: datetime) -> Iterator[datetime]:
    """Each minute from one moment until before another."""
    while begins < ends:
        yield begins
        begins += MINUTE


def beginnings(fields: Fields, zone: ZoneInfo, begins: datetime, ends: datetime) -> list[datetime]:
    """The moments at which a schedule comes: what the clock shows, what it jumps over, and what it has shown before."""
    found = []
    shown: set[datetime] = set()
    before = _local(begins - MINUTE, zone)
    for moment in minutes(begins, ends):
        now = _local(moment, zone)
        jumped = list(minutes(before + MINUTE, now)) if not fields.follows_the_clock else []
        new = [local for local in (*jumped, now) if fields.follows_the_clock or local not in shown]
        if any(map(fields.shows, new)):
            found.append(moment)
        shown.add(now)
        before = now
    return found


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
