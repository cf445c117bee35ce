"""The way back ends, or says who alone can end it; and `--now` waits for nothing."""

from typing import Any

import pytest

from builders import V1, V2, releasing_v2
from simulation.cluster import Sim
from simulation.live import each_second, phase, quiet, run, stands_at, until

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
