"""All that a Rollout consists of: its releases, the Deployments of its revisions with their pods, its Services.

Reads raw objects, and takes any part of them to be missing; None for a list is one that the user may not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossfade.api.labels import LABEL_REVISION, LABEL_ROLE
from crossfade.view.attempts import Attempt, attempts, owned_by
from crossfade.view.plain import plain
from crossfade.view.times import time_of

Object = Mapping[str, Any]
SLICE_OF = "kubernetes.io/service-name"


@dataclass(frozen=True)
class PodView:
    """One pod. `state` is its phase, or why it does not run; `restarts` those of all its containers."""

    name: str
    ready: bool
    state: str
    restarts: int
    created_at: datetime | None
    node: str = ""


@dataclass(frozen=True)
class DeploymentView:
    """The Deployment of a revision. `role`: stable, candidate, failed, kept, or template (the workloadRef's)."""

    name: str
    revision: str
    role: str
    release: str
    image: str
    wanted: int
    ready: int
    pods: tuple[PodView, ...] = ()


@dataclass(frozen=True)
class ServiceView:
    """A Service. `selects` is a revision, `every revision`, or what is its selector where that is not ours."""

    name: str
    role: str
    selects: str
    ready_endpoints: int | None


@dataclass(frozen=True)
class Tree:
    """A Rollout and what it consists of, newest first; `unread` names the kinds that could not be read.

    `foreign`: pods with its labels that none of its Deployments has made.
    """

    name: str
    namespace: str
    phase: str
    strategy: str
    releases: tuple[Attempt, ...]
    deployments: tuple[DeploymentView, ...]
    services: tuple[ServiceView, ...]
    foreign: tuple[PodView, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """Raw objects that belong to a Rollout by label or by name; None where they cannot be read."""

    releases: Sequence[Object] | None
    deployments: Sequence[Object] | None
    pods: Sequence[Object] | None
    services: Sequence[Object] | None
    slices: Sequence[Object] | None


def tree(rollout: Object, parts: Parts) -> Tree:
    """Give what there is."""
    status = rollout.get("status") or {}
    lists = {
        "Releases": parts.releases,
        "Deployments": parts.deployments,
        "Pods": parts.pods,
        "Services": parts.services,
        "EndpointSlices": parts.slices,
    }
    deployments = [_deployment(each, status, parts.pods or ()) for each in parts.deployments or ()]
    services = sorted(parts.services or (), key=lambda each: str(each["metadata"]["name"]))
    return Tree(
        name=rollout["metadata"]["name"],
        namespace=rollout["metadata"].get("namespace", ""),
        phase=status.get("phase") or "NotSeen",
        strategy=status.get("strategy", ""),
        releases=tuple(attempts(owned_by(rollout, parts.releases or ()))),
        deployments=tuple(sorted(deployments, key=_newest_first)),
        services=tuple(_service(each, parts.slices) for each in services),
        foreign=_foreign(parts.pods or (), parts.deployments),
        unread=tuple(kind for kind, found in lists.items() if found is None),
    )


def _newest_first(deployment: DeploymentView) -> tuple[int, str]:
    number = int(deployment.release) if deployment.release.isdecimal() else 0
    return (-number, deployment.name)


def _deployment(deployment: Object, status: Object, pods: Iterable[Object]) -> DeploymentView:
    meta, spec = deployment["metadata"], deployment.get("spec") or {}
    revision = (meta.get("labels") or {}).get(LABEL_REVISION, "")
    mine = (
        [pod for pod in pods if _revision(pod) == revision and _is_made_by(meta["name"], pod)]
        if revision
        else []
    )
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    return DeploymentView(
        name=meta["name"],
        revision=revision,
        role=role_of(revision, status),
        release=str((meta.get("annotations") or {}).get("crossfade.dev/release", "")),
        image=plain(",".join(each.get("image", "") for each in containers)),
        wanted=spec.get("replicas", 1),
        ready=(deployment.get("status") or {}).get("readyReplicas", 0),
        pods=tuple(pod_view(pod) for pod in sorted(mine, key=_oldest_first)),
    )


def _foreign(pods: Iterable[Object], deployments: Sequence[Object] | None) -> tuple[PodView, ...]:
    """Those that no Deployment has made; none where the Deployments could not be read."""
    names = [each["metadata"]["name"] for each in deployments or ()]
    found = [pod for pod in pods if not any(_is_made_by(name, pod) for name in names)]
    return tuple(pod_view(pod) for pod in sorted(found, key=_oldest_first)) if deployments is not None else ()


def _is_made_by(deployment: str, pod: Object) -> bool:
    """Whether one of its ReplicaSets, which are named after it, is the pod's controller."""
    owners = pod["metadata"].get("ownerReferences") or ()
    sets = (each["name"] for each in owners if each.get("controller") and each.get("kind") == "ReplicaSet")
    return any(name.rpartition("-")[0] == deployment for name in sets)


def role_of(revision: str, status: Object) -> str:
    """Say what a revision is to its Rollout."""
    if not revision:
        return "template"
    sides = ("stable", "candidate", "failed")
    return next((side for side in sides if (status.get(side) or {}).get("revision") == revision), "kept")


def _revision(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(LABEL_REVISION, ""))


def _oldest_first(pod: Object) -> tuple[str, str]:
    return (pod["metadata"].get("creationTimestamp") or "", pod["metadata"]["name"])


def pod_view(pod: Object) -> PodView:
    """Give one pod."""
    meta, status = pod["metadata"], pod.get("status") or {}
    containers = status.get("containerStatuses") or ()
    conditions = {each.get("type"): each.get("status") for each in status.get("conditions") or ()}
    return PodView(
        name=meta["name"],
        ready=conditions.get("Ready") == "True",
        state=_state(meta, status),
        restarts=sum(each.get("restartCount", 0) for each in containers),
        created_at=time_of(meta.get("creationTimestamp")),
        node=(pod.get("spec") or {}).get("nodeName", ""),
    )


def _state(meta: Object, status: Object) -> str:
    """Say why it does not run, as far as one word does, else its phase."""
    if meta.get("deletionTimestamp"):
        return "Terminating"
    every = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    waiting = [((each.get("state") or {}).get("waiting") or {}).get("reason") for each in every]
    told = [reason for reason in waiting if reason and reason != "PodInitializing"]
    return plain(told[0] if told else status.get("reason") or status.get("phase", ""))


def _service(service: Object, slices: Sequence[Object] | None) -> ServiceView:
    meta = service["metadata"]
    selector = (service.get("spec") or {}).get("selector") or {}
    return ServiceView(
        name=meta["name"],
        role=(meta.get("labels") or {}).get(LABEL_ROLE, "production"),
        selects=_selects(selector),
        ready_endpoints=None if slices is None else len(_ready_endpoints(meta["name"], slices)),
    )


def _selects(selector: Mapping[str, str]) -> str:
    if not selector:
        return "nothing"
    if LABEL_REVISION in selector:
        return f"revision {selector[LABEL_REVISION]}"
    return plain(",".join(f"{key}={value}" for key, value in sorted(selector.items())))


def _ready_endpoints(service: str, slices: Iterable[Object]) -> set[str]:
    """Give the pods that it lists as ready, each once: a Service with two address families has two slices."""
    found: set[str] = set()
    for each in slices:
        if (each["metadata"].get("labels") or {}).get(SLICE_OF) != service:
            continue
        for endpoint in each.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready", True):
                addresses = endpoint.get("addresses") or [""]
                found.add((endpoint.get("targetRef") or {}).get("name") or addresses[0])
    return found
