"""A Rollout that nobody has applied yet, as the engine would see it: its manifest beside what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from crossfade.api.labels import ANNOTATION_REQUESTER
from crossfade.api.reading import read
from crossfade.api.rollout import Rollout, RolloutSpec
from crossfade.api.status import RolloutStatus
from crossfade.core.observed import Identity, Observed, Side
from crossfade.core.policy.matched import Matched
from crossfade.core.revision import revision_of
from crossfade.core.situation import Situation

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Tried:
    """A manifest, with what is known around it.

    `namespace`: where it goes. `live`: the Rollout that is stored, None where there is none. `namespaces`: the labels of each namespace
    by its name. `source`: the template of the Deployment that a `workloadRef` names. `others`: the Rollouts of the cluster, None where
    nobody knows them. `requester`: who would apply it, "" where that is not known. `looks_ahead`: windows that close on the way are told.
    """

    rollout: Rollout
    namespace: str
    live: Object | None = None
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    others: Sequence[Object] | None = None
    requester: str = ""
    looks_ahead: bool = False

    @property
    def spec(self) -> RolloutSpec:
        """What is wanted."""
        return self.rollout.spec

    @cached_property
    def raw(self) -> Object:
        """Give it as an object: with the labels that it has once it is applied."""
        stored = (self.live or {"metadata": {}})["metadata"].get("labels") or {}
        meta = self.rollout.metadata
        labels = {**stored, **meta.labels}
        return {"metadata": {"name": meta.name, "namespace": self.namespace, "labels": labels}}

    @property
    def namespace_labels(self) -> Mapping[str, str]:
        """Give the labels of its namespace, as far as they are known."""
        return self.namespaces.get(self.namespace, {})

    @property
    def template(self) -> Mapping[str, Any] | None:
        """Give the pod template that would run; None where it is not at hand."""
        return self.spec.template if self.spec.template is not None else self.source

    @cached_property
    def changed(self) -> bool:
        """Whether the spec says something else than what is stored, in anything but its size and whether it is paused."""
        if self.live is None:
            return True
        try:
            stored = RolloutSpec.model_validate(self.live.get("spec") or {})
        except ValidationError:
            return True
        same = {"replicas": 0, "paused": False}
        return stored.model_copy(update=same) != self.spec.model_copy(update=same)

    def situation(self, now: datetime, policy: Matched) -> Situation:
        """Give it as the engine sees it once it is applied. A release of another revision that is under way is given up first."""
        status = read(RolloutStatus, (self.live or {}).get("status") or {}).value
        if status.progress is not None and status.progress.revision != self._revision():
            status = status.model_copy(update={"progress": None, "candidate": None})
        stored = (self.live or {"metadata": {}})["metadata"].get("annotations") or {}
        asked = {ANNOTATION_REQUESTER: self.requester} if self.requester and self.changed else {}
        meta = self.rollout.metadata.model_copy(update={"annotations": {**stored, **asked}})
        seen = Observed(policies=(policy,), source=self._side())
        return Situation(self.rollout.model_copy(update={"metadata": meta}), seen, now, status)

    def _revision(self) -> str:
        return revision_of(self.template) if self.template is not None else ""

    def _side(self) -> Side | None:
        if self.source is None:
            return None
        return Side(Identity("", ""), "", 0, manifest={"spec": {"template": self.source}})
