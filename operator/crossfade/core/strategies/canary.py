"""Canary: a growing share of users meets the candidate, step by step.

Without a router the share is the share of pods: each step takes the pods closest to its weight. Its
weakness, that a share can only be met as finely as there are pods, is shown: status has the wanted and the
real share, and `plan` warns where they differ by more than 5 points.
"""

from __future__ import annotations

from crossfade.api.rollout import Canary, CanaryStep
from crossfade.core.stages import Exchange, Gate, GateKind, Stage, gates_of, pods_of


def stages(spec: Canary, replicas: int, bake_seconds: int) -> list[Stage]:
    """One counted stage per step below 100, then all pods new with the last step's old ones warm."""
    surge = max(1, pods_of(spec.max_surge, replicas, up=True))
    steps = [step for step in spec.steps if step.weight < 100]
    full = next((step for step in spec.steps if step.weight == 100), None)
    split = [split_of(step.weight, replicas, surge) for step in steps]
    counted = [
        Stage(f"{step.weight} %", new, old, step.weight, Exchange(surge), _gates(step))
        for step, (new, old) in zip(steps, split, strict=True)
    ]
    warm = split[-1][1] if split else replicas
    held = [Stage("100 %", replicas, warm, 100, gates=_gates(full))] if full and _gates(full) else []
    return [
        *counted,
        *held,
        Stage("bake", replicas, warm, 100, gates=gates_of((GateKind.BAKE, bake_seconds))),
        Stage("retire old", replicas, 0, 100),
    ]


def split_of(weight: int, replicas: int, surge: int) -> tuple[int, int]:
    """(candidate, stable) pods whose share is closest to `weight` percent, both at least 1.

    Their sum is between `replicas` and `replicas + surge`; of equally close splits the smallest wins.
    """
    choices = [
        (abs(100 * new / total - weight), total, new)
        for total in range(max(replicas, 2), replicas + surge + 1)
        for new in (total * weight // 100, total * weight // 100 + 1)
        if 1 <= new < total
    ]
    _, total, new = min(choices)
    return new, total - new


def _gates(step: CanaryStep) -> tuple[Gate, ...]:
    return gates_of((GateKind.MANUAL, 0) if step.pause else (GateKind.PAUSE, step.pause_seconds or 0))
