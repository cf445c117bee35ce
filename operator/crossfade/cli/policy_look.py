"""What the cluster says to the Rollouts of a plan, where one answers: its policies, and the Rollout that is there already."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from crossfade.api.rollout import Rollout
from crossfade.cli import connection
from crossfade.cli.manifests import Manifests
from crossfade.cli.policy_test import surroundings, tried_in
from crossfade.cli.route_look import LOOK_S
from crossfade.view.forecast import Forecast
from crossfade.view.policy_answers import answers
from crossfade.view.policy_text import sentences
from crossfade.view.rule_answers import Verdict
from crossfade.view.target_ports import moved
from crossfade.wire.errors import ApiError


async def asked(
    options: argparse.Namespace, found: Manifests, forecasts: Sequence[Forecast]
) -> list[Forecast]:
    """Give the forecasts with what refuses and what holds them, or with why nobody knows; as they are where no cluster is named."""
    try:
        async with asyncio.timeout(LOOK_S), connection.connected(options) as cluster:
            return await _asked(options, cluster, found, forecasts)
    except TimeoutError:
        return _unasked(forecasts, f"no cluster answered within {LOOK_S:g} s")
    except ApiError as error:
        if error.not_found:  # it has no such kind, so it has no policies
            return [replace(each, refused_by=(), held_by=()) for each in forecasts]
        return _unasked(forecasts, "" if error.reason == "NoCluster" else error.message)


def _unasked(forecasts: Sequence[Forecast], why: str) -> list[Forecast]:
    return [replace(each, unasked=why) for each in forecasts]


async def _asked(
    options: argparse.Namespace, cluster: connection.Api, found: Manifests, forecasts: Sequence[Forecast]
) -> list[Forecast]:
    around, now = await surroundings(cluster), datetime.now(UTC)
    if not around.policies and around.unread:
        return _unasked(forecasts, "; ".join(around.unread))
    given = []
    for rollout, each in zip(found.rollouts, forecasts, strict=True):
        forecast = await _with_moved_ports(cluster, rollout, each, options.namespace)
        if not around.policies:
            given.append(replace(forecast, refused_by=(), held_by=()))
            continue
        tried = await tried_in(cluster, found, rollout, options.namespace or cluster.namespace, around)
        said = answers(tried, around.policies, now)
        refused = tuple(sentences(said, Verdict.REFUSED))
        held = tuple(sentences(said, Verdict.HELD, Verdict.WARNED))
        given.append(replace(forecast, refused_by=refused, held_by=held))
    return given


async def _with_moved_ports(
    cluster: connection.Api, rollout: Rollout, forecast: Forecast, at_hand: str
) -> Forecast:
    namespace = rollout.metadata.namespace or at_hand or cluster.namespace
    live = await connection.readable(cluster.get("Rollout", namespace, rollout.metadata.name))
    told = moved((live or {}).get("spec") or {}, rollout.spec.to_wire())
    return replace(forecast, notes=(*forecast.notes, told)) if told else forecast
