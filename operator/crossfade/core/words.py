"""Words that several sentences share."""

from __future__ import annotations

from crossfade.core.situation import Situation


def pods(count: int) -> str:
    """So many pods. Example: `1 pod`."""
    return "1 pod" if count == 1 else f"{count} pods"


def serves(s: Situation) -> str:
    """What pods do: those of a worker, which has no Service, get no requests."""
    return "serves" if s.service_name else "runs"


def served(s: Situation, *, perfect: bool = False) -> str:
    """The same of the past; `perfect`: after "has"."""
    if s.service_name:
        return "served"
    return "run" if perfect else "ran"


def undo_sides(s: Situation) -> dict[str, str]:
    """The numbers that people know the two sides of an Undo by: neither is one to hold on to, nor one that is tried."""
    way = s.memory.going_back
    if way is None or way.revision != s.progress.revision or s.progress.rollback_reason:
        return {}
    names = {s.stable_revision: way.from_release, way.revision: way.to_release}
    return {revision: f"release {number}" for revision, number in names.items() if number}
