"""Small worlds: v1 has completed, and the user has just changed the image to v2. Times are short, and all differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builders import releasing_v2
from simulation.invariants import Ghost
from simulation.moves import World

Strategy = dict[str, Any]

STRATEGIES: dict[str, Strategy] = {
    "recreate": {"recreate": {"maxDowntimeSeconds": 15}},
    "rolling": {"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 3}]}},
    "blueGreen": {"blueGreen": {"promote": "Manual", "previewReplicas": 1}},
    "canary": {"canary": {"steps": [{"weight": 50, "pauseSeconds": 3}]}},
    "bigBang": {"bigBang": {}},
}
OTHERWISE: dict[str, dict[str, Strategy]] = {
    "recreate": {"without pulling": {"recreate": {"maxDowntimeSeconds": 15, "pullFirst": False}}},
    "rolling": {"with allowances": {"rolling": {"maxSurge": 0, "maxUnavailable": 1}}},
    "blueGreen": {"without waiting": {"blueGreen": {}}},
    "canary": {"asking a person": {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}},
}
TIMES = {"bakeSeconds": 4, "progressDeadlineSeconds": 20}


@dataclass(frozen=True)
class Case:
    """A small world, by a name that says what is special about it. `share`: of the states that are explored."""

    name: str
    begin: Callable[[], World]
    share: float = 1.0


def cases(strategy: str) -> list[Case]:
    """All worlds of a strategy; their shares sum up to 1."""
    usual = STRATEGIES[strategy]
    made = [
        Case("2 pods", lambda: world(usual), 3),
        Case("3 pods", lambda: world(usual, replicas=3), 2),
        Case("1 pod", lambda: world(usual, replicas=1)),
        Case("no bake", lambda: world(usual, bakeSeconds=0)),
        Case("no Service", lambda: world(usual, service=False)),
        *(
            Case(name, lambda other=other: world(other))
            for name, other in OTHERWISE.get(strategy, {}).items()
        ),
    ]
    total = sum(case.share for case in made)
    return [Case(case.name, case.begin, case.share / total) for case in made]


def world(strategy: Strategy, *, replicas: int = 2, **spec: Any) -> World:
    """A world of a strategy, in which statuses and endpoints lag."""
    sim = releasing_v2(strategy, replicas=replicas, **{**TIMES, **spec}).fork()
    sim.instant = False
    return World(sim, Ghost(least=replicas))
