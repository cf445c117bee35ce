"""The replicas change while something is under way, or nothing is."""

from dataclasses import replace
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2, serving_v1
from crossfade.api.status import RolloutStatus
from samples import every
from simulation.cluster import Sim
from simulation.live import each_second, phase, quiet, rest, run, stands_at, step, until

HALF = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_scaling_at_rest_scales_stable(strategy: str) -> None:
    sim = serving_v1(strategy)
    for replicas in (7, 2):
        sim.scale(replicas)
        assert rest(sim).selected() == {V1: replicas}
    assert len(sim.releases) == 1


def test_shares_are_kept_while_a_canary_is_scaled_from_four_to_eight_to_three() -> None:
    sim = until(releasing_v2(HALF), stands_at(0))
    assert sim.selected() == {V1: 2, V2: 2}
    sim.scale(8)
    run(sim, 10)
    assert sim.selected() == {V1: 4, V2: 4}
    sim.scale(3)
    run(sim, 10)
    assert sim.selected() == {V1: 2, V2: 2}
    assert sim.status["stage"] == "1/3"


def test_never_fewer_pods_serve_than_the_smaller_of_both_sizes_while_a_canary_is_scaled() -> None:
    sim = until(releasing_v2(HALF), stands_at(0))
    for replicas, least in ((8, 4), (3, 3), (6, 3)):
        sim.scale(replicas)
        for _ in range(8):
            quiet(sim)
            assert sum(sim.selected().values()) >= least
            sim.controllers()
            assert sum(sim.selected().values()) >= least
            step(sim)


@pytest.mark.parametrize(("strategy", "replicas", "seconds"), every(7, STRATEGIES, [1, 6], [2, 5, 9]))
def test_a_release_completes_although_it_is_scaled_in_the_middle(
    strategy: str, replicas: int, seconds: int
) -> None:
    sim = run(releasing_v2(strategy), seconds)
    sim.scale(replicas)
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: replicas}


TIMED = [
    {"canary": {"steps": [{"weight": 50, "pauseSeconds": 5}]}},
    {"blueGreen": {"promoteAfterSeconds": 5}},
]


@pytest.mark.parametrize("strategy", TIMED, ids=["canary", "blueGreen"])
def test_stable_that_is_asked_for_more_is_no_trouble_for_ten_seconds_and_holds_the_gate(
    strategy: dict[str, Any],
) -> None:
    sim = until(releasing_v2(strategy), stands_at(0))
    sim.broken = frozenset({V1})
    sim.scale(8)
    run(sim, 9)
    assert (sim.status["phase"], sim.status["stage"]) == ("Progressing", "1/3")
    run(sim, 3)
    assert sim.status["phase"] == "Degraded"
    sim.broken = frozenset()
    until(sim, phase("Healthy"))
    assert [e.reason for e in sim.events].count("StableUnavailable") == 1


def test_stable_that_loses_a_pod_is_trouble_at_once_and_until_it_has_all_again() -> None:
    sim = until(releasing_v2({"blueGreen": {"promote": "Manual"}}), stands_at(0))
    sim.broken = frozenset({V1})
    pod = sim.of(V1)[0]
    sim.change(pod, replace(pod, ready=False))
    for _ in range(8):
        quiet(sim)
        assert sim.status["phase"] == "Degraded"
        step(sim)
    sim.broken = frozenset()
    until(sim, phase("Paused"))


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_scaled_to_nothing_in_the_middle_nothing_runs_and_it_goes_on_afterwards(strategy: str) -> None:
    sim = run(releasing_v2(strategy), 5)
    sim.scale(0)
    rest(sim)
    assert not sim.pods
    sim.scale(4)
    rest(sim)
    assert sim.selected() == {V2: 4}
    assert sim.status["phase"] == "Healthy"


@pytest.mark.parametrize("strategy", ["blueGreen", "canary", "bigBang"])
def test_scaled_to_nothing_and_back_no_release_fails_since_stable_is_ready_first(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2})
    sim.scale(0)
    rest(sim)
    sim.broken = frozenset({V2})
    sim.scale(4)
    until(sim, lambda s: bool(s.status.get("progress")) and any(p.ready for p in s.of(V1)))
    run(sim, 3)
    sim.broken = frozenset()
    assert rest(sim).selected() == {V2: 4}
    assert [each["status"]["outcome"] for each in sim.releases.values()] == ["Completed", "Completed"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_replicas_a_new_template_completes_without_stages(strategy: str) -> None:
    sim: Sim = serving_v1(strategy, replicas=0)
    sim.set_image("shop:v2")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.status["stable"]["revision"] == V2
    assert sim.releases["shop-2"]["status"]["outcome"] == "Completed"
    sim.scale(3)
    assert rest(sim).selected() == {V2: 3}


def test_recreate_without_replicas_waits_for_the_last_old_pod() -> None:
    sim = releasing_v2("recreate")
    sim.scale(0)
    quiet(sim)
    sim.controllers()
    sim.scale(4)
    quiet(sim)
    sim.controllers()
    assert {p.revision for p in sim.pods} == {V1}
    assert rest(sim).selected() == {V2: 4}


def test_scaling_up_while_paused_adds_pods_of_what_serves() -> None:
    sim = run(releasing_v2("bigBang"), 0)
    sim.edit(paused=True)
    quiet(sim)
    sim.scale(6)
    rest(sim)
    assert sim.selected() == {V1: 6}


@pytest.mark.parametrize("seconds", every(2, range(6)))
def test_recreate_paused_and_scaled_never_runs_two_versions(seconds: int) -> None:
    sim = run(releasing_v2("recreate"), seconds)
    sim.edit(paused=True)
    quiet(sim)
    sim.scale(6)
    for _ in each_second(sim, 20):
        assert len({p.revision for p in sim.pods}) <= 1


def test_scaling_up_while_traffic_returns_asks_for_stable_in_the_new_size() -> None:
    sim = until(releasing_v2(HALF), stands_at(0))
    sim.act("Abort")
    quiet(sim)
    sim.scale(6)
    assert rest(sim).selected() == {V1: 6}


def test_the_published_scale_counts_the_serving_side_only_where_both_are_full() -> None:
    sim = releasing_v2("bigBang")
    quiet(sim)
    sim.controllers()
    quiet(sim)
    assert len(sim.pods) == 8
    assert sim.status["replicas"] == 4
    assert V1 in sim.status["selector"]
    until(sim, stands_at(1))
    assert V2 in sim.status["selector"]


def test_the_published_scale_counts_both_sides_of_a_canary() -> None:
    sim = until(releasing_v2(HALF), stands_at(0))
    assert sim.status["replicas"] == 4
    assert "revision" not in sim.status["selector"]


def test_a_scale_while_the_template_is_refused_still_scales_what_serves() -> None:
    sim: Sim = serving_v1("rolling")
    sim.refusal = "spec.containers: Required value"
    sim.set_image("shop:refused")
    until(sim, phase("Invalid"))
    sim.scale(6)
    run(sim, 40)
    assert sim.selected() == {V1: 6}


def test_the_status_counts_the_pods_of_both_sides_however_many_they_are() -> None:
    sim = releasing_v2({"rolling": {"maxSurge": "100%"}}, replicas=10_000)
    quiet(sim)
    step(sim)
    quiet(sim)
    assert sim.status["replicas"] == 20_000
    assert RolloutStatus.model_validate(sim.status).replicas == 20_000


def test_requests_wait_for_counts_of_the_newest_size() -> None:
    """Scaled down and up again at once, a Deployment still counts the pods that were just told to go."""
    sim = until(releasing_v2(HALF), stands_at(0))
    sim.instant = False
    name = sim.side(V1)["metadata"]["name"]
    before = {**sim.deployments[name]["status"], "replicas": 4, "readyReplicas": 4, "availableReplicas": 4}
    sim.deployments[name] = {**sim.deployments[name], "status": before}
    sim.set_image("shop:v1")
    quiet(sim)
    assert sim.selected() == {V1: 2, V2: 2}
    sim.instant = True
    assert rest(sim).selected() == {V1: 4}


def test_no_pod_is_spared_by_counts_that_are_not_of_the_newest_size() -> None:
    """A candidate was scaled down and up again at once: a pod that it still counts may have been told to go."""
    sim = releasing_v2({"rolling": {"maxSurge": 0, "maxUnavailable": 1}})
    for _ in range(2):
        quiet(sim)
        step(sim)
    assert sim.selected() == {V1: 3, V2: 1}
    sim.instant = False
    name = sim.side(V2)["metadata"]["name"]
    live = sim.deployments[name]
    stale = {**live["status"], "replicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    meta = {**live["metadata"], "generation": live["metadata"]["generation"] + 1}
    sim.deployments[name] = {
        **live,
        "metadata": meta,
        "status": stale,
        "spec": {**live["spec"], "replicas": 2},
    }
    sim.endpoints["shop"] = replace(sim.endpoints["shop"], ready={V1: 3, V2: 2})
    quiet(sim)
    assert sim.desired(V1) == 3
    sim.instant = True
    assert rest(sim).selected() == {V2: 4}
