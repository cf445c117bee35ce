"""Nobody's selector matches our pods by accident: who does is named before the first pod is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import STRATEGIES, V1, rollout, serving_v1, template
from crossfade.api.rollout import Rollout
from crossfade.core.decide import decide
from crossfade.core.observed import Found
from simulation.cluster import Sim
from simulation.live import quiet, rest
from simulation.sight import observed
from simulation.takeovers import from_a_chart, taking_over

LABELS = {"app": "shop"}


def service(name: str, selector: dict[str, str], **annotations: str) -> dict[str, Any]:
    meta = {
        "name": name,
        "uid": f"{name}-uid",
        "resourceVersion": "1",
        "labels": {},
        "annotations": annotations,
    }
    return {"metadata": meta, "spec": {"selector": selector, "ports": [{"port": 80}]}}


def deployment(
    name: str, labels: dict[str, str], image: str = "shop:v1", replicas: int = 2
) -> dict[str, Any]:
    meta = {"name": name, "uid": f"{name}-uid", "resourceVersion": "1", "labels": {}, "generation": 1}
    made = {**template(image), "metadata": {"labels": labels}}
    return {
        "metadata": meta,
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": made},
    }


def beside(**strangers: Any) -> Sim:
    """A Rollout that was just applied beside Services and Deployments of others."""
    sim = Sim(rollout(STRATEGIES["canary"]))
    for name, each in strangers.items():
        kept = sim.deployments if "template" in each["spec"] else sim.services
        kept[name] = each
    return sim


def test_pods_that_get_requests_by_our_labels_and_are_not_ours_are_told() -> None:
    sim = serving_v1("canary")
    seen = observed(sim, Found())
    service = replace(seen.services["shop"], foreign=("rogue", "two"))
    told = decide(Rollout.model_validate(sim.rollout), replace(seen, services={"shop": service}), sim.now)
    assert told.status is not None
    (condition,) = (c for c in told.status["conditions"] if c["type"] == "ForeignPods")
    assert condition["status"] == "True"
    assert condition["message"].startswith("2 pods that are not of this Rollout get requests: rogue, two.")
    assert condition["message"] in told.status["message"]
    assert [(e.kind, e.reason) for e in told.events] == [("Warning", "ForeignPods")]
    assert "ForeignPods" not in [c["type"] for c in sim.status["conditions"]]


def test_a_service_that_selects_the_template_s_labels_is_named_with_the_ways_out() -> None:
    sim = beside(front=service("front", LABELS))
    rest(sim)
    assert sim.status["phase"] == "Invalid"
    assert "Service front selects the pods of this template too (app=shop)" in sim.status["message"]
    for way_out in ("service.adopt: true", "other labels", 'crossfade.dev/any-revision: "true"'):
        assert way_out in sim.status["message"]
    assert not sim.pods
    assert [e.reason for e in sim.events] == ["SelectedByOthers"]


def test_a_deployment_that_selects_them_is_named_too() -> None:
    sim = beside(old=deployment("old", LABELS))
    rest(sim)
    assert sim.status["phase"] == "Invalid"
    assert "Deployment old selects the pods of this template too" in sim.status["message"]
    assert not sim.of(V1)


@pytest.mark.parametrize(
    "stranger",
    [
        service("front", {"app": "other"}),
        service("front", {**LABELS, "tier": "web"}),
        service("front", {}),
        service("front", LABELS, **{"crossfade.dev/any-revision": "true"}),
        deployment("front", {"app": "other"}),
    ],
    ids=[
        "of other pods",
        "of fewer pods",
        "of no pods",
        "whose owner allows it",
        "a Deployment of other pods",
    ],
)
def test_one_that_does_not_select_them_or_may_is_nobody_s_business(stranger: dict[str, Any]) -> None:
    sim = beside(front=stranger)
    sim.controllers()
    rest(sim)
    assert sim.status["phase"] == "Healthy"


def test_it_goes_on_by_itself_once_the_service_selects_others() -> None:
    sim = beside(front=service("front", LABELS))
    rest(sim)
    sim.services["front"] = service("front", {"app": "other"})
    rest(sim)
    assert sim.status["phase"] == "Healthy"


def test_new_labels_are_looked_for_again_and_stable_goes_on_serving() -> None:
    sim = serving_v1("canary")
    sim.services["front"] = service("front", {"app": "shop2"})
    sim.edit(template={**template("shop:v2"), "metadata": {"labels": {"app": "shop2"}}})
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert "Service front selects" in sim.status["message"]
    assert sim.selected() == {V1: 4}


def test_labels_that_our_pods_had_before_are_not_looked_for_at_each_update() -> None:
    sim = serving_v1("canary")
    sim.services["front"] = service("front", LABELS)
    sim.set_image("shop:v2")
    assert rest(sim).status["phase"] == "Healthy"


def test_a_service_that_reaches_our_pods_already_is_no_news_though_a_version_is_among_the_labels() -> None:
    def versioned(image: str) -> dict[str, Any]:
        return {**template(image), "metadata": {"labels": {**LABELS, "version": image}}}

    sim = Sim(rollout(STRATEGIES["canary"]))
    sim.edit(template=versioned("shop:v1"))
    rest(sim)
    sim.services["front"] = service("front", LABELS)
    sim.edit(template=versioned("shop:v2"))
    assert rest(sim).status["phase"] == "Healthy"


def test_another_version_than_the_one_that_serves_does_not_come_up_behind_the_service_that_is_adopted() -> (
    None
):
    sim = taking_over(STRATEGIES["canary"], image="shop:v2")
    rest(sim)
    assert sim.status["phase"] == "Invalid"
    assert (
        "Service front sends requests to Deployment old, which runs another version" in sim.status["message"]
    )
    assert {pod.revision for pod in sim.pods} == {""}
    sim.set_image("shop:v1")
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.selected("front") == {V1: 2}


def test_with_labels_of_its_own_another_version_comes_up_aside_and_gets_its_requests_by_stages() -> None:
    sim = taking_over(STRATEGIES["canary"])
    sim.edit(template={**template("shop:v2"), "metadata": {"labels": {"app": "new"}}})
    quiet(sim)
    assert sim.status["phase"] == "Progressing"
    rest(sim)
    assert sim.status["phase"] == "Healthy"


def test_a_chart_s_own_deployment_is_no_stranger() -> None:
    assert rest(from_a_chart(STRATEGIES["canary"])).status["phase"] == "Healthy"
