"""Objects as the API server gives them; a test says only what matters to it."""

from typing import Any

Object = dict[str, Any]

STABLE = {"revision": "aaa111", "image": "shop:v1", "replicas": 4, "ready": 4, "available": 4, "release": 1}
CANDIDATE = {
    "revision": "bbb222",
    "image": "shop:v2",
    "replicas": 2,
    "ready": 2,
    "available": 1,
    "release": 2,
}


def rollout(*, generation: int = 3, spec: Object | None = None, **status: Any) -> Object:
    """A Rollout `shop` with four pods; without any status field, one that the operator has not seen.

    A field of `spec` that is None is left out: `{"service": None}` makes a worker.
    """
    body = {**default_spec(), **(spec or {})}
    full = (
        {"observedGeneration": generation, "strategy": "canary", **status}
        if status
        else {"observedGeneration": -1}
    )
    return {
        "apiVersion": "crossfade.dev/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop", "namespace": "demo", "generation": generation, "resourceVersion": "7"},
        "spec": {key: value for key, value in body.items() if value is not None},
        "status": full,
    }


def default_spec() -> Object:
    return {
        "replicas": 4,
        "strategy": {"canary": {"steps": [{"weight": 50}]}},
        "service": {"ports": [{"port": 80, "targetPort": 8080}]},
        "template": {
            "spec": {
                "containers": [
                    {"name": "app", "image": "shop:v1"},
                    {"name": "proxy", "image": "proxy:1"},
                ],
                "initContainers": [{"name": "migrate", "image": "shop:v1"}],
            }
        },
    }


def under_way(phase: str = "Progressing", **status: Any) -> Object:
    """A release in stage 2 of 3: two pods of each revision wanted."""
    fields = {
        "phase": phase,
        "message": "Half of the requests go to the candidate.",
        "stage": "2/3",
        "weight": 50,
        "realWeight": 33,
        "release": 2,
        "stable": {**STABLE, "replicas": 2, "ready": 2, "available": 2},
        "candidate": CANDIDATE,
        "progress": {
            "revision": "bbb222",
            "stage": 1,
            "waitingFor": "60 s to pass",
            "until": "2026-01-31T12:01:00.500Z",
        },
    }
    return rollout(**{**fields, **status})


def release(revision: str = "bbb222") -> Object:
    """The Release of the release under way."""
    plan = [
        {"name": "25 %", "candidate": 1, "stable": 3, "weight": 25},
        {"name": "50 %", "candidate": 2, "stable": 2, "weight": 50},
        {"name": "bake", "candidate": 4, "stable": 2, "weight": 100},
    ]
    return {"metadata": {"name": "shop-2"}, "spec": {"rollout": "shop", "revision": revision, "plan": plan}}


def condition(kind: str, reason: str, status: str = "True") -> Object:
    """A condition as the operator writes it."""
    return {"type": kind, "status": status, "reason": reason}
