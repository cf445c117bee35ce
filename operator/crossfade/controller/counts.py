"""Counts of pods change with every pod that starts: on their own they are told together, some seconds later.

A pod after the other becomes ready within a second or two; a status for each would be most of what a release writes.
All else (a phase, a condition, a stored start, a generation, a sentence that says why) is told at once, and takes the
counts along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

from pydantic import ValidationError

from crossfade.api.status import Progress, RevisionStatus, RolloutStatus

_NUMBER: Final = re.compile(r"\d+")

TOLD_WITHIN_S: Final = 5.0
"""A wave of pods is over by then, mostly; an autoscaler looks every 15 s."""


class Change(Enum):
    """How much a status differs from the stored one."""

    NONE = "none"
    COUNTS = "counts"  # and numbers in sentences
    MORE = "more"


def change(stored: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> Change:
    """How the wanted status differs from the stored one in meaning: defaults and order of keys do not count."""
    if stored is None or wanted is None:
        return Change.NONE if stored is wanted else Change.MORE
    try:
        before, after = RolloutStatus.model_validate(stored), RolloutStatus.model_validate(wanted)
    except ValidationError:
        return Change.NONE if dict(stored) == dict(wanted) else Change.MORE
    if before == after:
        return Change.NONE
    return Change.COUNTS if _without_counts(before) == _without_counts(after) else Change.MORE


def left_s(since: datetime, now: datetime) -> float:
    """Seconds until counts that differ `since` then are to be told; 0 where it is time."""
    return max(0.0, TOLD_WITHIN_S - (now - since).total_seconds())


def _without_counts(status: RolloutStatus) -> RolloutStatus:
    silent = {
        "message": _wordy(status.message),
        "replicas": None,
        "available_replicas": None,
        "ready": "",
        "real_weight": None,
        "stable": _uncounted(status.stable),
        "candidate": _uncounted(status.candidate),
        "progress": _without_growth(status.progress),
        "conditions": [one.model_copy(update={"message": _wordy(one.message)}) for one in status.conditions],
    }
    return status.model_copy(update=silent)


def _without_growth(progress: Progress | None) -> Progress | None:
    """Where a stage stands, but for how many of its pods are there, and since when no more have come."""
    if progress is None:
        return None
    waits = {"short_since": progress.short_since and "since", "waiting_for": _wordy(progress.waiting_for)}
    return progress.model_copy(update={**waits, "most_available": 0, "seen_in": ""})


def _wordy(sentence: str) -> str:
    """A sentence without its numbers."""
    return _NUMBER.sub("", sentence)


def _uncounted(side: RevisionStatus | None) -> RevisionStatus | None:
    return side.model_copy(update={"replicas": 0, "ready": 0, "available": 0}) if side else None
