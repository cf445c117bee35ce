"""Reads who carries a route out: a Gateway, its class, and what that claims to support."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import Protocol

from crossfade.cluster import ApiError
from crossfade.controller.seen import gateway_of
from crossfade.controller.store import Raw
from crossfade.core.observed import SeenGateway, SeenRoute


class Gets(Protocol):
    """The part of a Cluster that this needs."""

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""


async def read(gets: Gets, places: Collection[str], routes: Collection[SeenRoute]) -> dict[str, SeenGateway]:
    """By `namespace/name`, each Gateway. Of one that this process may not read, `routes` tell who carries it out."""
    return {place: await _gateway(gets, place, routes) for place in sorted(places)}


async def _gateway(gets: Gets, place: str, routes: Collection[SeenRoute]) -> SeenGateway:
    namespace, _, name = place.partition("/")
    try:
        gateway = await gets.get("Gateway", namespace, name)
        if gateway is None:
            told = f"there is no Gateway {place}: create it, or name another in the route's parentRefs"
            return SeenGateway(place, missing=told)
        named = (gateway.get("spec") or {}).get("gatewayClassName", "")
        found = await gets.get("GatewayClass", None, named)
    except ApiError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return SeenGateway(place, controller=next(_controllers(place, routes), ""))
        raise
    if found is None:
        told = f"Gateway {place} is of GatewayClass {named}, and there is none of that name: install its controller"
        return SeenGateway(place, missing=told)
    return gateway_of(place, found)


def _controllers(place: str, routes: Collection[SeenRoute]) -> Iterator[str]:
    """Who has written a status for that Gateway: an operator of one namespace may read no class, and no Gateway elsewhere."""
    for route in routes:
        home = route.manifest["metadata"].get("namespace", "")
        for parent in (route.manifest.get("status") or {}).get("parents") or ():
            ref = parent.get("parentRef") or {}
            if f"{ref.get('namespace') or home}/{ref.get('name')}" == place:
                yield parent.get("controllerName", "")
