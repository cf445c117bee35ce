"""Objects of a Rollout that somebody edits are put right, and it is told who did it; our own changes are not told."""

import copy
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2, serving_v1
from crossfade.api.events import EventReason
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, until
from simulation.stored import versioned


def _edited(sim: Sim, table: dict[str, Any], name: str, field: str, value: Any, manager: str) -> None:
    """Somebody writes a field of an object's spec."""
    live = copy.deepcopy(table[name])
    generation = live["metadata"].get("generation", 0) + 1
    entry = {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {f"f:{field}": {}}}}
    live["spec"][field] = value
    table[name] = versioned(live, sim.tick_version(), generation=generation, managedFields=[entry])


def _told(sim: Sim) -> list[str]:
    return [e.note for e in sim.events if e.reason == EventReason.CHILD_REPAIRED]


def _with_sidecar(sim: Sim, revision: str) -> dict[str, Any]:
    template = copy.deepcopy(sim.deployments[f"shop-{revision}"]["spec"]["template"])
    template["spec"]["containers"].append({"name": "debug", "image": "busybox"})
    return dict(template)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_edited_template_is_as_it_was_made_again(strategy: str) -> None:
    sim = serving_v1(strategy)
    made = sim.deployments[f"shop-{V1}"]["spec"]["template"]
    _edited(sim, sim.deployments, f"shop-{V1}", "template", _with_sidecar(sim, V1), "kubectl-edit")
    rest(sim)
    assert sim.deployments[f"shop-{V1}"]["spec"]["template"] == made
    assert _told(sim) == [f"the pod template of shop-{V1} was edited by kubectl-edit: it is as it was again"]
    assert list(sim.releases) == ["shop-1"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_replicas_set_by_hand_are_set_back(strategy: str) -> None:
    sim = serving_v1(strategy)
    _edited(sim, sim.deployments, f"shop-{V1}", "replicas", 9, "kubectl")
    rest(sim)
    assert sim.selected() == {V1: 4}
    assert _told(sim) == [f"shop-{V1} was scaled to 9 by kubectl: it is set back to 4"]


def test_replicas_of_a_candidate_set_by_hand_are_set_back_too() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    _edited(sim, sim.deployments, f"shop-{V2}", "replicas", 4, "kubectl")
    quiet(sim)
    assert sim.desired(V2) == 1
    assert _told(sim) == [f"shop-{V2} was scaled to 4 by kubectl: it is set back to 1"]
    assert rest(sim).selected() == {V2: 4}


def test_a_selector_edited_by_hand_is_ours_again() -> None:
    sim = serving_v1("bigBang")
    ours = sim.services["shop"]["spec"]["selector"]
    _edited(sim, sim.services, "shop", "selector", {"app": "other"}, "kubectl-edit")
    quiet(sim)
    assert sim.services["shop"]["spec"]["selector"] == ours
    assert _told(sim) == ["the selector of Service shop was edited by kubectl-edit: it is ours again"]


def test_a_deployment_deleted_by_hand_is_made_again() -> None:
    sim = serving_v1("bigBang")
    del sim.deployments[f"shop-{V1}"]
    sim.pods = ()
    rest(sim)
    assert sim.selected() == {V1: 4}
    assert _told(sim) == [f"Deployment shop-{V1} was deleted: it is made again"]
    assert list(sim.releases) == ["shop-1"]


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_what_a_release_a_scale_and_a_restart_change_is_no_repair(strategy: str) -> None:
    sim = run(releasing_v2(strategy), 5)
    sim.scale(6)
    rest(sim)
    sim.act("Restart")
    rest(sim)
    sim.set_image("shop:v1")
    rest(sim)
    assert sim.selected() == {V1: 6}
    assert _told(sim) == []


def _owned(value: Any) -> dict[str, Any]:
    """All of a part of a spec as the fields of one who owns them, in the form of fieldsV1."""
    if isinstance(value, dict):
        return {f"f:{key}": _owned(each) for key, each in value.items()}
    if isinstance(value, list):
        return {f'k:{{"name":"{each["name"]}"}}': {".": {}, **_owned(each)} for each in value}
    return {}


def _with_a_co_owner(sim: Sim) -> Sim:
    """Somebody applies stable's Deployment as it is: replicas and template are the pipeline's as well as ours now."""
    live = sim.deployments[f"shop-{V1}"]
    fields = {"f:spec": _owned({key: live["spec"][key] for key in ("replicas", "template")})}
    entries = [
        {"manager": "crossfade", "operation": "Update", "fieldsV1": fields},
        {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": fields},
    ]
    sim.deployments[f"shop-{V1}"] = versioned(live, sim.tick_version(), managedFields=entries)
    return sim


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_who_applies_what_is_so_anyway_has_edited_nothing(strategy: str) -> None:
    sim = _with_a_co_owner(serving_v1(strategy))
    before = len(sim.writes)
    rest(sim)
    assert sim.writes[before:] == []
    assert _told(sim) == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_replicas_that_are_somebody_elses_too_are_no_repair_when_a_release_changes_them(
    strategy: str,
) -> None:
    sim = _with_a_co_owner(serving_v1(strategy))
    sim.set_image("shop:v2")
    assert rest(sim).selected() == {V2: 4}
    assert _told(sim) == []
