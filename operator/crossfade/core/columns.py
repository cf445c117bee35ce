"""What `kubectl get` shows of a Rollout in columns of their own: its ready pods as `2/4`, and since when its phase stands.

A column shows a field as it is and counts nothing, so both are kept in the status; neither changes at rest.
"""

from __future__ import annotations

from datetime import datetime

from crossfade.api.conditions import Phase
from crossfade.api.status import RolloutStatus
from crossfade.core.moments import text_of
from crossfade.core.situation import Situation
from crossfade.core.traffic import traffic_of


def ready(s: Situation) -> str:
    """Ready pods that requests may reach, of the replicas: `2/4`. What a release has on top of them is left out.

    A warm old side of blue/green is none of them, so that 4 of 4 stay 4 of 4 while 8 pods run.
    """
    traffic = traffic_of(s)
    serving = {track for track in (s.stable_revision, s.progress.revision) if track and traffic.live(track)}
    return f"{min(s.n, sum(s.side(track).ready for track in serving))}/{s.n}"


def since(memory: RolloutStatus, phase: Phase, now: datetime) -> str:
    """The time of the last change of the phase."""
    return (memory.since if memory.phase == phase else None) or text_of(now)
