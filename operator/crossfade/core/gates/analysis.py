"""The gate that asks for measurements."""

from __future__ import annotations

from crossfade.core.analysis import outcome
from crossfade.core.gates.answer import Answer
from crossfade.core.situation import Situation
from crossfade.core.stages import Gate


def analysis(s: Situation, _gate: Gate) -> Answer:
    """Held until each metric of the stage has passed; a person is asked where one could not decide."""
    return outcome.gate(s)
