"""What serves and was deleted or edited comes back, whatever holds the next release or the one under way."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, routing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import quiet, run, stands_at, until
from simulation.shown import part_beside
from simulation.stored import versioned

CANARY = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
SOON_S = 5


def _refused(sim: Sim) -> None:
    """The next template is one that the API server does not take."""
    sim.exhaust("Deployment", "spec.template: Invalid value")
    sim.set_image("shop:v9")


def _unknown_port(sim: Sim) -> None:
    sim.edit(service={"ports": [{"port": 80, "targetPort": "nowhere"}]})


def _paused(sim: Sim) -> None:
    sim.edit(paused=True)


INVALID: dict[str, Callable[[Sim], None]] = {"a refused template": _refused, "an unknown port": _unknown_port}


def _service_deleted(sim: Sim) -> None:
    sim.remove("Service", "shop")


def _selector_edited(sim: Sim) -> None:
    live = sim.services["shop"]
    edited = versioned(live, sim.tick_version())
    sim.services["shop"] = {**edited, "spec": {**live["spec"], "selector": {"app": "nobody"}}}
    sim.sync_all()


def _deployment_deleted(sim: Sim) -> None:
    sim.remove("Deployment", f"shop-{V1}")
    sim.kubelet()


LOST: dict[str, Callable[[Sim], None]] = {
    "the Service is deleted": _service_deleted,
    "its selector is edited": _selector_edited,
    "stable's Deployment is deleted": _deployment_deleted,
}


@pytest.mark.parametrize(
    ("invalid", "lost"),
    [
        *(("an unknown port", each) for each in LOST),
        ("a refused template", "the Service is deleted"),
        ("a refused template", "its selector is edited"),
    ],
)
def test_while_the_next_release_is_refused_what_serves_comes_back(invalid: str, lost: str) -> None:
    sim = serving_v1("bigBang")
    INVALID[invalid](sim)
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    LOST[lost](sim)
    run(sim, SOON_S)
    assert sim.selected() == {V1: 4}


def _stopped(how: str, strategy: dict[str, Any] = CANARY, **spec: Any) -> Sim:
    """v2 is at half, and stands still there."""
    frozen = how == "frozen"
    sim = until(releasing_v2(strategy, onFailure="Pause" if frozen else "Abort", **spec), stands_at(0))
    if frozen:
        sim.crash(sim.of(V2)[0])
    else:
        sim.act("Pause") if how == "paused" else _paused(sim)
    quiet(sim)
    return sim


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("how", ["frozen", "paused", "paused by the spec"])
def test_while_a_release_stands_still_what_serves_comes_back(how: str, lost: str) -> None:
    sim = _stopped(how)
    before = sim.selected()
    LOST[lost](sim)
    run(sim, SOON_S)
    assert sim.selected() == before


@pytest.mark.parametrize("how", ["frozen", "paused"])
def test_a_release_that_is_stopped_on_its_way_keeps_what_it_has_come_to_and_is_repaired(how: str) -> None:
    """Between two steps: v2 is to get its second pod."""
    steps = {"canary": {"steps": [{"weight": 25, "pauseSeconds": 2}, {"weight": 50, "pause": "Manual"}]}}
    sim = until(releasing_v2(steps, onFailure="Pause"), lambda s: s.desired(V2) == 2)
    sim.crash(sim.of(V2)[0]) if how == "frozen" else sim.act("Pause")
    quiet(sim)
    _deployment_deleted(sim)
    _selector_edited(sim)
    run(sim, SOON_S)
    assert sim.selected()[V1] >= 3
    assert 1 <= sim.selected()[V2] <= 2


@pytest.mark.parametrize("how", ["frozen", "paused"])
def test_behind_a_route_both_sides_grow_with_the_replicas_while_it_stands_still(how: str) -> None:
    steps = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}]}}
    sim = until(routing_v2(steps, onFailure="Pause"), stands_at(0))
    sim.crash(sim.of(V2)[0]) if how == "frozen" else sim.act("Pause")
    quiet(sim)
    sim.scale(12)
    run(sim, SOON_S)
    assert (sim.desired(V1), sim.desired(V2)) == (12, 3)


@pytest.mark.parametrize("how", ["frozen", "paused"])
def test_a_route_that_is_written_over_while_it_stands_still_is_divided_again(how: str) -> None:
    sim = until(routing_v2(CANARY, onFailure="Pause"), stands_at(0))
    sim.crash(sim.of(V2)[0]) if how == "frozen" else sim.act("Pause")
    quiet(sim)
    sim.edit_rules("shop", [{"name": "main", "backendRefs": [{"name": "shop", "port": 80}]}])
    run(sim, SOON_S)
    assert float(part_beside(sim)) == 0.5


def _renamed_while_divided() -> Sim:
    """The named rule of a route that is divided has another name from now on."""
    sim = until(routing_v2(CANARY, traffic={"httpRoute": {"name": "shop", "rule": "main"}}), stands_at(0))
    live = versioned(sim.routes["shop"], sim.tick_version())
    [rule] = live["spec"]["rules"]
    sim.routes["shop"] = {**live, "spec": {**live["spec"], "rules": [{**rule, "name": "renamed"}]}}
    quiet(sim)
    assert "no rule named main" in sim.status["message"]
    return sim


def test_a_candidate_that_dies_behind_a_rule_that_was_renamed_gets_no_request_any_more() -> None:
    sim = _renamed_while_divided()
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    sim.broken = frozenset({V2})
    until(sim, lambda s: not part_beside(s), limit_s=30)


def test_an_abort_takes_a_rule_back_that_was_renamed() -> None:
    sim = _renamed_while_divided()
    sim.act("Abort")
    until(sim, lambda s: not part_beside(s), limit_s=30)
    assert [rule["name"] for rule in sim.routes["shop"]["spec"]["rules"]] == ["renamed"]
