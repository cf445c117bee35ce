"""How requests are shared by a route, as a user writes it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from crossfade.api.base import Model, Rule

OBJECT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"

RouteKind = Literal["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"]


class Valued(Model):
    """A header, cookie or query parameter and the value that it must have; exactly one of `exact` and `regex`."""

    rules = (
        Rule(
            cel="has(self.exact) != has(self.regex)",
            message="say which value: either exact or regex, for example {name: x-group, exact: beta}",
            holds=lambda self: (self.exact is None) != (self.regex is None),
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$")]
    """Its name. Example: `x-group`."""

    exact: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The value. Example: `beta`."""

    regex: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """A regular expression that the whole value must match (RE2). Example: `beta|gamma`."""


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
    cookie: Valued | None = None
    query: Valued | None = None


class RouteRef(Model):
    """A route that you or Git own: the operator changes weights of its rules, and gives them back."""

    name: Annotated[str, Field(min_length=1, max_length=253, pattern=OBJECT_NAME)]
    """Name of the route, in the namespace of the Rollout. Example: `shop`."""

    rule: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Name of the rule to split. Default: every rule that has the Rollout's Service among its backendRefs."""


class ParentRef(Model):
    """The Gateway that a route belongs to."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    namespace: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    section_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class Timeouts(Model):
    """Times after which the router gives up, as Gateway API durations."""

    request: Annotated[str, Field(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")] | None = None
    backend_request: Annotated[str, Field(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")] | None = None


class GatewaySpec(Model):
    """A route that the operator makes and owns, named like the Service."""

    parent_refs: Annotated[list[ParentRef], Field(min_length=1, max_length=32)]
    hostnames: Annotated[list[str], Field(max_length=16)] = Field(default_factory=list)
    matches: Annotated[list[dict[str, Any]], Field(max_length=64)] = Field(default_factory=list)
    filters: Annotated[list[dict[str, Any]], Field(max_length=16)] = Field(default_factory=list)
    timeouts: Timeouts | None = None


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
    grpc_route: RouteRef | None = None
    tls_route: RouteRef | None = None
    tcp_route: RouteRef | None = None
    udp_route: RouteRef | None = None
    gateway: GatewaySpec | None = None

    def members(self) -> tuple[Model | None, ...]:
        """Give all members, set or not."""
        return (
            self.http_route,
            self.grpc_route,
            self.tls_route,
            self.tcp_route,
            self.udp_route,
            self.gateway,
        )

    def named(self) -> tuple[RouteKind, RouteRef] | None:
        """Give the kind of the route that somebody else owns and what names it; None with `gateway`."""
        refs: dict[RouteKind, RouteRef | None] = {
            "HTTPRoute": self.http_route,
            "GRPCRoute": self.grpc_route,
            "TLSRoute": self.tls_route,
            "TCPRoute": self.tcp_route,
            "UDPRoute": self.udp_route,
        }
        return next(((kind, ref) for kind, ref in refs.items() if ref is not None), None)
