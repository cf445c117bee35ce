"""`strategies`: which ones may be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.policy.about import About, Cel


def problems(policy: RolloutPolicySpec, about: About) -> Iterator[str]:
    """The strategy, where it is none of those that are allowed."""
    name, rule = about.spec.strategy.name, policy.strategies
    if rule is not None and name not in rule.allowed:
        yield f"strategy.{name} is not allowed: use {' or '.join(rule.allowed)}"


CEL: Final = Cel(
    "variables.strategy in variables.policy.strategies.allowed ? [] : "
    "['strategy.' + variables.strategy + ' is not allowed: use ' + variables.policy.strategies.allowed.join(' or ')]"
)
