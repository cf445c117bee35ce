"""`minReadySeconds`, `progressDeadlineSeconds` and rolling's allowances, in every strategy that has them."""

from dataclasses import replace
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2, serving_v1
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, step, until

MOVED = {"blueGreen": {"blueGreen": {}}, "bigBang": {"bigBang": {}}}
COUNTED = {"rolling": {"rolling": {"maxSurge": 1}}, "canary": {"canary": {"steps": [{"weight": 50}]}}}
READY_S = 20


def _seconds(sim: Sim, since: float) -> float:
    return sim.now.timestamp() - since


# minReadySeconds


@pytest.mark.parametrize("strategy", MOVED)
def test_all_traffic_moves_only_once_the_new_pods_have_been_ready_for_so_long(strategy: str) -> None:
    sim = releasing_v2(MOVED[strategy], minReadySeconds=READY_S)
    began = sim.now.timestamp()
    until(sim, lambda s: s.selected().get(V2))
    assert READY_S <= _seconds(sim, began) <= READY_S + 4
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize("strategy", COUNTED)
def test_an_old_pod_goes_only_once_a_new_one_has_been_ready_for_so_long(strategy: str) -> None:
    sim = releasing_v2(COUNTED[strategy], minReadySeconds=READY_S)
    began = sim.now.timestamp()
    while sim.desired(V1) == 4:
        step(sim)
        quiet(sim)
    assert READY_S <= _seconds(sim, began) <= READY_S + 4
    assert rest(sim).selected() == {V2: 4}


def test_recreate_is_complete_only_once_the_new_pods_have_been_ready_for_so_long() -> None:
    sim = until(
        releasing_v2("recreate", minReadySeconds=READY_S, bakeSeconds=0), lambda s: s.selected() == {V2: 4}
    )
    began = sim.now.timestamp()
    until(sim, lambda s: not s.status.get("progress"))
    assert _seconds(sim, began) >= READY_S - 2


@pytest.mark.parametrize("strategy", MOVED)
def test_a_pod_that_crashes_meanwhile_begins_anew(strategy: str) -> None:
    sim = run(releasing_v2(MOVED[strategy], minReadySeconds=READY_S), READY_S - 5)
    pod = sim.of(V2)[0]
    sim.change(pod, replace(pod, ready=False))
    began = sim.now.timestamp()
    until(sim, lambda s: s.selected().get(V2))
    assert _seconds(sim, began) >= READY_S


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_edit_reaches_the_deployment_without_a_release_and_without_new_pods(strategy: str) -> None:
    sim = serving_v1(strategy)
    pods = sim.pods
    sim.edit(minReadySeconds=7)
    rest(sim)
    assert sim.deployments[f"shop-{V1}"]["spec"]["minReadySeconds"] == 7
    assert (sim.pods, list(sim.releases)) == (pods, ["shop-1"])


@pytest.mark.parametrize("strategy", every(2, [*MOVED, *COUNTED]))
def test_the_way_back_does_not_wait_for_it(strategy: str) -> None:
    sim = until(
        releasing_v2((MOVED | COUNTED)[strategy], minReadySeconds=READY_S), lambda s: s.selected().get(V2)
    )
    sim.act("Abort")
    quiet(sim)
    assert set(sim.selected()) == {V1}


# progressDeadlineSeconds


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("deadline_s", [15, 40])
def test_pods_that_never_become_ready_fail_the_release_at_the_deadline(
    strategy: str, deadline_s: int
) -> None:
    chosen = STRATEGIES[strategy] if strategy != "recreate" else {"recreate": {"maxDowntimeSeconds": 3600}}
    sim = releasing_v2(chosen, progressDeadlineSeconds=deadline_s)
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    began = sim.now.timestamp()
    until(sim, lambda s: s.status.get("failed"))
    assert deadline_s - 2 <= _seconds(sim, began) <= deadline_s + 3
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"
    assert f"pods are available after {deadline_s} s" in sim.status["failed"]["message"]
    assert "pod shop-" in sim.status["failed"]["message"]
    assert rest(sim).selected() == {V1: 4}


@pytest.mark.parametrize(
    ("strategy", "stage"),
    [
        ({"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 5}]}}, 1),
        ({"blueGreen": {"previewReplicas": 1, "promoteAfterSeconds": 5}}, 1),
        ({"canary": {"steps": [{"weight": 25, "pauseSeconds": 5}, {"weight": 75, "pauseSeconds": 5}]}}, 1),
    ],
    ids=["rolling", "blueGreen", "canary"],
)
def test_it_starts_anew_with_each_stage(strategy: dict[str, Any], stage: int) -> None:
    sim = until(releasing_v2(strategy, progressDeadlineSeconds=30), stands_at(stage - 1))
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.status["progress"]["stage"] == stage)
    began = sim.now.timestamp()
    until(sim, lambda s: s.status.get("failed"))
    assert 28 <= _seconds(sim, began) <= 35
    assert rest(sim).selected() == {V1: 4}


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_pauses_bakes_and_people_are_not_counted(strategy: str) -> None:
    patient: dict[str, dict[str, Any]] = {
        "rolling": {"rolling": {"batches": [{"replicas": 1, "pause": "Manual"}]}},
        "blueGreen": {"blueGreen": {"promote": "Manual"}},
        "canary": {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}},
    }
    sim = run(releasing_v2(patient.get(strategy, strategy), progressDeadlineSeconds=20, bakeSeconds=200), 120)
    assert not sim.status.get("failed")
    sim.act("Promote")
    assert rest(sim).selected() == {V2: 4}


def test_a_roll_of_many_pods_may_take_longer_than_the_deadline_as_long_as_each_pod_comes_in_time() -> None:
    sim = releasing_v2(
        {"rolling": {"maxSurge": 1}}, replicas=6, minReadySeconds=20, progressDeadlineSeconds=30
    )
    began = sim.now.timestamp()
    assert rest(sim).selected() == {V2: 6}
    assert _seconds(sim, began) > 120


def _first_release_that_fails(strategy: str) -> Sim:
    sim = Sim(serving_v1(strategy, progressDeadlineSeconds=20).rollout)
    sim.rollout = {k: v for k, v in sim.rollout.items() if k != "status"}
    sim.broken = frozenset({V1})
    return sim


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_first_release_that_misses_its_deadline_says_so_and_is_waited_for_all_the_same(
    strategy: str,
) -> None:
    sim = run(_first_release_that_fails(strategy), 15)
    assert sim.status["phase"] == "Progressing"
    run(sim, 100)
    assert sim.status["phase"] == "Degraded"
    assert (
        "0 of 4 pods are available after 20 s (progressDeadlineSeconds); pod shop-" in sim.status["message"]
    )
    stalled = next(c for c in sim.status["conditions"] if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "CandidateUnavailable")
    assert len(sim.of(V1)) == 4
    sim.broken = frozenset()
    assert rest(sim).selected() == {V1: 4}
    assert sim.status["phase"] == "Healthy"


def test_a_first_release_that_missed_its_deadline_is_told_once_and_writes_nothing_while_it_waits() -> None:
    sim = run(_first_release_that_fails("canary"), 30)
    before = len(sim.events)
    plans = [quiet(sim) for _ in range(3)]
    assert [plan.wake_after_s for plan in plans] == [30, 30, 30]
    run(sim, 300)
    assert len(sim.events) == before
    assert [each for each in sim.events if "CandidateUnavailable" in str(each)] != []


# what rolling may miss


@pytest.mark.parametrize(
    ("allowed", "replicas", "forgiven"),
    [(0, 4, 0), (1, 4, 1), ("25%", 8, 2), ("10%", 4, 0)],
    ids=["none", "one", "a quarter of eight", "a tenth of four"],
)
def test_as_many_pods_may_crash_during_a_roll_as_may_be_unavailable(
    allowed: int | str, replicas: int, forgiven: int
) -> None:
    sim = releasing_v2({"rolling": {"maxUnavailable": allowed, "maxSurge": 2}}, replicas=replicas)
    until(sim, lambda s: len([p for p in s.of(V2) if p.ready]) == replicas)
    for index in range(forgiven):
        sim.crash(sim.of(V2)[index])
        quiet(sim)
        assert not sim.status.get("failed"), f"crash {index + 1} is allowed"
    sim.crash(sim.of(V2)[forgiven])
    quiet(sim)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"
    assert f"({forgiven} allowed)" in sim.status["failed"]["message"]
    assert rest(sim).selected() == {V1: replicas}


def test_the_same_pod_that_crashes_again_and_again_is_one_pod() -> None:
    sim = until(releasing_v2({"rolling": {"maxUnavailable": 1}}), lambda s: set(s.selected()) == {V2})
    for _ in range(3):
        pod = next(p for p in sim.of(V2) if p.name == min(each.name for each in sim.of(V2)))
        sim.crash(pod)
        quiet(sim)
        run(sim, 2)
    assert not sim.status.get("failed")
