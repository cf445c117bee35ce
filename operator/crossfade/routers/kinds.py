"""The kinds of route: which wishes each can carry, and which features of its controller each wish needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from crossfade.api.traffic import GatewaySpec, Match
from crossfade.routers.memo import bare, touched
from crossfade.routers.refs import MIRROR, namespace_of, rules_of
from crossfade.routers.split import Names, Object, Split

Wish = Literal[
    "weights",
    "mirror",
    "mirror share",
    "second mirror",
    "sticky",
    "header match",
    "header regex match",
    "cookie match",
    "query match",
    "query regex match",
    "request timeout",
    "backend timeout",
]

BACKEND_FILTERS: Final = "filters of a backendRef"
HEADER_REGEX: Final = "regular expressions in header matches"
QUERY_REGEX: Final = "regular expressions in query matches"
GRPC_MIRROR: Final = "RequestMirror in a GRPCRoute"
NAMELESS: Final = frozenset({BACKEND_FILTERS, HEADER_REGEX, QUERY_REGEX, GRPC_MIRROR})
"""What Gateway API leaves to the implementation, or lets it do, without a name in `supportedFeatures`."""


@dataclass(frozen=True)
class RouteKind:
    """A kind of route. `plural`: as in its URL. `version`: the one that the standard channel serves.

    `needs`: the features that each wish needs; a wish that is not there cannot be carried, and `instead` says what can.
    """

    name: str
    plural: str
    needs: Mapping[Wish, tuple[str, ...]]
    instead: str
    version: str = "v1"

    def unable(self, split: Split, matches: Sequence[Match] = ()) -> str:
        """Say what of this a route of this kind cannot carry, in one sentence; "" where it can carry all."""
        missing = [field_of(wish) for wish in wishes(split, matches) if wish not in self.needs]
        if not missing:
            return ""
        return f"a {self.name} cannot carry {', '.join(dict.fromkeys(missing))}: {self.instead}"

    def needed(self, wanted: Sequence[Wish]) -> tuple[str, ...]:
        """Give the features that the wishes need, each once."""
        return tuple(dict.fromkeys(feature for wish in wanted for feature in self.needs.get(wish, ())))


def wishes(split: Split, matches: Sequence[Match] = ()) -> tuple[Wish, ...]:
    """Give what is wished of a route, each once."""
    found: list[Wish] = ["weights"]
    if split.mirror:
        found.append("mirror")
    if split.mirror not in (0, 100):
        found.append("mirror share")
    if split.cookies:
        found.append("sticky")
    for match in matches:
        if match.header:
            found.append("header match" if match.header.regex is None else "header regex match")
        if match.cookie:
            found.append("cookie match")
        if match.query:
            found.append("query match" if match.query.regex is None else "query regex match")
    return tuple(dict.fromkeys(found))


def route_wishes(route: Object, names: Names, split: Split) -> tuple[Wish, ...]:
    """Give what the split wishes because of what the route's rules have already: a mirror beside another one."""
    namespace, rules = namespace_of(route), rules_of(route)
    others = [
        each
        for index in touched(route, names)
        for each in bare(rules[index], names, namespace).get("filters", [])
        if each.get("type") == MIRROR
    ]
    return ("second mirror",) if split.mirror and others else ()


def gateway_wishes(gateway: GatewaySpec) -> tuple[Wish, ...]:
    """Give what the route of a Rollout with `gateway` wishes beside its split."""
    timeouts = gateway.timeouts
    found: list[Wish] = []
    if timeouts and timeouts.request:
        found.append("request timeout")
    if timeouts and timeouts.backend_request:
        found.append("backend timeout")
    return tuple(found)


def field_of(wish: Wish) -> str:
    """Give the words of a step that a wish was said in."""
    return {
        "mirror": "mirror",
        "mirror share": "mirror",
        "second mirror": "mirror beside a mirror of the route's own",
        "header match": "match by header",
        "header regex match": "match by header",
        "cookie match": "match by cookie",
        "query match": "match by query parameter",
        "query regex match": "match by query parameter",
    }.get(wish, wish)
