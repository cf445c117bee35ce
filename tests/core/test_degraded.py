"""The revision that serves loses pods while nothing is under way: what is wrong with them is told, and untold again."""

from dataclasses import replace

import pytest

from builders import V1, serving_v1
from crossfade.core.observed import Waiting
from simulation.cluster import Sim
from simulation.live import quiet, rest, run

STRATEGIES = ["recreate", "rolling", "blueGreen", "canary", "bigBang"]


def _starving(strategy: str) -> Sim:
    """One of the four pods was replaced, and its image cannot be had any more."""
    sim = serving_v1(strategy)
    sim.broken |= {V1}
    missing = (Waiting("app", "ErrImagePull", "the registry is down"),)
    pod = sim.of(V1)[0]
    sim.change(pod, replace(pod, ready=False, waiting=missing))
    return sim


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_cause_is_told_within_ten_seconds_and_gone_once_all_is_well(strategy: str) -> None:
    sim = run(_starving(strategy), 9)
    assert "3 of 4 pods of stable to be available" in sim.status["message"]
    assert "container app cannot start: ErrImagePull: the registry is down" in sim.status["message"]
    run(sim, 3)
    assert sim.status["phase"] == "Degraded"
    sim.broken = frozenset()
    sim.pods = tuple(replace(pod, waiting=()) for pod in sim.pods)
    assert rest(sim).status["phase"] == "Healthy"
    assert "registry" not in sim.status["message"]


def test_pods_that_had_no_time_to_start_yet_are_not_looked_at() -> None:
    sim = serving_v1("rolling")
    pod = sim.of(V1)[0]
    sim.change(pod, replace(pod, ready=False))
    quiet(sim)
    assert sim.status["message"] == "3 of 4 pods of stable to be available"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pause_does_not_hide_that_what_serves_fails(strategy: str) -> None:
    sim = _starving(strategy)
    sim.edit(paused=True)
    sim.set_image("shop:v2")
    run(sim, 12)
    assert sim.status["phase"] == "Degraded"
    assert "ErrImagePull" in sim.status["message"]
    assert "waits: resume to release it" in sim.status["message"]
    assert {c["type"]: c["status"] for c in sim.status["conditions"]}["Paused"] == "True"
    sim.broken = frozenset()
    sim.pods = tuple(replace(pod, waiting=()) for pod in sim.pods)
    assert rest(sim).status["phase"] == "Paused"
