"""The plan language: a strategy is a list of stages, and one engine executes any list.

A new *kind* of gate or route goes here. A new strategy goes into `strategies/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    """Whose ready pods production selects while a stage stands."""

    STABLE = "Stable"
    BOTH = "Both"  # counted: the share of traffic is the share of pods
    CANDIDATE = "Candidate"


class GateKind(StrEnum):
    """What must hold, once a stage's pods and traffic stand, before the next stage begins."""

    READY = "Ready"  # nothing more than pods and traffic as the stage says
    PAUSE = "Pause"  # a time
    MANUAL = "Manual"  # a person's Promote
    BAKE = "Bake"  # a time at 100 %, with the old side warm


@dataclass(frozen=True)
class Gate:
    """A gate of `kind`; `seconds` counts from the moment the stage's pods and traffic stand."""

    kind: GateKind = GateKind.READY
    seconds: int = 0

    def __str__(self) -> str:
        """How people read it: `ready`, `pause 60s`, `manual`, `bake 30s`."""
        word = self.kind.value.lower()
        return f"{word} {self.seconds}s" if self.kind in {GateKind.PAUSE, GateKind.BAKE} else word


READY = Gate()


@dataclass(frozen=True)
class Stage:
    """One resting point of a plan.

    `candidate` and `stable` are pods of each side, `weight` is the percent of requests that the plan
    wants on the candidate, `route` is how production selects them.
    `surge` and `unavailable` limit the way there, in pods: at no time more than replicas + surge exist,
    nor fewer than replicas - unavailable are available (counted stages only).
    `old_gone` asks that no pod of the old revision exists any more, terminating ones included;
    `pull_check` asks that the new images were pulled by a pod that runs nothing, before anything stops.
    """

    name: str
    candidate: int
    stable: int
    weight: int
    route: Route
    gate: Gate = READY
    surge: int = 0
    unavailable: int = 0
    old_gone: bool = False
    pull_check: bool = False

    @property
    def only_retires(self) -> bool:
        """Whether nothing is left of it but to remove the old side, which asks for no rest."""
        return self.route is Route.CANDIDATE and not self.stable and self.gate == READY

    @property
    def counted(self) -> bool:
        """Whether the share of traffic follows from pod counts."""
        return self.route is Route.BOTH


def pods_of(amount: int | str, replicas: int, *, up: bool) -> int:
    """The pods meant by `3` or `"25%"` of `replicas`, rounded up (surge) or down (unavailable).

    Rounding is Kubernetes' own for maxSurge and maxUnavailable (intstr.GetScaledValueFromIntOrPercent).
    """
    if isinstance(amount, int):
        return amount
    exact = int(amount.removesuffix("%")) * replicas / 100
    return math.ceil(exact) if up else math.floor(exact)
