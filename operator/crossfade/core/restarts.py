"""Whether the pods of the stable revision are being replaced by new ones of the same: a Restart, or a repaired template."""

from __future__ import annotations

from crossfade.api.labels import ANNOTATION_RESTARTED_AT
from crossfade.core.moments import seconds_since
from crossfade.core.observed import Side
from crossfade.core.situation import Situation

TAKEN_UP_S = 10.0
"""The Deployment controller has seen a new template after so long; usually that takes it less than a second."""


def marked(s: Situation, side: Side) -> bool:
    """Whether its template carries the mark of the last Restart, where that was of this revision."""
    restarted = s.memory.restarted
    if restarted is None or restarted.revision != side.revision:
        return True
    annotations = (side.manifest["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get(ANNOTATION_RESTARTED_AT) == restarted.at)


def left_to_replace(s: Situation) -> int:
    """How many pods of stable are of another template than its present one; 0 where none is, or none is wanted.

    All of them from the Restart on until its Deployment's status speaks of it, or for `TAKEN_UP_S`: a status that is
    older than its spec later is so for another reason, such as a scale.
    """
    side, restarted = s.stable, s.memory.restarted
    if not s.n or not side.manifest:
        return 0
    if restarted is not None and restarted.revision == side.revision:
        fresh = seconds_since(restarted.at, s.now) < TAKEN_UP_S
        if not marked(s, side) or (fresh and not side.current):
            return s.n
    return max(0, side.replicas - side.updated)


def replaced_for_s(s: Situation) -> float:
    """For how many seconds a Restart that is not over has lasted; 0 where there is none."""
    restarted = s.memory.restarted
    if restarted is None or restarted.revision != s.stable_revision or not left_to_replace(s):
        return 0
    return seconds_since(restarted.at, s.now)
