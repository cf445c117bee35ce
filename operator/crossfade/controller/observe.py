"""From the store to what a decision sees."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from crossfade.api.action import RolloutAction
from crossfade.api.base import Model
from crossfade.api.release import Release
from crossfade.api.rollout import Rollout, RolloutMetadata, RolloutSpec
from crossfade.api.status import RolloutStatus
from crossfade.controller.revisions import known_revisions
from crossfade.controller.seen import label, revision_of_deployment, service_of, side_of
from crossfade.controller.slices import count
from crossfade.controller.store import Key, Raw, Store
from crossfade.core.observed import Observed, SeenService, Side

log = logging.getLogger(__name__)

SERVICE_NAME = "kubernetes.io/service-name"
"""On EndpointSlices: the Service that they belong to."""

SETTLE_S: Final = 2.0
"""How long nodes get to follow the endpoints, unless the operator is told otherwise: kube-proxy takes up to 1 s."""

M = TypeVar("M", bound=Model)


class Observer:
    """Reads what belongs to a Rollout. What was parsed is kept until the object changes.

    `settle_s`: how long nodes get to follow the endpoints, as the operator is told.
    """

    def __init__(self, store: Store, settle_s: float = SETTLE_S) -> None:
        self._store = store
        self._settle_s = settle_s
        self._specs: dict[Key, tuple[str, int, RolloutSpec]] = {}
        self._models: dict[tuple[str, Key], dict[str, tuple[str, Any]]] = {}

    def rollout(self, key: Key, raw: Raw) -> Rollout:
        """Parse a Rollout, its spec once for each generation; ValidationError where the spec breaks a rule.

        Fields of the status that do not parse (written by a newer version) count as lost.
        """
        meta = raw["metadata"]
        uid, generation = meta["uid"], meta.get("generation", 0)
        kept = self._specs.get(key)
        if kept is None or kept[:2] != (uid, generation):
            kept = (uid, generation, RolloutSpec.model_validate(raw.get("spec") or {}))
            self._specs[key] = kept
        status = _status(raw)
        metadata = RolloutMetadata.model_validate(meta)
        return Rollout.model_construct(metadata=metadata, spec=kept[2], status=status)

    def observed(
        self, key: Key, raw: Raw, dropped: Mapping[str, float], *, namespace_terminating: bool
    ) -> Observed:
        """What the store holds of the Rollout; `found` and `refused` are empty yet."""
        uid = raw["metadata"]["uid"]
        sides = self._sides(key, uid)
        releases = self._parsed("Release", key, Release)
        actions = self._parsed("RolloutAction", key, RolloutAction)
        return Observed(
            sides=sides,
            source=self._source(key, raw, uid),
            services=self._services(key, uid),
            releases=tuple(sorted(releases, key=lambda r: r.spec.number)),
            actions=tuple(sorted(actions, key=lambda a: (a.metadata.creation_timestamp, a.metadata.name))),
            dropped=dropped,
            namespace_terminating=namespace_terminating,
            settle_s=self._settle_s,
        )

    def forget(self, key: Key) -> None:
        self._specs.pop(key, None)
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
                s, count(slices.get(name, ()), key.name, known), uid, key.name
            )
            for s in self._store.children("Service", key)
        }

    def _parsed(self, kind: str, key: Key, model: type[M]) -> list[M]:
        """Parse what changed; what does not parse is told of and left out."""
        kept = self._models.get((kind, key), {})
        fresh: dict[str, tuple[str, M]] = {}
        for raw in self._store.children(kind, key):
            uid, version = raw["metadata"]["uid"], raw["metadata"]["resourceVersion"]
            known = kept.get(uid)
            try:
                parsed = known[1] if known and known[0] == version else model.model_validate(raw)
            except ValidationError as error:
                log.warning("%s %s cannot be read: %s", kind, raw["metadata"]["name"], error)
                continue
            fresh[uid] = (version, parsed)
        self._models[kind, key] = fresh
        return [parsed for _, parsed in fresh.values()]


def _status(raw: Raw) -> RolloutStatus | None:
    return RolloutStatus.readable(raw["status"]) if raw.get("status") else None
