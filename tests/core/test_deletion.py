"""Deleting a Rollout that holds something to give back: nobody loses a request, at whatever moment it comes."""

from dataclasses import replace
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, rollout
from crossfade.api.labels import FINALIZER, LABEL_OWNER_UID
from crossfade.api.rollout import Rollout
from crossfade.core.decide import decide
from crossfade.core.observed import Found
from crossfade.core.plan import Verb
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, settled, stands_at, step, until
from simulation.passes import observed

STRATEGIES = ["rolling", "blueGreen", "canary", "bigBang"]
PLANS: dict[str, dict[str, Any]] = {
    "rolling": {"rolling": {"batches": [{"replicas": 2, "pauseSeconds": 60}]}},
    "blueGreen": {"blueGreen": {}},
    "canary": {"canary": {"steps": [{"weight": 50, "pauseSeconds": 60}]}},
    "bigBang": {"bigBang": {}},
}


def _serving(strategy: str, **spec: Any) -> Sim:
    return rest(Sim(rollout(PLANS[strategy], **spec)))


def _adopting(selector: dict[str, str], **spec: Any) -> Sim:
    """A Rollout that has taken over the Service `front`, which selected `selector` before."""
    service = {"name": "front", "adopt": True, "ports": [{"port": 80}]}
    sim = Sim(rollout({"bigBang": {}}, **spec))
    sim.edit(service=service)
    meta = {"name": "front", "uid": "front-uid", "resourceVersion": "1", "labels": {"team": "web"}}
    sim.services["front"] = {"metadata": meta, "spec": {"selector": selector, "ports": [{"port": 80}]}}
    return rest(sim)


def _deleted(sim: Sim) -> Sim:
    """The user deletes it: the API server only marks it, since our finalizer is there."""
    meta = {**sim.rollout["metadata"], "deletionTimestamp": sim.now.isoformat()}
    sim.rollout = {**sim.rollout, "metadata": meta}
    return sim


def _gone(sim: Sim) -> bool:
    return FINALIZER not in sim.rollout["metadata"].get("finalizers", [])


def _until_gone(sim: Sim, service: str = "shop") -> None:
    """The world goes on until it is let go; at each moment somebody ready answers."""
    for _ in range(60):
        if _gone(sim):
            return
        quiet(sim)
        assert sum(sim.selected(service).values()) > 0, "production is empty"
        step(sim)
    raise AssertionError("it is held up")


@pytest.mark.parametrize(("strategy", "seconds"), every(4, STRATEGIES, [0, 2, 6, 12, 40]))
def test_give_back_leaves_stable_serving_as_a_plain_deployment(strategy: str, seconds: float) -> None:
    sim = _serving(strategy, onDelete="GiveBack")
    sim.set_image("shop:v2")
    run(sim, seconds)
    stable = sim.status["stable"]["revision"]
    _until_gone(_deleted(sim))
    assert list(sim.deployments) == [f"shop-{stable}"]
    assert sim.selected() == {stable: 4}
    left = sim.deployments[f"shop-{stable}"]["metadata"]
    assert not [key for key in left["labels"] if key.startswith("crossfade.dev/")]
    assert not left.get("ownerReferences")
    assert list(sim.services) == ["shop"]


def test_the_others_leave_only_when_every_node_follows() -> None:
    sim = until(releasing_v2("bigBang", onDelete="GiveBack", bakeSeconds=60), stands_at(1))
    _deleted(sim)
    quiet(sim)
    quiet(sim)
    assert sim.selected() == {V1: 4}
    assert sim.desired(V2) == 4
    sim.tick(2)
    quiet(sim)
    assert sim.desired(V2) == 0


def test_what_a_rollout_that_goes_tells_is_of_its_present_generation() -> None:
    sim = until(releasing_v2("bigBang", onDelete="GiveBack", bakeSeconds=60), stands_at(1))
    sim.set_image("shop:v3")
    _deleted(sim)
    quiet(sim)
    assert sim.status["observedGeneration"] == sim.rollout["metadata"]["generation"]


@pytest.mark.parametrize("seconds", every(5, range(12)))
def test_a_recreate_that_is_deleted_never_runs_two_revisions_at_once(seconds: int) -> None:
    sim = releasing_v2("recreate", onDelete="GiveBack", bakeSeconds=5)
    run(sim, seconds)
    _deleted(sim)
    last = None
    for _ in range(30):
        last = settled(sim, last)
        sim.controllers()
        assert len({pod.revision for pod in sim.pods}) <= 1
        sim.kubelet()
        sim.tick(1)
    assert _gone(sim)
    assert sim.selected() == {sim.status["stable"]["revision"]: 4}


def test_an_adopted_service_gets_its_selector_back_where_it_selects_the_survivor() -> None:
    sim = _adopting({"app": "shop"})
    assert sim.services["front"]["spec"]["selector"] != {"app": "shop"}
    _until_gone(_deleted(sim), "front")
    assert sim.services["front"]["spec"]["selector"] == {"app": "shop"}
    assert sim.services["front"]["metadata"]["labels"] == {"team": "web"}
    assert list(sim.deployments) == [f"shop-{V1}"]


def test_with_delete_our_pods_go_where_the_deployment_from_before_answers() -> None:
    sim = _adopting({"app": "shop"})
    sim.deployments["old"] = {
        "metadata": {"name": "old", "uid": "old-uid", "resourceVersion": "1", "labels": {}, "generation": 1},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "shop"}}}},
    }
    sim.controllers()
    sim.kubelet()
    _until_gone(_deleted(sim), "front")
    assert list(sim.deployments) == ["old"]
    assert sim.selected("front") == {"": 2}
    assert sim.services["front"]["metadata"]["labels"] == {"team": "web"}


def test_an_adopted_service_points_at_the_survivor_where_its_old_selector_would_select_nothing() -> None:
    sim = _adopting({"app": "gone"})
    _until_gone(_deleted(sim), "front")
    assert sim.selected("front") == {V1: 4}


def test_in_a_namespace_that_goes_nothing_is_given_back_and_nothing_held_up() -> None:
    sim = _deleted(_serving("bigBang", onDelete="GiveBack"))
    seen = replace(observed(sim, Found()), namespace_terminating=True)
    plan = decide(Rollout.model_validate(sim.rollout), seen, sim.now)
    assert [(w.verb, w.kind, w.body["metadata"]["finalizers"]) for w in plan.writes] == [
        (Verb.APPLY, "Rollout", [])
    ]


def test_without_anything_to_give_back_there_is_no_finalizer_at_all() -> None:
    assert _gone(_serving("bigBang"))


def test_before_anything_ever_served_it_goes_without_a_trace() -> None:
    sim = Sim(rollout({"bigBang": {}}, onDelete="GiveBack", paused=True))
    quiet(sim)
    _deleted(sim)
    until(sim, _gone)
    assert not sim.deployments
    assert V2 not in sim.deployments


def test_a_service_whose_adoption_was_not_seen_yet_is_given_back_too() -> None:
    sim = _adopting({"app": "shop"})
    taken, labels = sim.services["front"], {"team": "web"}
    assert LABEL_OWNER_UID in taken["metadata"]["labels"]
    sim.unseen["Service", "front"] = {**taken, "metadata": {**taken["metadata"], "labels": labels}}
    _until_gone(_deleted(sim), "front")
    assert sim.services["front"]["metadata"]["labels"] == labels
    assert sim.services["front"]["spec"]["selector"] == {"app": "shop"}


def test_a_deployment_whose_making_was_not_seen_yet_does_not_stay() -> None:
    sim = Sim(rollout({"bigBang": {}}, onDelete="GiveBack"))
    quiet(sim)
    sim.unseen["Deployment", f"shop-{V1}"] = None
    _deleted(sim)
    for _ in range(30):
        quiet(sim)
        step(sim)
    assert _gone(sim)
    left = [d["metadata"]["labels"] for d in sim.deployments.values()]
    assert not [key for labels in left for key in labels if key.startswith("crossfade.dev/")]
