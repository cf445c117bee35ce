"""From a spec to its plan: the one place that knows all strategies."""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.base import BegunAs
from crossfade.api.rollout import RolloutSpec
from crossfade.core.hooks import starting, with_hooks
from crossfade.core.stages import GateKind, Stage, gates_of
from crossfade.core.strategies import big_bang, blue_green, canary, recreate, rolling


def compiled(spec: RolloutSpec, begun_as: BegunAs = "New", *, first: bool = False) -> list[Stage]:
    """The stages that take `spec` from one revision to the next; empty where it has no replicas.

    `first`: nothing serves yet, so there is nothing to protect and one stage does.
    `WakeUp`: it completed while there were to be no pods, so it has never run: all its pods come at once, and bake.
    `Return`: a revision that has served before comes back: the same stages, without pauses, people and hooks.
    """
    if spec.replicas == 0:
        return []
    if first:
        return [*starting(spec.hooks, 0), Stage("create", spec.replicas, 0, 100)]
    if begun_as == "WakeUp":
        return _waking(spec)
    plan = _stages(spec)
    if begun_as == "Return":
        return [replace(stage, gates=(), analysis=None) for stage in plan]
    return with_hooks(plan, spec.hooks, spec.replicas)


def _waking(spec: RolloutSpec) -> list[Stage]:
    bake = gates_of((GateKind.BAKE, spec.bake_seconds))
    return [Stage("wake", spec.replicas, 0, 100, gates=bake)]


def _stages(spec: RolloutSpec) -> list[Stage]:
    strategy, n, bake_s = spec.strategy, spec.replicas, spec.bake_seconds
    if strategy.recreate is not None:
        return recreate.stages(strategy.recreate, n, bake_s)
    if strategy.rolling is not None:
        return rolling.stages(strategy.rolling, n, bake_s)
    if strategy.blue_green is not None:
        return blue_green.stages(strategy.blue_green, n, bake_s)
    if strategy.canary is not None:
        return canary.stages(strategy.canary, n, bake_s, routed=spec.traffic is not None)
    return big_bang.stages(n, bake_s)


def crash_allowance(spec: RolloutSpec, there: int) -> int:
    """How many of the candidate's `there` pods may crash while it serves before the release fails.

    Rolling: maxUnavailable, which is what its user said may be missing, but never all that there are. Others: one in ten,
    rounded down.
    """
    if spec.strategy.rolling is not None:
        return min(rolling.limits(spec.strategy.rolling, spec.replicas)[1], max(0, there - 1))
    return min(spec.replicas, there) // 10
