"""A revision that completed while there were to be no pods has never run: its first wake-up is watched like a release."""

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, serving_v1
from samples import every
from simulation.cluster import Sim
from simulation.live import rest, run, stands_at, step, until
from simulation.passes import carry_out, decided

MANUAL = {
    "rolling": {"rolling": {"batches": [{"replicas": 1, "pause": "Manual"}]}},
    "canary": {"canary": {"steps": [{"weight": 25, "pause": "Manual"}]}},
    "blueGreen": {"blueGreen": {"promote": "Manual"}},
}


def woken(strategy: Any, **spec: Any) -> Sim:
    """V1 has served, v2 has completed at no replicas, and four pods have just been asked for."""
    sim = serving_v1(strategy, bakeSeconds=30, **spec)
    sim.scale(0)
    rest(sim)
    sim.set_image("shop:v2")
    assert rest(sim).status["stable"]["revision"] == V2
    sim.scale(4)
    return sim


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_its_first_wake_up_bakes_before_it_is_complete(strategy: str) -> None:
    sim = until(woken(strategy), lambda s: s.selected() == {V2: 4})
    run(sim, 20)
    assert sim.status["phase"] == "Progressing"
    assert "bake" in sim.status["message"]
    assert rest(sim).status["stable"]["revision"] == V2
    assert sim.selected() == {V2: 4}


@pytest.mark.parametrize("strategy", every(2, STRATEGIES))
def test_where_it_crashes_in_that_bake_what_served_before_comes_back(strategy: str) -> None:
    sim = until(woken(strategy), lambda s: s.selected() == {V2: 4})
    run(sim, 5)
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    sim.broken = frozenset({V2})
    rest(sim)
    assert sim.selected() == {V1: 4}
    assert sim.status["failed"]["revision"] == V2
    assert sim.status["phase"] == "RolledBack"


@pytest.mark.parametrize("strategy", MANUAL)
def test_before_it_has_served_it_skips_no_gate_of_a_person(strategy: str) -> None:
    sim = serving_v1(MANUAL[strategy])
    sim.scale(0)
    rest(sim)
    for image in ("shop:v2", "shop:v1"):  # v2 completes at no replicas, and is left again without having run
        sim.set_image(image)
        rest(sim)
    sim.scale(4)
    assert rest(sim).selected() == {V1: 4}
    sim.set_image("shop:v2")
    until(sim, stands_at(0))
    for _ in range(60):
        carry_out(sim, decided(sim))
        step(sim)
    assert sim.status["phase"] == "Paused"
    assert sim.status["stable"]["revision"] == V1


@pytest.mark.parametrize("strategy", MANUAL)
def test_once_it_has_served_it_skips_them(strategy: str) -> None:
    sim = rest(woken(MANUAL[strategy]))
    sim.set_image("shop:v1")
    rest(sim)
    sim.set_image("shop:v2")
    assert rest(sim).selected() == {V2: 4}
