"""Small worlds: v1 has completed, and the user has just changed the image to v2. Times are short, and all differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builders import releasing_v2
from simulation.invariants import Ghost
from simulation.moves import World

STRATEGIES: dict[str, dict[str, Any]] = {
    "recreate": {"recreate": {"maxDowntimeSeconds": 15}},
    "rolling": {"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 3}]}},
    "blueGreen": {"blueGreen": {"promote": "Manual", "previewReplicas": 1}},
    "canary": {"canary": {"steps": [{"weight": 50, "pauseSeconds": 3}]}},
    "bigBang": {"bigBang": {}},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "with allowances": {"rolling": {"maxSurge": 0, "maxUnavailable": 1}},
    "asking a person": {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}},
    "without waiting": {"blueGreen": {}},
    "without pulling": {"recreate": {"maxDowntimeSeconds": 15, "pullFirst": False}},
}


@dataclass(frozen=True)
class Shape:
    """Which world: `share` of the states that are to be tried."""

    replicas: int
    service: bool
    share: float


SHAPES = (Shape(2, True, 0.4), Shape(3, True, 0.2), Shape(1, True, 0.15), Shape(2, False, 0.25))


def world(strategy: dict[str, Any], shape: Shape, **spec: Any) -> World:
    """A world of a strategy, in which statuses and endpoints lag."""
    times = {"bakeSeconds": 4, "progressDeadlineSeconds": 20}
    sim = releasing_v2(strategy, service=shape.service, replicas=shape.replicas, **{**times, **spec}).fork()
    sim.instant = False
    return World(sim, Ghost(least=shape.replicas))
