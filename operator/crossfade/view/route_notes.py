"""What a route means for clients while a release is under way: neither a cost nor a worry, but good to know before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossfade.api.rollout import Rollout, RolloutSpec
from crossfade.api.traffic import Match, Valued
from crossfade.core.stages import Stage
from crossfade.routers.refs import cookie_name
from crossfade.view.nearness import service_name
from crossfade.view.routes import RouteName, routed_by

BY_CONNECTION = frozenset({"TLSRoute", "TCPRoute", "UDPRoute"})
"""Routes that share connections and not requests."""


def notes(rollout: Rollout, plan: Sequence[Stage]) -> Iterator[str]:
    """Give each note as a sentence; none where nothing is moved by a route."""
    wire = rollout.to_wire()
    route = routed_by(wire)
    if route is None or not plan:
        return
    service = service_name(wire)
    yield _what_is_split(route, service, rollout.spec)
    yield from _groups(plan)
    yield from _sticky(rollout)
    yield _inside(service)
    yield _connections(route, rollout.spec)
    yield from _capacity(rollout.spec)


def _what_is_split(route: RouteName, service: str, spec: RolloutSpec) -> str:
    made = ", which the operator makes" if route.owned else ""
    whose = f"rule {route.rule}" if route.rule else f"every rule that names Service {service}"
    where = f"{route}{made}" if route.owned else f"{route} ({whose})"
    if spec.strategy.canary is None:
        return f"All requests move at once, by one write of {where}."
    where += "," if route.owned else ""
    what = (
        "flows" if route.kind == "UDPRoute" else "connections" if route.kind in BY_CONNECTION else "requests"
    )
    return f"{where} shares the {what} exactly by its weights, however many pods there are."


def _groups(plan: Sequence[Stage]) -> Iterator[str]:
    for stage in plan:
        if stage.matches:
            who = "; or ".join(map(_said, stage.matches))
            yield f"'{stage.name}': whatever the weight is, the new revision gets all requests with {who}."


def _said(match: Match) -> str:
    parts = {"header": match.header, "cookie": match.cookie, "query parameter": match.query}
    return " and ".join(f"{what} {_value(valued)}" for what, valued in parts.items() if valued)


def _value(valued: Valued) -> str:
    return (
        f"{valued.name}: {valued.exact}" if valued.regex is None else f"{valued.name} matching {valued.regex}"
    )


def _sticky(rollout: Rollout) -> Iterator[str]:
    canary = rollout.spec.strategy.canary
    if canary is not None and canary.sticky:
        yield (
            f"Cookie {cookie_name(rollout.metadata.name)} keeps a user on the revision first met, until the release ends. "
            "Clients that keep no cookies are shared anew at each request."
        )


def _inside(service: str) -> str:
    return (
        f"Clients inside the cluster that call Service {service} itself do not pass the route: they meet the old revision "
        "until the bake ends, and then the new one."
    )


def _connections(route: RouteName, spec: RolloutSpec) -> str:
    """How long a connection may live: to the end of its pod's drain."""
    if spec.drain_seconds:
        end = f"and {spec.drain_seconds} s (drainSeconds) later the connection ends"
    else:
        end = "and its containers are stopped at once, and the connection ends"
    if route.kind == "UDPRoute":
        which = "A flow that is open while the weight changes may lose an answer; else it stays with its pod."
    elif route.kind in BY_CONNECTION:
        which = "An open connection stays with its pod: only new ones are shared."
    else:
        which = (
            "Requests on an open HTTP/1.1 or HTTP/2 connection move with the others. A WebSocket or another long stream "
            "stays with its pod."
        )
    return (
        f"{which} That pod is told to stop after the bake (an old one) or after an abort (a new one), {end}: "
        "clients must connect again."
    )


def _capacity(spec: RolloutSpec) -> Iterator[str]:
    canary = spec.strategy.canary
    if canary is None:
        return
    if canary.dynamic_stable:
        yield (
            "The old pods become fewer as requests leave them (dynamicStable), so a way back waits until enough of them "
            "are there again."
        )
    else:
        yield (
            f"All {spec.replicas} old pods stay until the bake ends, so that the way back needs none; `dynamicStable: true` "
            "takes less room."
        )
