"""What is in the way of moving requests by a route, told before a Rollout is applied: the route, its Gateway, who else uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossfade.api.rollout import Rollout
from crossfade.core.abilities import features_asked, splits_asked
from crossfade.core.compile import compiled
from crossfade.core.observed import SeenGateway
from crossfade.routers.abilities import lacking
from crossfade.routers.acceptance import acceptance
from crossfade.routers.refs import gateways_of
from crossfade.routers.rules import problem
from crossfade.routers.split import Names, Split, canary_of
from crossfade.view.nearness import service_name
from crossfade.view.plain import plain
from crossfade.view.routes import RouteName, route_of, routed_by

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Around:
    """What there is around a Rollout in `namespace`.

    `route`: the one that it names, or that has the name of the one that is to be made. `applied`: it is the cluster's, and not
    one of a file, so that its status counts. `gateways`: by `namespace/name`. `others`: the Rollouts of the namespace.
    """

    namespace: str
    route: Object | None = None
    applied: bool = True
    gateways: Mapping[str, SeenGateway] = field(default_factory=dict)
    others: Sequence[Object] = ()


def obstacles(rollout: Rollout, around: Around) -> Iterator[str]:
    """Give each obstacle as a sentence with what to do about it; none where nothing is moved by a route."""
    wire = rollout.to_wire()
    named = routed_by(wire)
    if named is None:
        return
    service, stages = service_name(wire), compiled(rollout.spec)
    names = Names(stable=service, candidate=canary_of(service), rule=named.rule)
    yield from _of_route(named, names, around, splits_asked(rollout.spec, stages))
    yield from _claimed(rollout.metadata.name, named, around.others)
    there = None if named.owned else around.route
    needed = features_asked(named.kind, rollout.spec, stages, there, names)
    for gateway in around.gateways.values():
        if gateway.missing:
            yield f"{_sentence(gateway.missing)}."
        else:
            yield from (
                f"{_sentence(said)}." for said in lacking(gateway.controller, gateway.features, needed)
            )


def parents(rollout: Rollout, route: Object | None, namespace: str) -> list[str]:
    """Give the Gateways that carry the requests out, as `namespace/name`: those of the route, or those of `gateway`."""
    gateway = rollout.spec.traffic.gateway if rollout.spec.traffic else None
    if gateway is not None:
        return [f"{ref.namespace or namespace}/{ref.name}" for ref in gateway.parent_refs]
    return gateways_of(route or {}, namespace)


def _of_route(named: RouteName, names: Names, around: Around, splits: Sequence[Split]) -> Iterator[str]:
    route = around.route
    if named.owned:
        if route is not None and not _is_ours(route):
            yield (
                f"{named} exists and is somebody else's: name it in traffic.httpRoute, or give the Service another name."
            )
        return
    if route is None:
        yield (
            f"There is no {named} in namespace {around.namespace}: the release waits until there is. Create it with "
            f"Service {names.stable} among its backendRefs, or name another."
        )
        return
    told = dict.fromkeys(filter(None, (problem(route, names, split) for split in splits)))
    yield from (f"{_sentence(each)}." for each in told)
    if not told and around.applied and (why := acceptance(route).why):
        yield f"{_sentence(why)}."


def _is_ours(route: Object) -> bool:
    owners = (route.get("metadata") or {}).get("ownerReferences") or ()
    return any(str(each.get("apiVersion", "")).startswith("crossfade.dev/") for each in owners)


def _claimed(name: str, named: RouteName, others: Sequence[Object]) -> Iterator[str]:
    for other in others:
        theirs = route_of(other)
        if theirs is None or str(theirs) != str(named) or other["metadata"]["name"] == name:
            continue
        if theirs.rule == named.rule or not (theirs.rule and named.rule):
            rule = f"rule {named.rule} of {named}" if named.rule else str(named)
            yield (
                f"Rollout {other['metadata']['name']} names {rule} too: the older one of the two splits it, the other is "
                "Invalid. Name another rule or route."
            )


def _sentence(words: str) -> str:
    """Begin and end it as one, without what terminals act upon: half of it is others' words."""
    said = plain(words)
    return f"{said[:1].upper()}{said[1:]}".rstrip(".")
