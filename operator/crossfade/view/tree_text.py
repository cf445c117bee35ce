"""A tree in lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from crossfade.view.ages import age
from crossfade.view.attempts import Attempt
from crossfade.view.plain import plain
from crossfade.view.tree import DeploymentView, PodView, ServiceView, Tree

Node = tuple[str, Sequence["Node"]]
"""A line and the nodes below it."""


FOREIGN = "not of this Rollout, with its labels"


def lines(found: Tree, now: datetime) -> Iterator[str]:
    """Give the Rollout, and below it its releases, Deployments with pods, and Services."""
    known = f" ({found.strategy})" if found.strategy else ""
    yield f"{found.name} in {found.namespace}: {found.phase}{known}"
    nodes: list[Node] = [
        *([("releases", [(_release(each, now), ()) for each in found.releases])] if found.releases else []),
        *((_deployment(each), [(line, ()) for line in _pods(each.pods, now)]) for each in found.deployments),
        *((_service(each), ()) for each in found.services),
        *([(FOREIGN, [(line, ()) for line in _pods(found.foreign, now)])] if found.foreign else []),
    ]
    yield from _drawn(nodes, "")
    for kind in found.unread:
        yield f"! {kind} are left out: the API server did not give them. Do you have the right to list them?"


def _drawn(nodes: Sequence[Node], indent: str) -> Iterator[str]:
    for i, (line, below) in enumerate(nodes, start=1):
        last = i == len(nodes)
        yield f"{indent}{'└─' if last else '├─'} {line}"
        yield from _drawn(below, indent + ("   " if last else "│  "))


def _release(each: Attempt, now: datetime) -> str:
    ended = f"{each.outcome} {age(each.ended_at, now)} ago" if each.ended_at else each.outcome
    images = plain(",".join(each.images))
    return f"{each.number}  {each.revision}  {ended or 'under way'}  {images}".rstrip()


def _deployment(each: DeploymentView) -> str:
    release = f", release {each.release}" if each.release else ""
    return f"Deployment {each.name}: {each.role}{release}, {each.ready}/{each.wanted} ready, {each.image}"


def _pods(pods: Sequence[PodView], now: datetime) -> Iterator[str]:
    width = max((len(pod.state) for pod in pods), default=0)
    for pod in pods:
        ready = "ready    " if pod.ready else "not ready"
        restarts = "1 restart " if pod.restarts == 1 else f"{pod.restarts} restarts"
        yield f"Pod {pod.name}  {ready}  {pod.state.ljust(width)}  {restarts}  {age(pod.created_at, now)}"


def _service(each: ServiceView) -> str:
    count = each.ready_endpoints
    endpoints = "" if count is None else f", {count} ready endpoint{'' if count == 1 else 's'}"
    return f"Service {each.name}: {each.role}, selects {each.selects}{endpoints}"
