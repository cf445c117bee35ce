"""What is left when a Rollout has come to rest, without what differs from run to run: names, times, identities."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from bench.kube import Kube, Object

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_SECONDS: Final = re.compile(r"\d+(\.\d+)? s\b")
_KINDS: Final = ("Deployment", "Service", "Release")
_OF_THE_SERVER: Final = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "namespace", "selfLink"}
)
_MEASURED: Final = frozenset(
    {"downtime", "downtimeSeconds", "clusterIP", "clusterIPs", "timeline", "changedBy", "starts"}
)
"""Measured or chosen anew each time. The timeline tells what stood when, which a fault may well change; `changedBy` names
the program that wrote the template, and a test that makes a Rollout anew is another one."""


def end_state(kube: Kube, namespace: str, rollout: str) -> dict[str, Any]:
    """The Rollout and everything that belongs to it, comparable between runs."""
    labels = f"crossfade.dev/rollout={rollout}"
    state: dict[str, Any] = {
        "Rollout": [_of_rollout(kube.get("Rollout", namespace, rollout) or {})],
        "Pod": _pods(kube.list("Pod", namespace, labels)),
        "endpoints": _endpoints(kube.list("EndpointSlice", namespace, labels)),
    }
    for kind in _KINDS:
        state[kind] = sorted((_bare(each) for each in kube.list(kind, namespace, labels)), key=_name)
    for each in state["Release"]:
        if (
            each["spec"]["number"] == 1
        ):  # whether a pass fell between its first ready pod and its end follows from the pods
            each["status"].pop("servedAt", None)
    state["HTTPRoute"] = [
        {"name": _name(each), "rules": each["spec"]["rules"]}
        for each in kube.list("HTTPRoute", namespace)
        if _name(each) in {rollout, f"{rollout}-canary"}
    ]
    return normalised(state, namespace, rollout)


def normalised(state: Any, namespace: str, rollout: str) -> Any:
    """The same with placeholders for names, times and durations."""
    text = json.dumps(state, sort_keys=True)
    text = text.replace(rollout, "ROLLOUT").replace(namespace, "NAMESPACE")
    return json.loads(_SECONDS.sub("SOME s", _TIME.sub("TIME", text)))


def differences(expected: Any, seen: Any, path: str = "") -> list[str]:
    """Where two states differ, each as one line."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        keys = sorted(expected.keys() | seen.keys())
        return [
            line
            for key in keys
            for line in differences(expected.get(key), seen.get(key), f"{path}.{key}".lstrip("."))
        ]
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        pairs = enumerate(zip(expected, seen, strict=True))
        return [line for i, (one, other) in pairs for line in differences(one, other, f"{path}[{i}]")]
    return [] if expected == seen else [f"{path}: {expected!r} undisturbed, {seen!r} now"]


def _of_rollout(rollout: Object) -> Object:
    return {"spec": rollout.get("spec"), "status": _without(rollout.get("status"), _MEASURED)}


def _bare(each: Object) -> Object:
    """An object without what the server or a clock put there."""
    meta = {key: value for key, value in each["metadata"].items() if key not in _OF_THE_SERVER}
    meta["ownerReferences"] = [owner["kind"] for owner in meta.get("ownerReferences", ())]
    annotations = meta.pop("annotations", {})
    meta["annotations"] = {
        k: v for k, v in annotations.items() if not k.startswith("deployment.kubernetes.io/")
    }
    kept = {key: value for key, value in each.items() if key not in {"metadata", "status"}}
    status = each.get("status", {})
    if (
        "conditions" in status or "replicas" in status
    ):  # a Deployment's own account of itself, told by its pods
        status = {}
    return _without({"metadata": meta, **kept, "status": status}, _MEASURED)  # type: ignore[no-any-return]


def _pods(pods: list[Object]) -> list[Object]:
    """How many pods of each revision there are, and how many of them are ready."""
    counted: dict[str, list[int]] = {}
    for pod in pods:
        revision = pod["metadata"]["labels"].get("crossfade.dev/revision", "")
        conditions = pod.get("status", {}).get("conditions", ())
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        entry = counted.setdefault(revision, [0, 0])
        entry[0] += 1
        entry[1] += ready
    return [{"revision": r, "pods": n, "ready": ready} for r, (n, ready) in sorted(counted.items())]


def _endpoints(slices: list[Object]) -> dict[str, int]:
    """How many pods each Service sends requests to."""
    counted: dict[str, int] = {}
    for one in slices:
        service = one["metadata"]["labels"]["kubernetes.io/service-name"]
        ready = [each for each in one.get("endpoints") or () if each["conditions"].get("ready")]
        counted[service] = counted.get(service, 0) + len(ready)
    return counted


def _without(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(each, keys) for key, each in value.items() if key not in keys}
    return [_without(each, keys) for each in value] if isinstance(value, list) else value


def _name(each: Object) -> str:
    return str(each["metadata"]["name"])
