"""What the endpoints of the simulated cluster say of its pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossfade.controller.observe import SERVICE_NAME
from simulation.pods import SimPod
from simulation.remembered import once_for_all
from simulation.shell import placed
from simulation.stored import Object


@dataclass(frozen=True)
class Endpoints:
    """What the slices of a Service list: pods by revision. `serving` includes those that are leaving.

    `listed`: the pods as its slice says it, under that `version`.
    """

    ready: Mapping[str, int] = field(default_factory=dict)
    serving: Mapping[str, int] = field(default_factory=dict)
    listed: tuple[Mapping[str, Any], ...] = field(default=(), compare=False, repr=False)
    version: int = field(default=0, compare=False, repr=False)

    def without_one(self, revision: str, version: int) -> Endpoints:
        """The same without one ready pod of a revision."""
        lost = next((e for e in self.listed if e["revision"] == revision and e["conditions"]["ready"]), None)
        ready = {**self.ready, revision: self.ready.get(revision, 0) - (lost is not None)}
        return Endpoints(ready, self.serving, tuple(e for e in self.listed if e is not lost), version)


NO_ENDPOINTS = Endpoints()


def endpoints_of(selector: Mapping[str, str], pods: Iterable[SimPod], version: int = 0) -> Endpoints:
    """The endpoints that a selector has, once the controller of the slices has caught up."""
    answering = [p for p in pods if p.ready and selector.items() <= p.labels.items()]
    ready = Counter(p.revision for p in answering if not p.leaving)
    serving = Counter(p.revision for p in answering)
    listed = tuple(map(_endpoint, answering)) if version else ()
    return Endpoints(dict(ready), dict(serving), listed, version)


def _endpoint(pod: SimPod) -> Mapping[str, Any]:
    conditions = {"ready": not pod.leaving, "serving": True, "terminating": pod.leaving}
    return {
        "targetRef": {"kind": "Pod", "name": pod.name},
        "conditions": conditions,
        "revision": pod.revision,
    }


@once_for_all
def slice_of(service: Object, listed: Endpoints) -> Object:
    """The EndpointSlice of a Service, with the Service's labels, as its controller writes it."""
    meta, name = service["metadata"], service["metadata"]["name"]
    version = max(int(meta["resourceVersion"]), listed.version)
    labels = {**(meta.get("labels") or {}), SERVICE_NAME: name}
    own = {"name": f"{name}-1", "uid": f"slice-of-{meta['uid']}", "resourceVersion": str(version)}
    ports = service["spec"].get("ports", ())
    return placed({"metadata": {**own, "labels": labels}, "ports": ports, "endpoints": listed.listed})
