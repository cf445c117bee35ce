"""The gates that ask for a time: a stage's pause, and the bake."""

from __future__ import annotations

from crossfade.api.conditions import Reason
from crossfade.core.analysis.outcome import template_lost
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import later, moment_of
from crossfade.core.situation import Situation
from crossfade.core.stages import Gate


def pause(s: Situation, gate: Gate) -> Answer:
    """Held until `seconds` after the stage was ready."""
    return _timed(s, gate, Reason.PAUSED_FOR_TIME, "the pause to end")


def bake(s: Situation, gate: Gate) -> Answer:
    """Held until the candidate has served alone for `seconds`, with the old side warm; and while nobody can measure it."""
    lost = template_lost(s, s.spec.analysis, s.spec.bake_analysis)
    if not lost.is_open and s.stable_revision and not s.promoted:
        return lost
    return _timed(s, gate, Reason.BAKING, "the bake to end")


def _timed(s: Situation, gate: Gate, why: Reason, waiting_for: str) -> Answer:
    since = s.progress.reached_at
    until = later(since, gate.seconds) if since else None
    return OPEN if until and s.now >= moment_of(until) else Answer(why, waiting_for, until)
