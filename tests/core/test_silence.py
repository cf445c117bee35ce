"""No pod of the candidate answers although it has all the traffic: requests fail now, so nothing is waited for."""

from dataclasses import replace

import pytest

from builders import V1, V2, releasing_v2
from simulation.cluster import Sim
from simulation.live import rest, run, until
from simulation.passes import reconcile

MOVED = ["rolling", "blueGreen", "canary", "bigBang"]


def _silent(strategy: str) -> Sim:
    """V2 bakes, and all its pods have just failed their probes; no container has ended, as far as pods tell."""
    sim = run(until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2}), 8)
    sim.broken |= {V2}
    for pod in sim.of(V2):
        sim.change(pod, replace(pod, ready=False))
    return sim


@pytest.mark.parametrize("strategy", MOVED)
def test_traffic_returns_in_the_same_pass_without_evidence_of_a_crash(strategy: str) -> None:
    sim = _silent(strategy)
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"
    assert "no pod is ready while it has all the traffic" in sim.status["failed"]["message"]


def test_the_record_gets_the_exit_code_when_the_pods_show_it_a_moment_later() -> None:
    sim = _silent("blueGreen")
    reconcile(sim)
    run(sim, 2)
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    rest(sim)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"
    assert "exit code 42" in sim.releases["shop-2"]["status"]["why"]


def test_without_a_ready_pod_of_stable_traffic_stays_where_it_may_come_back() -> None:
    sim = _silent("blueGreen")
    for pod in sim.of(V1):
        sim.change(pod, replace(pod, ready=False))
    reconcile(sim)
    assert not sim.status.get("failed")
