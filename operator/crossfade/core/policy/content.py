"""What a spec breaks of one policy: the same rules as at admission, for Rollouts that are older than the policy or were let through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from crossfade.api.analysis import Metric
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.rollout import RolloutSpec
from crossfade.core.policy.about import About
from crossfade.core.policy.matched import Broken, mode_of
from crossfade.core.policy.rules import RULES


def broken(
    policy: RolloutPolicySpec,
    spec: RolloutSpec,
    template: Mapping[str, Any] | None,
    measured: Mapping[str, Sequence[Metric]] = MappingProxyType({}),
) -> tuple[Broken, ...]:
    """What it breaks, rule by rule, each with its place and what to write instead.

    `template`: the pod template that would run, also one that `workloadRef` leads to; None where it cannot be seen. `measured`: the
    metrics of AnalysisTemplates that can be seen, by name. `expressions` are judged by the API server alone.
    """
    about = About(spec, template, measured)
    return tuple(
        Broken(rule.name, message, mode_of(policy, rule.name))
        for rule in RULES
        for message in rule.problems(policy, about)
    )
