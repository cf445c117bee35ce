"""The way back ends, or says who alone can end it; and `--now` waits for nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, routing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import each_second, phase, quiet, rest, run, stands_at, until
from simulation.passes import reconcile
from simulation.shown import part_beside
from simulation.stored import versioned
from simulation.takeovers import GIT, OLD, taking_over

ROLLING = {"rolling": {"maxSurge": 1, "batches": [{"replicas": "50%", "pause": "Manual"}]}}
ONE_BY_ONE = {
    "rolling": {"maxSurge": 0, "maxUnavailable": 1, "batches": [{"replicas": "50%", "pause": "Manual"}]}
}
CANARY = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
BLUE_GREEN = {"blueGreen": {}}


def _full(sim: Sim) -> Sim:
    """The cluster has no room for one pod more than there are."""
    sim.room = sum(not pod.leaving for pod in sim.pods)
    return sim


def _at_half(strategy: dict[str, Any], **spec: Any) -> Sim:
    return until(releasing_v2(strategy, **spec), stands_at(0))


def _baking(strategy: dict[str, Any], **spec: Any) -> Sim:
    sim = releasing_v2(strategy, bakeSeconds=600, **spec)
    return until(sim, lambda s: s.selected() == {V2: s.rollout["spec"]["replicas"]})


@pytest.mark.parametrize("strategy", [ROLLING, ONE_BY_ONE, CANARY])
@pytest.mark.parametrize("now", [False, True])
def test_without_room_for_one_pod_more_the_candidates_pods_make_room(
    strategy: dict[str, Any], now: bool
) -> None:
    sim = _full(_at_half(strategy, replicas=10))
    sim.act("Abort", now=now)
    until(sim, phase("RolledBack"), limit_s=150)
    until(sim, lambda s: s.selected() == {V1: 10}, limit_s=10)


@pytest.mark.parametrize("strategy", [ROLLING, ONE_BY_ONE, CANARY])
def test_without_room_as_many_serve_as_the_strategy_leaves_unless_somebody_is_in_a_hurry(
    strategy: dict[str, Any],
) -> None:
    sim = _full(_at_half(strategy, replicas=10))
    sim.act("Abort")
    least = min(sum(sim.selected().values()) for _ in each_second(sim, 150))
    assert least >= 9
    assert sim.status["phase"] == "RolledBack"


@pytest.mark.parametrize("strategy", [BLUE_GREEN, CANARY, ROLLING])
@pytest.mark.parametrize("now", [False, True])
def test_scaled_up_beyond_what_the_cluster_has_room_for_it_goes_back_to_the_pods_that_are_there(
    strategy: dict[str, Any], now: bool
) -> None:
    sim = _full(_baking(strategy) if strategy is BLUE_GREEN else _at_half(strategy))
    sim.scale(20)
    run(sim, 10)
    sim.act("Abort", now=now)
    until(sim, lambda s: set(s.selected()) == {V1}, limit_s=30)
    until(sim, lambda s: not s.of(V2), limit_s=30)


def test_one_crash_in_the_bake_does_not_leave_all_requests_to_the_few_pods_that_were_kept_warm() -> None:
    sim = _baking({"rolling": {}}, replicas=20)
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    served = [sim.selected(), *(sim.selected() for _ in each_second(sim, 30))]
    assert all(sum(each.values()) >= 10 for each in served), served
    assert served[-1] == {V1: 20}


def test_an_abort_in_the_bake_of_a_rolling_takes_no_more_than_its_surge() -> None:
    sim = _baking({"rolling": {}}, replicas=20)
    sim.act("Abort")
    most = max(sim.desired(V1) + sim.desired(V2) for _ in each_second(sim, 60))
    assert most == 25
    assert sim.selected() == {V1: 20}


@pytest.mark.parametrize("paused", [False, True])
def test_stables_pods_that_do_not_come_are_waited_for_until_the_deadline_also_where_it_is_paused(
    paused: bool,
) -> None:
    sim = _at_half(CANARY, progressDeadlineSeconds=30)
    if paused:
        sim.act("Pause")
        quiet(sim)
    sim.breaks(V1)
    sim.act("Abort")
    run(sim, 25)
    assert V2 in sim.selected()
    run(sim, 8)
    assert set(sim.selected()) == {V1}


def _git_applies_it_again(sim: Sim) -> Sim:
    """The adopted Service, as it was before: its selector has two writers, and selects the pods of both revisions."""
    front = sim.services["front"]
    applied = versioned(front, sim.tick_version(), managedFields=[GIT])
    sim.services["front"] = {**applied, "spec": {**front["spec"], "selector": dict(OLD)}}
    sim.sync_all()
    return sim


def _adopted_at_half(*, routed: bool = False) -> Sim:
    route = {"traffic": {"httpRoute": {"name": "shop"}}} if routed else {}
    sim = taking_over(CANARY, replicas=4, **route)
    if routed:
        sim.make_route("shop", [{"name": "main", "backendRefs": [{"name": "front", "port": 80}]}])
    rest(sim)
    sim.remove("Deployment", "old")
    sim.kubelet()
    sim.set_image("shop:v2")
    return _git_applies_it_again(until(sim, stands_at(0)))


def _sent_beside(sim: Sim) -> float:
    """Percent of the requests that the route sends to the candidate."""
    return float(100 * part_beside(sim))


def _ready(sim: Sim, revision: str) -> int:
    return sum(pod.ready for pod in sim.of(revision))


WAYS: dict[str, Callable[[Sim], object]] = {
    "an abort": lambda sim: sim.act("Abort"),
    "an abort now": lambda sim: sim.act("Abort", now=True),
    "a crash": lambda sim: sim.crash(sim.of(V2)[0]),
    "the template": lambda sim: sim.set_image("shop:v1"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("routed", [False, True])
def test_whoever_else_writes_the_selector_of_an_adopted_service_does_not_hold_the_way_back(
    way: str, routed: bool
) -> None:
    sim = _adopted_at_half(routed=routed)
    WAYS[way](sim)
    until(sim, lambda s: s.selected("front") == {V1: 4}, limit_s=20)
    until(sim, lambda s: not s.of(V2), limit_s=20)
    told = [e.note for e in sim.events if e.reason == "ChildRepaired"]
    assert any("the selector of Service front was edited by argocd" in each for each in told), told
    if routed:
        assert sim.routes["shop"]["spec"]["rules"][0]["backendRefs"] == [{"name": "front", "port": 80}]


def test_what_git_applies_again_and_again_is_taken_back_each_time() -> None:
    sim = _adopted_at_half()
    sim.act("Abort")
    until(sim, lambda s: s.selected("front") == {V1: 4}, limit_s=20)
    for _ in range(3):
        _git_applies_it_again(sim)
        quiet(sim)
        assert set(sim.selected("front")) == {V1}
        run(sim, 3)


def test_a_deletion_does_not_wait_for_another_writer_of_the_selector_either() -> None:
    sim = _adopted_at_half()
    sim.delete()
    until(sim, lambda s: not s.of(V2), limit_s=60)
    assert sim.selected("front") == {V1: 4}


@pytest.mark.parametrize(("image", "reason"), [("shop:v3", "Superseded"), ("shop:v1", "Cancelled")])
def test_what_failed_and_was_frozen_goes_back_at_once_whoever_ends_it_and_stays_failed(
    image: str, reason: str
) -> None:
    sim = _at_half(CANARY, onFailure="Pause")
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert V2 in sim.selected(), "frozen"
    sim.set_image(image)
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    until(sim, lambda s: s.releases["shop-2"].get("status", {}).get("outcome"))
    ended = sim.releases["shop-2"]["status"]
    assert ended["outcome"] == reason
    assert "before that it failed: 1 of 2 pods crashed" in ended["why"]


def test_where_no_history_is_kept_what_is_woken_and_crashes_still_goes_back() -> None:
    sim = serving_v1("bigBang", revisionHistoryLimit=0, bakeSeconds=30)
    sim.scale(0)
    rest(sim)
    sim.set_image("shop:v2")
    rest(sim)
    sim.scale(4)
    until(sim, lambda s: s.selected() == {V2: 4})
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    sim.breaks(V2)
    until(sim, lambda s: s.selected() == {V1: 4}, limit_s=20)
    assert rest(sim).status["phase"] == "RolledBack"


def test_behind_a_route_the_requests_follow_the_pods_that_make_room_for_each_other() -> None:
    """Stable gave its pods away (`dynamicStable`), and others took their place: 2 of 10 are left."""
    steps = {"steps": [{"weight": 80, "pause": "Manual"}], "dynamicStable": True}
    sim = _full(until(routing_v2({"canary": steps}, replicas=10), stands_at(0)))
    assert len(sim.of(V1)) == 2
    sim.act("Abort")
    quiet(sim)
    seen = [(_sent_beside(sim), _ready(sim, V1), _ready(sim, V2)) for _ in each_second(sim, 200)]
    assert seen[-1] == (0, 10, 0)
    assert all(old + new >= 8 for _, old, new in seen), seen
    assert all(part <= 100 * new / (old + new) + 25 for part, old, new in seen), seen


def test_a_pod_of_stable_that_is_lost_behind_a_route_is_waited_for_until_the_deadline_only() -> None:
    sim = until(routing_v2(CANARY, progressDeadlineSeconds=30), stands_at(0))
    sim.breaks(V1)
    sim.crash(sim.of(V1)[0], ready=False)
    sim.act("Abort")
    run(sim, 25)
    assert _sent_beside(sim) == 50
    run(sim, 10)
    assert _sent_beside(sim) == 0
