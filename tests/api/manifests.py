"""Manifests for the API's tests: a good one, and a way to say how a bad one differs from it."""

from __future__ import annotations

import copy
from typing import Any

Manifest = dict[str, Any]
ABSENT = object()

GOOD: Manifest = {
    "apiVersion": "crossfade.dev/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "shop"},
    "spec": {
        "replicas": 2,
        "template": {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}},
        "service": {"ports": [{"port": 80, "targetPort": 8080}]},
        "strategy": {"canary": {"steps": [{"weight": 25, "pauseSeconds": 60}, {"weight": 50}]}},
    },
}


def rollout(changes: dict[str, Any] | None = None) -> Manifest:
    """The good manifest with values set by path, as `spec.strategy.canary.steps.0.weight`; ABSENT removes one."""
    manifest = copy.deepcopy(GOOD)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        at: Any = manifest
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at.setdefault(part, {})
        key = int(last) if isinstance(at, list) else last
        if value is ABSENT:
            del at[key]
        else:
            at[key] = copy.deepcopy(value)
    return manifest
