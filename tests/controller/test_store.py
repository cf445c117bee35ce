"""The store keeps the newest form of each object, whatever order it is told in."""

import json

import pytest

from controller.fakes import FakeCluster, Raw, child, obj, rollout
from crossfade.controller.handlers import Intake
from crossfade.controller.relist import Relist
from crossfade.controller.scope import EVERYWHERE
from crossfade.controller.store import WATCHED, Key, Store, Watched, version_of

SHOP = Key("ns", "shop")


@pytest.fixture
def store() -> Store:
    return Store()


def test_a_newer_form_replaces_an_older_one_by_number_not_by_text(store: Store) -> None:
    store.put("Rollout", rollout(version=9))
    assert store.put("Rollout", rollout(version=10)) == (SHOP,)
    assert store.rollout(SHOP) == rollout(version=10)


@pytest.mark.parametrize("version", [9, 10], ids=["older", "the same"])
def test_what_is_not_newer_is_no_news(store: Store, version: int) -> None:
    store.put("Rollout", rollout(version=10, note="kept"))
    assert store.put("Rollout", rollout(version=version)) == ()
    assert store.rollout(SHOP) == rollout(version=10, note="kept")


def test_a_deletion_counts_for_its_own_uid_only(store: Store) -> None:
    store.put("Rollout", rollout(version=5))
    assert store.remove("Rollout", "ns", "shop", "uid-of-the-one-before") == ()
    assert store.rollout(SHOP) is not None
    assert store.remove("Rollout", "ns", "shop", "uid-shop") == (SHOP,)
    assert store.rollout(SHOP) is None


def test_a_late_answer_does_not_bring_back_what_was_deleted(store: Store) -> None:
    store.put("Deployment", child("shop-a", version=5))
    store.remove("Deployment", "ns", "shop-a", "uid-shop-a", version=8)
    assert store.put("Deployment", child("shop-a", version=7)) == ()
    assert store.children("Deployment", SHOP) == []


def test_an_object_that_lost_our_label_and_got_it_again_is_seen_again(store: Store) -> None:
    store.put("Service", child("shop", version=5))
    store.remove("Service", "ns", "shop", "uid-shop", version=8)
    assert store.put("Service", child("shop", version=9)) == (SHOP,)


def test_a_new_object_of_the_same_name_takes_the_place_of_the_old(store: Store) -> None:
    store.put("Deployment", child("shop-a", version=5))
    store.put("Deployment", child("shop-a", version=6, uid="another"))
    assert [one["metadata"]["uid"] for one in store.children("Deployment", SHOP)] == ["another"]


def test_children_are_found_by_label_and_actions_by_their_spec(store: Store) -> None:
    store.put("Deployment", child("shop-a"))
    store.put("Deployment", obj("other", labels={"crossfade.dev/rollout": "other"}))
    store.put("RolloutAction", obj("promote", spec={"rollout": "shop"}))
    store.put(
        "Release", child("shop-1", spec={"rollout": "shop"}, labels={"crossfade.dev/rollout": "edited"})
    )
    assert [one["metadata"]["name"] for one in store.children("Deployment", SHOP)] == ["shop-a"]
    assert [one["metadata"]["name"] for one in store.children("RolloutAction", SHOP)] == ["promote"]
    assert [one["metadata"]["name"] for one in store.children("Release", SHOP)] == ["shop-1"]


def test_a_child_that_moves_to_another_rollout_is_news_for_both(store: Store) -> None:
    store.put("Service", child("web", version=1))
    moved = obj("web", 2, labels={"crossfade.dev/rollout": "other"})
    assert store.put("Service", moved) == (SHOP, Key("ns", "other"))
    assert store.children("Service", SHOP) == []


SHARED = Watched("example.com", "v1", "routes", labelled=False, rollouts=lambda obj: obj["spec"]["rollouts"])
CART = Key("ns", "cart")


class Shared:
    """A store that watches routes too, each of which is news for all Rollouts that it names."""

    def __init__(self) -> None:
        self.store = Store({**WATCHED, "Route": SHARED})
        self.told: list[tuple[Key, int | None, int | None]] = []
        self.store.listen(lambda _kind, key, *forms: self.told.append((key, *map(_version, forms))))  # type: ignore[arg-type]

    def put(self, version: int, *rollouts: str) -> tuple[Key, ...]:
        self.told.clear()
        return self.store.put("Route", obj("main", version, spec={"rollouts": [*rollouts]}))

    def found(self, key: Key) -> list[int | None]:
        return [_version(one) for one in self.store.children("Route", key)]


def _version(raw: Raw | None) -> int | None:
    return None if raw is None else version_of(raw)


def test_an_object_is_news_for_every_rollout_that_it_names() -> None:
    shared = Shared()
    assert shared.put(1, "shop", "cart", "shop", "") == (SHOP, CART)
    assert shared.told == [(SHOP, None, 1), (CART, None, 1)]
    assert shared.put(2, "shop", "cart") == (SHOP, CART)
    assert shared.told == [(SHOP, 1, 2), (CART, 1, 2)]
    assert (shared.found(SHOP), shared.found(CART)) == ([2], [2])


def test_a_rollout_that_an_object_names_no_more_is_told_that_it_is_gone_and_the_others_that_it_changed() -> (
    None
):
    shared = Shared()
    shared.put(1, "shop", "cart")
    assert shared.put(2, "cart", "bill") == (SHOP, CART, Key("ns", "bill"))
    assert shared.told == [(SHOP, 1, None), (CART, 1, 2), (Key("ns", "bill"), None, 2)]
    assert (shared.found(SHOP), shared.found(CART)) == ([], [2])


def test_an_object_that_goes_is_news_for_every_rollout_that_it_named() -> None:
    shared = Shared()
    shared.put(1, "shop", "cart")
    shared.told.clear()
    assert shared.store.remove("Route", "ns", "main", "uid-main") == (SHOP, CART)
    assert shared.told == [(SHOP, 1, None), (CART, 1, None)]
    assert (shared.found(SHOP), shared.found(CART)) == ([], [])


def test_every_rollout_that_an_object_is_news_for_is_queued() -> None:
    shared, queued = Shared(), list[Key]()
    intake = Intake(shared.store, queued.append)
    intake.take("Route", "ADDED", obj("main", 1, spec={"rollouts": ["shop", "cart"]}))
    intake.take("Route", "DELETED", obj("main", 2, spec={"rollouts": ["shop", "cart"]}))
    assert queued == [SHOP, CART, SHOP, CART]


async def test_every_rollout_of_an_object_that_vanished_unseen_is_queued() -> None:
    shared, queued, cluster = Shared(), list[Key](), FakeCluster()
    shared.put(1, "shop", "cart")
    await Relist(cluster, shared.store, queued.append, EVERYWHERE, lambda: 1.0).compare("Route")
    assert queued == [SHOP, CART]
    assert shared.found(CART) == []


def test_of_a_services_field_managers_those_are_kept_who_write_its_selector(store: Store) -> None:
    selector = {"f:spec": {"f:selector": {"f:app": {}}, "f:ports": {}}, "f:metadata": {}}
    managed = [
        {"manager": "argocd", "operation": "Apply", "fieldsV1": selector},
        {"manager": "cloud", "operation": "Update", "fieldsV1": {"f:spec": {"f:ports": {}}}},
    ]
    store.put("Deployment", child("shop-a", metadata={"managedFields": managed}))
    store.put("Service", child("shop", metadata={"managedFields": managed}))
    assert "managedFields" not in store.children("Deployment", SHOP)[0]["metadata"]
    (kept,) = store.children("Service", SHOP)[0]["metadata"]["managedFields"]
    own = {"f:spec": {"f:selector": {"f:app": {}}}}
    assert kept == {"manager": "argocd", "operation": "Apply", "fieldsV1": own}


def test_all_objects_share_one_copy_of_each_fields_name_and_word(store: Store) -> None:
    for name in ("shop-a", "shop-b"):
        spec = {"list": [{"aFieldOfItsOwn": "a word of its own"}]}
        store.put("Deployment", json.loads(json.dumps(child(name, spec=spec))))
    first, second = (one["spec"]["list"][0] for one in store.children("Deployment", SHOP))
    assert next(iter(first)) is next(iter(second))
    assert first["aFieldOfItsOwn"] is second["aFieldOfItsOwn"]


@pytest.mark.parametrize("field", ["template", "replicas"])
def test_who_else_writes_a_deployments_template_or_replicas_is_kept(store: Store, field: str) -> None:
    entries = [
        {"manager": who, "fieldsV1": {"f:spec": {f"f:{what}": {}}}}
        for who, what in (("crossfade", "strategy"), ("kubectl", field))
    ]
    store.put("Deployment", child("shop-a", metadata={"managedFields": entries}))
    kept = store.children("Deployment", SHOP)[0]["metadata"]["managedFields"]
    assert [entry["manager"] for entry in kept] == ["kubectl"]


def test_of_a_rollouts_field_managers_the_one_is_kept_that_changed_its_template_last(store: Store) -> None:
    written = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}, "f:replicas": {}}}
    entries = [
        {"manager": "helm", "time": "2026-01-31T11:00:00Z", "fieldsV1": written},
        {"manager": "kubectl-edit", "time": "2026-01-31T12:00:00Z", "fieldsV1": written},
        {"manager": "scaler", "time": "2026-01-31T13:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]
    store.put("Rollout", rollout(metadata={"managedFields": entries}))
    stored = store.rollout(SHOP)
    assert stored is not None
    assert stored["metadata"]["managedFields"] == [
        {
            "manager": "kubectl-edit",
            "time": "2026-01-31T12:00:00Z",
            "fieldsV1": {"f:spec": {"f:template": {}}},
        }
    ]


def test_listeners_are_told_before_and_after(store: Store) -> None:
    told: list[tuple[str, Key, object, object]] = []
    store.listen(lambda *change: told.append(change))
    first, second = child("shop-a", version=1), child("shop-a", version=2)
    store.put("Deployment", first)
    store.put("Deployment", second)
    store.remove("Deployment", "ns", "shop-a", "uid-shop-a")
    assert told == [
        ("Deployment", SHOP, None, first),
        ("Deployment", SHOP, first, second),
        ("Deployment", SHOP, second, None),
    ]
