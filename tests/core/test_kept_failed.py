"""What is kept of a revision that failed, for those who look for the cause: one pod for a while, and the end of its log."""

from typing import Any

import pytest

from builders import V1, V2, V3, releasing_v2
from simulation.cluster import Sim
from simulation.live import phase, rest, run, until
from simulation.passes import reconcile

ALL = ["rolling", "blueGreen", "canary", "bigBang"]
KEPT_S = 600


def _failed(strategy: str | dict[str, Any], **spec: Any) -> Sim:
    """V2 has crashed after all requests had come to it, and v1 has them again."""
    sim = until(
        releasing_v2(strategy, **{"keepFailedSeconds": KEPT_S, **spec}), lambda s: set(s.selected()) == {V2}
    )
    run(sim, 8)
    for pod in sim.of(V2)[:3]:
        sim.crash(pod)
    reconcile(sim)
    return until(sim, phase("RolledBack"))


@pytest.mark.parametrize("strategy", ALL)
def test_one_pod_of_what_failed_is_kept_for_so_long_and_gets_no_request(strategy: str) -> None:
    sim = _failed(strategy)
    run(sim, KEPT_S - 10)
    assert len(sim.of(V2)) == 1
    assert sim.selected() == {V1: 4}
    assert sim.status["phase"] == "RolledBack"
    run(sim, 20)
    assert sim.of(V2) == []


@pytest.mark.parametrize("strategy", ALL)
def test_it_is_terminated_when_the_next_release_begins(strategy: str) -> None:
    sim = _failed(strategy)
    sim.set_image("shop:v3")
    rest(sim)
    assert sim.selected() == {V3: 4}
    assert sim.of(V2) == []


@pytest.mark.parametrize("strategy", ALL)
def test_retried_the_kept_pod_is_one_of_the_candidates(strategy: str) -> None:
    sim = _failed(strategy)
    sim.act("Retry")
    rest(sim)
    assert sim.selected() == {V2: 4}


def test_recreate_keeps_none_since_two_revisions_never_run_at_once() -> None:
    assert _failed("recreate").of(V2) == []


@pytest.mark.parametrize("strategy", ALL)
def test_after_an_abort_nothing_is_kept(strategy: str) -> None:
    sim = until(
        releasing_v2(strategy, keepFailedSeconds=KEPT_S, bakeSeconds=60), lambda s: set(s.selected()) == {V2}
    )
    sim.act("Abort")
    rest(sim)
    assert sim.of(V2) == []


def test_pods_that_are_replaced_without_a_surge_leave_no_room_for_it() -> None:
    sim = _failed({"rolling": {"maxSurge": 0, "maxUnavailable": 2}})
    assert sim.selected() == {V1: 4}
    assert sim.of(V2) == []


def test_scaled_to_nothing_nothing_is_kept() -> None:
    sim = _failed("canary")
    sim.edit(replicas=0)
    rest(sim)
    assert not sim.pods


def test_the_time_is_counted_from_the_end_of_the_rollback_and_may_be_edited() -> None:
    sim = _failed("canary")
    run(sim, 30)
    sim.edit(keepFailedSeconds=0)
    run(sim, 10)
    assert sim.of(V2) == []


@pytest.mark.parametrize("strategy", [*ALL, "recreate"])
def test_the_release_has_the_end_of_the_log_of_the_container_that_failed(strategy: str) -> None:
    sim = _failed(strategy)
    log = sim.releases["shop-2"]["status"]["failedLog"]
    assert (log["pod"], log["container"]) == (sim.status["failed"]["pod"], "app")


def test_with_on_failure_pause_the_log_is_read_when_it_fails() -> None:
    sim = until(releasing_v2("canary", onFailure="Pause"), lambda s: set(s.selected()) == {V2})
    run(sim, 8)
    sim.crash(sim.of(V2)[0])
    run(sim, 3)
    assert sim.releases["shop-2"]["status"]["failedLog"]["container"] == "app"
