"""A Rollout over a Deployment that a chart owns: taken over, kept at no pods, and given its pods back."""

from dataclasses import replace
from typing import Any

import pytest

from builders import rollout, template
from crossfade.api.labels import FINALIZER
from crossfade.core.revision import revision_of
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, step, until
from simulation.passes import carry_out, decided
from simulation.stored import versioned

V1, V2 = revision_of(template()), revision_of(template("shop:v2"))


def _deployment(image: str = "shop:v1", replicas: int = 4) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "chart",
            "uid": "chart-uid",
            "resourceVersion": "1",
            "labels": {},
            "generation": 1,
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": template(image),
        },
        "status": {
            "replicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
            "observedGeneration": 1,
        },
    }


def _over(chart: dict[str, Any] | None = None, **spec: Any) -> Sim:
    """A Rollout that points at the chart's Deployment and adopts its Service."""
    sim = Sim(rollout({"bigBang": {}}, **spec))
    body = {k: v for k, v in sim.rollout["spec"].items() if k != "template"}
    body |= {
        "workloadRef": {"name": "chart"},
        "service": {"name": "front", "adopt": True, "ports": [{"port": 80}]},
    }
    sim.rollout = {**sim.rollout, "spec": body | spec}
    meta = {"name": "front", "uid": "front-uid", "resourceVersion": "1", "labels": {}}
    sim.services["front"] = {"metadata": meta, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}}
    if chart is not None:
        sim.deployments["chart"] = chart
    return sim


def _resynced(sim: Sim, **spec: Any) -> None:
    """The chart is applied again."""
    chart = sim.deployments["chart"]
    sim.deployments["chart"] = versioned({**chart, "spec": {**chart["spec"], **spec}}, sim.tick_version())


def _deleted(sim: Sim) -> None:
    meta = {**sim.rollout["metadata"], "deletionTimestamp": sim.now.isoformat()}
    sim.rollout = {**sim.rollout, "metadata": meta}


def _gone(sim: Sim) -> bool:
    return FINALIZER not in sim.rollout["metadata"].get("finalizers", [])


def test_it_takes_over_and_leaves_the_source_without_pods() -> None:
    sim = rest(_over(_deployment()))
    assert sim.status["phase"] == "Healthy"
    assert sim.selected("front").get(V1) == 4
    assert sim.deployments["chart"]["spec"]["replicas"] == 0


def test_the_source_keeps_its_pods_until_ours_have_the_traffic() -> None:
    sim = _over(_deployment())
    quiet(sim)
    assert sim.deployments["chart"]["spec"]["replicas"] == 4


@pytest.mark.parametrize(
    ("stop", "drain_s", "stays_s"),
    [
        ({}, None, 15),
        ({}, 40, 40),
        ({}, 0, 2),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}, None, 2),
    ],
    ids=["no preStop", "as long as the spec says", "nothing is asked for", "its containers drain themselves"],
)
def test_pods_of_the_source_that_do_not_drain_stay_after_the_requests_have_left(
    stop: dict[str, Any], drain_s: int | None, stays_s: int
) -> None:
    """A node that is busy learns late where requests go now."""
    chart = _deployment()
    chart["spec"]["template"]["spec"]["containers"][0] |= stop
    ref = {"name": "chart", **({} if drain_s is None else {"drainSeconds": drain_s})}
    sim = until(_over(chart, workloadRef=ref), lambda s: s.status.get("movedAt"))
    moved = sim.now
    until(sim, lambda s: not s.deployments["chart"]["spec"]["replicas"])
    assert stays_s <= (sim.now - moved).total_seconds() <= stays_s + 2


def test_replicas_that_a_sync_restores_are_taken_away_each_time() -> None:
    sim = rest(_over(_deployment()))
    for _ in range(3):
        _resynced(sim, replicas=4)
        rest(sim)
        assert sim.deployments["chart"]["spec"]["replicas"] == 0


def test_a_new_template_in_the_source_is_released() -> None:
    sim = rest(_over(_deployment()))
    _resynced(sim, template=template("shop:v2"))
    rest(sim)
    assert sim.selected("front").get(V2) == 4
    assert sim.releases["shop-2"]["status"]["outcome"] == "Completed"


def test_a_missing_source_is_a_clear_condition() -> None:
    sim = _over()
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert "Deployment chart, which workloadRef names, does not exist" in sim.status["message"]


def test_a_deleted_source_leaves_production_alone() -> None:
    sim = rest(_over(_deployment()))
    del sim.deployments["chart"]
    rest_or_invalid = until(sim, phase("Invalid"))
    assert rest_or_invalid.selected("front") == {V1: 4}


def test_what_a_release_left_goes_though_the_source_was_deleted_before_it_was_told_to() -> None:
    sim = rest(_over(_deployment()))
    _resynced(sim, template=template("shop:v2"))
    rest(sim)
    left = sim.deployments[f"shop-{V1}"]
    sim.deployments[f"shop-{V1}"] = versioned(
        {**left, "spec": {**left["spec"], "replicas": 1}}, sim.tick_version()
    )
    del sim.deployments["chart"]
    until(sim, phase("Invalid"))
    run(sim, 5)
    assert (sim.desired(V1), sim.desired(V2)) == (0, 4)


def _begun_and_no_more(sim: Sim) -> Sim:
    """The operator stores that a release begins and dies; then the source goes, and with it the only template."""
    while True:
        decision = decided(sim)
        if decision.plan.status and decision.plan.status["progress"]:
            carry_out(sim, decision, cut_after=1)
            del sim.deployments["chart"]
            return sim
        carry_out(sim, decision)


def test_a_release_whose_template_is_lost_is_given_up_and_begins_anew_with_the_source() -> None:
    sim = rest(_over(_deployment()))
    chart = sim.deployments["chart"]
    _resynced(sim, template=template("shop:v2"))
    _begun_and_no_more(sim)
    until(sim, phase("Invalid"))
    assert sim.selected("front") == {V1: 4}
    assert sim.status["last"]["outcome"] == "Cancelled"
    assert sim.status["last"]["why"] == "its template was lost with the Deployment that held it"
    sim.deployments["chart"] = {**chart, "spec": {**chart["spec"], "template": template("shop:v2")}}
    assert rest(sim).selected("front") == {V2: 4}


def test_a_first_release_whose_template_is_lost_is_given_up_too() -> None:
    sim = _begun_and_no_more(_over(_deployment()))
    until(sim, phase("Invalid"))
    sim.deployments["chart"] = _deployment()
    assert rest(sim).selected("front") == {V1: 4}


def test_fewer_replicas_than_the_source_runs_are_refused() -> None:
    sim = _over(_deployment(), replicas=1)
    quiet(sim)
    assert "set spec.replicas to 4" in sim.status["message"]
    assert not [d for d in sim.deployments if d != "chart"]


@pytest.mark.parametrize("seconds", [0, 3, 8])
def test_deleting_it_gives_the_source_its_pods_and_the_service_its_selector_back(seconds: int) -> None:
    sim = rest(_over(_deployment()))
    _resynced(sim, template=template("shop:v2"))
    for _ in range(seconds):
        quiet(sim)
        step(sim)
    _deleted(sim)
    until(sim, _gone)
    assert sim.deployments["chart"]["spec"]["replicas"] == 4
    assert list(sim.deployments) == ["chart"]
    assert sim.services["front"]["spec"]["selector"] == {"app": "shop"}
    assert not sim.deployments["chart"]["metadata"]["labels"]


def test_ours_go_one_by_one_as_pods_of_the_source_come_back() -> None:
    """One selector reaches them all: what serves never falls below what is wanted."""
    sim = rest(_over(_deployment()))
    _deleted(sim)
    quiet(sim)
    sim.controllers()
    for pod in [p for p in sim.pods if not p.ready][:3]:
        sim.change(pod, replace(pod, ready=True))
        quiet(sim)
        assert sum(sim.selected("front").values()) >= 4
    assert sim.desired(V1) == 1
    until(sim, _gone)
    assert sim.selected("front") == {"": 4}


def test_pods_that_a_chart_starts_beside_a_recreate_are_told_with_what_to_change() -> None:
    sim = _over(_deployment())
    sim.edit(strategy={"recreate": {}})
    rest(sim)
    sim.events.clear()
    _resynced(sim, replicas=4)
    quiet(sim)
    told = [event.note for event in sim.events if event.reason == "ChildRepaired"]
    assert [each for each in told if "it is set back to 0, and two versions may have run at once" in each]
    assert "Leave spec.replicas out of what applies it" in told[0]
