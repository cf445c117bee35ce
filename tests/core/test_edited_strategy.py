"""The user edits the strategy while a release is under way."""

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2
from samples import every
from simulation.live import quiet, rest, run, stands_at, step, until
from simulation.passes import reconcile

QUARTER = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 75}]}}


def test_a_canary_that_becomes_a_blue_green_asks_its_person_before_all_requests_move() -> None:
    sim = until(releasing_v2(QUARTER), stands_at(0))
    sim.edit(strategy={"blueGreen": {"promote": "Manual"}})
    run(sim, 30)
    assert sim.selected() == {V1: 4}
    sim.act("Promote")
    assert rest(sim).selected() == {V2: 4}


def test_a_step_that_is_put_before_the_present_share_is_not_skipped() -> None:
    sim = until(releasing_v2(QUARTER), stands_at(0))
    sim.edit(strategy={"canary": {"steps": [{"weight": 20, "pause": "Manual"}, {"weight": 75}]}})
    run(sim, 30)
    assert sim.status["stage"] == "1/4"
    assert V1 in sim.selected()


def test_the_same_share_in_another_plan_stays() -> None:
    sim = until(releasing_v2(QUARTER), stands_at(0))
    steps = [{"weight": 10}, {"weight": 25, "pause": "Manual"}, {"weight": 50}]
    sim.edit(strategy={"canary": {"steps": steps}})
    quiet(sim)
    assert sim.status["stage"] == "2/5"
    assert sim.selected() == {V1: 3, V2: 1}


def test_a_rolling_on_its_way_has_passed_no_gate_of_a_canary_that_it_becomes() -> None:
    sim = until(releasing_v2({"rolling": {"maxSurge": 1}}, replicas=10), lambda s: s.selected().get(V2) == 1)
    sim.edit(
        strategy={"canary": {"steps": [{"weight": 30, "pause": "Manual"}, {"weight": 60, "pause": "Manual"}]}}
    )
    run(sim, 120)
    assert sim.status["stage"] == "1/4"
    assert sim.status["phase"] == "Paused"
    assert V1 in sim.selected()


def test_a_promote_of_all_stages_is_for_the_stages_that_its_sender_saw() -> None:
    sim = until(releasing_v2(QUARTER), stands_at(0))
    sim.act("PromoteFull")
    quiet(sim)
    sim.edit(
        strategy={"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}
    )
    run(sim, 120)
    assert sim.status["phase"] == "Paused"
    assert V1 in sim.selected()


def test_a_bake_goes_on_as_the_bake_of_the_new_strategy() -> None:
    sim = until(releasing_v2("bigBang"), stands_at(1))
    sim.edit(strategy={"blueGreen": {"promote": "Manual"}})
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize(("before", "after", "seconds"), every(7, STRATEGIES, STRATEGIES, [2, 8]))
def test_any_strategy_may_become_any_other_at_any_moment(before: str, after: str, seconds: int) -> None:
    sim = run(releasing_v2(before), seconds)
    chosen: dict[str, Any] = STRATEGIES[after]
    sim.edit(strategy=chosen)
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}


def test_pods_that_were_ready_beside_production_count_once_they_are_listed() -> None:
    sim = until(releasing_v2({"blueGreen": {"promote": "Manual"}}), stands_at(0))
    sim.edit(strategy={"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 60}]}})
    sim.instant = False
    quiet(sim)
    assert sim.desired(V1) == 4
    sim.instant = True
    sim.sync_all()
    run(sim, 5)
    assert sim.selected() == {V1: 3, V2: 1}


BESIDE = {
    "a smaller preview": {"blueGreen": {"promote": "Manual", "previewReplicas": 1}},
    "a smaller share": {"canary": {"steps": [{"weight": 25, "pause": "Manual"}]}},
}


@pytest.mark.parametrize("after", BESIDE.values(), ids=BESIDE)
def test_pods_that_served_a_moment_ago_go_once_no_node_can_send_them_a_request(after: dict[str, Any]) -> None:
    half = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
    sim = until(releasing_v2(half), stands_at(0))
    sim.edit(strategy={"blueGreen": {"promote": "Manual"}})
    until(sim, lambda s: V2 not in s.selected(), seconds=0.5)
    left = sim.now
    sim.edit(strategy=after)
    until(sim, lambda s: s.desired(V2) == 1, seconds=0.5)
    assert (sim.now - left).total_seconds() >= 2
    assert until(sim, stands_at(0)).desired(V2) == 1


def test_stable_keeps_its_pods_while_the_candidates_are_listed_and_not_selected_any_more() -> None:
    rolling = {"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 60}]}}
    sim = releasing_v2(rolling, replicas=2)
    while not sim.selected().get(V2):
        reconcile(sim)
        step(sim)
    assert sim.desired(V1) == 2
    sim.instant = False
    sim.edit(strategy={"bigBang": {}})
    reconcile(sim)
    assert (V2 in sim.selected(), sim.endpoints["shop"].ready[V2]) == (False, 1)
    sim.edit(strategy=rolling)
    reconcile(sim)
    assert sim.desired(V1) == 2


@pytest.mark.parametrize("after", ["rolling", "canary"])
def test_ready_pods_of_the_candidate_stay_while_stable_lacks_its_own(after: str) -> None:
    """More of them than the new plan asks for: they take over, instead of going."""
    plans: dict[str, Any] = {
        "rolling": {"batches": [{"replicas": 1, "pauseSeconds": 60}]},
        "canary": {"steps": [{"weight": 25, "pause": "Manual"}]},
    }
    sim = until(releasing_v2({"blueGreen": {"promote": "Manual"}}), stands_at(0))
    sim.broken |= {V1}
    sim.edit(strategy={after: plans[after]})
    for pod in sim.of(V1):
        sim.evict(pod)
    run(sim, 40)
    assert sim.selected().get(V2) == 4
