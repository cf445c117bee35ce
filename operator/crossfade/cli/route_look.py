"""Reads what is around the routes of a plan, where a cluster answers: the route, its Gateways, their classes."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossfade.api.rollout import Rollout
from crossfade.cli import connection
from crossfade.cli.connection import Api, Raw, readable
from crossfade.cli.manifests import Manifests
from crossfade.core.observed import SeenGateway
from crossfade.view.forecast import Forecast
from crossfade.view.obstacles import Around, obstacles, parents
from crossfade.view.routes import routed_by
from crossfade.wire.errors import ApiError

LOOK_S = 5.0
"""Seconds that a plan waits for a cluster: it is to be had without one."""


async def looked(
    options: argparse.Namespace, found: Manifests, forecasts: Sequence[Forecast]
) -> list[Forecast]:
    """Give the forecasts with what is in the way, or with why nobody knows."""
    try:
        async with asyncio.timeout(LOOK_S), connection.connected(options) as cluster:
            at_hand = options.namespace or cluster.namespace
            return [
                await _looked(cluster, rollout, found, forecast, at_hand)
                for rollout, forecast in zip(found.rollouts, forecasts, strict=True)
            ]
    except TimeoutError:
        return [replace(each, unseen=f"no cluster answered within {LOOK_S:g} s") for each in forecasts]
    except ApiError as error:
        return [replace(each, unseen=error.message) for each in forecasts]


async def _looked(
    cluster: Api, rollout: Rollout, found: Manifests, forecast: Forecast, at_hand: str
) -> Forecast:
    named = routed_by(rollout.to_wire())
    if named is None:
        return forecast
    namespace = rollout.metadata.namespace or at_hand
    written = found.route_of(rollout, named.kind, named.name)
    route = written or await cluster.get(named.kind, namespace, named.name)
    around = Around(
        namespace=namespace,
        route=route,
        applied=written is None,
        gateways={place: await _gateway(cluster, place) for place in parents(rollout, route, namespace)},
        others=await readable(cluster.list("Rollout", namespace)) or (),
    )
    return replace(forecast, obstacles=tuple(obstacles(rollout, around)))


async def _gateway(cluster: Api, place: str) -> SeenGateway:
    namespace, _, name = place.partition("/")
    gateway = await cluster.get("Gateway", namespace, name)
    if gateway is None:
        return SeenGateway(place, missing=f"there is no Gateway {place}: create it, or name another")
    named = (gateway.get("spec") or {}).get("gatewayClassName", "")
    found = await cluster.get("GatewayClass", None, named)
    if found is None:
        told = f"Gateway {place} is of GatewayClass {named}, and there is none: install its controller"
        return SeenGateway(place, missing=told)
    return SeenGateway(place, (found.get("spec") or {}).get("controllerName", ""), _features(found))


def _features(gateway_class: Raw) -> frozenset[str] | None:
    """Give what the class claims; None where it publishes no list. Older ones are lists of texts."""
    told: Sequence[Any] | None = (gateway_class.get("status") or {}).get("supportedFeatures")
    if told is None:
        return None
    return frozenset(str(each.get("name", "") if isinstance(each, Mapping) else each) for each in told)
