"""The gate that asks for a person."""

from __future__ import annotations

from crossfade.api.conditions import Reason
from crossfade.core.gates.answer import Answer
from crossfade.core.situation import Situation
from crossfade.core.stages import Gate


def manual(_s: Situation, _gate: Gate) -> Answer:
    """Held until somebody promotes the stage."""
    return Answer(Reason.AWAITING_PROMOTION, "a Promote", person=True)
