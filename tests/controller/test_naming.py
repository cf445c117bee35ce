"""A route is news for the Rollouts that name it, though it says nothing of them itself."""

import json
from typing import Any

import pytest

from controller.fakes import Raw, child, obj, route, status
from crossfade.api.labels import ANNOTATION_ROUTE
from crossfade.controller.naming import Route, changed_for, claim_of, own_routes
from crossfade.controller.store import WATCHED, Key, Store, Watched

SHOP, CART = Key("ns", "shop"), Key("ns", "cart")
ROUTES = {
    kind: Watched("gateway.networking.k8s.io", "v1", f"{kind.lower()}s", labelled=False)
    for kind in ("HTTPRoute", "TCPRoute")
}


def naming(name: str = "shop", version: int = 1, phase: str = "Progressing", **traffic: Any) -> Raw:
    """A Rollout with that `spec.traffic`."""
    spec = {"service": {"ports": [{"port": 80}]}, **({"traffic": traffic} if traffic else {})}
    return obj(name, version, spec=spec, status=status(phase=phase))


def canary(version: int = 1, **told: Any) -> Raw:
    """The canary Service of `shop`, which says what was changed for it."""
    notes = {ANNOTATION_ROUTE: json.dumps(told)} if told else {}
    return child("shop-canary", version, metadata={"annotations": notes})


@pytest.fixture
def store() -> Store:
    return Store({**WATCHED, **ROUTES})


@pytest.mark.parametrize(
    ("traffic", "claimed"),
    [
        ({"httpRoute": {"name": "web"}}, Route("HTTPRoute", "ns", "web")),
        ({"grpcRoute": {"name": "web"}}, Route("GRPCRoute", "ns", "web")),
        ({"tlsRoute": {"name": "web"}}, Route("TLSRoute", "ns", "web")),
        ({"tcpRoute": {"name": "web"}}, Route("TCPRoute", "ns", "web")),
        ({"udpRoute": {"name": "web"}}, Route("UDPRoute", "ns", "web")),
        ({"gateway": {"parentRefs": [{"name": "gw"}]}}, Route("HTTPRoute", "ns", "shop")),
    ],
    ids=["http", "grpc", "tls", "tcp", "udp", "one of its own, named as the Service"],
)
def test_a_rollout_names_the_route_of_its_spec(traffic: Raw, claimed: Route) -> None:
    claim = claim_of(naming(**traffic))
    assert claim is not None
    assert claim.route == claimed


@pytest.mark.parametrize("traffic", [{}, {"httpRoute": {}}, {"httpRoute": None}])
def test_a_rollout_without_a_route_claims_none_and_has_none_of_its_own(traffic: Raw) -> None:
    assert claim_of(naming(**traffic)) is None
    assert list(own_routes(naming(**traffic))) == []


def test_the_routes_of_its_own_are_named_by_the_service_where_that_has_another_name() -> None:
    raw = obj(
        "shop", spec={"service": {"name": "web"}, "traffic": {"gateway": {"parentRefs": [{"name": "gw"}]}}}
    )
    claim = claim_of(raw)
    assert claim is not None
    assert claim.route == Route("HTTPRoute", "ns", "web")
    own = [Route("HTTPRoute", "ns", f"web-{role}") for role in ("canary", "preview", "preview-hosts")]
    assert list(own_routes(raw)) == own


def test_routes_for_groups_are_of_the_kind_that_is_named_and_only_where_that_can_tell_requests_apart() -> (
    None
):
    assert {each.kind for each in own_routes(naming(grpcRoute={"name": "web"}))} == {"GRPCRoute"}
    assert list(own_routes(naming(tcpRoute={"name": "web"}))) == []


def test_a_route_is_news_for_every_rollout_that_names_it_and_for_no_other(store: Store) -> None:
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    store.put("Rollout", naming("cart", httpRoute={"name": "web", "rule": "cart"}))
    store.put("Rollout", naming("bill", httpRoute={"name": "other"}))
    store.put("Rollout", naming("mail", tcpRoute={"name": "web"}))
    assert store.put("HTTPRoute", route("web")) == (SHOP, CART)
    assert store.put("HTTPRoute", route("web", 2, namespace="elsewhere")) == ()
    assert store.remove("HTTPRoute", "ns", "web", "uid-web") == (SHOP, CART)


def test_a_rollout_that_begins_to_name_a_route_finds_it_at_once_and_is_told_of_it_from_then_on(
    store: Store,
) -> None:
    assert store.put("HTTPRoute", route("web")) == ()
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    assert store.get("HTTPRoute", "ns", "web") is not None
    assert store.put("HTTPRoute", route("web", 2, generation=2)) == (SHOP,)


def test_a_route_that_a_rollout_names_no_more_is_no_news_for_it(store: Store) -> None:
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    store.put("Rollout", naming(version=2, httpRoute={"name": "other"}))
    assert store.put("HTTPRoute", route("web")) == ()
    assert store.put("HTTPRoute", route("other")) == (SHOP,)
    store.remove("Rollout", "ns", "shop", "uid-shop")
    assert store.put("HTTPRoute", route("other", 2, generation=2)) == ()


def test_a_route_that_was_changed_for_a_rollout_stays_news_for_it_until_the_service_says_so_no_more(
    store: Store,
) -> None:
    store.put("Rollout", naming())
    store.put("Service", canary(kind="HTTPRoute", name="web"))
    assert store.put("HTTPRoute", route("web")) == (SHOP,)
    store.put("Service", canary(2))
    assert store.put("HTTPRoute", route("web", 2, generation=2)) == ()


def test_a_rollout_that_names_a_route_twice_is_told_once_and_as_long_as_one_of_the_two_stands(
    store: Store,
) -> None:
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    store.put("Service", canary(kind="HTTPRoute", name="web"))
    assert store.put("HTTPRoute", route("web")) == (SHOP,)
    store.put("Rollout", naming(version=2))
    assert store.put("HTTPRoute", route("web", 2, generation=2)) == (SHOP,)


@pytest.mark.parametrize(
    "told",
    [
        "",
        "{",
        "[" * 9_000,
        "[" * 5_000 + "]" * 5_000,
        "[]",
        '"x"',
        "{}",
        '{"kind": "Secret", "name": "web"}',
        '{"kind": "HTTPRoute", "name": 1}',
    ],
)
def test_a_note_that_cannot_be_read_names_no_route(told: str) -> None:
    assert changed_for(child("shop-canary", metadata={"annotations": {ANNOTATION_ROUTE: told}})) is None


def test_a_route_in_the_place_of_one_of_its_own_is_news_for_a_rollout_whoever_made_it(store: Store) -> None:
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    assert store.put("HTTPRoute", route("shop-canary")) == (SHOP,)


def test_a_route_with_our_label_is_news_for_that_rollout(store: Store) -> None:
    assert store.put("HTTPRoute", child("old-canary")) == (SHOP,)


def told(accepted: str = "True", **condition: Any) -> Raw:
    conditions = [{"type": "Accepted", "status": accepted, "reason": "Accepted", **condition}]
    return {"parents": [{"parentRef": {"name": "gw"}, "conditions": conditions}]}


@pytest.mark.parametrize("phase", ["Healthy", "RolledBack"])
def test_at_rest_a_status_is_news_where_it_says_something_else_and_not_where_it_is_written_again(
    store: Store, phase: str
) -> None:
    store.put("Rollout", naming(phase=phase, httpRoute={"name": "web"}))
    store.put("HTTPRoute", route("web", 1, status=told()))
    again = told(observedGeneration=1, lastTransitionTime="2026-01-31T12:00:00Z", message="valid")
    assert store.put("HTTPRoute", route("web", 2, status=again)) == ()
    assert store.put("HTTPRoute", route("web", 3, status=told("False"))) == (SHOP,)


def test_while_a_release_is_under_way_every_status_is_news(store: Store) -> None:
    store.put("Rollout", naming(phase="Progressing", httpRoute={"name": "web"}))
    store.put("HTTPRoute", route("web", 1, status=told()))
    assert store.put("HTTPRoute", route("web", 2, status=told(observedGeneration=1))) == (SHOP,)


@pytest.mark.parametrize(
    "changed",
    [
        {"spec": {"rules": []}},
        {"metadata": {"generation": 1, "labels": {"crossfade.dev/rollout": "shop"}}},
        {"metadata": {"generation": 1, "deletionTimestamp": "2026-01-31T12:00:00Z"}},
    ],
    ids=["its spec", "its labels", "its deletion"],
)
def test_at_rest_every_change_of_the_route_itself_is_news(store: Store, changed: Raw) -> None:
    store.put("Rollout", naming(phase="Healthy", httpRoute={"name": "web"}))
    store.put("HTTPRoute", route("web"))
    assert store.put("HTTPRoute", route("web", 2, **changed)) == (SHOP,)


@pytest.mark.parametrize(
    "later",
    [
        naming(version=2),
        naming(version=2, httpRoute={"name": "other"}),
        naming(version=2, httpRoute={"name": "web", "rule": "main"}),
        naming(version=2, tcpRoute={"name": "web"}),
        {
            **naming(version=2, httpRoute={"name": "web"}),
            "metadata": {
                "name": "shop",
                "namespace": "ns",
                "uid": "uid-shop",
                "resourceVersion": "2",
                "deletionTimestamp": "now",
            },
        },
    ],
    ids=["no route", "another route", "one rule only", "another kind", "its deletion"],
)
def test_what_a_rollout_claims_otherwise_is_news_for_the_others_of_the_route(
    store: Store, later: Raw
) -> None:
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    assert store.put("Rollout", naming("cart", httpRoute={"name": "web"})) == (CART, SHOP)
    assert store.put("Rollout", later) == (SHOP, CART)


def test_the_end_of_a_rollout_is_news_for_the_others_of_its_route(store: Store) -> None:
    store.put("Rollout", naming(httpRoute={"name": "web"}))
    store.put("Rollout", naming("cart", httpRoute={"name": "web"}))
    assert store.remove("Rollout", "ns", "shop", "uid-shop") == (SHOP, CART)


def test_any_other_change_of_a_rollout_is_news_for_itself_alone(store: Store) -> None:
    for version, phase in ((1, "Progressing"), (2, "Healthy")):
        store.put("Rollout", naming("cart", version, httpRoute={"name": "web"}))
        news = store.put("Rollout", naming(version=version, phase=phase, httpRoute={"name": "web"}))
    assert news == (SHOP,)


def test_of_a_route_is_kept_who_writes_its_rules_and_not_what_kubectl_noted(store: Store) -> None:
    entries = [
        {
            "manager": "argocd",
            "operation": "Apply",
            "time": "t",
            "fieldsV1": {"f:spec": {"f:rules": {}, "f:hostnames": {}}},
        },
        {"manager": "traefik", "operation": "Update", "fieldsV1": {"f:status": {"f:parents": {}}}},
    ]
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "web"}
    store.put("HTTPRoute", route("web", metadata={"managedFields": entries, "annotations": notes}))
    kept = (store.get("HTTPRoute", "ns", "web") or {})["metadata"]
    assert kept["managedFields"] == [
        {"manager": "argocd", "operation": "Apply", "time": "t", "fieldsV1": {"f:spec": {"f:rules": {}}}}
    ]
    assert kept["annotations"] == {"team": "web"}
