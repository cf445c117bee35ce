"""What is there of one Rollout, from whichever cluster, and what of it must not depend on the way it came to be."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossfade.api.conditions import ConditionType
from crossfade.api.labels import (
    ANNOTATION_DRAIN,
    ANNOTATION_GIVE_BACK,
    ANNOTATION_RELEASE,
    LABEL_REVISION,
    LABEL_ROLE,
)

Object = dict[str, Any]

OF_THE_WAY = frozenset(
    {
        "release",
        "since",
        "timeline",
        "last",
        "lastAction",
        "completed",
        "downtime",
        "failed",
        "undoTo",
        "restarted",
        "pausedBy",
        "movedAt",
        "unserved",
        "undone",
        "starts",
    }
)
"""Fields of the status that tell how it came here."""


@dataclass(frozen=True)
class Seen:
    """A Rollout and its children by name, as stored."""

    rollout: Object
    deployments: Mapping[str, Object]
    services: Mapping[str, Object]
    releases: Mapping[str, Object]
    routes: Mapping[str, Object] = field(default_factory=dict)

    @property
    def status(self) -> Object:
        return dict(self.rollout.get("status", {}))

    @property
    def phase(self) -> str:
        return str(self.status.get("phase", ""))

    @property
    def reason(self) -> str:
        """Why the condition Ready is as it is."""
        return next((c["reason"] for c in self.status.get("conditions", ()) if c["type"] == "Ready"), "")

    @property
    def under_way(self) -> bool:
        return bool(self.status.get("progress"))

    @property
    def is_told(self) -> bool:
        """Whether somebody is told why it does not go on by itself."""
        return self.phase in {"Invalid", "Degraded", "RolledBack"} or self.reason == "PausedByFailure"

    @property
    def stable(self) -> Object:
        """The Deployment that serves."""
        revision = (self.status.get("stable") or {}).get("revision")
        return next(d for d in self.deployments.values() if label(d, LABEL_REVISION) == revision)

    @property
    def pod(self) -> Object:
        """The pod template of what serves."""
        return dict(self.stable["spec"]["template"])

    @property
    def production(self) -> Object:
        """The Service that users reach."""
        spec = self.rollout["spec"].get("service") or {}
        return self.services[spec.get("name") or self.rollout["metadata"]["name"]]

    @property
    def rule(self) -> Object:
        """The one rule of the route that it owns."""
        (rule,) = self.routes[self.rollout["metadata"]["name"]]["spec"]["rules"]
        return dict(rule)

    @property
    def plan(self) -> list[Object]:
        """The stages of the last release, as its record tells."""
        newest = max(self.releases.values(), key=lambda release: int(release["spec"]["number"]))
        return list(newest["spec"]["plan"])

    @property
    def finalizers(self) -> list[str]:
        return list(self.rollout["metadata"].get("finalizers", ()))


def label(obj: Object, name: str) -> str:
    return str((obj["metadata"].get("labels") or {}).get(name, ""))


def standing(seen: Seen, *, drains: bool = True) -> dict[str, Any]:
    """What stands and serves, without names of others, numbers and times: equal however it came to be.

    The canary Service is made by the first release that has a route, and stays: with stable's pods it is as if not there.
    `drains` False leaves out how pods drain.
    """
    stable = (seen.status.get("stable") or {}).get("revision")
    running = [d for d in seen.deployments.values() if label(d, LABEL_REVISION) == stable]
    others = [d for d in seen.deployments.values() if label(d, LABEL_REVISION) != stable]
    return {
        "status": _of_status(seen.status),
        "running": [_bare(d) if drains else _undrained(_bare(d)) for d in running],
        "pods of others": sum(int(d["spec"].get("replicas", 1)) for d in others if label(d, LABEL_REVISION)),
        "services": {name: _bare(s) for name, s in sorted(seen.services.items()) if not _is_spare(s, stable)},
        "finalizers": seen.finalizers,
    }


def _is_spare(service: Object, stable: Any) -> bool:
    role, revision = label(service, LABEL_ROLE), service["spec"]["selector"].get(LABEL_REVISION)
    return role == "canary" and revision == stable


def _of_status(status: Object) -> Object:
    kept = {key: copy.deepcopy(each) for key, each in status.items() if key not in OF_THE_WAY}
    for side in ("stable", "candidate"):
        (kept.get(side) or {}).pop("release", None)
    ours = [
        c for c in kept.get("conditions", ()) if c["type"] in set(ConditionType)
    ]  # others' are left alone
    kept["conditions"] = ours
    for condition in ours:
        condition.pop("lastTransitionTime", None)
        condition.pop("observedGeneration", None)
    kept.pop("observedGeneration", None)
    return kept


def _bare(obj: Object) -> Object:
    """Labels, owners, annotations of ours that matter, and the spec."""
    meta = obj["metadata"]
    told = {ANNOTATION_RELEASE, ANNOTATION_GIVE_BACK}
    ours = {k: v for k, v in (meta.get("annotations") or {}).items() if k.startswith("crossfade.dev/")}
    spec = {key: each for key, each in obj["spec"].items() if key not in {"clusterIP", "clusterIPs"}}
    return {
        "labels": meta.get("labels", {}),
        "owners": [owner["kind"] for owner in meta.get("ownerReferences") or ()],
        "annotations": {k: v for k, v in ours.items() if k not in told},
        "spec": spec,
    }


def _undrained(bare: Object) -> Object:
    after = copy.deepcopy(bare)
    after["annotations"].pop(ANNOTATION_DRAIN, None)
    for container in after["spec"]["template"]["spec"]["containers"]:
        container.pop("lifecycle", None)
    return after


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two states differ, each as a line."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif one != other:
        yield f"{path}: {one!r} and {other!r}"
