"""The timeline of a release: an entry per stage, and one for the way back. It is kept in the Rollout's status.

The Release gets it when the release rests for a person or ends: a write per stage would tell nobody more.
"""

from __future__ import annotations

from crossfade.api.status import TIMELINE_LENGTH, TimelineEntry
from crossfade.core.situation import Situation


def noted(s: Situation, at: str, note: str) -> Situation:
    """The same with what stands now noted at the end; a full timeline stays as it is."""
    if len(s.memory.timeline) >= TIMELINE_LENGTH:
        return s
    entry = TimelineEntry(
        at=at,
        stage=s.progress.stage,
        weight=0 if s.progress.rollback_reason else s.stage.weight,
        candidate=s.candidate.available,
        stable=s.stable.available,
        note=note,
    )
    return s.remember(timeline=[*s.memory.timeline, entry])
