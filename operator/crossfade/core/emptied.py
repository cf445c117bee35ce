"""After a release was scaled to nothing: for a while, the counts of its pods may still be those of before.

Scaled to nothing and back within a second, a Deployment counts pods that are about to go for some more seconds: its own
controller has seen the newest size while the ReplicaSet's has not, and its requests are limited (`kube-api-qps`: 20 a
second by default). Whoever believed them would call the release standing, and then failed when the pods go. A count of
zero in between need not be seen, so time is all that tells.
"""

from __future__ import annotations

from typing import Final

from crossfade.core.moments import seconds_since, text_of
from crossfade.core.situation import Situation

COUNTS_LATE_S: Final = 10.0
"""With 20 Rollouts scaled at once, 1 of 100 was taken back by such counts; with this wait none of 400 (measured)."""


def emptied_at(s: Situation) -> str | None:
    """Since when no pods are wanted, kept until counts are true again; None where there were no pods to count."""
    at = s.progress.emptied_at
    if not s.n:
        return at or (text_of(s.now) if s.candidate.desired or s.candidate.replicas else None)
    return at if counts_late_for_s(s) else None


def counts_late_for_s(s: Situation) -> float:
    """For how many more seconds counts are not believed; 0 where they are."""
    at = s.progress.emptied_at
    return max(0.0, COUNTS_LATE_S - seconds_since(at, s.now)) if at and s.n else 0.0
