"""Clocks of the world: which moments a local time is. Moments are whole seconds since 1970."""

from __future__ import annotations

import difflib
from calendar import timegm
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

NOT_ONE_PLACE: Final = frozenset({"Factory", "localtime", "posixrules"})
"""Files of the database that are no zone, or the zone of whatever machine reads them."""

DAY_S: Final = 24 * 3600


class UnknownZoneError(ValueError):
    """A name that the IANA time zone database does not have; the message says what to write instead."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises UnknownZoneError, also for one that means another zone on another machine."""
    if name in NOT_ONE_PLACE or name.partition("/")[0] in ("posix", "right"):
        raise UnknownZoneError(_unknown(name))
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # it is not there; it is no name; it is a folder
        raise UnknownZoneError(_unknown(name)) from None


def _unknown(name: str) -> str:
    names = {each.lower(): each for each in available_timezones()}
    close = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean {names[close[0]]}?" if close else "write one like Europe/Berlin, or UTC"
    return f"the time zone {name!r} is not known: {hint}"


def offset_s(local: datetime, zone: ZoneInfo, fold: int = 0) -> int:
    """Seconds that local clocks are ahead of UTC then; of a time that comes twice, `fold` is which of the two.

    Of one that is skipped, fold 0 has the offset before the change and fold 1 that after it (PEP 495).
    """
    ahead = zone.utcoffset(local.replace(fold=fold))
    return round(ahead.total_seconds()) if ahead is not None else 0


def midnight(day: date, zone: ZoneInfo) -> int:
    """The moment at which a local day begins: its first midnight, or where clocks skip that, the change."""
    local = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (a local time, whose zone is beside it)
    return first_moment(local, zone)


def has_one_offset(day: date, zone: ZoneInfo) -> bool:
    """Whether no clock change touches a local day, nor what comes before its end once more."""
    begins = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    ends = datetime.fromordinal(day.toordinal() + 1)
    first = offset_s(begins, zone)
    return first == offset_s(ends, zone) == offset_s(ends, zone, fold=1)


def moments(local: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """The moments at which local clocks show that time: one, none where it is skipped, two where it comes twice."""
    before, after = offset_s(local, zone), offset_s(local, zone, fold=1)
    at = timegm(local.timetuple())
    if before < after:
        return ()
    return (at - before,) if before == after else (at - before, at - after)


def first_moment(local: datetime, zone: ZoneInfo) -> int:
    """The first moment at which local clocks show that time, or where they skip it, the change."""
    found = moments(local, zone)
    return found[0] if found else _end_of_skipped(local, zone)


def _end_of_skipped(local: datetime, zone: ZoneInfo) -> int:
    """The moment of the change that skips this local time."""
    before, after = offset_s(local, zone), offset_s(local, zone, fold=1)
    at = timegm(local.timetuple())
    early, late = at - after, at - before  # the change is after `early`, and `late` at the latest
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if _offset_at(middle, zone) == after else (middle, late)
    return late


def day_of(moment: int, zone: ZoneInfo) -> date:
    """The local day of a moment."""
    return datetime.fromtimestamp(moment, zone).date()


def _offset_at(moment: int, zone: ZoneInfo) -> int:
    ahead = datetime.fromtimestamp(moment, zone).utcoffset()
    return round(ahead.total_seconds()) if ahead is not None else 0
