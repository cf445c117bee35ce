"""The route that sends requests to the Service that is taken over: what a converted Rollout moves them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossfade.api.bounds import ROUTE_MEMBERS
from crossfade.routers.rules import problem
from crossfade.routers.split import Names, canary_of
from crossfade.view.routes import MOVING

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """`traffic`: as in a Rollout's spec, None where requests are not to be moved by a route. `warnings` say why, or how."""

    traffic: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()


def traffic_of(service: Object | None, routes: Sequence[Object], strategy: str) -> Found:
    """Give the one route that sends requests to the Service and can be divided, where the strategy moves by one."""
    name = service["metadata"]["name"] if service is not None else ""
    named = [each for each in routes if name and _names(each, name)]
    if strategy not in MOVING or not named:
        return Found()
    wrong = tuple(_wrong(named, name))
    good = [each for each in named if not _problem(each, name)]
    if len(good) != 1:
        return Found(None, (*wrong, *_several(good, name)))
    kind, chosen = good[0]["kind"], good[0]["metadata"]["name"]
    member = next(member for member, each in ROUTE_MEMBERS.items() if each == kind)
    told = (
        f"{kind} {chosen} sends requests to Service {name}: the Rollout moves them by its weights, which it gives back after "
        "each release. Leave traffic out to move them by the pods or by the Service's selector."
    )
    return Found({member: {"name": chosen}}, (*wrong, told))


def _names(route: Object, service: str) -> bool:
    rules = (route.get("spec") or {}).get("rules") or ()
    return any(ref.get("name") == service for rule in rules for ref in rule.get("backendRefs") or ())


def _problem(route: Object, service: str) -> str:
    return problem(route, Names(stable=service, candidate=canary_of(service)))


def _wrong(routes: Sequence[Object], service: str) -> Iterator[str]:
    for route in routes:
        if told := _problem(route, service):
            yield f"The Rollout moves no requests by {route['kind']} {route['metadata']['name']}: {told}."


def _several(routes: Sequence[Object], service: str) -> Iterator[str]:
    if routes:
        names = ", ".join(f"{each['kind']} {each['metadata']['name']}" for each in routes)
        yield (
            f"{names} send requests to Service {service}, and a Rollout moves them by one: write for example `traffic: "
            f"{{httpRoute: {{name: {routes[0]['metadata']['name']}}}}}`, or leave it out."
        )
