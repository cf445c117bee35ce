"""From the store to what a decision sees."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import ValidationError

from crossfade.api.action import RolloutAction
from crossfade.api.base import Model
from crossfade.api.reading import read, salvaged
from crossfade.api.release import Release, TemplateChange
from crossfade.api.rollout import Rollout, RolloutMetadata, RolloutSpec
from crossfade.api.status import RolloutStatus
from crossfade.controller.revisions import known_revisions
from crossfade.controller.routes import claims_of, kinds_of, routes_of
from crossfade.controller.ruling import Ruling
from crossfade.controller.seen import label, revision_of_deployment, service_of, side_of
from crossfade.controller.slices import endpoints_of
from crossfade.controller.store import Key, Raw, Store
from crossfade.controller.templates import named_in
from crossfade.core.last_words import plain
from crossfade.core.observed import Observed, SeenService, Side, Template
from crossfade.core.policy.matched import Matched
from crossfade.core.waiting import made

SERVICE_NAME = "kubernetes.io/service-name"
"""On EndpointSlices: the Service that they belong to."""

SETTLE_S: Final = 2.0
"""How long nodes get to follow the endpoints, unless the operator is told otherwise: kube-proxy takes up to 1 s."""

_IS_IT: Final = frozenset({"spec.number", "spec.revision"})
"""A Release without these is nobody's record: one of number 0 would be taken for another."""

M = TypeVar("M", bound=Model)


class _Parsed(NamedTuple):
    """An object of that version as a model, None where nothing of it can be used; and what was lost of it."""

    version: str
    model: Any
    lost: tuple[str, ...]


NEEDED: Final = frozenset({"template", "workload_ref", "replicas", "service", "traffic"})
"""What says which pods serve whom."""

STAND_IN: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "recreate": {"recreate": {}},
        "rolling": {"rolling": {}},
        "blueGreen": {"blueGreen": {}},
        "canary": {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}},
        "bigBang": {"bigBang": {}},
    }
)
"""By name, what a strategy that cannot be read any more is taken for: no release goes on by it, and a way back needs no stage of it."""


class Observer:
    """Reads what belongs to a Rollout. What was parsed is kept until the object changes.

    `settle_s`: how long nodes get to follow the endpoints, as the operator is told. `checks_ports`: whether it is to try
    ports. `asks_router`: whether it is to read the routers' own metrics. `ruling`: what policies are for a Rollout; None: there are none.
    """

    def __init__(
        self,
        store: Store,
        settle_s: float = SETTLE_S,
        *,
        checks_ports: bool = False,
        asks_router: bool = False,
        ruling: Ruling | None = None,
    ) -> None:
        self._store = store
        self._ruling = ruling
        self._settle_s = settle_s
        self._checks_ports = checks_ports
        self._asks_router = asks_router
        self._specs: dict[Key, tuple[str, int, RolloutSpec]] = {}
        self._models: dict[tuple[str, Key], dict[str, _Parsed]] = {}
        self._lost: dict[Key, tuple[str, ...]] = {}  # of the status

    def rollout(self, key: Key, raw: Raw) -> Rollout:
        """Parse a Rollout, its spec once for each generation; ValidationError where the spec breaks a rule.

        What cannot be used of the status counts as lost.
        """
        meta = raw["metadata"]
        uid, generation = meta["uid"], meta.get("generation", 0)
        kept = self._specs.get(key)
        if kept is None or kept[:2] != (uid, generation):
            kept = (uid, generation, RolloutSpec.model_validate(raw.get("spec") or {}))
            self._specs[key] = kept
        status = self._status(key, raw)
        metadata = RolloutMetadata.model_validate(meta)
        return Rollout.model_construct(metadata=metadata, spec=kept[2], status=status)

    def salvaged(self, key: Key, raw: Raw) -> Rollout | None:
        """The Rollout with what can be used of a spec that breaks a rule, so that what serves is cared for and can go back.

        None where nothing serves yet, where it is being deleted, and where what serves cannot be known: its template, its number, its Service, its route.
        """
        status = self._status(key, raw)
        if status is None or status.stable is None or raw["metadata"].get("deletionTimestamp"):
            return None
        written = STAND_IN.get(status.strategy)
        stored = {
            **(raw.get("spec") or {}),
            "minReadySeconds": self._min_ready_s(key, status.stable.revision),
        }
        spec = salvaged(RolloutSpec, stored, NEEDED, {"strategy": written} if written else {})
        if spec is None or (spec.template is None) == (spec.workload_ref is None):
            return None
        metadata = RolloutMetadata.model_validate(raw["metadata"])
        return Rollout.model_construct(metadata=metadata, spec=spec, status=status)

    def _min_ready_s(self, key: Key, revision: str) -> int:
        """As the pods that serve have it: a number that breaks a rule might have all of them count as unavailable."""
        of = (d for d in self._store.children("Deployment", key) if revision_of_deployment(d) == revision)
        return next((int(d["spec"].get("minReadySeconds") or 0) for d in of), 0)

    def observed(
        self, key: Key, raw: Raw, dropped: Mapping[str, float], *, namespace_terminating: bool
    ) -> Observed:
        """What the store holds of the Rollout; `found`, `refused` and `first_look` are the pass's to say."""
        uid = raw["metadata"]["uid"]
        sides, source = self._sides(key, uid), self._source(key, raw, uid)
        releases = self._parsed("Release", key, Release)
        actions = self.actions(key)
        return Observed(
            sides=sides,
            source=source,
            template_change=_template_change(raw if source is None else source.manifest),
            services=self._services(key, uid),
            releases=tuple(sorted(releases, key=lambda r: r.spec.number)),
            actions=tuple(sorted(actions, key=lambda a: (*made(a), a.metadata.name))),
            dropped=dropped,
            namespace_terminating=namespace_terminating,
            settle_s=self._settle_s,
            checks_ports=self._checks_ports,
            asks_router=self._asks_router,
            routes=routes_of(self._store, key, raw),
            route_kinds=kinds_of(self._store),
            route_claims=claims_of(self._store, raw),
            templates=self._templates(key, raw),
            policies=self._policies(key, raw),
            policies_unknown=self._store.policies.unknown,
        )

    def _templates(self, key: Key, raw: Raw) -> dict[tuple[str, bool], Template | None]:
        store, named = self._store, named_in(key.namespace, raw)
        watched = (place for place in named if place.kind in store.watched)
        return {(p.name, not p.namespace): store.templates.model(p, store.get(*p)) for p in watched}

    def _policies(self, key: Key, raw: Raw) -> tuple[Matched, ...]:
        if self._ruling is None:
            return ()
        about = self._store.policies_about(raw)
        return tuple(self._ruling.matched(policy, key, raw) for policy in about)

    def actions(self, key: Key) -> list[RolloutAction]:
        """What is asked of the Rollout, whether it is there or not."""
        return self._parsed("RolloutAction", key, RolloutAction)

    def forget(self, key: Key) -> None:
        """The Rollout is gone: nothing that was read of it is kept."""
        if self._ruling is not None:
            self._ruling.forget(key)
        self._specs.pop(key, None)
        self._lost.pop(key, None)
        for kind in ("Release", "RolloutAction"):
            self._models.pop((kind, key), None)

    def _sides(self, key: Key, uid: str) -> dict[str, Side]:
        ours = [d for d in self._store.children("Deployment", key) if revision_of_deployment(d)]
        sides = sorted((side_of(d, uid, key.name) for d in ours), key=lambda side: side.ours)
        return {side.revision: side for side in sides}  # of two with one revision, ours comes last and stays

    def _source(self, key: Key, raw: Raw, uid: str) -> Side | None:
        """The Deployment that `workloadRef` names, once it carries our label."""
        name = (raw.get("spec", {}).get("workloadRef") or {}).get("name")
        named = (d for d in self._store.children("Deployment", key) if d["metadata"]["name"] == name)
        return next((side_of(d, uid) for d in named if not revision_of_deployment(d)), None)

    def _services(self, key: Key, uid: str) -> dict[str, SeenService]:
        known = known_revisions(self._store, key)
        slices: dict[str, list[Raw]] = {}
        for one in self._store.children("EndpointSlice", key):
            slices.setdefault(label(one, SERVICE_NAME), []).append(one)
        return {
            (name := s["metadata"]["name"]): service_of(
                s, endpoints_of(s, slices.get(name, ()), key.name, known), uid, key.name
            )
            for s in self._store.children("Service", key)
        }

    def lost(self, key: Key) -> frozenset[str]:
        """What was stored and cannot be used, as a place for people. Example: `status.progress.startedAt`."""
        releases, actions = (
            self._models.get(("Release", key), {}),
            self._models.get(("RolloutAction", key), {}),
        )
        parsed = (*releases.values(), *actions.values())
        return frozenset((*self._lost.get(key, ()), *(place for each in parsed for place in each.lost)))

    def _status(self, key: Key, raw: Raw) -> RolloutStatus | None:
        if not raw.get("status"):
            self._lost.pop(key, None)
            return None
        found = read(RolloutStatus, raw["status"])
        self._lost[key] = tuple(f"status.{place}" for place in found.lost)
        return found.value

    def _parsed(self, kind: str, key: Key, model: type[M]) -> list[M]:
        """Parse what changed; what cannot be used at all is left out."""
        kept = self._models.get((kind, key), {})
        fresh: dict[str, _Parsed] = {}
        for raw in self._store.children(kind, key):
            uid, version = raw["metadata"]["uid"], raw["metadata"]["resourceVersion"]
            known = kept.get(uid)
            fresh[uid] = known if known and known.version == version else _parse(kind, raw, model)
        self._models[kind, key] = fresh
        return [each.model for each in fresh.values() if each.model is not None]


def _template_change(raw: Mapping[str, Any]) -> TemplateChange | None:
    """Who changed the pod template of a Rollout, or of the Deployment that holds it, last."""
    entries = raw["metadata"].get("managedFields") or ()
    writing = [e for e in entries if "f:template" in ((e.get("fieldsV1") or {}).get("f:spec") or {})]
    last = max(writing, key=lambda entry: str(entry.get("time") or ""), default=None)
    if last is None:
        return None
    told = {"manager": plain(str(last.get("manager") or "")), "at": last.get("time")}
    return read(TemplateChange, told).value


def _parse(kind: str, raw: Raw, model: type[Model]) -> _Parsed:
    name, version = f"{kind} {raw['metadata']['name']}", raw["metadata"]["resourceVersion"]
    try:
        found = read(model, raw)
    except ValidationError:
        return _Parsed(version, None, (name,))
    if _IS_IT & set(found.lost):
        return _Parsed(version, None, (name,))
    return _Parsed(version, found.value, tuple(f"{name}: {place}" for place in found.lost))
