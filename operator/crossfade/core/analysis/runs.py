"""Which metrics are measured now, since when, and whether an end is known at which they must have decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crossfade.api.analysis import Analysis, Metric, TemplateRef
from crossfade.api.analysis_template import AnalysisTemplateSpec
from crossfade.api.hooks import Hook
from crossfade.api.release import TemplateCopy
from crossfade.core import hooks
from crossfade.core.observed import Template
from crossfade.core.policy.ungated import must_measure
from crossfade.core.situation import Situation
from crossfade.core.stages import GateKind

BACKGROUND = "background"
BAKE = "bake"
BEFORE = "before"
STEP = "step"
AFTER = "after"


@dataclass(frozen=True)
class Asked:
    """A metric, the values of its arguments, and the template that it is of; None for one of the Rollout's own."""

    metric: Metric
    arguments: Mapping[str, str]
    template: TemplateRef | None = None

    @cached_property
    def definition(self) -> str:
        """Changes when the metric or a value is edited: over what differs from the defaults, as `plan_hash`."""
        said = {"metric": self.metric.model_dump(mode="json", exclude_defaults=True), **self.arguments}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Run:
    """Metrics that are measured together. `since` (RFC 3339): when it began. `decides`: a stage waits for its verdict."""

    name: str
    since: str
    decides: bool
    asked: tuple[Asked, ...]


def active(s: Situation) -> tuple[Run, ...]:
    """The runs that are under way: none on the way back, nor for a revision that comes back since it has proved itself."""
    p = s.progress
    if not s.under_way:
        return tuple(_afterwards(s))
    ends = (
        p.rollback_reason or p.frozen or p.begun_as == "Return" or (p.promoted_full and not must_measure(s))
    )
    return () if ends else (*_hooked(s), *(_measured(s) if s.stable_revision else ()))


def _hooked(s: Situation) -> Iterator[Run]:
    """The hooks that the present stage waits for."""
    since = s.progress.reached_at
    if s.stage.hooks and since is not None and not s.promoted:
        yield Run(f"{BEFORE} {s.stage.hooks[0].before}", since, decides=True, asked=_of(s.stage.hooks))


def _afterwards(s: Situation) -> Iterator[Run]:
    """The hooks that the end of the last release has set off."""
    ended = s.memory.afterwards
    asked = hooks.after(s.spec.hooks, ended.moment) if ended is not None else ()
    if ended is not None and ended.at is not None and asked:
        yield Run(f"{AFTER} {ended.moment}", ended.at, decides=False, asked=_of(asked))


def _of(chosen: Sequence[Hook]) -> tuple[Asked, ...]:
    return tuple(Asked(hooks.measured(hook), {}) for hook in chosen)


def _measured(s: Situation) -> Iterator[Run]:
    p = s.progress
    if s.spec.analysis is not None and p.serving_since is not None:
        yield Run(BACKGROUND, p.serving_since, decides=False, asked=asked_by(s, s.spec.analysis))
    if p.reached_at is None:
        return
    if s.stage.analysis is not None and (not s.promoted or must_measure(s)):
        yield Run(f"{STEP} {p.stage + 1}", p.reached_at, decides=True, asked=asked_by(s, s.stage.analysis))
    if s.spec.bake_analysis is not None and any(gate.kind is GateKind.BAKE for gate in s.stage.gates):
        yield Run(BAKE, p.reached_at, decides=False, asked=asked_by(s, s.spec.bake_analysis))


def asked_by(s: Situation, analysis: Analysis) -> tuple[Asked, ...]:
    """Its own metrics and those of its templates, each name once: the first that has it."""
    given = {each.name: each.value for each in analysis.arguments if each.value is not None}
    found = {metric.name: Asked(metric, given) for metric in analysis.metrics}
    for ref in analysis.templates:
        for template in _versions(s, ref):
            defaults = {each.name: each.value for each in template.arguments if each.value is not None}
            for metric in template.metrics:
                found.setdefault(metric.name, Asked(metric, {**defaults, **given}, ref))
    return tuple(found.values())


def _versions(s: Situation, ref: TemplateRef) -> Iterator[AnalysisTemplateSpec]:
    """A template as it is, then the copy that the release began with, where a metric of that is gone: nothing that decides is dropped."""
    live, copy = template_of(s, ref), _copy_of(s, ref)
    if live is not None:
        yield live.spec
    there = {metric.name for metric in live.spec.metrics} if live is not None else set()
    if copy is not None and not {each["name"] for each in copy.spec["metrics"]} <= there:
        yield AnalysisTemplateSpec.model_validate(copy.spec)


def _copy_of(s: Situation, ref: TemplateRef) -> TemplateCopy | None:
    """The copy in the record of the release in progress."""
    record = next((each.spec for each in s.seen.releases if each.spec.number == s.memory.release), None)
    kept = record.analysis_templates if record is not None and s.under_way else []
    return next((each for each in kept if (each.name, each.cluster) == (ref.name, ref.cluster)), None)


def copies(s: Situation) -> list[dict[str, Any]]:
    """The templates that the spec names, as they are, for the record."""
    refs = {(ref.name, ref.cluster): ref for _, each in analyses(s) for ref in each.templates}
    live = ((ref, template_of(s, ref)) for ref in refs.values())
    return [
        {"name": ref.name, "cluster": ref.cluster, "spec": each.spec.to_wire()}
        for ref, each in live
        if each is not None
    ]


def gone(s: Situation) -> str:
    """The first template of which the release under way has only its copy, as a sentence; "" where there is none."""
    refs = (ref for _, each in analyses(s) for ref in each.templates) if s.under_way else ()
    lost = (ref for ref in refs if template_of(s, ref) is None and _copy_of(s, ref) is not None)
    told = (f"{kind_of(ref)} is gone, and what the release began with is measured" for ref in lost)
    return next(told, "")


def analyses(s: Situation) -> Iterator[tuple[str, Analysis]]:
    """Every analysis that the spec has, with its place, as people write it."""
    if s.spec.analysis is not None:
        yield "spec.analysis", s.spec.analysis
    if s.spec.bake_analysis is not None:
        yield "spec.bakeAnalysis", s.spec.bake_analysis
    canary, blue_green = s.spec.strategy.canary, s.spec.strategy.blue_green
    for index, step in enumerate(canary.steps if canary is not None else ()):
        if step.analysis is not None:
            yield f"spec.strategy.canary.steps[{index}].analysis", step.analysis
    if blue_green is not None and blue_green.before_switch is not None:
        yield "spec.strategy.blueGreen.beforeSwitch", blue_green.before_switch


def lacking(s: Situation, analysis: Analysis) -> str:
    """The first template of one analysis that does not exist, in words; "" where all do, or the release has a copy."""
    lost = (ref for ref in analysis.templates if template_of(s, ref) is None and _copy_of(s, ref) is None)
    return next(map(kind_of, lost), "")


def template_of(s: Situation, ref: TemplateRef) -> Template | None:
    """The template that a reference names; None where there is none."""
    named = ref.name, ref.cluster
    return s.seen.templates.get(named) or s.seen.found.templates.get(named)


def kind_of(ref: TemplateRef) -> str:
    """What a reference names, in words."""
    return f"{'ClusterAnalysisTemplate' if ref.cluster else 'AnalysisTemplate'} {ref.name}"
