"""Which Jobs of AnalysisTemplates are not run since their images may not be: such a template can be edited in the middle of a stage."""

from __future__ import annotations

from typing import NamedTuple

from crossfade.api.analysis import Metric, TemplateRef
from crossfade.core.policy.bypasses import in_force
from crossfade.core.policy.matched import mode_of
from crossfade.core.policy.rules.images import wrong_in
from crossfade.core.situation import Situation


class Barred(NamedTuple):
    """The policy that forbids a Job, and why in a sentence."""

    policy: str
    why: str


def barred(s: Situation, metric: Metric, template: TemplateRef | None) -> Barred | None:
    """Why the Job of a metric may not run; None where it may. `template`: which one it is of; what one of the cluster runs is its admin's own.

    Those that a Rollout writes itself were judged with its spec.
    """
    if metric.job is None or template is None or template.cluster:
        return None
    for policy in in_force(s):
        spec = policy.spec
        if spec is None or spec.images is None or mode_of(spec, "images") != "Enforce":
            continue
        if told := wrong_in(spec.images, metric.job.template):
            return Barred(
                policy.name, f"policy {policy.name}, rule images: AnalysisTemplate {template.name}: {told}"
            )
    return None
