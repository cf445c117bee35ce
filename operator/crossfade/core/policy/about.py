"""What a rule about a spec looks at, and what such a rule is: said in Python and in CEL, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crossfade.api.analysis import Metric
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import RuleName
from crossfade.api.rollout import RolloutSpec
from crossfade.core.compile import compiled
from crossfade.core.stages import Stage


@dataclass(frozen=True)
class About:
    """A spec and the pod template that it runs; None where that is a Deployment's that cannot be seen.

    `measured`: by name, the metrics of the AnalysisTemplates of its namespace, as far as they can be seen.
    """

    spec: RolloutSpec
    template: Mapping[str, Any] | None = None
    measured: Mapping[str, Sequence[Metric]] = field(default_factory=dict)

    @cached_property
    def plan(self) -> list[Stage]:
        """Its stages without the rests for hooks; of one without pods, those that it will have with one pod.

        Else a Rollout at `replicas: 0` could be given any steps, and be scaled up afterwards.
        """
        some = max(1, self.spec.replicas)
        return compiled(self.spec.model_copy(update={"replicas": some, "hooks": []}))


@dataclass(frozen=True)
class Cel:
    """The same rule as admission has it.

    `problems`: an expression that gives a list of texts, the very ones of the Python form. It is asked only where the policy has the
    rule. It and `variables` (name, expression) may use the variables `policy` (the policy's spec), `spec` (the Rollout's), `index`
    (0 to 63), and those before them.
    """

    problems: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ContentRule:
    """One rule about what a spec says. `problems`: how it is broken, each with its place and what to write instead."""

    name: RuleName
    problems: Callable[[RolloutPolicySpec, About], Iterator[str]]
    cel: Cel


def let(name: str, value: str, body: str) -> str:
    """CEL in which `name` stands for `value`: a list of one is gone through. (`cel.bind` is not in every API server.)"""
    return f"[{value}].map({name}, {body})[0]"


def said_if(condition: str, text: str) -> str:
    """CEL of a list with one text where the condition holds."""
    return f"({condition} ? [{text}] : [])"
