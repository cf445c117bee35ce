"""What a decision sees is what the store holds of its Rollout, parsed once."""

import pytest
from pydantic import ValidationError

from controller.fakes import Raw, child, endpoint, endpoint_slice, obj, rollout
from crossfade.controller.observe import Observer
from crossfade.controller.store import Key, Store
from crossfade.core.observed import Observed

SHOP = Key("ns", "shop")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def observer(store: Store) -> Observer:
    return Observer(store)


def seen(observer: Observer) -> Observed:
    return observer.observed(SHOP, rollout(), {"aaa": 1.5}, namespace_terminating=False)


def release(order: int, version: int = 1, **spec: object) -> Raw:
    return child(f"shop-{order}", version, spec={"rollout": "shop", "number": order, **spec})


def action(name: str, created: str) -> Raw:
    spec = {"rollout": "shop", "action": "Promote"}
    return obj(name, metadata={"creationTimestamp": created}, spec=spec)


def test_deployments_are_sides_by_revision_and_those_without_one_are_none(
    store: Store, observer: Observer
) -> None:
    store.put("Deployment", child("shop-aaa", revision="aaa"))
    store.put("Deployment", child("shop"))
    assert set(seen(observer).sides) == {"aaa"}


def test_of_two_deployments_with_one_revision_ours_is_seen(store: Store, observer: Observer) -> None:
    store.put("Deployment", child("copy", revision="aaa", owners=["someone"]))
    spec = {"selector": {"matchLabels": {"crossfade.dev/rollout": "shop", "crossfade.dev/revision": "aaa"}}}
    store.put("Deployment", child("shop-aaa", revision="aaa", spec=spec))
    store.put("Deployment", child("zcopy", revision="aaa", owners=["someone"]))
    assert seen(observer).sides["aaa"].identity.uid == "uid-shop-aaa"


def test_a_service_counts_the_endpoints_of_its_own_slices(store: Store, observer: Observer) -> None:
    store.put("Service", child("shop", spec={"selector": {"a": "b"}}))
    store.put("Service", child("shop-preview"))
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-r-1"), name="s1"))
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-r-2"), name="s2"))
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-bbb-r-3"), name="s3", service="shop-preview"))
    store.put("Deployment", child("shop-aaa", revision="aaa"))
    store.put("Release", release(1, revision="bbb"))
    services = seen(observer).services
    assert services["shop"].ready == {"aaa": 2}
    assert services["shop"].selector == {"a": "b"}
    assert services["shop-preview"].ready == {"bbb": 1}


def test_releases_come_by_number_and_actions_by_age(store: Store, observer: Observer) -> None:
    for number in (10, 9, 2):
        store.put("Release", release(number))
    for name, created in (
        ("b", "2026-01-01T00:00:01Z"),
        ("a", "2026-01-01T00:00:01Z"),
        ("z", "2025-01-01T00:00:00Z"),
    ):
        store.put("RolloutAction", action(name, created))
    observed = seen(observer)
    assert [r.spec.number for r in observed.releases] == [2, 9, 10]
    assert [a.metadata.name for a in observed.actions] == ["z", "a", "b"]


def test_a_release_that_cannot_be_read_is_left_out(store: Store, observer: Observer) -> None:
    store.put("Release", release(1))
    store.put("Release", release(2, number="two"))
    assert [r.spec.number for r in seen(observer).releases] == [1]


def test_a_release_is_parsed_again_when_it_changed(store: Store, observer: Observer) -> None:
    store.put("Release", release(1, 1, revision="aaa"))
    first = seen(observer).releases[0]
    assert seen(observer).releases[0] is first
    store.put("Release", release(1, 2, revision="bbb"))
    assert seen(observer).releases[0].spec.revision == "bbb"


def test_only_known_revisions_are_believed(store: Store, observer: Observer) -> None:
    store.put("Service", child("shop"))
    pods = map(endpoint, ("shop-web-r-1", "shop-aaa-r-1", "shop-bbb-r-1"))
    store.put("EndpointSlice", endpoint_slice(*pods))
    store.put("Deployment", child("shop-aaa", revision="aaa"))
    assert seen(observer).services["shop"].ready == {"aaa": 1, "": 2}
    store.put("Release", release(1, revision="bbb"))
    assert seen(observer).services["shop"].ready == {"aaa": 1, "bbb": 1, "": 1}


def test_drops_are_passed_on(observer: Observer) -> None:
    assert seen(observer).dropped == {"aaa": 1.5}


def test_a_spec_is_parsed_once_for_each_generation_and_the_status_each_time(observer: Observer) -> None:
    first = observer.rollout(SHOP, rollout(1))
    second = observer.rollout(SHOP, rollout(2, status={"phase": "Healthy"}))
    third = observer.rollout(SHOP, rollout(3, metadata={"generation": 2}, spec={"replicas": 7}))
    assert second.spec is first.spec
    assert second.status is not None
    assert second.status.phase == "Healthy"
    assert second.metadata.resource_version == "2"
    assert third.spec.replicas == 7


def test_a_rollout_made_anew_is_parsed_anew(observer: Observer) -> None:
    observer.rollout(SHOP, rollout())
    again = rollout(metadata={"uid": "another"}, spec={"replicas": 9})
    assert observer.rollout(SHOP, again).spec.replicas == 9


def test_a_spec_that_breaks_a_rule_is_refused_at_every_pass(observer: Observer) -> None:
    broken = rollout(spec={"strategy": {}})
    for _ in range(2):
        with pytest.raises(ValidationError):
            observer.rollout(SHOP, broken)


def test_fields_of_the_status_that_cannot_be_read_count_as_lost_and_the_others_stay(
    observer: Observer,
) -> None:
    status = observer.rollout(SHOP, rollout(status={"release": "many", "phase": "Healthy"})).status
    assert status is not None
    assert (status.release, status.phase) == (0, "Healthy")


def test_how_long_nodes_get_to_follow_is_what_the_operator_was_told(store: Store) -> None:
    assert seen(Observer(store)).settle_s == 2.0
    assert seen(Observer(store, settle_s=5)).settle_s == 5


def test_what_is_stored_and_cannot_be_used_is_named(store: Store, observer: Observer) -> None:
    observer.rollout(SHOP, rollout(status={"progress": {"startedAt": "soon"}}))
    store.put("Release", {**release(1), "status": {"endedAt": "2026-02-30T00:00:00Z"}})
    store.put("RolloutAction", obj("dance", spec={"rollout": "shop", "action": "Dance"}))
    assert seen(observer).actions == ()
    assert [each.spec.number for each in seen(observer).releases] == [1]
    told = {"status.progress.startedAt", "Release shop-1: status.endedAt", "RolloutAction dance"}
    assert observer.lost(SHOP) == told
    observer.rollout(SHOP, rollout(2))
    observer.forget(SHOP)
    assert observer.lost(SHOP) == frozenset()


def test_what_cannot_be_read_is_not_read_again_until_it_changes(
    store: Store, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("RolloutAction", obj("dance", spec={"rollout": "shop", "action": "Dance"}))
    seen(observer)
    monkeypatch.setattr("crossfade.controller.observe.read", None)
    assert seen(observer).actions == ()
