"""Whether a release is to begin that policies may hold, and which beginnings count against a quota."""

from __future__ import annotations

from crossfade.core.situation import Situation
from crossfade.core.wanted import is_way_back, paused, target


def begins(s: Situation) -> bool:
    """Whether a release is wanted that policies may hold at its start.

    Never the way back: an Undo, or a revision that has proved itself. Nothing of a release that is under way, whichever way it goes.
    Nor the first wake-up of a stable revision that completed at no pods: it was let in then, and what is held would run all the same,
    only unwatched. With no replicas a release is held too, though it would complete at once: else a scale to zero and back passed every
    rule. What is paused waits for a person, and not for policies.
    """
    revision = target(s)
    if s.under_way or paused(s) or revision == s.stable_revision:
        return False
    return not is_way_back(s, revision)


def is_second_try(s: Situation) -> bool:
    """Whether it was under way already, and nodes took its pods: nobody has asked for another release."""
    return s.memory.last is not None and s.memory.last.node_took == target(s)
