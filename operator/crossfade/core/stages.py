"""The plan language: a strategy is a list of stages, and one stepper takes a Rollout to any of them.

A new *order*, or a new kind of gate, goes here (what a gate asks: `gates/`). A new strategy goes into `strategies/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import starmap

from crossfade.api.analysis import Analysis
from crossfade.api.base import Weight
from crossfade.api.hooks import Hook
from crossfade.api.traffic import Match


@dataclass(frozen=True)
class GrowFirst:
    """The receiving side has all its pods before requests move, and the giving side keeps its own until they have."""


@dataclass(frozen=True)
class Exchange:
    """Pods are exchanged in turns behind one selector: the share of requests is the share of pods.

    At no time more than replicas + `surge` pods exist, nor fewer than replicas - `unavailable` serve.
    """

    surge: int = 0
    unavailable: int = 0


@dataclass(frozen=True)
class Exclusive:
    """Two revisions never run at once: one is gone to its last pod before the other one starts."""


Order = GrowFirst | Exchange | Exclusive


class GateKind(StrEnum):
    """What must hold, once a stage is ready, before the next stage begins. What each asks: `gates/`."""

    PAUSE = "Pause"  # a time
    MANUAL = "Manual"  # a person's Promote
    BAKE = "Bake"  # a time at 100 %, with the old side warm
    ANALYSIS = "Analysis"  # measurements that pass
    HOOK = "Hook"  # Jobs that succeed, webhooks that say yes


_TIMELESS = frozenset({GateKind.MANUAL, GateKind.ANALYSIS, GateKind.HOOK})


@dataclass(frozen=True)
class Gate:
    """A gate of `kind`; `seconds` counts from the moment the stage is ready."""

    kind: GateKind
    seconds: int = 0

    def __str__(self) -> str:
        """How people read it: `pause 60s`, `manual`, `bake 30s`."""
        word = self.kind.value.lower()
        return word if self.kind in _TIMELESS else f"{word} {self.seconds}s"


GROW_FIRST = GrowFirst()


@dataclass(frozen=True)
class Stage:
    """One resting point of a plan.

    `candidate` and `stable` are pods of each side, `weight` is the percent of requests that the candidate is to get,
    `order` is how the stage is come to, `gates` must all be open before the next stage.
    `pull_check` asks that the new images were pulled by a pod that runs nothing, before anything stops. `matches`: requests
    that meet the candidate whatever the weight is; `mirror`: percent of the requests that are copied to it. `analysis`: what is
    measured once it is ready; `hooks`: what is run then.
    """

    name: str
    candidate: int
    stable: int
    weight: Weight
    order: Order = GROW_FIRST
    gates: tuple[Gate, ...] = ()
    pull_check: bool = False
    matches: tuple[Match, ...] = ()
    mirror: int = 0
    analysis: Analysis | None = None
    hooks: tuple[Hook, ...] = ()

    @property
    def reaches(self) -> bool:
        """Whether any request, or a copy of one, comes to the candidate."""
        return bool(self.weight or self.matches or self.mirror)

    @property
    def gate(self) -> str:
        """Its gates, as people read them; `ready` where it has none."""
        return ", ".join(map(str, self.gates)) or "ready"

    @property
    def gate_seconds(self) -> int:
        """How long its gates take in any case."""
        return max((gate.seconds for gate in self.gates), default=0)

    @property
    def asks_a_person(self) -> bool:
        """Whether somebody has to promote it."""
        return any(gate.kind is GateKind.MANUAL for gate in self.gates)

    @property
    def rests(self) -> bool:
        """Whether the plan stops here for a person or a time, so that people are told of it."""
        return any(gate.kind is not GateKind.BAKE for gate in self.gates)

    @property
    def counted(self) -> bool:
        """Whether the share of requests follows from pod counts."""
        return isinstance(self.order, Exchange)

    @property
    def stops_old(self) -> bool:
        """Whether nothing is to run while it stands: the old revision goes, and the new one has not begun."""
        return isinstance(self.order, Exclusive) and not self.weight and not self.stable

    @property
    def only_retires(self) -> bool:
        """Whether nothing is left of it but to remove the old side, which asks for no rest."""
        return self.weight == 100 and not self.stable and not self.gates and self.order == GROW_FIRST

    @property
    def surge(self) -> int:
        """Pods that may exist beyond the replicas on the way there, where pods are exchanged."""
        return self.order.surge if isinstance(self.order, Exchange) else 0

    @property
    def unavailable(self) -> int:
        """Pods that may be missing from the replicas on the way there, where pods are exchanged."""
        return self.order.unavailable if isinstance(self.order, Exchange) else 0


def gates_of(*asked: tuple[GateKind, int]) -> tuple[Gate, ...]:
    """The gates that ask for something: a pause of no time is none, and so is a bake."""
    return tuple(starmap(Gate, (each for each in asked if each[1] or each[0] in _TIMELESS)))


def pods_of(amount: int | str, replicas: int, *, up: bool) -> int:
    """The pods meant by `3` or `"25%"` of `replicas`, rounded up (surge) or down (unavailable).

    Rounding is Kubernetes' own for maxSurge and maxUnavailable (intstr.GetScaledValueFromIntOrPercent).
    """
    if isinstance(amount, int):
        return amount
    exact = int(amount.removesuffix("%")) * replicas / 100
    return math.ceil(exact) if up else math.floor(exact)
