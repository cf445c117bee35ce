"""Windows in words, by the clocks of their own zone.

What is stored (a condition's message) is told with dates: it must not change as time passes. With `now` it is told as people say it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crossfade.core.policy.zones import UnknownZoneError, zone_of

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""Not by the locale: a message is the same for everybody."""

UNREADABLE: Final = "it cannot be read: "
"""What the reason of a window begins with that is closed since nobody can read it."""

NEAR: Final = timedelta(days=6)
"""So near, a weekday says which day."""


def closed_words(
    since: datetime | None, until: datetime | None, zone: str, reason: str = "", now: datetime | None = None
) -> str:
    """Say since when and until when it is closed, and why. None: further away than was looked.

    Example: `closed since Fri 16:00 until Mon 06:00 (Europe/Berlin): no Friday afternoon`.
    """
    why = f": {reason}" if reason else ""
    never = " until it is corrected" if reason.startswith(UNREADABLE) else ", and does not open within a year"
    return f"closed{_times(since, until, zone, now)}{'' if until else never}{why}"


def open_words(since: datetime | None, until: datetime | None, zone: str, now: datetime | None = None) -> str:
    """Say since when and until when it is open. Example: `open since Mon 06:00 until Fri 16:00 (Europe/Berlin)`."""
    return f"open{_times(since, until, zone, now)}{'' if until else ', and does not close within a year'}"


def _times(since: datetime | None, until: datetime | None, zone: str, now: datetime | None) -> str:
    told = (("since", since), ("until", until))
    words = [f"{word} {clock(moment, zone, now)}" for word, moment in told if moment]
    return f" {' '.join(words)} ({zone_name(zone)})" if words else ""


def clock(moment: datetime, zone: str, now: datetime | None = None) -> str:
    """Say a moment by the clocks of a zone. Examples: `Fri 2026-11-27 16:00`; near `now`: `Fri 16:00`.

    A time that comes twice has its offset: `Sun 02:30 +01:00`.
    """
    place = _zone(zone)
    local = moment.astimezone(place)
    day = "" if now is not None and abs(moment - now) < NEAR else f"{local:%Y-%m-%d} "
    time = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = f" {local.isoformat()[-6:]}" if twice else ""
    return f"{WEEKDAYS[local.weekday()]} {day}{time}{offset}"


def zone_name(zone: str) -> str:
    """The name of the zone that times are told in: UTC where it is not known."""
    return _zone(zone).key


def _zone(name: str) -> ZoneInfo:
    try:
        return zone_of(name)
    except UnknownZoneError:
        return zone_of("UTC")
