"""How long ago, as short as a column is: `12s`, `5m`, `3h`, `2d`."""

from __future__ import annotations

from datetime import datetime

UNITS = ((24 * 3600, "d"), (3600, "h"), (60, "m"))


def age(then: datetime | None, now: datetime) -> str:
    """Give the time since `then` in its largest whole unit; empty where it is not known."""
    if then is None:
        return ""
    seconds = max(0, int((now - then).total_seconds()))
    unit = next(((length, word) for length, word in UNITS if seconds >= 2 * length), (1, "s"))
    return f"{seconds // unit[0]}{unit[1]}"
