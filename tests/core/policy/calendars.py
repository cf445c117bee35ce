"""Windows and moments in few words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from crossfade.api.policy_windows import Freeze, Window
from crossfade.core.policy.closures import Calendar

BERLIN = "Europe/Berlin"


def window(name: str = "friday", kind: str = "Deny", *, zone: str = BERLIN, **fields: Any) -> Window:
    """A window; by default every Friday from 16:00 until Monday 06:00."""
    when = {"schedule", "start", "end", "dates"} & fields.keys()
    often = {} if when else {"schedule": "0 16 * * FRI", "durationSeconds": 62 * 3600}
    return Window.model_validate({"name": name, "kind": kind, "timeZone": zone, **often, **fields})


def calendar(*windows: Window, policy: str = "production", freeze: Freeze | None = None) -> Calendar:
    """The calendar of one policy."""
    return Calendar(policy, windows, freeze)


def at(text: str, zone: str = BERLIN, fold: int = 0) -> datetime:
    """A moment by local clocks: `2026-11-27 16:00`; of a time that comes twice, `fold` is which of the two."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
