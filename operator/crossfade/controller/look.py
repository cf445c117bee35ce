"""Answers what a decision asks to look at: the reads that are too costly to be made at every pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Protocol

from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.cluster import ApiError
from crossfade.controller import gateways
from crossfade.controller.checking import Checks, nobody
from crossfade.controller.failed_logs import FailedLogs
from crossfade.controller.observe import SERVICE_NAME
from crossfade.controller.reach import Reach
from crossfade.controller.seen import (
    is_current,
    is_owned_by,
    newest_note,
    pod_of,
    route_of,
    service_of,
    side_of,
    stranger_of,
)
from crossfade.controller.slices import endpoints_of
from crossfade.controller.store import Key, Raw
from crossfade.controller.templates import parse
from crossfade.core.evidence import silent
from crossfade.core.manifests import LABEL_PULL
from crossfade.core.observed import Found, Observed, Pod, SeenRoute, SeenService, Side, Stranger, Template
from crossfade.core.plan import ReadRequest


class Reads(Protocol):
    """The part of a Cluster that looking needs."""

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""

    async def list(
        self, kind: str, namespace: str | None = None, labels: str | None = None, *, fields: str | None = None
    ) -> list[Raw]:
        """Those that the selectors select."""

    async def create(
        self,
        kind: str,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
        strict: bool = False,
    ) -> Raw:
        """Make it, or with `dry_run` only ask whether it would be taken; `strict`: with no field that nobody knows."""


class Sent(Protocol):
    """What the routers' own metrics say."""

    async def quiet_s(self, namespace: str, services: Collection[str]) -> dict[str, float | None]:
        """By Service, for how many seconds no request was seen to be sent to it; None where nobody knows."""


@dataclass(frozen=True)
class Means:
    """What looks at anything but the API server's objects. `router`: the routers' own metrics, None where nobody asks; `logs`: nobody reads any."""

    router: Sent | None = None
    checks: Checks = nobody
    reach: Reach = field(default_factory=lambda: Reach(lambda _key: None))
    logs: FailedLogs | None = None


@dataclass(frozen=True)
class Whose:
    """The Rollout that is looked for: by name and UID, with the revisions that are known of it."""

    key: Key
    uid: str
    known: frozenset[str]


async def answer(
    reads: Reads,
    whose: Whose,
    asked: ReadRequest,
    seen: Observed,
    by: Means | None = None,
) -> Found:
    """Look, and add what is found to what was found before. `seen`: what the decision sees."""
    by = by or Means()
    found, sides = seen.found, seen.sides
    key = whose.key
    counted = {rev: await _counted(reads, key, sides.get(rev)) for rev in sorted(asked.counted)}
    listed = {rev: await _listed(reads, key, rev) for rev in sorted(asked.pods)}
    pods = {rev: await _pods(reads, key, raws, warnings=asked.warnings) for rev, raws in listed.items()}
    connected = {rev: await by.reach.tried(key, listed[rev], ports) for rev, ports in asked.ports.items()}
    answered = replace(
        found,
        pods={**found.pods, **pods},
        services={**found.services, **await services(reads, whose, asked.services)},
        deployments={**found.deployments, **await deployments(reads, whose, asked.deployments)},
        counted={**found.counted, **counted},
        tried={**found.tried, **connected},
        gateways={**found.gateways, **await gateways.read(reads, asked.gateways, seen.routes.values())},
        routes={**found.routes, **await routes(reads, whose, asked.routes)},
    )
    if asked.dry_run is not None:
        answered = replace(answered, refusal=await _refusal(reads, key, asked))
    if asked.pull_pods:
        answered = replace(answered, pull_pods=await _pull_pods(reads, whose))
    if asked.sent:
        told = await by.router.quiet_s(key.namespace, sorted(asked.sent)) if by.router else {}
        answered = replace(answered, quiet_s={**dict.fromkeys(asked.sent), **told})
    if asked.templates:
        answered = replace(answered, templates={**found.templates, **await templates(reads, asked.templates)})
    if asked.checks:
        answered = replace(answered, checked={**found.checked, **await by.checks(asked.checks)})
    if asked.log is not None and by.logs is not None:
        answered = replace(answered, logs={asked.log: by.logs.of(key, asked.log)})
    if asked.strangers:
        answered = replace(answered, strangers=await _strangers(reads, key))
    return answered


async def templates(reads: Reads, names: Collection[str]) -> dict[tuple[str, bool], Template | None]:
    """Read templates of the cluster by name, where they are not watched."""
    kind = "ClusterAnalysisTemplate"
    return {(name, True): parse(kind, await _of_the_cluster(reads, name)) for name in sorted(names)}


async def _of_the_cluster(reads: Reads, name: str) -> Raw | None:
    """An operator of one namespace may read none: then there is none."""
    try:
        return await reads.get("ClusterAnalysisTemplate", None, name)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return None


async def _strangers(reads: Reads, key: Key) -> tuple[Stranger, ...]:
    """The namespace's Services and Deployments without our label."""
    listed = [
        stranger_of(kind, raw)
        for kind in ("Service", "Deployment")
        for raw in await reads.list(kind, key.namespace, f"!{LABEL_ROLLOUT}")
    ]
    return tuple(listed)


async def services(reads: Reads, whose: Whose, names: Collection[str]) -> dict[str, SeenService | None]:
    """Read Services by name, whoever they belong to, with their endpoints."""
    key, seen = whose.key, dict[str, SeenService | None]()
    for name in sorted(names):
        raw = await reads.get("Service", key.namespace, name)
        slices = await reads.list("EndpointSlice", key.namespace, f"{SERVICE_NAME}={name}") if raw else ()
        seen[name] = (
            service_of(raw, endpoints_of(raw, slices, key.name, whose.known), whose.uid, key.name)
            if raw
            else None
        )
    return seen


async def deployments(reads: Reads, whose: Whose, names: Collection[str]) -> dict[str, Side | None]:
    """Read Deployments by name, whoever they belong to."""
    key = whose.key
    raws = {name: await reads.get("Deployment", key.namespace, name) for name in sorted(names)}
    return {name: side_of(raw, whose.uid, key.name) if raw else None for name, raw in raws.items()}


async def routes(reads: Reads, whose: Whose, places: Collection[str]) -> dict[str, SeenRoute | None]:
    """Read routes by kind and name, whoever they belong to; one that this process may not read counts as none."""
    seen = dict[str, SeenRoute | None]()
    for place in sorted(places):
        kind, _, name = place.partition("/")
        try:
            raw = await reads.get(kind, whose.key.namespace, name)
        except ApiError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            raw = None
        seen[place] = route_of(kind, raw, whose.uid) if raw else None
    return seen


async def _counted(reads: Reads, key: Key, side: Side | None) -> bool:
    """Whether the counts of a revision's pods are of the newest size: its ReplicaSets have seen it, and say the same.

    A ReplicaSet learns of a size after its Deployment, and it is what counts pods: until then a Deployment's status is
    about its newest spec, and its counts are about the size before. True where there is no Deployment.
    """
    if side is None:
        return True
    labels = f"{LABEL_ROLLOUT}={key.name},{LABEL_REVISION}={side.revision}"
    listed = await reads.list("ReplicaSet", key.namespace, labels)
    sets = [each for each in listed if is_owned_by(each, side.identity.uid)]
    if not side.current or not all(map(is_current, sets)):
        return False
    wanted = sum((each.get("spec") or {}).get("replicas", 1) for each in sets)
    return (wanted, *_counts(sets)) == (side.desired, side.replicas, side.ready, side.available)


def _counts(sets: Collection[Raw]) -> tuple[int, ...]:
    told = [each.get("status") or {} for each in sets]
    return tuple(sum(t.get(n, 0) for t in told) for n in ("replicas", "readyReplicas", "availableReplicas"))


async def _listed(reads: Reads, key: Key, revision: str) -> list[Raw]:
    return await reads.list("Pod", key.namespace, f"{LABEL_ROLLOUT}={key.name},{LABEL_REVISION}={revision}")


async def _pods(reads: Reads, key: Key, listed: list[Raw], *, warnings: bool) -> tuple[Pod, ...]:
    pods = tuple(map(pod_of, listed))
    name = silent(pods) if warnings else ""
    if not name:
        return pods
    warning = await _warning(reads, key, name)
    return tuple(replace(pod, warning=warning) if pod.name == name else pod for pod in pods)


async def _warning(reads: Reads, key: Key, pod: str) -> str:
    """What the newest warning about a pod says; it is only told, so that nothing is held up where it cannot be read."""
    about = f"regarding.kind=Pod,regarding.name={pod},type=Warning"
    with suppress(ApiError):
        return newest_note(await reads.list("Event", key.namespace, fields=about))
    return ""


async def _pull_pods(reads: Reads, whose: Whose) -> tuple[Pod, ...]:
    """Those that the Rollout owns: they are deleted, and a label alone says nothing of who made a pod."""
    listed = await reads.list("Pod", whose.key.namespace, f"{LABEL_PULL}={whose.key.name}")
    return tuple(pod_of(raw) for raw in listed if is_owned_by(raw, whose.uid))


async def _refusal(reads: Reads, key: Key, asked: ReadRequest) -> str:
    """The server's reason why it would not take a manifest, "" where it would; other errors are raised.

    An object of that name in the way is not a reason against the manifest.
    """
    try:
        await reads.create(
            "Deployment", key.namespace, asked.dry_run or {}, dry_run=True, strict=asked.strict
        )
    except ApiError as error:
        if error.already_exists:
            return ""
        if refuses(error):
            return error.message
        raise
    return ""


def refuses(error: ApiError) -> bool:
    """Whether the API server says no to the object itself, now and for as long as nothing else changes."""
    return error.invalid or (error.status == HTTPStatus.FORBIDDEN and not error.namespace_terminating)
