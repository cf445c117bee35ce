"""A batch never takes the last old pods: they stay behind its gate, and nothing that went has to come back."""

from typing import Any

import pytest

from builders import V1, V2, releasing_v2
from samples import every
from simulation.cluster import Sim
from simulation.live import each_second, quiet, stands_at, until

BATCHES: dict[str, list[dict[str, Any]]] = {
    "one of all": [{"replicas": "100%", "pause": "Manual"}],
    "two of half": [{"replicas": "50%", "pauseSeconds": 5}, {"replicas": "50%", "pause": "Manual"}],
    "more than there are": [{"replicas": 50, "pauseSeconds": 5}, {"replicas": 50, "pause": "Manual"}],
}


LIMITS: list[dict[str, Any]] = [{}, {"maxSurge": 0, "maxUnavailable": 1}, {"maxSurge": 2}]


def rolling(batches: str, **limits: Any) -> dict[str, Any]:
    return {"rolling": {"batches": BATCHES[batches], **limits}}


@pytest.mark.parametrize("batches", BATCHES)
@pytest.mark.parametrize("replicas", [1, 2, 4, 10])
def test_the_last_old_pods_are_there_while_a_person_is_asked(batches: str, replicas: int) -> None:
    sim = until(releasing_v2(rolling(batches), replicas=replicas), stands_at(len(BATCHES[batches]) - 1))
    assert sim.status["phase"] == "Paused"
    assert sim.selected().get(V1), "stable serves while the gate is shut"
    assert sim.selected().get(V2)


@pytest.mark.parametrize(("batches", "replicas", "limits"), every(5, BATCHES, [1, 2, 4, 10], LIMITS))
def test_old_pods_that_went_do_not_come_back(batches: str, replicas: int, limits: dict[str, Any]) -> None:
    sim = releasing_v2(rolling(batches, **limits), replicas=replicas, bakeSeconds=5)
    quiet(sim)
    asked = [sim.desired(V1)]
    for _ in each_second(sim, 60):
        asked.append(sim.desired(V1))
        _promoted(sim)
    assert asked == sorted(asked, reverse=True)
    assert sim.status["stable"]["revision"] == V2


def _promoted(sim: Sim) -> None:
    if sim.status["phase"] == "Paused":
        sim.act("Promote")
        quiet(sim)
