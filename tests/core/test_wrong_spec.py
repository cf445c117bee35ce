"""A stored spec that breaks a rule (an older schema let it in): what serves is cared for, goes back, and begins nothing."""

from __future__ import annotations

from typing import Any

import pytest

from builders import V1, V2, releasing_v2, routing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until
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
