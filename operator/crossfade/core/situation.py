"""One Rollout at one moment, with the questions that every rule asks of it answered in one place.

`memory` is what earlier passes decided (the stored status); rules replace it, never change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar, cast

from crossfade.api.base import Model
from crossfade.api.hooks import Hook
from crossfade.api.rollout import Rollout, RolloutSpec
from crossfade.api.status import Progress, RolloutStatus
from crossfade.core.compile import compiled
from crossfade.core.moments import seconds_since
from crossfade.core.observed import Identity, Observed, Pod, SeenService, Side
from crossfade.core.requester import requester, user_of
from crossfade.core.revision import named, without_nulls
from crossfade.core.stages import GROW_FIRST, Exchange, Exclusive, Order, Stage
from crossfade.core.strategies.rolling import limits
from crossfade.routers.split import canary_of

Answer = TypeVar("Answer")

NOWHERE = Side(identity=Identity("", ""), revision="", desired=0)
"""The Deployment of a revision that has none."""

SOURCE = "(workloadRef)"
"""The track that is no revision: the Deployment that `workloadRef` names."""


@dataclass(frozen=True)
class Situation:
    """All that a rule may ask: what is wanted, what earlier passes decided, what is seen, and the time.

    `blocked`: something stands in the way of the next release; what serves is cared for all the same.
    """

    rollout: Rollout
    seen: Observed
    now: datetime
    memory: RolloutStatus
    blocked: bool = False
    _answers: dict[object, object] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, ask: Callable[[Situation], Answer]) -> Answer:
        """What `ask` gives for this situation, worked out once however many rules need it."""
        if ask not in self._answers:
            self._answers[ask] = ask(self)
        return cast("Answer", self._answers[ask])

    def remember(self, **changes: object) -> Situation:
        """The same with `changes` to the memory; this very one, with all that was worked out, where they change nothing."""
        if _says(self.memory, changes):
            return self
        return replace(self, memory=self.memory.model_copy(update=changes))

    def progress_with(self, **changes: object) -> Situation:
        """The same with `changes` to the progress of the release under way."""
        if self.memory.progress is not None and _says(self.memory.progress, changes):
            return self
        return self.remember(progress=self.progress.model_copy(update=changes))

    @cached_property
    def spec(self) -> RolloutSpec:
        """What the user wants."""
        return self.rollout.spec

    @cached_property
    def name(self) -> str:
        """The Rollout's name."""
        return self.rollout.metadata.name

    @cached_property
    def n(self) -> int:
        """The replicas wanted."""
        return self.spec.replicas

    @cached_property
    def spec_revision(self) -> str:
        """The revision that the spec names."""
        if self.template is None:  # the source is missing: nothing else is wanted than what is there
            return self.progress.revision or self.stable_revision
        return named(self.template)

    @cached_property
    def template(self) -> dict[str, Any] | None:
        """The pod template that is wanted: the spec's, or the source's; None where the source is missing."""
        if self.spec.template is not None:
            return without_nulls(self.spec.template)
        source = self.source
        return without_nulls(source.manifest["spec"]["template"]) if source is not None else None

    def template_of(self, revision: str) -> dict[str, Any] | None:
        """The template of `revision` as submitted, less nulls: from the spec, else from its Release; None if lost.

        One that is not what the revision is named after was written by somebody else than us: no pod is made of it.
        """
        if revision == self.spec_revision and self.template is not None:
            return self.template
        templates = (r.spec.template for r in reversed(self.seen.releases) if r.spec.revision == revision)
        whole = (without_nulls(template) for template in templates if template)
        return next((template for template in whole if named(template) == revision), None)

    @cached_property
    def source(self) -> Side | None:
        """The Deployment that holds the template, where there is one (`workloadRef`)."""
        if self.spec.workload_ref is None:
            return None
        return self.seen.source or self.seen.found.deployments.get(self.spec.workload_ref.name)

    @cached_property
    def service_name(self) -> str:
        """The production Service's name; empty for a worker."""
        return (self.spec.service.name or self.name) if self.spec.service else ""

    @cached_property
    def adopts(self) -> bool:
        """Whether the production Service is somebody's that was there before."""
        return self.spec.service is not None and self.spec.service.adopt

    @cached_property
    def routed(self) -> bool:
        """Whether a route moves the requests: one is named, and the strategy is none that only exchanges pods."""
        moves = self.spec.strategy.rolling is None and self.spec.strategy.recreate is None
        return self.spec.traffic is not None and bool(self.service_name) and moves

    @cached_property
    def canary_name(self) -> str:
        """The Service that a route sends the candidate's requests to; empty for a worker."""
        return canary_of(self.service_name) if self.service_name else ""

    @cached_property
    def preview_name(self) -> str:
        """The Service that reaches a blue/green candidate before the switch; empty where there is none."""
        return f"{self.service_name}-preview" if self.service_name and self.spec.strategy.blue_green else ""

    @cached_property
    def canary(self) -> SeenService | None:
        """That Service, where it is ours; read by its name where its labels are lost."""
        name = self.canary_name
        service = self.seen.services.get(name) or self.seen.found.services.get(name)
        return service if service is not None and service.ours else None

    @cached_property
    def under_way(self) -> bool:
        """Whether a release is under way, forward or back."""
        return self.memory.progress is not None

    @cached_property
    def progress(self) -> Progress:
        """The release under way (an empty one where none is)."""
        return self.memory.progress or Progress()

    @cached_property
    def promoted(self) -> bool:
        """Whether a person let the present stage pass, or all of them."""
        return self.progress.promoted or self.progress.promoted_full

    @cached_property
    def requester(self) -> str:
        """Who asked for the template that is wanted, by what the API server wrote down; "" where nobody knows."""
        return user_of(requester(self.rollout, self.seen.template_change))

    @cached_property
    def stable_revision(self) -> str:
        """The last revision that completed; empty before the first."""
        return self.memory.stable.revision if self.memory.stable else ""

    @cached_property
    def stable(self) -> Side:
        """Stable's Deployment as seen."""
        return self.side(self.stable_revision)

    @cached_property
    def candidate(self) -> Side:
        """The candidate's Deployment as seen."""
        return self.side(self.progress.revision)

    def side(self, track: str) -> Side:
        """The Deployment of a revision, or of SOURCE; NOWHERE where there is none."""
        if track == SOURCE:
            return self.source or NOWHERE
        return self.seen.sides.get(track, NOWHERE)

    @cached_property
    def others(self) -> list[str]:
        """The tracks of ours that are neither stable nor the candidate."""
        known = {self.stable_revision, self.progress.revision}
        ours = [revision for revision, side in self.seen.sides.items() if side.ours and revision not in known]
        return [*ours, *([SOURCE] if self.source is not None else [])]

    def pods(self, revision: str) -> tuple[Pod, ...] | None:
        """The pods of `revision`, where they were looked at in this pass."""
        return self.seen.found.pods.get(revision)

    @cached_property
    def exclusive(self) -> bool:
        """Whether two revisions must never run at once (recreate)."""
        return self.spec.strategy.recreate is not None

    @cached_property
    def floor(self) -> int:
        """The ready pods that production never has fewer of without a failure: replicas less what may be unavailable."""
        rolling = self.spec.strategy.rolling
        missing = limits(rolling, self.n)[1] if rolling is not None and self.n else 0
        return max(0, self.n - missing)

    @cached_property
    def awaited_s(self) -> float:
        """For how many seconds what was asked for last has been awaited; 0 where nothing is."""
        p = self.progress
        if p.short_since is None:
            return 0.0
        return min(seconds_since(each, self.now) for each in (p.short_since, p.asked_at) if each)

    @cached_property
    def plan(self) -> list[Stage]:
        """The stages of the release under way; with no replicas, those of one replica, held at no pods.

        Where the spec does not say them any more, each is taken for what there is now: nothing goes on by it.
        """
        if not self.knows_plan:
            return [self._as_it_stands] * (self.progress.stage + 1)
        spec = self.spec if self.n else self.spec.model_copy(update={"replicas": 1})
        return compiled(spec, self.progress.begun_as, first=not self.stable_revision)

    @cached_property
    def knows_plan(self) -> bool:
        """Whether the spec says by which stages the release under way goes; one that breaks a rule may not."""
        return not self.seen.spec_error or not self.under_way or self.progress.plan == self.plan_hash

    @property
    def _as_it_stands(self) -> Stage:
        weight, shared = self.progress.reached_weight, 0 < self.progress.reached_weight < 100
        order: Order = (
            Exclusive() if self.exclusive else GROW_FIRST if self.routed or not shared else Exchange()
        )
        return Stage("as it stands", self.candidate.desired, self.stable.desired, weight, order)

    @cached_property
    def plan_hash(self) -> str:
        """Changes when the user edits the strategy, and not when they scale.

        Over what differs from the defaults: a field that a later version adds changes no hash, nor does a default that
        is written out. With a route the stages of some strategies are others, and so they are with hooks that hold it.
        """
        chosen = self.spec.strategy.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(chosen, sort_keys=True, separators=(",", ":")) + str(bool(self.stable_revision))
        text += "routed" if self.routed else ""
        text += " ".join(sorted({hook.before for hook in self._held_by_hooks if hook.before}))
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    @property
    def _held_by_hooks(self) -> Sequence[Hook]:
        """The hooks for which the plan may rest: with others at other moments its stages are others."""
        return self.spec.hooks if self.progress.begun_as == "New" else ()

    @cached_property
    def stage(self) -> Stage:
        """The stage that the release under way is in; with no replicas it has no pods."""
        stage = self.plan[min(self.progress.stage, len(self.plan) - 1)]
        return stage if self.n else replace(stage, candidate=0, stable=0)

    @cached_property
    def production(self) -> SeenService | None:
        """The production Service, where it is ours."""
        service = self.seen.services.get(self.service_name)
        return service if service is not None and service.ours else None

    @cached_property
    def production_read(self) -> SeenService | None:
        """The same, also where its labels are lost or not seen yet: then it was read by its name."""
        found = self.seen.found.services.get(self.service_name)
        return self.production or (found if found is not None and found.ours else None)


def _says(memory: Model, changes: Mapping[str, object]) -> bool:
    return all(getattr(memory, name) == value for name, value in changes.items())
