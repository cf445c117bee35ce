"""Moments as people tell them: how long ago."""

from __future__ import annotations

from datetime import datetime

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 24 * 3600


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
