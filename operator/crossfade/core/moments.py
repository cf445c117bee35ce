"""Times as the API writes them (RFC 3339, UTC), and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def text_of(moment: datetime) -> str:
    """`2026-01-31T12:00:00.123Z`: milliseconds, since the promises here are about tenths of seconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    """The moment that an API object names; raises ValueError for anything else."""
    return datetime.fromisoformat(text)


def seconds_since(text: str | None, now: datetime) -> float:
    """Seconds from `text` to `now`, never negative; 0 where there is no such moment."""
    return max(0.0, (now - moment_of(text)).total_seconds()) if text else 0.0


def later(text: str, seconds: float) -> str:
    """The moment `seconds` after `text`."""
    return text_of(moment_of(text) + timedelta(seconds=seconds))
