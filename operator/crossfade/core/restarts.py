"""Whether the pods of the stable revision are being replaced by new ones of the same: a Restart, or a repaired template."""

from __future__ import annotations

from crossfade.api.labels import ANNOTATION_RESTARTED_AT
from crossfade.core.moments import seconds_since
from crossfade.core.observed import Side
from crossfade.core.situation import Situation


def restarted_at(s: Situation, revision: str) -> str | None:
    """When the last Restart was asked for, if it was of `revision`: the mark that its pods carry; None where it was not."""
    restarted = s.memory.restarted
    return restarted.at if restarted is not None and restarted.revision == revision else None


def marked(s: Situation, side: Side) -> bool:
    """Whether its template carries the mark of the last Restart, where that was of this revision."""
    mark = restarted_at(s, side.revision)
    annotations = (side.manifest["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    return mark is None or bool(annotations.get(ANNOTATION_RESTARTED_AT) == mark)


def left_to_replace(s: Situation) -> int:
    """How many pods of stable are of another template than its present one; 0 where none is, or none is wanted.

    All of them from the Restart on until its Deployment's status speaks of the generation that first carried the mark. A
    status that is older than its spec later is so for another reason, such as a scale.
    """
    side = s.stable
    if not s.n or not side.manifest:
        return 0
    asked, restarted = restarted_at(s, side.revision), s.memory.restarted
    first = (restarted.generation or side.generation) if restarted is not None else 0
    if not marked(s, side) or (asked is not None and side.observed_generation < first):
        return s.n
    return max(0, side.replicas - side.updated)


def with_generation(s: Situation) -> Situation:
    """The memory with the generation that first carried the mark of the last Restart, once it is seen."""
    restarted, side = s.memory.restarted, s.stable
    new = restarted is not None and restarted.revision == side.revision and not restarted.generation
    if restarted is None or not new or not side.manifest or not marked(s, side):
        return s
    return s.remember(restarted=restarted.model_copy(update={"generation": side.generation}))


def replaced_for_s(s: Situation) -> float:
    """For how many seconds a Restart that is not over has lasted; 0 where there is none."""
    return seconds_since(restarted_at(s, s.stable_revision), s.now) if left_to_replace(s) else 0
