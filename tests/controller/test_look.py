"""Looking answers what was asked, and keeps what was answered before."""

from collections.abc import Collection
from typing import Any

import pytest

from controller.fakes import FakeCluster, child, endpoint, endpoint_slice, error, obj
from crossfade.cluster import ApiError
from crossfade.controller.look import Means, Whose, answer
from crossfade.controller.store import Key
from crossfade.core.check import Check, Checked, Language
from crossfade.core.observed import Found, Identity, Observed, Side, Stranger
from crossfade.core.plan import ReadRequest

WHOSE = Whose(Key("ns", "shop"), "uid-shop", frozenset({"aaa", "bbb"}))
MANIFEST = {"metadata": {"name": "shop-bbb"}, "spec": {}}


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


async def found(cluster: FakeCluster, before: Found | None = None, **asked: object) -> Found:
    seen = Observed(found=before or Found())
    return await answer(cluster, WHOSE, ReadRequest(**asked), seen)  # type: ignore[arg-type]


async def test_pods_are_those_of_the_rollout_and_the_revision(cluster: FakeCluster) -> None:
    cluster.hold("Pod", child("p1", revision="aaa"))
    cluster.hold("Pod", child("p2", revision="bbb"))
    cluster.hold("Pod", obj("p3", labels={"crossfade.dev/revision": "aaa", "crossfade.dev/rollout": "other"}))
    seen = await found(cluster, pods=frozenset({"aaa"}))
    assert [pod.name for pod in seen.pods["aaa"]] == ["p1"]


async def test_a_revision_without_pods_has_none_rather_than_no_answer(cluster: FakeCluster) -> None:
    assert (await found(cluster, pods=frozenset({"aaa"}))).pods == {"aaa": ()}


def warned(name: str, note: str, at: str, *, about: str = "p1", kind: str = "Warning") -> dict[str, Any]:
    event = obj(name, metadata={"creationTimestamp": at})
    return {**event, "type": kind, "note": note, "regarding": {"kind": "Pod", "name": about}}


async def test_the_newest_warning_about_a_pod_that_does_not_say_why_it_is_not_ready_is_read(
    cluster: FakeCluster,
) -> None:
    cluster.hold("Pod", child("p1", revision="aaa"))
    cluster.hold("Event", warned("e1", "it was slow", "2026-01-31T12:00:00Z"))
    cluster.hold("Event", warned("e2", "Readiness probe failed: 503", "2026-01-31T12:00:05Z"))
    cluster.hold("Event", warned("e3", "Pulled", "2026-01-31T12:00:09Z", kind="Normal"))
    cluster.hold("Event", warned("e4", "somebody else's", "2026-01-31T12:00:09Z", about="p2"))
    seen = await found(cluster, pods=frozenset({"aaa"}), warnings=True)
    assert [pod.warning for pod in seen.pods["aaa"]] == ["Readiness probe failed: 503"]


async def test_expressions_are_checked_by_whoever_checks_them_and_answers_of_before_are_kept(
    cluster: FakeCluster,
) -> None:
    first, second = Check(Language.CEL, "result < 1"), Check(Language.CEL, "result < limit")

    async def checks(asked: Collection[Check]) -> Checked:
        return dict.fromkeys(asked, "wrong")

    seen = Observed(found=Found(checked={first: ""}))
    told = await answer(cluster, WHOSE, ReadRequest(checks=frozenset({second})), seen, Means(checks=checks))
    assert told.checked == {first: "", second: "wrong"}
    assert cluster.asked == []


async def test_no_events_are_read_where_they_are_not_asked_for(cluster: FakeCluster) -> None:
    cluster.hold("Pod", child("p1", revision="aaa"))
    await found(cluster, pods=frozenset({"aaa"}))
    assert {kind for _, kind, _ in cluster.asked} == {"Pod"}


async def test_no_events_are_read_where_every_pod_is_ready_or_says_why_not(cluster: FakeCluster) -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    waits = {"containerStatuses": [{"name": "shop", "state": {"waiting": {"reason": "ErrImagePull"}}}]}
    cluster.hold("Pod", child("p1", revision="aaa", status=ready))
    cluster.hold("Pod", child("p2", revision="aaa", status=waits))
    await found(cluster, pods=frozenset({"aaa"}), warnings=True)
    assert [kind for _, kind, _ in cluster.asked] == ["Pod"]


async def test_events_that_cannot_be_read_hold_nothing_up(cluster: FakeCluster) -> None:
    cluster.hold("Pod", child("p1", revision="aaa"))
    cluster.refuse("LIST", "Event", error(403, "Forbidden"))
    seen = await found(cluster, pods=frozenset({"aaa"}), warnings=True)
    assert [(pod.name, pod.warning) for pod in seen.pods["aaa"]] == [("p1", "")]


async def test_a_manifest_that_the_server_takes_has_no_refusal_and_stores_nothing(
    cluster: FakeCluster,
) -> None:
    assert (await found(cluster, dry_run=MANIFEST)).refusal == ""
    assert cluster.objects == {}


@pytest.mark.parametrize(
    "refused", [error(422, "Invalid"), error(400, "BadRequest"), error(403, "Forbidden")]
)
async def test_a_refusal_is_the_servers_own_message(cluster: FakeCluster, refused: ApiError) -> None:
    cluster.refuse("DRY-RUN", "Deployment", refused)
    assert (await found(cluster, dry_run=MANIFEST)).refusal == refused.message


@pytest.mark.parametrize(
    "failed", [error(500, "InternalError"), error(429, "TooManyRequests"), error(0, "Unreachable")]
)
async def test_a_server_that_fails_has_refused_nothing(cluster: FakeCluster, failed: ApiError) -> None:
    cluster.refuse("DRY-RUN", "Deployment", failed)
    with pytest.raises(ApiError):
        await found(cluster, dry_run=MANIFEST)


async def test_a_name_in_use_says_nothing_about_the_template(cluster: FakeCluster) -> None:
    cluster.refuse("DRY-RUN", "Deployment", error(409, "AlreadyExists"))
    assert (await found(cluster, dry_run=MANIFEST)).refusal == ""


async def test_a_service_is_read_whoever_it_belongs_to_with_its_endpoints(cluster: FakeCluster) -> None:
    cluster.hold("Service", obj("web", spec={"selector": {"app": "web"}}))
    pods = map(endpoint, ("web-rs-1", "shop-web-rs-1", "shop-aaa-rs-1"))
    cluster.hold("EndpointSlice", endpoint_slice(*pods, service="web"))
    seen = await found(cluster, services=frozenset({"web", "nowhere"}))
    web = seen.services["web"]
    assert web is not None
    assert (web.ours, web.ready) == (False, {"": 2, "aaa": 1})
    assert seen.services["nowhere"] is None


async def test_a_deployment_is_read_whoever_it_belongs_to(cluster: FakeCluster) -> None:
    cluster.hold("Deployment", child("shop-aaa", revision="aaa", owners=["someone"]))
    seen = await found(cluster, deployments=frozenset({"shop-aaa", "nowhere"}))
    side = seen.deployments["shop-aaa"]
    assert side is not None
    assert not side.ours
    assert seen.deployments["nowhere"] is None


async def test_the_pods_that_pull_are_found_by_their_own_label_and_their_owner(cluster: FakeCluster) -> None:
    marks = {"crossfade.dev/pull": "shop"}
    cluster.hold("Pod", obj("shop-bbb-pull", labels=marks, owners=["uid-shop"]))
    cluster.hold("Pod", obj("database", labels=marks, owners=["a-stateful-set"]))
    seen = await found(cluster, pull_pods=True)
    assert [pod.name for pod in seen.pull_pods or ()] == ["shop-bbb-pull"]
    assert (await found(cluster)).pull_pods is None


async def test_earlier_answers_of_the_pass_are_kept(cluster: FakeCluster) -> None:
    before = Found(
        pods={"aaa": ()},
        refusal="no",
        services={"x": None},
        deployments={"y": None},
        pull_pods=(),
        counted={"z": True},
    )
    seen = await found(cluster, before, pods=frozenset({"bbb"}), services=frozenset({"web"}))
    assert set(seen.pods) == {"aaa", "bbb"}
    assert set(seen.services) == {"x", "web"}
    assert (seen.refusal, seen.deployments, seen.pull_pods) == ("no", {"y": None}, ())
    assert seen.counted == {"z": True}


def side(desired: int, **fields: Any) -> dict[str, Side]:
    return {"aaa": Side(Identity("uid-shop-aaa", "1"), "aaa", desired, **fields)}


def replica_set(
    name: str, wanted: int, *, pods: int = 0, seen: int = 2, owner: str = "uid-shop-aaa"
) -> dict[str, Any]:
    status = {"observedGeneration": seen, "replicas": pods, "readyReplicas": pods, "availableReplicas": pods}
    meta = {"generation": 2}
    return child(
        name, revision="aaa", owners=[owner], spec={"replicas": wanted}, status=status, metadata=meta
    )


COUNTED = {"replicas": 4, "ready": 4, "available": 4}


@pytest.mark.parametrize(
    ("sides", "sets", "counted"),
    [
        (side(4, **COUNTED), [replica_set("rs", 4, pods=4)], True),
        (side(4, **COUNTED), [replica_set("rs", 4, pods=4, seen=1)], False),
        (side(4, **COUNTED), [replica_set("rs", 0, pods=4)], False),
        (side(4, **COUNTED), [replica_set("rs", 4, pods=0)], False),
        (side(4, **COUNTED, current=False), [replica_set("rs", 4, pods=4)], False),
        (side(4, **COUNTED), [], False),
        (side(0), [], True),
        (side(4, **COUNTED), [replica_set("new", 3, pods=3), replica_set("old", 1, pods=1)], True),
        (
            side(4, **COUNTED),
            [replica_set("rs", 4, pods=4), replica_set("theirs", 9, pods=9, owner="x")],
            True,
        ),
        ({}, [], True),
    ],
    ids=[
        "all have seen it",
        "the ReplicaSet has not seen its size",
        "the ReplicaSet was not told its size yet",
        "the Deployment's counts are older than the ReplicaSet's",
        "the Deployment's status is about an older spec",
        "there is no ReplicaSet yet",
        "nothing was ever asked for",
        "a restart shares the pods out",
        "another's ReplicaSet says nothing",
        "no Deployment",
    ],
)
async def test_counts_are_of_the_newest_size_once_every_replica_set_has_seen_it(
    cluster: FakeCluster, sides: dict[str, Side], sets: list[dict[str, Any]], counted: bool
) -> None:
    for each in sets:
        cluster.hold("ReplicaSet", each)
    asked = ReadRequest(counted=frozenset({"aaa"}))
    assert (await answer(cluster, WHOSE, asked, Observed(sides=sides))).counted == {"aaa": counted}


async def test_no_replica_sets_are_read_where_nobody_asks(cluster: FakeCluster) -> None:
    await found(cluster, pods=frozenset({"aaa"}))
    assert [kind for _, kind, _ in cluster.asked] == ["Pod"]


async def test_strangers_are_the_services_and_deployments_of_the_namespace_without_our_label(
    cluster: FakeCluster,
) -> None:
    mine = {"crossfade.dev/rollout": "shop"}
    allows = {"name": "all", "annotations": {"crossfade.dev/any-revision": "true"}}
    cluster.hold("Service", {**obj("front"), "spec": {"selector": {"app": "shop"}}})
    cluster.hold("Service", {**obj("all", metadata=allows), "spec": {"selector": {"app": "shop"}}})
    cluster.hold("Service", obj("shop", labels=mine))
    exact = {"matchLabels": {"app": "shop"}}
    cluster.hold(
        "Deployment", {**obj("old"), "spec": {"replicas": 2, "selector": exact, "template": {"spec": {}}}}
    )
    fewer = {**exact, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    cluster.hold("Deployment", {**obj("few"), "spec": {"replicas": 1, "selector": fewer}})
    cluster.hold("Deployment", obj("shop-aaa", labels=mine))
    seen = await found(cluster, strangers=True)
    assert seen.strangers == (
        Stranger("Service", "front", {"app": "shop"}),
        Stranger("Service", "all", {"app": "shop"}, any_revision=True),
        Stranger("Deployment", "old", {"app": "shop"}, replicas=2, template={"spec": {}}),
        Stranger("Deployment", "few", {}, replicas=1),
    )


async def test_nobody_looks_for_strangers_who_is_not_asked(cluster: FakeCluster) -> None:
    assert (await found(cluster)).strangers is None
