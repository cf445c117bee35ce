"""A Service that is taken over is moved only when nobody else writes its selector any more."""

from typing import Any

import pytest

from builders import V1, V2, rollout
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, step, until
from simulation.passes import carry_out, decided
from simulation.stored import versioned

SELECTOR = {"app": "old"}
SERVER_SIDE = {
    "managedFields": [
        {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:spec": {"f:selector": {}, "f:ports": {}}}}
    ]
}
CLIENT_SIDE = {
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"selector":{"app":"old"}}}'}
}
CREATED_ONCE = {
    "managedFields": [
        {"manager": "kubectl-create", "operation": "Update", "fieldsV1": {"f:spec": {"f:selector": {}}}}
    ]
}


def _beside(**meta: Any) -> Sim:
    """A Rollout that is to adopt the Service of somebody's Deployment."""
    service = {"name": "front", "adopt": True, "ports": [{"port": 80}]}
    sim = Sim(rollout({"canary": {"steps": [{"weight": 50}]}}))
    sim.edit(service=service)
    sim.services["front"] = {
        "metadata": {"name": "front", "uid": "front-uid", "resourceVersion": "1", "labels": {}, **meta},
        "spec": {"selector": dict(SELECTOR), "ports": [{"port": 80}]},
    }
    return sim


@pytest.mark.parametrize(
    ("meta", "writer"),
    [(SERVER_SIDE, "argocd (server-side apply)"), (CLIENT_SIDE, "kubectl apply (client-side)")],
    ids=["server-side", "client-side"],
)
def test_it_waits_and_says_for_whom(meta: dict[str, Any], writer: str) -> None:
    sim = until(_beside(**meta), phase("Waiting"))
    assert writer in sim.status["message"]
    assert sim.services["front"]["spec"]["selector"] == SELECTOR, "traffic is where it was"
    assert len(sim.of(V1)) == 4, "the pods are ready to take over"


def test_the_selector_is_co_owned_as_it_is_before_anybody_drops_it() -> None:
    sim = until(_beside(**SERVER_SIDE), phase("Waiting"))
    applied = [w.body["spec"]["selector"] for w in sim.writes if w.kind == "Service" and w.verb == "Apply"]
    assert applied[0] == SELECTOR


def test_it_waits_although_the_reply_to_the_adoption_is_lost_and_no_watch_tells_of_it() -> None:
    sim = _beside(**SERVER_SIDE)
    decision = decided(sim)
    while not any(write.kind == "Service" for write in decision.writes):
        carry_out(sim, decision)
        step(sim)
        decision = decided(sim)
    adoption = next(index for index, write in enumerate(decision.writes) if write.kind == "Service")
    carry_out(sim, decision, lost_reply=adoption, unread=True)
    unseen = dict(sim.unseen)
    for _ in range(10):
        carry_out(sim, decided(sim))
        sim.unseen = dict(unseen)
        step(sim)
        assert sim.services["front"]["spec"]["selector"] == SELECTOR


def test_it_goes_on_by_itself_when_the_other_writer_has_let_go() -> None:
    sim = until(_beside(**SERVER_SIDE), phase("Waiting"))
    front = sim.services["front"]
    sim.services["front"] = {**front, "metadata": {**front["metadata"], "managedFields": []}}
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected("front") == {V1: 4}
    assert "ChildRepaired" not in {e.reason for e in sim.events}


def test_who_only_created_it_is_not_waited_for() -> None:
    sim = rest(_beside(**CREATED_ONCE))
    assert sim.status["phase"] == "Healthy"
    assert sim.selected("front") == {V1: 4}


def test_it_is_healthy_only_when_no_node_sends_requests_to_the_old_pods_any_more() -> None:
    """Then the old Deployment is deleted, as `crossfade convert` says."""
    sim = until(_beside(**CREATED_ONCE), lambda s: s.selected("front") == {V1: 4}, seconds=0.5)
    moved = sim.now
    until(sim, phase("Healthy"), seconds=0.5)
    assert (sim.now - moved).total_seconds() >= 2


def test_another_template_meanwhile_is_waited_for_in_the_same_way() -> None:
    sim = until(_beside(**SERVER_SIDE), phase("Waiting"))
    sim.set_image("shop:v2")
    quiet(sim)
    sim = run(until(sim, phase("Waiting")), 4)
    assert sim.services["front"]["spec"]["selector"] == SELECTOR, "traffic is where it was"
    assert [pod.revision for pod in sim.pods] == [V2] * 4


def test_what_answers_alone_stays_until_it_has_the_service() -> None:
    sim = _beside(**SERVER_SIDE)
    sim.services["front"]["spec"]["selector"] = {"app": "shop"}
    until(sim, phase("Waiting"))
    sim.set_image("shop:v2")
    quiet(sim)
    assert sim.selected("front") == {V1: 4}
    sim.services["front"] = versioned(sim.services["front"], sim.tick_version(), managedFields=[])
    step(sim)
    assert rest(sim).selected("front") == {V2: 4}
