"""Rules of a Rollout's spec about its route and its strategy together: what needs a route, and which kind of route."""

from collections.abc import Iterable
from typing import Any, Final

from crossfade.api.base import Rule
from crossfade.api.strategy import BlueGreen, Canary, CanaryStep
from crossfade.api.traffic import Match, Traffic

WRITE: Final = "write for example `traffic: {httpRoute: {name: shop}}`"
STEPS: Final = ("strategy", "canary", "steps")


def _member(name: str, asks: str) -> str:
    """Give the CEL of whether the strategy is `name` and asks for something."""
    return f"(has(self.strategy) && has(self.strategy.{name}) && {asks.replace('it.', f'self.strategy.{name}.')})"


def _some(holder: str, field: str) -> str:
    """Give the CEL of whether a list that may be absent has items."""
    return f"(has({holder}.{field}) && {holder}.{field}.size() > 0)"


def _route(*kinds: str) -> str:
    """Give the CEL of whether the traffic goes by a route of one of `kinds`."""
    return "has(self.traffic) && (" + " || ".join(f"has(self.traffic.{kind})" for kind in kinds) + ")"


def _by_http(holder: str, field: str) -> str:
    """Give the CEL of whether a list of matches that may be absent asks for what only HTTP has."""
    return f"(has({holder}.{field}) && {holder}.{field}.exists(match, has(match.cookie) || has(match.query)))"


PREVIEW: Final = f"({_some('it', 'previewMatch')} || {_some('it', 'previewHostnames')})"
ONLY_HTTP: Final = f"({_some('step', 'match')} || has(step.mirror))"
ONLY_WEIGHTS: Final = _route("tlsRoute", "tcpRoute", "udpRoute")
GRPC: Final = _route("grpcRoute")
HEADERS_ONLY: Final = "gRPC calls have headers only, no cookies and no query: write header instead"


def _canary(spec: Any) -> Canary | None:
    chosen: Canary | None = spec.strategy.canary
    return chosen


def _is_sticky(spec: Any) -> bool:
    canary = _canary(spec)
    return bool(canary and canary.sticky)


def _is_dynamic(spec: Any) -> bool:
    canary = _canary(spec)
    return bool(canary and canary.dynamic_stable)


def _steps(spec: Any) -> list[CanaryStep]:
    canary = _canary(spec)
    return canary.steps if canary else []


def _preview_matches(spec: Any) -> list[Match]:
    chosen: BlueGreen | None = spec.strategy.blue_green
    return chosen.preview_match if chosen else []


def _has_preview(spec: Any) -> bool:
    """Whether a blue/green shows its preview through the route."""
    chosen: BlueGreen | None = spec.strategy.blue_green
    return bool(chosen and (chosen.preview_match or chosen.preview_hostnames))


def _has_weights_only(traffic: Traffic | None) -> bool:
    return bool(traffic and (traffic.tls_route or traffic.tcp_route or traffic.udp_route))


def _is_grpc(traffic: Traffic | None) -> bool:
    return bool(traffic and traffic.grpc_route)


def _headers_only(matches: Iterable[Match]) -> bool:
    return not any(match.cookie or match.query for match in matches)


NEEDS_A_ROUTE: Final = (
    Rule(
        cel="!has(self.traffic) || has(self.service)",
        message="traffic needs service, whose requests the route shares: "
        "write for example `service: {ports: [{port: 80, targetPort: 8080}]}`",
        holds=lambda self: self.traffic is None or self.service is not None,
        field=("traffic",),
    ),
    Rule(
        cel="has(self.traffic) || !"
        + _member("canary", f"it.steps.exists(step, {ONLY_HTTP} || has(step.candidateReplicas))"),
        message=f"match, mirror and candidateReplicas need a route that shares the requests: {WRITE}",
        holds=lambda self: (
            bool(self.traffic)
            or not any(step.match or step.mirror or step.candidate_replicas for step in _steps(self))
        ),
        field=STEPS,
    ),
    Rule(
        cel="has(self.traffic) || !" + _member("canary", "it.sticky"),
        message=f"sticky needs a route that keeps users by a cookie: {WRITE}",
        holds=lambda self: bool(self.traffic) or not _is_sticky(self),
        field=("strategy", "canary", "sticky"),
    ),
    Rule(
        cel="has(self.traffic) || !" + _member("canary", "it.dynamicStable"),
        message="dynamicStable needs a route: without one the old pods become fewer anyway, since the share is that of "
        f"the pods: leave it out, or {WRITE}",
        holds=lambda self: bool(self.traffic) or not _is_dynamic(self),
        field=("strategy", "canary", "dynamicStable"),
    ),
    Rule(
        cel="has(self.traffic) || !" + _member("blueGreen", PREVIEW),
        message=f"previewMatch and previewHostnames need a route: {WRITE}",
        holds=lambda self: bool(self.traffic) or not _has_preview(self),
        field=("strategy", "blueGreen"),
    ),
)
"""What only a route can do."""

NEEDS_HTTP: Final = (
    Rule(
        cel=f"!({ONLY_WEIGHTS}) || !" + _member("canary", f"it.steps.exists(step, {ONLY_HTTP})"),
        message="tlsRoute, tcpRoute and udpRoute have weights only: leave match and mirror out, "
        "or share the requests by an httpRoute",
        holds=lambda self: (
            not _has_weights_only(self.traffic) or not any(step.match or step.mirror for step in _steps(self))
        ),
        field=STEPS,
    ),
    Rule(
        cel=f"!({_route('tlsRoute', 'tcpRoute', 'udpRoute', 'grpcRoute')}) || !"
        + _member("canary", "it.sticky"),
        message="only clients over HTTP keep cookies: leave sticky out, or share the requests by an httpRoute",
        holds=lambda self: (
            not (_has_weights_only(self.traffic) or _is_grpc(self.traffic)) or not _is_sticky(self)
        ),
        field=("strategy", "canary", "sticky"),
    ),
    Rule(
        cel=f"!({ONLY_WEIGHTS}) || !" + _member("blueGreen", PREVIEW),
        message="tlsRoute, tcpRoute and udpRoute have weights only: leave previewMatch and previewHostnames out, "
        "or share the requests by an httpRoute",
        holds=lambda self: not _has_weights_only(self.traffic) or not _has_preview(self),
        field=("strategy", "blueGreen"),
    ),
    Rule(
        cel=f"!({GRPC}) || !" + _member("canary", f"it.steps.exists(step, {_by_http('step', 'match')})"),
        message=HEADERS_ONLY,
        holds=lambda self: (
            not _is_grpc(self.traffic) or all(_headers_only(step.match) for step in _steps(self))
        ),
        field=STEPS,
    ),
    Rule(
        cel=f"!({GRPC}) || !" + _member("blueGreen", _by_http("it", "previewMatch")),
        message=HEADERS_ONLY,
        holds=lambda self: not _is_grpc(self.traffic) or _headers_only(_preview_matches(self)),
        field=("strategy", "blueGreen", "previewMatch"),
    ),
)
"""What only some kinds of route can do."""
