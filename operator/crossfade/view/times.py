"""Moments: read as the API server keeps them, told as people do."""

from __future__ import annotations

from datetime import datetime

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 24 * 3600


def time_of(text: str | None) -> datetime | None:
    """Read an RFC 3339 time; None where there is none, or where it is not a time."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def duration(seconds: float) -> str:
    """Say a time to the second. Examples: `45 s`, `6 min 30 s`, `2 h`."""
    whole = round(seconds)
    hours, minutes, left = whole // HOUR_S, whole % HOUR_S // MINUTE_S, whole % MINUTE_S
    parts = [(hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 s"


def ago(at: datetime, now: datetime) -> str:
    """Say how long ago, in one unit. Examples: `8 s ago`, `12 min ago`, `5 h ago`, `3 d ago`.

    Clocks differ, so what seems to come is told as now.
    """
    past_s = max((now - at).total_seconds(), 0)
    return f"{rough(past_s)} ago"


def rough(seconds: float) -> str:
    """Say a time in the one unit that tells enough of it. Hours begin at two, and so do days: one is too coarse."""
    if seconds < MINUTE_S:
        return f"{int(seconds)} s"
    if seconds < 2 * HOUR_S:
        return f"{int(seconds // MINUTE_S)} min"
    return f"{int(seconds // HOUR_S)} h" if seconds < 2 * DAY_S else f"{int(seconds // DAY_S)} d"
