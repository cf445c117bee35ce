"""The gates of a stage: one file for each kind of question, and one line in `KINDS`.

A gate is a function of the situation and its own settings that gives an `Answer`: open, hold (with who or what is waited
for), or fail (with why). It is asked once its stage is ready. What holds a Rollout whatever its stage asks, such as a
pause, is in `holds.py`. Nothing here moves pods or requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from crossfade.core.gates.analysis import analysis, analysis_ended, hook
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.gates.manual import manual
from crossfade.core.gates.timed import bake, pause
from crossfade.core.policy.ungated import kept
from crossfade.core.situation import Situation
from crossfade.core.stages import Gate, GateKind

KINDS: Mapping[GateKind, Callable[[Situation, Gate], Answer]] = MappingProxyType(
    {
        GateKind.PAUSE: pause,
        GateKind.MANUAL: manual,
        GateKind.BAKE: bake,
        GateKind.ANALYSIS: analysis,
        GateKind.HOOK: hook,
    }
)
"""What each kind of gate asks."""

PROMOTED: Mapping[GateKind, Callable[[Situation, Gate], Answer]] = MappingProxyType(
    {**KINDS, GateKind.ANALYSIS: analysis_ended}
)
"""What it still asks once a person has let the stage pass, where a policy keeps it shut."""


def asked(s: Situation) -> Answer:
    """What the gates of the present stage say: a failure before a hold, and the first hold before the others.

    Whoever promotes a stage opens its gates, but for those that a policy keeps shut.
    """
    if s.promoted:
        answers = [PROMOTED[each.gate.kind](s, each.gate) for each in kept(s, s.stage)]
    else:
        answers = [KINDS[gate.kind](s, gate) for gate in s.stage.gates]
    shut = sorted((each for each in answers if not each.is_open), key=lambda each: not each.failed)
    return next(iter(shut), OPEN)
