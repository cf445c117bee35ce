"""Manifests for tests: each call shows only what matters to it."""

from __future__ import annotations

from typing import Any

from simulation.cluster import UID

DEFAULT: Any = object()


def rollout(
    strategy: dict[str, Any], *, image: str = "shop:v1", service: bool = True, **spec: Any
) -> dict[str, Any]:
    """A Rollout of four pods as stored by the API server."""
    body: dict[str, Any] = {
        "replicas": 4,
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {"containers": [{"name": "app", "image": image}]},
        },
        "strategy": strategy,
        **({"service": {"ports": [{"port": 80, "targetPort": 8080}]}} if service else {}),
        **spec,
    }
    metadata = {"name": "shop", "namespace": "prod", "uid": UID, "generation": 1, "resourceVersion": "1"}
    return {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": body}


STRATEGIES: dict[str, dict[str, Any]] = {
    "recreate": {"recreate": {}},
    "rolling": {"rolling": {}},
    "blueGreen": {"blueGreen": {}},
    "canary": {"canary": {"steps": [{"weight": 25}, {"weight": 50}]}},
    "bigBang": {"bigBang": {}},
}
