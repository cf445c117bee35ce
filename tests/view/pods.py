"""Deployments of revisions, their pods and slices as the API server gives them; a test says only what matters to it."""

from typing import Any

Object = dict[str, Any]

ROLLOUT, REVISION = "crossfade.dev/rollout", "crossfade.dev/revision"


def revision(name: str, *, replicas: int = 2, ready: int = 2, release: str = "1") -> Object:
    """The Deployment of a revision of `shop`."""
    return {
        "kind": "Deployment",
        "metadata": {
            "name": f"shop-{name}",
            "namespace": "demo",
            "labels": {ROLLOUT: "shop", REVISION: name},
            "annotations": {"crossfade.dev/release": release},
        },
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "app", "image": f"shop:{name}"}]}},
        },
        "status": {"readyReplicas": ready},
    }


def pod(
    name: str,
    of: str,
    *,
    ready: bool = True,
    restarts: int = 0,
    waiting: str = "",
    containers: tuple[str, ...] = ("app",),
    created: str = "2026-01-31T12:00:00Z",
    owner: str = "",
    **meta: Any,
) -> Object:
    """A pod of revision `of` of `shop`."""
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "demo",
            "labels": {ROLLOUT: "shop", REVISION: of},
            "creationTimestamp": created,
            "ownerReferences": [
                {"kind": "ReplicaSet", "name": f"{owner or f'shop-{of}'}-6f7d", "controller": True}
            ],
            **meta,
        },
        "spec": {
            "containers": [{"name": each} for each in containers],
            "initContainers": [{"name": "migrate"}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [
                {"name": each, "restartCount": restarts, "state": state} for each in containers
            ],
        },
    }


def own_service(name: str = "shop", role: str = "production", selects: str = "") -> Object:
    """A Service of ours."""
    selector = {ROLLOUT: "shop", **({REVISION: selects} if selects else {})}
    return {
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "demo",
            "labels": {ROLLOUT: "shop", "crossfade.dev/role": role},
        },
        "spec": {"selector": selector},
    }


def slice_of(service: str, *pods: str, ready: bool = True, name: str = "") -> Object:
    """A slice that lists pods."""
    endpoints = [
        {"conditions": {"ready": ready}, "targetRef": {"name": each}, "addresses": ["10.0.0.1"]}
        for each in pods
    ]
    return {
        "kind": "EndpointSlice",
        "metadata": {
            "name": name or f"{service}-x",
            "namespace": "demo",
            "labels": {"kubernetes.io/service-name": service},
        },
        "endpoints": endpoints,
    }
