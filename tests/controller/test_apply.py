"""Each write is one request that lands on the object that was seen or on none; its answer goes into the store."""

import pytest

from controller.fakes import FakeCluster, Raw, child, error, obj, rollout, route, status
from crossfade.cluster import ApiError
from crossfade.controller.apply import Refused, Writer
from crossfade.controller.leader import Lost
from crossfade.controller.seen import identity_of
from crossfade.controller.store import Key, Store, Watched
from crossfade.core.observed import Identity
from crossfade.core.plan import Verb, Write

SHOP = Key("ns", "shop")


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def woken() -> list[Key]:
    return []


@pytest.fixture
def writer(cluster: FakeCluster, store: Store, woken: list[Key]) -> Writer:
    return Writer(cluster, store, fence=lambda: None, wake=woken.append)


def known(cluster: FakeCluster, store: Store, kind: str, raw: Raw) -> Raw:
    store.put(kind, raw)
    return cluster.hold(kind, raw)


def write(verb: Verb, kind: str, raw: Raw, body: object = None) -> Write:
    return Write(verb, kind, raw["metadata"]["name"], body, identity_of(raw))


def deployments(store: Store) -> list[Raw]:
    return store.children("Deployment", SHOP)


async def test_what_was_created_is_in_the_store_at_once(writer: Writer, store: Store) -> None:
    await writer.write(SHOP, Write(Verb.CREATE, "Deployment", "shop-aaa", child("shop-aaa")))
    assert [one["metadata"]["name"] for one in deployments(store)] == ["shop-aaa"]


async def test_an_apply_names_the_object_that_was_seen(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    raw = known(cluster, store, "Deployment", child("shop-aaa", 7))
    await writer.write(SHOP, write(Verb.APPLY, "Deployment", raw, {"spec": {"replicas": 4}}))
    place = {"name": "shop-aaa", "namespace": "ns", "uid": "uid-shop-aaa", "resourceVersion": "7"}
    assert cluster.bodies[-1] == {"metadata": place, "spec": {"replicas": 4}}
    assert deployments(store)[0]["spec"] == {"replicas": 4}


async def test_a_patch_stands_behind_tests_of_uid_and_version(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    raw = known(cluster, store, "Service", child("shop", 7))
    change = {"op": "replace", "path": "/spec/ports", "value": []}
    await writer.write(SHOP, write(Verb.PATCH, "Service", raw, [change]))
    assert cluster.bodies[-1] == [
        {"op": "test", "path": "/metadata/uid", "value": "uid-shop"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        change,
    ]


async def test_a_status_goes_to_the_status(writer: Writer, cluster: FakeCluster, store: Store) -> None:
    raw = known(cluster, store, "Rollout", rollout(7))
    await writer.write(SHOP, write(Verb.STATUS, "Rollout", raw, {"status": status()}))
    assert cluster.writes == [("STATUS", "Rollout", "shop")]
    stored = store.rollout(SHOP)
    assert stored is not None
    assert stored["status"] == status()


async def test_a_delete_names_uid_and_version_and_empties_the_store(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    raw = known(cluster, store, "Deployment", child("shop-aaa", 7))
    await writer.write(SHOP, write(Verb.DELETE, "Deployment", raw))
    assert cluster.bodies[-1] == {"uid": "uid-shop-aaa", "resourceVersion": "7"}
    assert deployments(store) == []


async def test_a_delete_without_a_seen_version_asks_for_the_uid_alone(
    writer: Writer, cluster: FakeCluster
) -> None:
    cluster.hold("Pod", child("pull"))
    await writer.write(SHOP, Write(Verb.DELETE, "Pod", "pull", None, Identity("uid-pull", "")))
    assert cluster.bodies[-1] == {"uid": "uid-pull", "resourceVersion": None}


async def test_two_writes_to_one_object_in_a_pass_follow_each_other(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    raw = known(cluster, store, "Rollout", rollout(7))
    await writer.write(SHOP, write(Verb.STATUS, "Rollout", raw, {"status": status()}))
    await writer.write(SHOP, write(Verb.APPLY, "Rollout", raw, {"metadata": {"finalizers": ["x"]}}))
    assert cluster.bodies[-1]["metadata"]["resourceVersion"] == "101"


@pytest.mark.parametrize("verb", [Verb.APPLY, Verb.PATCH, Verb.STATUS])
async def test_a_write_over_something_newer_is_refused_and_the_newer_is_read(
    verb: Verb, writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    seen = child("shop-aaa", 7)
    store.put("Deployment", seen)
    cluster.hold("Deployment", child("shop-aaa", 8, note="newer"))
    body: object = [] if verb is Verb.PATCH else {"status": {}}
    with pytest.raises(Refused):
        await writer.write(SHOP, write(verb, "Deployment", seen, body))
    assert deployments(store)[0]["note"] == "newer"


async def test_a_write_to_what_is_gone_takes_it_out_of_the_store(writer: Writer, store: Store) -> None:
    seen = child("shop-aaa", 7)
    store.put("Deployment", seen)
    with pytest.raises(Refused):
        await writer.write(SHOP, write(Verb.APPLY, "Deployment", seen, {}))
    assert deployments(store) == []


async def test_a_create_that_happened_before_its_answer_was_lost_is_found(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    cluster.hold("Deployment", child("shop-aaa", 7))
    with pytest.raises(Refused) as refused:
        await writer.write(SHOP, Write(Verb.CREATE, "Deployment", "shop-aaa", child("shop-aaa")))
    assert refused.value.error.already_exists
    assert len(deployments(store)) == 1


async def test_a_foreign_object_in_the_way_does_not_enter_the_store(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    cluster.hold("Deployment", obj("shop-aaa", 7))
    with pytest.raises(Refused):
        await writer.write(SHOP, Write(Verb.CREATE, "Deployment", "shop-aaa", child("shop-aaa")))
    assert list(store.all("Deployment")) == []


async def test_what_has_lost_our_label_leaves_the_store_when_it_is_read(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    store.put("Service", child("shop", 5))
    cluster.hold("Service", obj("shop", 9))
    await writer.read(SHOP, Write(Verb.PATCH, "Service", "shop", [], Identity("uid-shop", "5")))
    assert store.get("Service", "ns", "shop") is None


async def test_other_refusals_are_the_callers(writer: Writer, cluster: FakeCluster) -> None:
    cluster.refuse("CREATE", "Deployment", error(403, "Forbidden"))
    with pytest.raises(ApiError, match="Forbidden"):
        await writer.write(SHOP, Write(Verb.CREATE, "Deployment", "shop-aaa", child("shop-aaa")))


async def test_who_may_not_write_does_not(cluster: FakeCluster, store: Store) -> None:
    def closed() -> None:
        raise Lost

    with pytest.raises(Lost):
        await Writer(cluster, store, closed, lambda _: None).write(
            SHOP, Write(Verb.CREATE, "Pod", "p", child("p"))
        )
    assert cluster.asked == []


ROUTES = {"HTTPRoute": Watched("gateway.networking.k8s.io", "v1", "httproutes", labelled=False)}
NAMES = {"traffic": {"httpRoute": {"name": "web"}}}


@pytest.fixture
def shared(cluster: FakeCluster, store: Store) -> Raw:
    """A route that two Rollouts name."""
    store.watch(ROUTES)
    for name in ("shop", "cart"):
        store.put("Rollout", obj(name, spec=NAMES))
    return known(cluster, store, "HTTPRoute", route("web", 5))


async def test_what_a_write_did_to_a_route_is_news_for_the_others_that_name_it(
    writer: Writer, store: Store, shared: Raw, woken: list[Key]
) -> None:
    """The watch brings it too, and then it is no news any more."""
    await writer.write(
        SHOP, write(Verb.PATCH, "HTTPRoute", shared, [{"op": "remove", "path": "/spec/rules"}])
    )
    stored = store.get("HTTPRoute", "ns", "web")
    assert stored is not None
    assert stored["metadata"]["resourceVersion"] == "101"
    assert woken == [Key("ns", "cart")]


async def test_an_edit_that_a_refused_write_finds_is_news_for_the_others_that_name_the_route(
    writer: Writer, cluster: FakeCluster, shared: Raw, woken: list[Key]
) -> None:
    cluster.hold("HTTPRoute", route("web", 9, generation=2))
    with pytest.raises(Refused):
        await writer.write(SHOP, write(Verb.PATCH, "HTTPRoute", shared, []))
    assert woken == [Key("ns", "cart")]


async def test_a_route_that_is_gone_is_news_for_the_others_that_name_it(
    writer: Writer, cluster: FakeCluster, store: Store, shared: Raw, woken: list[Key]
) -> None:
    cluster.objects.clear()
    with pytest.raises(Refused):
        await writer.write(SHOP, write(Verb.PATCH, "HTTPRoute", shared, []))
    assert (store.get("HTTPRoute", "ns", "web"), woken) == (None, [Key("ns", "cart")])


async def test_a_route_that_is_in_the_way_of_one_of_our_own_is_in_the_store_at_once(
    writer: Writer, cluster: FakeCluster, store: Store
) -> None:
    """Unlike a Service: the watch would show it, with or without a label."""
    store.watch(ROUTES)
    cluster.hold("HTTPRoute", route("shop-canary", 5))
    with pytest.raises(Refused):
        await writer.write(SHOP, Write(Verb.CREATE, "HTTPRoute", "shop-canary", route("shop-canary")))
    assert store.get("HTTPRoute", "ns", "shop-canary") is not None


async def test_a_route_is_made_and_deleted_as_other_objects_are(writer: Writer, store: Store) -> None:
    store.watch(ROUTES)
    await writer.write(SHOP, Write(Verb.CREATE, "HTTPRoute", "shop-canary", child("shop-canary")))
    (made,) = store.children("HTTPRoute", SHOP)
    await writer.write(SHOP, write(Verb.DELETE, "HTTPRoute", made))
    assert store.children("HTTPRoute", SHOP) == []
