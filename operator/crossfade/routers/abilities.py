"""Which controller can do what: from what it claims, and from a table of those that were proven where it claims nothing.

`status.supportedFeatures` of a GatewayClass is believed, in both directions: Traefik rightly leaves out RequestMirror (it answers
every request of such a rule with 500 while the route is Accepted). What has no feature name, only the table knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crossfade.routers.kinds import (
    BACKEND_FILTERS,
    GRPC_MIRROR,
    HEADER_REGEX,
    NAMELESS,
    QUERY_REGEX,
    RouteKind,
    Wish,
)
from crossfade.routers.registered import KINDS

CORE: Final = frozenset({"HTTPRoute", "GRPCRoute"})
"""Weights and exact header matches of these kinds are core: who accepts such a route at all must carry them. Weights of the
others are optional ("extended") in the specification."""


@dataclass(frozen=True)
class Proven:
    """A controller that was tried. `can`: what it does, seen, or passed in its published conformance report.

    `cannot`: what it does not do, and what happens then. `claimed`: what its class claims and nobody here has tried.
    """

    name: str
    version: str
    can: frozenset[str]
    cannot: Mapping[str, str]
    claimed: frozenset[str] = frozenset()


TRAEFIK: Final = "traefik.io/gateway-controller"
ENVOY: Final = "gateway.envoyproxy.io/gatewayclass-controller"

PROVEN: Final[Mapping[str, Proven]] = {
    TRAEFIK: Proven(
        "Traefik",
        "3.7.15",
        frozenset(
            {
                "HTTPRoute",
                "GRPCRoute",
                "HTTPRouteQueryParamMatching",
                "HTTPRouteResponseHeaderModification",
                BACKEND_FILTERS,
                HEADER_REGEX,
                QUERY_REGEX,
            }
        ),
        {
            "HTTPRouteRequestMirror": "it answers every request of such a rule with 500",
            "HTTPRouteRequestPercentageMirror": "it answers every request of such a rule with 500",
            "HTTPRouteRequestMultipleMirrors": "it answers every request of such a rule with 500",
            "HTTPRouteRequestTimeout": "it ignores them silently",
            "HTTPRouteBackendTimeout": "it does not claim them",
            "TCPRoute": "it does not claim them",
            "UDPRoute": "it does not claim them",
            GRPC_MIRROR: "it does not claim mirrors",
        },
        frozenset({"TLSRoute"}),
    ),
    ENVOY: Proven(
        "Envoy Gateway",
        "1.9.1",
        frozenset(
            {
                "HTTPRoute",
                "GRPCRoute",
                "TLSRoute",
                "TCPRoute",
                "UDPRoute",
                "HTTPRouteQueryParamMatching",
                "HTTPRouteResponseHeaderModification",
                "HTTPRouteRequestMirror",
                "HTTPRouteRequestPercentageMirror",
                "HTTPRouteRequestMultipleMirrors",
                "HTTPRouteRequestTimeout",
                "HTTPRouteBackendTimeout",
                BACKEND_FILTERS,
                HEADER_REGEX,
                QUERY_REGEX,
            }
        ),
        {},
    ),
}


def lacking(controller: str, features: frozenset[str] | None, needed: Sequence[str]) -> list[str]:
    """Give a sentence for each feature that this controller does not have, or of which nobody knows.

    `features`: what its GatewayClass claims; None where it publishes no list.
    """
    return [_sentence(controller, features, each) for each in needed if not _has(controller, features, each)]


def _has(controller: str, features: frozenset[str] | None, feature: str) -> bool:
    if features is not None and feature not in NAMELESS:
        return feature in features
    proven = PROVEN.get(controller)
    return feature in proven.can if proven else feature in CORE


def _sentence(controller: str, features: frozenset[str] | None, feature: str) -> str:
    proven = PROVEN.get(controller)
    who = f"{proven.name} ({controller})" if proven else f"the Gateway's controller {controller}"
    if proven and feature in proven.cannot:
        return f"{who} cannot do {feature}: {proven.cannot[feature]}"
    if features is not None and feature not in NAMELESS:
        return f"{who} cannot do {feature}: it is not among the supportedFeatures of its GatewayClass"
    if proven:
        return f"{who} has not been proven to do {feature}"
    why = (
        "Gateway API has no name for it"
        if feature in NAMELESS
        else "its GatewayClass publishes no supportedFeatures"
    )
    known = ", ".join(each.name for each in PROVEN.values() if feature in each.can)
    return f"nobody knows whether {who} can do {feature}: {why}" + (f"; proven: {known}" if known else "")


@dataclass(frozen=True)
class Row:
    """One line of the page "which router can what": by controller's name "yes", or why not."""

    kind: str
    wish: Wish
    needs: tuple[str, ...]
    can: Mapping[str, str]


def table() -> list[Row]:
    """Give what each proven controller can do of each wish, for every kind of route."""
    return [
        Row(kind.name, wish, kind.needs[wish], {each: _cell(each, kind, wish) for each in PROVEN})
        for kind in KINDS.values()
        for wish in kind.needs
    ]


def _cell(controller: str, kind: RouteKind, wish: Wish) -> str:
    proven = PROVEN[controller]
    missing = [each for each in kind.needed([wish]) if each not in proven.can]
    if not missing:
        return "yes"
    if missing[0] in proven.cannot:
        return f"no: {proven.cannot[missing[0]]}"
    return "claimed, not tried" if set(missing) <= proven.claimed else "not proven"
