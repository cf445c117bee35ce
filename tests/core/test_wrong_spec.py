"""A stored spec that breaks a rule (an older schema let it in): what serves is cared for, goes back, and begins nothing."""

from __future__ import annotations

from typing import Any

import pytest

from builders import V1, V2, releasing_v2, routing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until
from simulation.passes import reconcile
from simulation.shown import part_beside

CANARY = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
WRONG: dict[str, dict[str, Any]] = {
    "a strategy with a step of a newer operator": {
        "strategy": {"canary": {"steps": [{"weight": 50, "pause": "UntilFriday"}]}}
    },
    "no strategy that is known": {"strategy": {"blueViolet": {}}},
    "two strategies": {"strategy": {"bigBang": {}, "recreate": {}}},
    "a deadline that is none": {"progressDeadlineSeconds": "soon"},
    "an analysis of another shape": {"analysis": {"metrics": "all"}},
}


def spoiled(sim: Sim, spec: dict[str, Any]) -> Sim:
    sim.edit(**spec)
    quiet(sim)
    assert sim.status["phase"] == "Invalid", sim.status["message"]
    return sim


def at_half(*, routed: bool) -> Sim:
    return until(routing_v2(CANARY) if routed else releasing_v2(CANARY), stands_at(0))


@pytest.mark.parametrize("routed", [False, True], ids=["by pods", "by a route"])
@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_in_mid_release_an_abort_is_carried_out(spec: dict[str, Any], routed: bool) -> None:
    sim = spoiled(at_half(routed=routed), spec)
    name = sim.act("Abort")
    until(
        sim,
        lambda s: s.selected() == {V1: 4} and not part_beside(s) if routed else s.selected() == {V1: 4},
        limit_s=60,
    )
    assert sim.actions[name]["status"]["state"] == "Done"


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_in_mid_release_a_crash_sends_all_requests_back(spec: dict[str, Any]) -> None:
    sim = spoiled(at_half(routed=False), spec)
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    sim.broken = frozenset({V2})
    until(sim, lambda s: set(s.selected()) == {V1}, limit_s=30)


@pytest.mark.parametrize("routed", [False, True], ids=["by pods", "by a route"])
@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_in_mid_release_nothing_moves_and_what_is_lost_comes_back(spec: dict[str, Any], routed: bool) -> None:
    sim = spoiled(at_half(routed=routed), spec)
    before = sim.selected()
    name = sim.act("Promote")
    run(sim, 120)
    assert (sim.selected(), sim.actions[name]["status"]["state"]) == (before, "Refused")
    sim.remove("Service", "shop")
    run(sim, 10)
    assert sim.selected() == before


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_in_the_bake_of_a_recreate_all_requests_stay_with_what_runs_alone(spec: dict[str, Any]) -> None:
    sim = until(releasing_v2({"recreate": {"pullFirst": False}}, bakeSeconds=600), stands_at(1))
    assert sim.selected() == {V2: 4}
    run(spoiled(sim, spec), 120)
    assert sim.selected() == {V2: 4}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_old_pods_of_a_recreate_that_were_told_to_go_come_back(spec: dict[str, Any]) -> None:
    sim = releasing_v2({"recreate": {"pullFirst": False, "maxDowntimeSeconds": 60}})
    while not any(
        write.kind == "Deployment" and write.body["spec"].get("replicas") == 0 for write in sim.writes
    ):
        reconcile(sim)
    until(spoiled(sim, spec), lambda s: s.selected() == {V1: 4}, limit_s=1200)


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_users_of_a_group_stay_where_they_are(spec: dict[str, Any]) -> None:
    step = {"weight": 10, "pause": "Manual", "match": [{"header": {"name": "x-group", "exact": "beta"}}]}
    sim = until(routing_v2({"canary": {"steps": [step]}}), stands_at(0))
    routes = {name: route["spec"] for name, route in sim.routes.items()}
    run(spoiled(sim, spec), 120)
    assert {name: route["spec"] for name, route in sim.routes.items()} == routes


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_another_template_takes_nothing_back_and_that_of_stable_does(spec: dict[str, Any]) -> None:
    sim = spoiled(at_half(routed=False), spec)
    before = sim.selected()
    sim.set_image("shop:v3")
    run(sim, 120)
    assert sim.selected() == before
    sim.set_image("shop:v1")
    until(sim, lambda s: s.selected() == {V1: 4}, limit_s=60)


def test_a_stage_that_waits_for_a_person_stands_until_the_spec_is_put_right() -> None:
    sim = spoiled(at_half(routed=False), WRONG["no strategy that is known"])
    before = sim.selected()
    run(sim, 2000)
    assert (sim.selected(), sim.status["phase"]) == (before, "Invalid")


@pytest.mark.parametrize(
    "wrong", [{"replicas": "1"}, {"minReadySeconds": 3600}, {"minReadySeconds": "1"}], ids=str
)
def test_no_number_is_taken_from_it(wrong: dict[str, Any]) -> None:
    sim = serving_v1("bigBang")
    before = [dict(each["spec"]) for each in sim.deployments.values()]
    run(spoiled(sim, wrong), 60)
    assert [dict(each["spec"]) for each in sim.deployments.values()] == before


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_at_rest_what_serves_is_repaired_and_nothing_begins(spec: dict[str, Any]) -> None:
    sim = spoiled(serving_v1("bigBang"), spec)
    sim.set_image("shop:v2")
    sim.remove("Service", "shop")
    run(sim, 10)
    assert sim.selected() == {V1: 4}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_put_right_it_goes_on(spec: dict[str, Any]) -> None:
    sim = at_half(routed=False)
    before = dict(sim.rollout["spec"])
    spoiled(sim, spec)
    right = {key: before.get(key) for key in spec}
    sim.edit(**right)
    until(sim, phase("Paused"), limit_s=60)
    sim.act("Promote")
    assert rest(sim).selected() == {V2: 4}
