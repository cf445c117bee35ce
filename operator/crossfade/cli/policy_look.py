"""What the cluster says to the Rollouts of a plan, where one answers: its policies, and the Rollout that is there already."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from crossfade.api.labels import LABEL_ROLLOUT
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


async def template_tried(
    options: argparse.Namespace, found: Manifests, forecasts: Sequence[Forecast]
) -> list[Forecast]:
    """Give the forecasts with what the API server says against the pod templates, asked by a dry run; as they are where it is not asked."""
    try:
        async with asyncio.timeout(LOOK_S), connection.connected(options) as cluster:
            place = options.namespace or cluster.namespace
            told = [await _template_refused(cluster, each, place) for each in found.rollouts]
    except (TimeoutError, ApiError):
        return list(forecasts)
    return [
        replace(each, refused_by=(*(each.refused_by or ()), why)) if why else each
        for each, why in zip(forecasts, told, strict=True)
    ]


async def _template_refused(cluster: connection.Api, rollout: Rollout, at_hand: str) -> str:
    """Why a Deployment with this template would be refused; "" where it would not, and where the user may not make one."""
    if rollout.spec.template is None:
        return ""
    template = rollout.spec.template
    labels = {**((template.get("metadata") or {}).get("labels") or {}), LABEL_ROLLOUT: rollout.metadata.name}
    body = {
        "metadata": {"name": f"{rollout.metadata.name}-plan"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {LABEL_ROLLOUT: rollout.metadata.name}},
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
        },
    }
    try:
        await cluster.dry_run("Deployment", rollout.metadata.namespace or at_hand, body, replaces=False)
    except ApiError as error:
        if error.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
            return f"the API server refuses the pod template: {error.message}"
    return ""


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
