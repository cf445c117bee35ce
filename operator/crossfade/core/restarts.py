"""Whether the pods of the stable revision are being replaced by new ones of the same: a Restart, or a repaired template."""

from __future__ import annotations

from crossfade.api.labels import ANNOTATION_RESTARTED_AT
from crossfade.core.moments import seconds_since
from crossfade.core.observed import Side
from crossfade.core.situation import Situation


def marked(s: Situation, side: Side) -> bool:
    """Whether its template carries the mark of the last Restart, where that was of this revision."""
    restarted = s.memory.restarted
    if restarted is None or restarted.revision != side.revision:
        return True
    annotations = (side.manifest["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get(ANNOTATION_RESTARTED_AT) == restarted.at)


def left_to_replace(s: Situation) -> int:
    """How many pods of stable are still to be replaced; 0 where none is, or where too few are wanted or counted to say.

    All of them from the Restart on until its Deployment's status speaks of it. At least one while there is one more
    than wanted: the new one that is not available yet, or the old one that is to go for it.
    """
    side, restarted = s.stable, s.memory.restarted
    if not s.n or side.desired != s.n or not side.manifest:
        return 0
    by_us = restarted is not None and restarted.revision == side.revision
    if by_us and not (side.current and marked(s, side)):
        return s.n
    return max(s.n - side.updated, int(side.replicas > s.n))


def replaced_for_s(s: Situation) -> float:
    """For how many seconds a Restart that is not over has lasted; 0 where there is none."""
    restarted = s.memory.restarted
    if restarted is None or restarted.revision != s.stable_revision or not left_to_replace(s):
        return 0
    return seconds_since(restarted.at, s.now)
