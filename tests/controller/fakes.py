"""A cluster in memory, just enough for the shell's tests: objects, versions, refusals on demand, and a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossfade.cluster import ApiError, Cause, Cluster, Listing
from kstatus import broken_rule

Raw = dict[str, Any]
MOVING = {"Ready": "False", "Reconciling": "True"}


def error(status: int, reason: str, *causes: str) -> ApiError:
    """What the API server refuses with."""
    return ApiError(status, reason, f"the server says {reason}", tuple(Cause(c, "", "") for c in causes))


def _field(raw: Raw, path: str) -> Any:
    """What is at a dotted path."""
    for part in path.split("."):
        raw = raw.get(part, {})
    return raw


class FakeCluster(Cluster):
    """Answers from memory. `refusals` maps (method, kind) to the errors of the next requests, in order."""

    def __init__(self) -> None:
        super().__init__(None, None, None)
        self.objects: dict[tuple[str, str, str], Raw] = {}
        self.refusals: dict[tuple[str, str], list[ApiError]] = {}
        self.asked: list[tuple[str, str, str]] = []  # (method, kind, name)
        self.bodies: list[Any] = []
        self.version = 100
        self.kinds: dict[str, str] = {}  # of the Gateway API: kind -> version
        self.unmoved: set[tuple[str, str]] = set()  # (kind, name) of objects that no write changes

    def hold(self, kind: str, raw: Raw) -> Raw:
        """Have an object from the start."""
        meta = raw["metadata"]
        self.objects[kind, meta["namespace"], meta["name"]] = raw
        return raw

    def refuse(self, method: str, kind: str, *errors: ApiError) -> None:
        self.refusals.setdefault((method, kind), []).extend(errors)

    async def served(self, group: str, versions: Sequence[str]) -> dict[str, str]:
        self._note("DISCOVER", group, "", None)
        return {kind: version for kind, version in self.kinds.items() if version in versions}

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        self._note("GET", kind, name, None)
        return self.objects.get((kind, namespace or "", name))

    async def list(
        self,
        kind: str,
        namespace: str | None = None,
        labels: str | None = None,
        *,
        fields: str | None = None,
        metadata_only: bool = False,
    ) -> list[Raw]:
        self._note("LIST", kind, labels or fields or "", None)
        wanted = dict(part.split("=") for part in (labels or "").split(",") if "=" in part)
        found = [raw for (k, ns, _), raw in self.objects.items() if k == kind and namespace in {None, ns}]
        absent = {part[1:] for part in (labels or "").split(",") if part.startswith("!")}
        has = [(r, r["metadata"].get("labels") or {}) for r in found]
        labelled = [r for r, own in has if wanted.items() <= own.items() and not absent & {*own}]
        paths = [part.split("=") for part in (fields or "").split(",") if part]
        return [r for r in labelled if all(_field(r, path) == value for path, value in paths)]

    async def listing(
        self, kind: str, namespace: str | None, labels: str | None, *, not_older_than: int = 0
    ) -> Listing:
        if not_older_than > self.version:
            raise error(504, "Timeout", "ResourceVersionTooLarge")
        return Listing(await self.list(kind, namespace, labels, metadata_only=True), self.version)

    async def create(
        self,
        kind: str,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
        strict: bool = False,
    ) -> Raw:
        name = body["metadata"]["name"]
        self._note("DRY-RUN" if dry_run else "CREATE", kind, name, body)
        if (kind, namespace or "", name) in self.objects and not dry_run:
            raise error(409, "AlreadyExists")
        return dict(body) if dry_run else self._store(kind, namespace, name, body, {"uid": f"uid-{name}"})

    async def apply(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        self._note("APPLY", kind, name, body)
        return self._changed(kind, namespace, name, body)

    async def replace_status(
        self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]
    ) -> Raw:
        self._note("STATUS", kind, name, body)
        before = self.objects.get((kind, namespace or "", name), {})
        after = self._changed(kind, namespace, name, {"status": body["status"], "metadata": body["metadata"]})
        assert kind != "Rollout" or not broken_rule(before, after), broken_rule(before, after)
        return after

    async def json_patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        ops: Sequence[Mapping[str, Any]],
        manager: str = "crossfade",
    ) -> Raw:
        self._note("PATCH", kind, name, list(ops))
        seen = {op["path"].rpartition("/")[2]: op["value"] for op in ops if op["op"] == "test"}
        return self._changed(kind, namespace, name, {"metadata": seen})

    async def replace(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        self._note("REPLACE", kind, name, body)
        return self._changed(kind, namespace, name, body)

    async def delete(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        orphan: bool = False,
    ) -> Raw:
        self._note("DELETE", kind, name, {"uid": uid, "resourceVersion": resource_version})
        if self.objects.pop((kind, namespace or "", name), None) is None:
            raise error(404, "NotFound")
        return {"kind": "Status", "status": "Success"}

    def _note(self, method: str, kind: str, name: str, body: Any) -> None:
        self.asked.append((method, kind, name))
        self.bodies.append(body)
        waiting = self.refusals.get((method, kind))
        if waiting:
            raise waiting.pop(0)

    def _changed(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        """As the API server: the uid and version that the body names must be the stored ones."""
        stored = self.objects.get((kind, namespace or "", name))
        if stored is None:
            raise error(404, "NotFound")
        if (kind, name) in self.unmoved:
            return stored
        meta = body.get("metadata", {})
        if any(
            meta.get(key, stored["metadata"][key]) != stored["metadata"][key]
            for key in ("uid", "resourceVersion")
        ):
            raise error(409, "Conflict")
        return self._store(kind, namespace, name, {**stored, **body}, stored["metadata"])

    def _store(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any], was: Raw) -> Raw:
        self.version += 1
        meta = {
            **was,
            **body.get("metadata", {}),
            "namespace": namespace,
            "resourceVersion": str(self.version),
        }
        self.objects[kind, namespace or "", name] = {**body, "metadata": meta}
        return self.objects[kind, namespace or "", name]

    @property
    def writes(self) -> Sequence[tuple[str, str, str]]:
        """What was asked for besides reading."""
        return [asked for asked in self.asked if asked[0] not in {"GET", "LIST", "DRY-RUN", "DISCOVER"}]


def obj(name: str, version: int = 1, uid: str = "", namespace: str = "ns", **parts: Any) -> Raw:
    """An object: metadata as told; `labels` and `owners` (UIDs) go there too, the rest beside it."""
    meta: Raw = {
        "name": name,
        "namespace": namespace,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
    }
    if "labels" in parts:
        meta["labels"] = parts.pop("labels")
    if "owners" in parts:
        meta["ownerReferences"] = [{"uid": owner} for owner in parts.pop("owners")]
    return {"metadata": {**meta, **parts.pop("metadata", {})}, **parts}


def rollout(version: int = 1, **parts: Any) -> Raw:
    """The Rollout `shop` with the least that its spec needs."""
    spec = {
        "template": {"spec": {"containers": [{"name": "shop", "image": "shop:v1"}]}},
        "strategy": {"bigBang": {}},
        **parts.pop("spec", {}),
    }
    return obj("shop", version, metadata={"generation": 1, **parts.pop("metadata", {})}, spec=spec, **parts)


def status(generation: int = 1, **fields: Any) -> Raw:
    """A status of that Rollout under way, as the operator writes it."""
    told = {"message": "a release is under way", "reason": "ScalingUp", "observedGeneration": generation}
    made = {**told, "lastTransitionTime": "2026-01-31T12:00:00Z"}
    conditions = [{**made, "type": kind, "status": holds} for kind, holds in MOVING.items()]
    return {"phase": "Progressing", "observedGeneration": generation, "conditions": conditions, **fields}


def route(name: str = "shop", version: int = 1, *, generation: int = 1, **parts: Any) -> Raw:
    """Somebody's route: without a label, with one rule that sends all requests to the Service `shop`."""
    spec = {"rules": [{"backendRefs": [{"name": "shop", "port": 80}]}]}
    meta = {"generation": generation, **parts.pop("metadata", {})}
    return obj(name, version, metadata=meta, **{"spec": spec, **parts})


def child(name: str, version: int = 1, revision: str = "", **parts: Any) -> Raw:
    """An object of the Rollout `shop`."""
    labels = {"crossfade.dev/rollout": "shop", **({"crossfade.dev/revision": revision} if revision else {})}
    owners = parts.pop("owners", ["uid-shop"])
    return obj(name, version, labels={**labels, **parts.pop("labels", {})}, owners=owners, **parts)


def endpoint(pod: str, *, ready: bool = True, **conditions: bool) -> Raw:
    return {
        "addresses": ["10.0.0.1"],
        "conditions": {"ready": ready, **conditions},
        "targetRef": {"name": pod},
    }


def endpoint_slice(*endpoints: Raw, version: int = 1, name: str = "shop-x", service: str = "shop") -> Raw:
    labels = {"kubernetes.io/service-name": service}
    return child(name, version, labels=labels, ports=[{"port": 8080}], endpoints=list(endpoints))


__all__ = [
    "FakeCluster",
    "Raw",
    "child",
    "endpoint",
    "endpoint_slice",
    "error",
    "obj",
    "rollout",
    "route",
    "status",
]
