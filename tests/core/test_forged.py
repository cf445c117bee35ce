"""Marks of ours that somebody else has written: they move nothing that he could not move himself, and stop nothing."""

import json
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, rollout, serving_v1
from crossfade.api.labels import (
    ANNOTATION_GIVE_BACK,
    FINALIZER,
    LABEL_OWNER_UID,
    LABEL_REVISION,
    LABEL_ROLLOUT,
)
from crossfade.core.adoption import LAST_APPLIED
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, step, until

SPOILED = {
    "nested too deep": "[" * 100_000,
    "nested too deep and closed": "[" * 5_000 + "]" * 5_000,
    "a number for a value": '{"app": 1}',
    "a key that is no label": '{"a b": "c"}',
    "a prefix that is none": '{"a_b/c": "d"}',
    "a value that is too long": json.dumps({"app": "x" * 64}),
    "a control character": '{"app": "\\u001b"}',
    "no value": '{"app": null}',
    "a list": '["app"]',
    "a text": '"app"',
    "no json": "{",
}


def adopting(**spec: Any) -> Sim:
    """A Rollout that has taken over the Service `front`, which selected `app: shop` before."""
    sim = Sim(rollout({"bigBang": {}}, **spec))
    sim.edit(service={"name": "front", "adopt": True, "ports": [{"port": 80}]})
    meta = {"name": "front", "uid": "front-uid", "resourceVersion": "1", "labels": {"team": "web"}}
    sim.services["front"] = {"metadata": meta, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}}
    return rest(sim)


def annotated(sim: Sim, key: str, text: str | None) -> Sim:
    front = sim.services["front"]
    annotations = {**front["metadata"].get("annotations", {}), key: text}
    kept = {key: value for key, value in annotations.items() if value is not None}
    meta = {**front["metadata"], "annotations": kept, "resourceVersion": str(sim.tick_version())}
    sim.services["front"] = {**front, "metadata": meta}
    return sim


def deleted(sim: Sim) -> Sim:
    """The Rollout is deleted; while it goes, somebody ready answers at each moment."""
    sim.delete()
    for _ in range(60):
        if FINALIZER not in sim.rollout["metadata"].get("finalizers", []):
            return sim
        quiet(sim)
        assert sum(sim.selected("front").values()) > 0, "production is empty"
        step(sim)
    raise AssertionError("it is held up")


@pytest.mark.parametrize("memo", SPOILED.values(), ids=SPOILED)
def test_an_annotation_that_is_no_selector_is_not_written_anywhere_and_holds_no_deletion_up(
    memo: str,
) -> None:
    sim = deleted(annotated(adopting(), ANNOTATION_GIVE_BACK, memo))
    assert sim.selected("front") == {V1: 4}
    assert sim.services["front"]["metadata"]["labels"] == {"team": "web"}


@pytest.mark.parametrize("memo", SPOILED.values(), ids=SPOILED)
def test_a_service_that_is_adopted_no_more_gets_no_selector_that_the_api_server_would_refuse(
    memo: str,
) -> None:
    sim = annotated(adopting(), ANNOTATION_GIVE_BACK, memo)
    before = sim.services["front"]["spec"]["selector"]
    sim.edit(service={"name": "shop", "ports": [{"port": 80}]})
    rest(sim)
    assert sim.services["front"]["spec"]["selector"] == before
    assert sim.services["front"]["metadata"]["labels"] == {"team": "web"}


@pytest.mark.parametrize("memo", ['{"app": "theirs"}', "{}"])
def test_a_selector_from_before_that_selects_none_of_our_pods_leaves_production_with_them(memo: str) -> None:
    assert deleted(annotated(adopting(), ANNOTATION_GIVE_BACK, memo)).selected("front") == {V1: 4}


@pytest.mark.parametrize("on_delete", ["Delete", "GiveBack"])
def test_an_adopted_service_whose_annotation_was_taken_away_is_never_deleted(on_delete: str) -> None:
    sim = deleted(annotated(adopting(onDelete=on_delete), ANNOTATION_GIVE_BACK, None))
    assert sim.selected("front") == {V1: 4}


@pytest.mark.parametrize(
    "text", [*SPOILED.values(), '{"spec": []}', '{"spec": {"selector": null}}', '{"spec": "x"}']
)
def test_whatever_stands_in_what_was_applied_last_stops_no_pass(text: str) -> None:
    sim = rest(annotated(adopting(), LAST_APPLIED, text))
    assert (sim.status["phase"], sim.selected("front")) == ("Healthy", {V1: 4})


@pytest.mark.parametrize("mark", ["label", "owner"])
def test_a_service_that_somebody_marked_as_ours_only_loses_the_marks(mark: str) -> None:
    sim = serving_v1("bigBang")
    uid = sim.rollout["metadata"]["uid"]
    labels = {LABEL_ROLLOUT: "shop", **({LABEL_OWNER_UID: uid} if mark == "label" else {})}
    owners = [{"uid": uid, "kind": "Rollout", "name": "shop"}] if mark == "owner" else []
    meta = {
        "name": "theirs",
        "uid": "theirs",
        "resourceVersion": "1",
        "labels": labels,
        "ownerReferences": owners,
    }
    sim.services["theirs"] = {"metadata": meta, "spec": {"selector": {"app": "theirs"}}}
    rest(sim)
    left = sim.services["theirs"]
    assert left["spec"]["selector"] == {"app": "theirs"}
    assert (left["metadata"]["labels"], left["metadata"]["ownerReferences"]) == ({}, [])


@pytest.mark.parametrize("named", ["theirs", f"shop-{V2}"])
@pytest.mark.parametrize("replicas", [0, 3])
def test_a_deployment_that_somebody_marked_as_ours_is_neither_scaled_nor_deleted(
    named: str, replicas: int
) -> None:
    sim = serving_v1("bigBang", revisionHistoryLimit=1)
    labels = {LABEL_ROLLOUT: "shop", LABEL_REVISION: V2, LABEL_OWNER_UID: sim.rollout["metadata"]["uid"]}
    sim.deployments[named] = {
        "metadata": {
            "name": named,
            "uid": "theirs",
            "resourceVersion": "1",
            "generation": 1,
            "labels": labels,
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "theirs"}},
            "template": {"metadata": {"labels": {"app": "theirs"}}},
        },
    }
    before = dict(sim.deployments[named]["spec"])
    for image in ("shop:v3", "shop:v4", "shop:v5"):
        sim.set_image(image)
        rest(sim)
    assert sim.deployments[named]["spec"] == before


def test_no_pod_is_made_of_a_record_whose_template_is_not_its_revisions() -> None:
    sim = rest(releasing_v2("bigBang"))
    record = sim.releases["shop-1"]
    theirs = {"spec": {"containers": [{"name": "shop", "image": "evil:v1"}]}}
    sim.releases["shop-1"] = {**record, "spec": {**record["spec"], "template": theirs}}
    sim.remove("Deployment", f"shop-{V1}")
    sim.act("Undo")
    run(sim, 60)
    images = [
        c["image"] for d in sim.deployments.values() for c in d["spec"]["template"]["spec"]["containers"]
    ]
    assert images == ["shop:v2"]
    assert sim.selected() == {V2: 4}


@pytest.mark.parametrize("action", ["Abort", "Pause", "Undo", "Promote"])
def test_no_reason_and_no_name_that_somebody_wrote_commands_the_terminal_of_who_reads_the_status(
    action: str,
) -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 25, "pause": "Manual"}]}}), stands_at(0))
    sim.act(action, reason="slow\x1b[2J\x9b\u202e", actor="ann\x1b]0;root\x07")
    run(sim, 30)
    written = json.dumps([sim.status, sim.actions, sim.releases], ensure_ascii=False)
    asked = json.dumps([each["spec"] for each in sim.actions.values()], ensure_ascii=False)
    harm = ("\\u001b", "\x9b", "\u202e", "\\u0007")
    assert {each: written.count(each) for each in harm} == {each: asked.count(each) for each in harm}
