"""Which revision is wanted, and whether that is a way back."""

from __future__ import annotations

from typing import Final

from crossfade.api.status import Failed
from crossfade.core.situation import Situation

RECENT: Final = 3
"""So many revisions before the present one come back past policies at most; `rollbackRevisions` may say fewer."""


def target(s: Situation) -> str:
    """The revision that is wanted: the spec's, unless it failed or was undone; then the one to be at instead."""
    if s.spec_revision in condemned(s):
        return s.memory.undo_to or s.stable_revision or s.spec_revision
    return s.spec_revision


def condemned(s: Situation) -> dict[str, Failed]:
    """The revisions with a verdict that nobody has forgiven: what failed, and what an Undo has left before that."""
    verdicts = (s.memory.undone, s.memory.failed)
    return {verdict.revision: verdict for verdict in verdicts if verdict is not None}


def comes_back(s: Situation, revision: str) -> bool:
    """Whether a revision has proved itself not long ago: nothing holds up the way back to it."""
    return _is_among(s, revision, s.spec.rollback_revisions)


def _is_among(s: Situation, revision: str, most: int) -> bool:
    """Whether it is what completed last and served, or one of at most so many before that."""
    known = [each for each in s.memory.completed if each not in s.memory.unserved]
    return bool(s.stable_revision) and revision in known[: most + 1]


def is_way_back(s: Situation, revision: str) -> bool:
    """Whether no policy holds the way to a revision: an Undo asked for it, or it is one of the last few that completed.

    `rollbackRevisions` is written by whoever writes the Rollout, so a large one opens no way past policies to what is old.
    """
    return is_going_back(s, revision) or _is_among(s, revision, min(s.spec.rollback_revisions, RECENT))


def is_going_back(s: Situation, revision: str) -> bool:
    """Whether an Undo asked for this revision."""
    return s.memory.going_back is not None and s.memory.going_back.revision == revision


def paused(s: Situation) -> bool:
    """Whether a person holds the Rollout where it is."""
    return s.spec.paused or s.memory.paused_by is not None
