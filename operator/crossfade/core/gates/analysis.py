"""The gates that ask for measurements: of an analysis, and of hooks."""

from __future__ import annotations

from crossfade.core.analysis import outcome
from crossfade.core.gates.answer import Answer
from crossfade.core.situation import Situation
from crossfade.core.stages import Gate


def analysis(s: Situation, _gate: Gate) -> Answer:
    """Held until each metric of the stage has passed; a person is asked where one could not decide."""
    return outcome.gate(s)


def analysis_ended(s: Situation, _gate: Gate) -> Answer:
    """Held until each metric of the stage has ended; what ended undecided was let pass by a person."""
    return outcome.ended(s)


def hook(s: Situation, _gate: Gate) -> Answer:
    """Held until each hook of the stage has succeeded."""
    return outcome.hooks_gate(s)
