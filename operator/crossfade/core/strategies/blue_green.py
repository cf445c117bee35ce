"""Blue/green: a whole second set is made ready, then traffic moves in one step.

Its weaknesses are double cost and that all users move at once. The answer: the preview may be small and
grows just before the switch; the old side stays warm for the bake, and traffic goes back by itself.
"""

from __future__ import annotations

from crossfade.api.rollout import BlueGreen
from crossfade.core.stages import Gate, GateKind, Stage, gates_of


def stages(spec: BlueGreen, replicas: int, bake_seconds: int) -> list[Stage]:
    """Preview, grow to full size, switch and bake, retire the old side."""
    preview = replicas if spec.preview_replicas is None else min(spec.preview_replicas, replicas)
    grow = [Stage("grow", replicas, replicas, 0)] if spec.preview_replicas is not None else []
    return [
        Stage("preview", preview, replicas, 0, gates=_gates(spec), analysis=spec.before_switch),
        *grow,
        Stage("bake", replicas, replicas, 100, gates=gates_of((GateKind.BAKE, bake_seconds))),
        Stage("retire old", replicas, 0, 100),
    ]


def _gates(spec: BlueGreen) -> tuple[Gate, ...]:
    manual = spec.promote == "Manual"
    rest = (GateKind.MANUAL, 0) if manual else (GateKind.PAUSE, spec.promote_after_seconds)
    return gates_of(rest, *([(GateKind.ANALYSIS, 0)] if spec.before_switch else []))
