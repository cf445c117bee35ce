"""A decision sees the routes that matter to its Rollout, whose they are, and who named them before."""

import json
from typing import Any

import pytest

from controller.fakes import Raw, child, obj, rollout, route
from crossfade.api.labels import ANNOTATION_ROUTE, LABEL_OWNER_UID
from crossfade.controller.observe import Observer
from crossfade.controller.store import WATCHED, Key, Store, Watched
from crossfade.core.observed import Observed

SHOP = Key("ns", "shop")
ROUTES = {
    kind: Watched("gateway.networking.k8s.io", "v1", f"{kind.lower()}s", labelled=False)
    for kind in ("HTTPRoute", "TCPRoute")
}


@pytest.fixture
def store() -> Store:
    return Store({**WATCHED, **ROUTES})


def seen(store: Store, **traffic: Any) -> Observed:
    return of(store, rollout(spec={"traffic": traffic} if traffic else {}))


def of(store: Store, raw: Raw) -> Observed:
    store.put("Rollout", raw)
    key = Key("ns", raw["metadata"]["name"])
    return Observer(store).observed(key, raw, {}, namespace_terminating=False)


def test_the_route_that_the_spec_names_is_seen_with_its_status_and_is_not_ours(store: Store) -> None:
    store.put("HTTPRoute", route("web", 7, status={"parents": []}))
    store.put("HTTPRoute", route("other"))
    store.put("TCPRoute", route("web"))
    (found,) = seen(store, httpRoute={"name": "web"}).routes.items()
    place, it = found
    assert (place, it.kind, it.name, it.ours, it.owner) == ("HTTPRoute/web", "HTTPRoute", "web", False, "")
    assert it.identity.resource_version == "7"
    assert it.manifest["status"] == {"parents": []}


def test_a_route_that_is_not_there_is_absent(store: Store) -> None:
    assert seen(store, httpRoute={"name": "web"}).routes == {}


def test_the_route_that_was_changed_for_it_is_seen_when_the_spec_names_another_or_none(store: Store) -> None:
    store.put("HTTPRoute", route("web"))
    store.put("TCPRoute", route("db"))
    notes = {ANNOTATION_ROUTE: json.dumps({"kind": "HTTPRoute", "name": "web"})}
    store.put("Service", child("shop-canary", metadata={"annotations": notes}))
    assert set(seen(store).routes) == {"HTTPRoute/web"}
    store.remove("Rollout", "ns", "shop", "uid-shop")
    assert set(
        of(store, rollout(2, spec={"traffic": {"tcpRoute": {"name": "db"}}}, metadata={"uid": "n"})).routes
    ) == {
        "HTTPRoute/web",
        "TCPRoute/db",
    }


@pytest.mark.parametrize(
    ("made", "ours"),
    [
        (child("shop-canary"), True),
        (child("shop-canary", owners=[], labels={LABEL_OWNER_UID: "uid-shop"}), True),
        (child("shop-canary", owners=["uid-of-the-one-before"]), False),
        (child("shop-canary", owners=[]), False),
        (route("shop-canary"), False),
    ],
    ids=[
        "by its owner",
        "by a label",
        "of another one",
        "with our label alone",
        "somebody else's of that name",
    ],
)
def test_a_route_in_the_place_of_our_own_is_ours_where_this_very_rollout_made_it(
    store: Store, made: Raw, ours: bool
) -> None:
    store.put("HTTPRoute", made)
    found = seen(store, httpRoute={"name": "web"}).routes
    assert {place: each.ours for place, each in found.items()} == {"HTTPRoute/shop-canary": ours}


def test_a_route_with_our_label_is_seen_whatever_its_name(store: Store) -> None:
    store.put("HTTPRoute", child("old-canary"))
    (it,) = seen(store).routes.values()
    assert (it.name, it.ours, it.owner) == ("old-canary", True, "shop")


def test_with_a_gateway_the_route_is_the_services(store: Store) -> None:
    store.put("HTTPRoute", child("shop"))
    assert set(seen(store, gateway={"parentRefs": [{"name": "gw"}]}).routes) == {"HTTPRoute/shop"}


def test_the_kinds_of_route_are_those_that_are_watched() -> None:
    assert seen(Store()).route_kinds == frozenset()
    assert seen(Store({**WATCHED, **ROUTES})).route_kinds == {"HTTPRoute", "TCPRoute"}


def test_without_the_gateway_api_a_route_that_is_named_is_absent() -> None:
    notes = {ANNOTATION_ROUTE: json.dumps({"kind": "HTTPRoute", "name": "web"})}
    store = Store()
    store.put("Service", child("shop-canary", metadata={"annotations": notes}))
    assert seen(store, httpRoute={"name": "web"}).routes == {}


OLD, NEW = "2026-01-31T11:00:00Z", "2026-01-31T12:00:00Z"


def other(name: str = "cart", created: str = OLD, traffic: Raw | None = None, **meta: Any) -> Raw:
    named = {"httpRoute": {"name": "web"}} if traffic is None else traffic
    return obj(name, metadata={"creationTimestamp": created, **meta}, spec={"traffic": named})


@pytest.mark.parametrize(
    ("rival", "rule", "claims"),
    [
        (other(), None, ("cart",)),
        (other(created=NEW), None, ("cart",)),
        (other("wine", created=NEW), None, ()),
        (other("apple", created="2026-02-01T00:00:00Z"), None, ()),
        (other(deletionTimestamp=NEW), None, ()),
        (other(traffic={"httpRoute": {"name": "web", "rule": "main"}}), None, ("cart",)),
        (other(), "main", ("cart",)),
        (other(traffic={"httpRoute": {"name": "web", "rule": "main"}}), "main", ("cart",)),
        (other(traffic={"httpRoute": {"name": "web", "rule": "side"}}), "main", ()),
        (other(traffic={"httpRoute": {"name": "other"}}), None, ()),
        (other(traffic={"tcpRoute": {"name": "web"}}), None, ()),
        (other(namespace="elsewhere"), None, ()),
        (other("web", traffic={"gateway": {"parentRefs": [{"name": "gw"}]}}), None, ("web",)),
    ],
    ids=[
        "an older one",
        "of the same second, by name",
        "of the same second, later by name",
        "a younger one",
        "an older one that is being deleted",
        "one of our rules",
        "all rules, and ours is one",
        "the same rule",
        "another rule",
        "another route",
        "a route of another kind",
        "a route of another namespace",
        "a route of its own with that name",
    ],
)
def test_an_older_rollout_holds_the_rules_that_it_names(
    store: Store, rival: Raw, rule: str | None, claims: tuple[str, ...]
) -> None:
    store.put("Rollout", rival)
    ref = {"name": "web", **({"rule": rule} if rule else {})}
    mine = rollout(spec={"traffic": {"httpRoute": ref}}, metadata={"creationTimestamp": NEW})
    assert of(store, mine).route_claims == claims


def test_of_several_the_oldest_is_named_first(store: Store) -> None:
    for name, created in (("late", "2026-01-31T11:30:00Z"), ("early", OLD)):
        store.put("Rollout", other(name, created))
    mine = rollout(spec={"traffic": {"httpRoute": {"name": "web"}}}, metadata={"creationTimestamp": NEW})
    assert of(store, mine).route_claims == ("early", "late")
