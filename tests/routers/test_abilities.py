"""What a controller cannot do is refused by name, before anything moves."""

from typing import Any

import pytest

from crossfade.api.traffic import GatewaySpec, Match, ParentRef, Timeouts, Valued
from crossfade.routers.abilities import ENVOY, PROVEN, TRAEFIK, lacking, table
from crossfade.routers.kinds import (
    BACKEND_FILTERS,
    GRPC_MIRROR,
    HEADER_REGEX,
    NAMELESS,
    gateway_wishes,
    route_wishes,
    wishes,
)
from crossfade.routers.registered import KINDS
from crossfade.routers.split import Cookies, Names, Split

HTTP = KINDS["HTTPRoute"]
TRAEFIK_CLAIMS = frozenset(
    {
        "HTTPRoute",
        "GRPCRoute",
        "HTTPRouteQueryParamMatching",
        "HTTPRouteResponseHeaderModification",
        "TLSRoute",
    }
)
STICKY = wishes(Split(10, cookies=Cookies("crossfade-shop", "1-stable", "1-candidate")))
UNKNOWN = "example.org/controller"


def test_a_mirror_is_refused_on_traefik_by_what_it_claims_and_by_what_was_measured() -> None:
    sentence = (
        "Traefik (traefik.io/gateway-controller) cannot do HTTPRouteRequestMirror: "
        "it answers every request of such a rule with 500"
    )
    needed = HTTP.needed(wishes(Split(10, mirror=100)))
    assert lacking(TRAEFIK, TRAEFIK_CLAIMS, needed) == [sentence]
    assert lacking(TRAEFIK, None, needed) == [sentence]


def test_a_mirror_with_a_share_works_on_envoy_which_claims_nothing() -> None:
    assert lacking(ENVOY, None, HTTP.needed(wishes(Split(10, mirror=10)))) == []


@pytest.mark.parametrize("controller", [TRAEFIK, ENVOY])
def test_sticky_users_and_groups_work_on_the_proven_ones(controller: str) -> None:
    claims = TRAEFIK_CLAIMS if controller == TRAEFIK else None
    match = Match(header=Valued(name="x-group", regex="a|b"), query=Valued(name="try", exact="1"))
    assert lacking(controller, claims, HTTP.needed(STICKY)) == []
    assert lacking(controller, claims, HTTP.needed(wishes(Split(0), (match,)))) == []


def test_what_a_class_claims_is_believed_of_an_unknown_controller() -> None:
    needed = ("HTTPRouteRequestMirror", "HTTPRouteRequestTimeout")
    assert lacking(UNKNOWN, frozenset({"HTTPRouteRequestMirror"}), needed) == [
        (
            "the Gateway's controller example.org/controller cannot do HTTPRouteRequestTimeout: "
            "it is not among the supportedFeatures of its GatewayClass"
        )
    ]


def test_an_unknown_controller_is_believed_to_weigh_and_to_match_headers_only() -> None:
    plain = HTTP.needed(wishes(Split(10), (Match(header=Valued(name="x", exact="1")),)))
    assert lacking(UNKNOWN, None, plain) == []
    assert lacking(UNKNOWN, None, ("HTTPRouteQueryParamMatching",)) == [
        (
            "nobody knows whether the Gateway's controller example.org/controller can do HTTPRouteQueryParamMatching: "
            "its GatewayClass publishes no supportedFeatures; proven: Traefik, Envoy Gateway"
        )
    ]


@pytest.mark.parametrize("claims", [None, frozenset({BACKEND_FILTERS, HEADER_REGEX, "HTTPRoute"})])
def test_what_has_no_name_is_refused_of_an_unknown_controller_whatever_it_claims(
    claims: frozenset[str] | None,
) -> None:
    assert lacking(UNKNOWN, claims, (BACKEND_FILTERS,)) == [
        (
            "nobody knows whether the Gateway's controller example.org/controller can do filters of a backendRef: "
            "Gateway API has no name for it; proven: Traefik, Envoy Gateway"
        )
    ]


@pytest.mark.parametrize("kind", ["TLSRoute", "TCPRoute", "UDPRoute"])
def test_weights_of_connections_are_optional_so_they_must_be_claimed_or_proven(kind: str) -> None:
    needed = KINDS[kind].needed(("weights",))
    assert lacking(ENVOY, None, needed) == []
    assert lacking(UNKNOWN, frozenset({kind}), needed) == []
    assert len(lacking(UNKNOWN, None, needed)) == 1


def test_what_nobody_has_tried_on_a_proven_one_is_refused_too() -> None:
    assert lacking(ENVOY, None, KINDS["GRPCRoute"].needed(("mirror",))) == [
        "Envoy Gateway (gateway.envoyproxy.io/gatewayclass-controller) has not been proven to do "
        + GRPC_MIRROR
    ]


def test_a_feature_is_not_asked_for_where_no_wish_needs_it() -> None:
    assert HTTP.needed(wishes(Split(500))) == ("HTTPRoute",)
    assert HTTP.needed(wishes(Split(0, mirror=100))) == ("HTTPRoute", "HTTPRouteRequestMirror")


def test_a_mirror_beside_a_mirror_of_the_routes_own_is_one_more_wish() -> None:
    def route(*targets: str) -> dict[str, Any]:
        filters = [
            {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": each}}} for each in targets
        ]
        rule = {"backendRefs": [{"name": "shop", "port": 80}], "filters": filters}
        return {
            "kind": "HTTPRoute",
            "metadata": {"name": "shop", "namespace": "web"},
            "spec": {"rules": [rule]},
        }

    names = Names("shop", "shop-canary")
    assert route_wishes(route("watcher"), names, Split(0, mirror=10)) == ("second mirror",)
    assert route_wishes(route("watcher"), names, Split(10)) == ()
    assert route_wishes(route("shop-canary"), names, Split(0, mirror=10)) == ()
    assert HTTP.needed(("second mirror",)) == ("HTTPRouteRequestMultipleMirrors",)


def test_timeouts_of_an_own_route_are_wishes_too() -> None:
    parents = [ParentRef(name="traefik")]
    timeouts = Timeouts(request="10s", backend_request="5s")
    assert gateway_wishes(GatewaySpec(parent_refs=parents)) == ()
    wanted = gateway_wishes(GatewaySpec(parent_refs=parents, timeouts=timeouts))
    assert lacking(TRAEFIK, TRAEFIK_CLAIMS, HTTP.needed(wanted[:1])) == [
        "Traefik (traefik.io/gateway-controller) cannot do HTTPRouteRequestTimeout: it ignores them silently"
    ]


def test_nothing_is_both_proven_and_refused() -> None:
    for proven in PROVEN.values():
        assert not proven.can & set(proven.cannot)


def test_the_table_has_a_cell_for_every_wish_of_every_kind_and_controller() -> None:
    rows = {(row.kind, row.wish): row.can for row in table()}
    assert set(rows) == {(kind.name, wish) for kind in KINDS.values() for wish in kind.needs}
    assert rows["HTTPRoute", "mirror"] == {
        TRAEFIK: "no: it answers every request of such a rule with 500",
        ENVOY: "yes",
    }
    assert rows["HTTPRoute", "sticky"] == {TRAEFIK: "yes", ENVOY: "yes"}
    assert rows["TLSRoute", "weights"] == {TRAEFIK: "claimed, not tried", ENVOY: "yes"}
    assert rows["GRPCRoute", "mirror"] == {TRAEFIK: "no: it does not claim mirrors", ENVOY: "not proven"}
    assert rows["TCPRoute", "weights"] == {TRAEFIK: "no: it does not claim them", ENVOY: "yes"}


def test_every_feature_has_the_name_that_gateway_api_gives_it_or_none_there() -> None:
    for kind in KINDS.values():
        for feature in kind.needed(tuple(kind.needs)):
            assert feature in NAMELESS or feature.startswith(kind.name)
