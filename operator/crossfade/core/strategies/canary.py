"""Canary: a growing share of users meets the candidate, step by step.

Without a router the share is the share of pods: each step takes the pods closest to its weight. Its
weakness, that a share can only be met as finely as there are pods, is shown: status has the wanted and the
real share, and `plan` warns where they differ by more than 5 points. With a route the share is exact, and
stable keeps its full size behind it, unless `dynamicStable` says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from crossfade.api.base import Weight
from crossfade.api.rollout import Canary, CanaryStep
from crossfade.core.stages import Exchange, Gate, GateKind, Stage, gates_of, pods_of

FINEST = 1000
"""A weight has one decimal at most: of so many pods it is always a whole number."""


def stages(spec: Canary, replicas: int, bake_seconds: int, *, routed: bool = False) -> list[Stage]:
    """One stage per step below 100, then all pods new with the last step's old ones warm.

    `routed`: a route shares the requests, else pods are exchanged until their counts do.
    """
    below = list(_routed(spec, replicas) if routed else _counted(spec, replicas))
    warm = below[-1].stable if below else replicas
    full = next((step for step in spec.steps if step.weight == 100), None)
    held = (
        [Stage("100 %", replicas, warm, 100, gates=_gates(full), analysis=full.analysis)]
        if full and _gates(full)
        else []
    )
    return [
        *below,
        *held,
        Stage("bake", replicas, warm, 100, gates=gates_of((GateKind.BAKE, bake_seconds))),
        Stage("retire old", replicas, 0, 100),
    ]


def _counted(spec: Canary, replicas: int) -> Iterator[Stage]:
    surge = max(1, pods_of(spec.max_surge, replicas, up=True))
    for step, weight in _weighted(spec):
        new, old = split_of(weight, replicas, surge)
        yield Stage(f"{weight} %", new, old, weight, Exchange(surge), _gates(step), analysis=step.analysis)


def _routed(spec: Canary, replicas: int) -> Iterator[Stage]:
    """Pods for the weight at least, and one for the groups of users and the copies that need no weight."""
    for step, weight in _weighted(spec):
        new = min(replicas, max(1, math.ceil(replicas * weight / 100)))
        old = max(1, math.ceil(replicas * (100 - weight) / 100)) if spec.dynamic_stable else replicas
        new = min(step.candidate_replicas, replicas) if step.candidate_replicas else new
        mirror = int((step.mirror or "0").removesuffix("%"))
        shown = Stage(_name(step, weight), new, old, weight, gates=_gates(step), analysis=step.analysis)
        yield replace(shown, matches=tuple(step.match), mirror=mirror)


def _weighted(spec: Canary) -> Iterator[tuple[CanaryStep, Weight]]:
    """The steps below 100, each with its weight: one that names none keeps the one before it."""
    weight: Weight = 0
    for step in spec.steps:
        weight = weight if step.weight is None else step.weight
        if weight < 100:
            yield step, weight


def _name(step: CanaryStep, weight: Weight) -> str:
    """How people know the step. Example: `5 %, groups, mirror 10%`."""
    parts = [f"{weight} %" if weight else "", "groups" if step.match else ""]
    parts.append(f"mirror {step.mirror}" if step.mirror else "")
    return ", ".join(filter(None, parts))


def split_of(weight: Weight, replicas: int, surge: int) -> tuple[int, int]:
    """(candidate, stable) pods whose share is closest to `weight` percent, both at least 1.

    Their sum is between `replicas` and `replicas + surge`; of equally close splits the smallest wins.
    """
    least = max(replicas, 2)
    exact = FINEST // math.gcd(
        round(10 * weight), FINEST
    )  # each multiple of it gives the weight exactly: more need not be tried
    most = min(replicas + surge, least + exact)
    choices = [
        (abs(100 * new / total - weight), total, new)
        for total in range(least, max(most, least) + 1)
        for new in (int(total * weight // 100), int(total * weight // 100) + 1)
        if 1 <= new < total
    ]
    _, total, new = min(choices)
    return new, total - new


def _gates(step: CanaryStep) -> tuple[Gate, ...]:
    rest = (GateKind.MANUAL, 0) if step.pause else (GateKind.PAUSE, step.pause_seconds or 0)
    return gates_of(rest, *([(GateKind.ANALYSIS, 0)] if step.analysis else []))
