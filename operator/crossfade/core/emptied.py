"""After a release was scaled to nothing: for a while, the counts of its pods may still be those of before.

Scaled to nothing and back within a second, a Deployment counts pods that are about to go for some more seconds: its own
controller has seen the newest size while the ReplicaSet's has not, and its requests are limited (`kube-api-qps`: 20 a
second by default). Whoever believed them would call the stage standing, and the release failed when the pods go. A count
of zero in between need not be seen, so time is all that tells. What pods themselves say (an exit code, that they were
told to go) is true at once.
"""

from __future__ import annotations

from typing import Final

from crossfade.core.moments import seconds_since, text_of
from crossfade.core.situation import Situation

COUNTS_LATE_S: Final = 10.0
"""With 20 Rollouts scaled at once, 1 of 100 was taken back by such counts; with this wait none of 400 (measured)."""

GOING_PER_S: Final = 20
"""Pods that the ReplicaSet controller deletes in a second, by default, and not more."""


def emptied_at(s: Situation, candidate: int, *, standing: bool) -> str | None:
    """When the candidate's last pods were told to go, until its stage stands again; `candidate`: the pods wanted now."""
    if not s.n and s.candidate.ours and s.candidate.desired and not candidate:
        return text_of(s.now)
    return None if s.n and standing else s.progress.emptied_at


def counts_late_for_s(s: Situation) -> float:
    """For how many more seconds counts are not believed; 0 where they are."""
    at, late_s = s.progress.emptied_at, COUNTS_LATE_S + s.n / GOING_PER_S
    return max(0.0, late_s - seconds_since(at, s.now)) if at and s.n else 0.0
