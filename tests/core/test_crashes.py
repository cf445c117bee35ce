"""Pods of the candidate crash while it serves: seconds, nobody acts, and it stays that way."""

from dataclasses import replace

import pytest

from builders import V1, V2, releasing_v2
from simulation.cluster import Sim
from simulation.live import each_second, quiet, rest, run, stands_at, step, until
from simulation.passes import reconcile, restart

ALL = ["rolling", "blueGreen", "canary", "bigBang"]


def _baking(strategy: str, **spec: object) -> Sim:
    """V2 has all traffic, for some seconds."""
    sim = until(releasing_v2(strategy, **spec), lambda s: set(s.selected()) == {V2})
    return run(sim, 8)


@pytest.mark.parametrize("strategy", ALL)
def test_one_crash_after_the_switch_returns_traffic_in_the_same_pass_and_quarantines(strategy: str) -> None:
    sim = _baking(strategy)
    sim.crash(sim.of(V2)[0])
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    assert sim.status["failed"]["revision"] == V2
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    assert sim.selected() == {V1: 4}
    assert "exit code 42" in sim.releases["shop-2"]["status"]["why"]


@pytest.mark.parametrize("strategy", ALL)
def test_all_pods_crash_at_once(strategy: str) -> None:
    sim = _baking(strategy)
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    assert rest(sim).status["phase"] == "RolledBack"


def test_recreate_brings_the_old_version_back_and_never_runs_both() -> None:
    sim = until(releasing_v2("recreate"), lambda s: s.selected() == {V2: 4})
    run(sim, 3)
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    while sim.status.get("progress"):
        assert len({p.revision for p in sim.pods}) <= 1
        step(sim)
        quiet(sim)
    assert sim.selected() == {V1: 4}
    assert sim.status["phase"] == "RolledBack"


@pytest.mark.parametrize("strategy", ALL)
def test_a_crash_is_found_although_the_operator_was_down_when_it_happened(strategy: str) -> None:
    sim = _baking(strategy)
    sim.crash(sim.of(V2)[0])
    restart(sim)
    until(sim, lambda s: not s.status.get("progress") and s.status["phase"] != "Progressing")
    assert sim.selected() == {V1: 4}
    assert sim.status["phase"] == "RolledBack"


def test_a_crash_right_after_the_switch_is_found_although_the_operator_died_with_the_switch() -> None:
    sim = releasing_v2("bigBang")
    quiet(sim)
    step(sim)
    while not sim.selected().get(V2):
        reconcile(sim)
    restart(sim)
    sim.tick(2)
    sim.crash(sim.of(V2)[0])
    sim.tick(3)
    restart(sim)
    rest(sim)
    assert sim.selected() == {V1: 4}
    assert sim.status["failed"]["reason"] == "CandidateCrashed"


def test_ready_again_does_not_reverse_the_verdict() -> None:
    sim = _baking("blueGreen")
    sim.crash(sim.of(V2)[0], ready=False)
    reconcile(sim)
    for _ in each_second(sim, 30):
        assert V2 not in sim.selected()


def test_traffic_that_has_returned_stays_although_stable_becomes_small() -> None:
    sim = _baking("blueGreen", replicas=9)
    sim.crash(sim.of(V2)[0])
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    for pod in sim.of(V1)[:8]:
        sim.crash(pod, ready=False)
    reconcile(sim)
    assert set(sim.selected()) == {V1}


def test_a_canary_pod_that_crashes_at_25_percent_is_taken_back() -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 25, "pauseSeconds": 60}]}}), stands_at(0))
    run(sim, 5)
    sim.crash(sim.of(V2)[0])
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    assert rest(sim).selected() == {V1: 4}


def test_rolling_forgives_as_many_crashes_as_may_be_unavailable() -> None:
    sim = until(releasing_v2({"rolling": {"maxUnavailable": 1}}), lambda s: set(s.selected()) == {V2})
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert not sim.status.get("failed")
    run(sim, 2)
    sim.crash(sim.of(V2)[1])
    reconcile(sim)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"


def test_with_twenty_pods_two_crashes_are_forgiven_and_the_third_is_not() -> None:
    sim = _baking("bigBang", replicas=20)
    for index, failed in enumerate([False, False, True]):
        sim.crash(sim.of(V2)[index])
        quiet(sim)
        assert bool(sim.status.get("failed")) is failed
        run(sim, 1)


def test_an_evicted_pod_is_no_crash() -> None:
    sim = _baking("blueGreen")
    sim.evict(sim.of(V2)[0])
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}


def test_restarts_from_before_it_served_are_forgotten() -> None:
    sim = until(releasing_v2("blueGreen"), lambda s: len(s.of(V2)) == 4)
    sim.crash(sim.of(V2)[0], ready=False)
    sim.tick(5)
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}


def test_a_pod_that_loses_readiness_without_a_restart_is_no_crash() -> None:
    sim = _baking("blueGreen")
    pod = sim.of(V2)[0]
    sim.change(pod, replace(pod, ready=False))
    quiet(sim)
    assert not sim.status.get("failed")
    assert rest(sim).selected() == {V2: 4}


def test_a_crash_in_the_last_second_of_the_bake_is_found_before_the_old_pods_go() -> None:
    sim = until(releasing_v2("bigBang"), stands_at(1))
    run(sim, 29)
    sim.crash(sim.of(V2)[0])
    restart(sim)
    sim.tick(2)
    rest(sim)
    assert sim.selected() == {V1: 4}


def test_stables_pods_crash_while_blue_green_waits_and_the_candidate_is_not_promoted() -> None:
    sim = until(releasing_v2({"blueGreen": {"promoteAfterSeconds": 10}}), stands_at(0))
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    run(sim, 60)
    assert V2 not in sim.selected()
    assert sim.status["phase"] == "Degraded"
    sim.act("Promote")
    until(sim, lambda s: s.selected() == {V2: 4})
    assert rest(sim).status["phase"] == "Healthy"


def test_with_on_failure_pause_everything_stays_as_it_is_until_a_person_decides() -> None:
    sim = _baking("blueGreen", onFailure="Pause")
    sim.crash(sim.of(V2)[0])
    run(sim, 60)
    assert sim.selected() == {V2: 4}
    assert (sim.desired(V1), sim.desired(V2)) == (4, 4)
    assert sim.status["phase"] == "Paused"
    sim.act("Retry")
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}


def test_frozen_after_a_failure_an_abort_returns() -> None:
    sim = _baking("blueGreen", onFailure="Pause")
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    sim.act("Abort")
    assert rest(sim).selected() == {V1: 4}


def test_a_crash_of_a_revision_that_has_completed_is_healed_in_place() -> None:
    sim = rest(releasing_v2("bigBang"))
    sim.tick(100)
    sim.crash(sim.of(V2)[0], ready=False)
    rest(sim)
    assert sim.status["phase"] == "Healthy"


def test_a_container_that_the_node_could_not_start_is_not_a_crash() -> None:
    sim = _baking("bigBang")
    pod = sim.of(V2)[0]
    end = replace(pod.crashed(sim.now).exits[0], code=128, reason="StartError")
    sim.change(pod, replace(pod, exits=(end,)))
    sim.drop(V2)
    reconcile(sim)
    assert set(sim.selected()) == {V2}
    assert not sim.status.get("failed")


def test_an_exit_code_that_a_busy_node_reports_six_seconds_late_is_still_told() -> None:
    sim = _baking("rolling")
    sim.broken = frozenset({V2})
    for pod in sim.of(V2):
        sim.change(pod, replace(pod, ready=False))
    quiet(sim)
    assert set(sim.selected()) == {V1}
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"
    run(sim, 6)
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    rest(sim)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"
    assert "exit code 42" in sim.status["failed"]["message"]
