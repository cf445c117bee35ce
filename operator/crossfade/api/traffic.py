"""How requests are shared by a route, as a user writes it."""

import re
from typing import Annotated, Any, Final

from pydantic import Field

from crossfade.api.base import Model, Rule
from crossfade.api.bounds import ROUTE_MEMBERS, RouteKind

OBJECT_NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
HOSTNAME: Final = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
DURATION: Final = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
HEADER_NAME: Final = r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$"

Hostname = Annotated[str, Field(min_length=1, max_length=253, pattern=HOSTNAME)]
ObjectName = Annotated[str, Field(min_length=1, max_length=253, pattern=OBJECT_NAME)]
SectionName = Annotated[str, Field(min_length=1, max_length=253, pattern=OBJECT_NAME)]
GatewayDuration = Annotated[str, Field(max_length=28, pattern=DURATION)]

OfARoute = Annotated[dict[str, Any], Field(max_length=16)]
"""A part of a route's rule as Gateway API has it: the API server checks it when the route is made."""

_PLAIN: Final = re.compile(r"\\[^1-9]|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_NOT_IN_RE2: Final = re.compile(r"\(\?(?:<?[=!]|P=|>|\()|\\[1-9]")
"""What looks around or back, once escapes and character classes are gone."""

_ONLY_RE2: Final = ("bad escape", "unknown extension", "global flags")
"""What Python refuses and RE2 may take, as `\\pL`, `(?U)` and flags in the middle."""


def is_regular(expression: str | None) -> bool:
    """Whether routers can take it as a regular expression (RE2), as far as Python can tell: in doubt it is."""
    if expression is None:
        return True
    try:
        re.compile(expression)
    except re.error as error:
        return error.msg.startswith(_ONLY_RE2)
    return not _NOT_IN_RE2.search(_PLAIN.sub("", expression))


class Valued(Model):
    """A header, a cookie or a query parameter, and the value that it must have: exactly one of `exact` and `regex`."""

    rules = (
        Rule(
            cel="has(self.exact) != has(self.regex)",
            message="say which value: either exact or regex, for example {name: x-group, exact: beta}",
            holds=lambda self: (self.exact is None) != (self.regex is None),
        ),
        Rule(
            # It is evaluated so that the API server compiles it; a router drops such a rule without a word. Not with
            # `|| true`, which swallows the error. An error of CEL is shown without the rule's fieldPath.
            cel="!has(self.regex) || string(''.matches(self.regex)) != ''",
            message="write a regular expression in RE2 syntax, without look-around, for example beta|gamma",
            holds=lambda self: is_regular(self.regex),
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=256, pattern=HEADER_NAME)]
    """Its name, at most 256 characters. A header's name is compared without regard to case, the others exactly.
    Example: `x-group`."""

    exact: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The value, at most 1024 characters. Excludes `regex`. Example: `beta`."""

    regex: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """A regular expression (RE2) that the whole value must match, at most 1024 characters. Excludes `exact`. Example:
    `beta|gamma`."""


class Match(Model):
    """Requests that meet the new revision whatever the weight is: all that is named must be so."""

    rules = (
        Rule(
            cel="has(self.header) || has(self.cookie) || has(self.query)",
            message="say what requests must have: a header, a cookie or a query parameter, "
            "for example {header: {name: x-group, exact: beta}}",
            holds=lambda self: any((self.header, self.cookie, self.query)),
        ),
    )

    header: Valued | None = None
    """A header that the request must have. Example: `{name: x-group, exact: beta}`."""

    cookie: Valued | None = None
    """A cookie that the request must have. Not with `grpcRoute`. Example: `{name: group, exact: beta}`."""

    query: Valued | None = None
    """A parameter that the request's URL must have. Not with `grpcRoute`. Example: `{name: group, exact: beta}`."""


Matches = Annotated[list[Match], Field(max_length=8)]


class RouteRef(Model):
    """A route that you or Git own: the operator changes weights of its rules, and gives them back."""

    name: ObjectName
    """Name of the route, in the namespace of the Rollout. Example: `shop`."""

    rule: SectionName | None = None
    """Name of the rule to split. Default: every rule that has the Rollout's Service among its backendRefs. Example:
    `main`."""


class ParentRef(Model):
    """The Gateway that a route belongs to, and the listener where it matters."""

    name: ObjectName
    """Name of the Gateway. Example: `public`."""

    namespace: Annotated[str, Field(min_length=1, max_length=63, pattern=LABEL)] | None = None
    """Its namespace. Default: that of the Rollout. Its listener must allow routes from there. Example: `gateways`."""

    section_name: SectionName | None = None
    """Name of the listener. Default: every listener that takes the route. Example: `https`."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port of the listener, 1 to 65535. Default: every port. Example: `443`."""


class Timeouts(Model):
    """Times after which the router gives up, as Gateway API writes them: digits and `h`, `m`, `s` or `ms`."""

    request: GatewayDuration | None = None
    """For the whole answer. Default: the controller's own. `0s` means never. Example: `10s`."""

    backend_request: GatewayDuration | None = None
    """For each try at a pod, not above `request`. Default: the controller's own. Example: `2s`."""


class GatewaySpec(Model):
    """A route that the operator makes and owns, named like the Service: Git never sees its weights change."""

    parent_refs: Annotated[list[ParentRef], Field(min_length=1, max_length=32)]
    """The Gateways that serve it, 1 to 32. Example: `[{name: public, namespace: gateways}]`."""

    hostnames: Annotated[list[Hostname], Field(max_length=16)] = Field(default_factory=list)
    """Hostnames of the requests, at most 16. Default: those of the listeners. Example: `[shop.example]`."""

    matches: Annotated[list[OfARoute], Field(max_length=64)] = Field(default_factory=list)
    """Which requests, as `matches` of a rule of an HTTPRoute, at most 64; one of them is enough. Default: all. Example:
    `[{path: {type: PathPrefix, value: /shop}}]`."""

    filters: Annotated[list[OfARoute], Field(max_length=16)] = Field(default_factory=list)
    """What is done to requests and answers, as `filters` of a rule of an HTTPRoute, at most 16. Default: nothing. Example:
    `[{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x-internal]}}]`."""

    timeouts: Timeouts | None = None
    """Times after which the router gives up. Default: the controller's own. Not every controller has them. Example:
    `{request: 10s}`."""


class Traffic(Model):
    """How requests are shared: by the weights of a route. Exactly one member."""

    rules = (
        Rule(
            cel="[has(self.httpRoute), has(self.grpcRoute), has(self.tlsRoute), has(self.tcpRoute), "
            "has(self.udpRoute), has(self.gateway)].filter(chosen, chosen).size() == 1",
            message="choose exactly one of httpRoute, grpcRoute, tlsRoute, tcpRoute, udpRoute and gateway, "
            "for example `httpRoute: {name: shop}`",
            holds=lambda self: sum(each is not None for each in self.members()) == 1,
        ),
    )

    http_route: RouteRef | None = None
    """An HTTPRoute that you or Git own. Only the share of the Rollout's Service is split; other backends, filters and
    matches stay, and the original numbers come back. Example: `{name: shop}`."""

    grpc_route: RouteRef | None = None
    """A GRPCRoute that you or Git own. Groups of requests can be told by headers only. Example: `{name: shop}`."""

    tls_route: RouteRef | None = None
    """A TLSRoute that you or Git own, for TLS that the pods end themselves. It has weights only: no `match`, no
    `mirror`, no `sticky`. Shares are shares of connections. Example: `{name: shop}`."""

    tcp_route: RouteRef | None = None
    """A TCPRoute that you or Git own. It has weights only, and shares are shares of connections. Example: `{name: db}`."""

    udp_route: RouteRef | None = None
    """A UDPRoute that you or Git own. It has weights only, and shares are shares of flows, as the controller takes
    them. Example: `{name: dns}`."""

    gateway: GatewaySpec | None = None
    """An HTTPRoute that the operator makes and owns. Example: `{parentRefs: [{name: public}], hostnames:
    [shop.example]}`."""

    def members(self) -> tuple[Model | None, ...]:
        """Give all members, set or not."""
        return (*self._refs(), self.gateway)

    def _refs(self) -> tuple[RouteRef | None, ...]:
        """Give those of `ROUTE_MEMBERS`, in that order."""
        return self.http_route, self.grpc_route, self.tls_route, self.tcp_route, self.udp_route

    def named(self) -> tuple[RouteKind, RouteRef] | None:
        """Give the kind of the route that somebody else owns and what names it; None with `gateway`."""
        refs = zip(ROUTE_MEMBERS.values(), self._refs(), strict=True)
        return next(((kind, ref) for kind, ref in refs if ref is not None), None)
