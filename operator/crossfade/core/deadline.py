"""`progressDeadlineSeconds`: how long something may be waited for before a person should look."""

from __future__ import annotations

from crossfade.core.goals import stopped
from crossfade.core.moments import seconds_since
from crossfade.core.outside import OUTSIDE
from crossfade.core.situation import Situation
from crossfade.core.stepper import Step


def left_s(s: Situation, at: Step) -> float | None:
    """Seconds until what a release waits for is late, 0 or less where it is; None where no deadline runs.

    It does not run while a person holds the release, nor for what only its owner can let go.
    """
    since = s.progress.turned_back_at or s.progress.short_since
    if not s.under_way or at.unmet is None or since is None or s.progress.frozen or stopped(s):
        return None
    if at.unmet.why in OUTSIDE:
        return None
    return s.spec.progress_deadline_seconds - seconds_since(since, s.now)


def is_late(s: Situation, at: Step) -> bool:
    """Whether it has been waited for longer than that."""
    left = left_s(s, at)
    return left is not None and left <= 0
