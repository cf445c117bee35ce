"""The operator and admission say the same of any spec: each rule in Python and in CEL, word for word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.rollout import RolloutSpec
from crossfade.core.policy.admission import manifests
from crossfade.core.policy.content import broken
from judged import Asked
from policy_specs import EACH_RULE, POLICIES, SPECS
from samples import examples

ENFORCED = manifests()[0]


def said_by_python(policy: RolloutPolicySpec, spec: RolloutSpec) -> list[str]:
    return [f"rule {each.rule}: {each.message}" for each in broken(policy, spec, spec.template)]


def said_by_cel(policy: RolloutPolicySpec, spec: RolloutSpec) -> list[str]:
    params = {"metadata": {"name": "p"}, "spec": policy.to_wire()}
    found: list[str] = Asked(
        ENFORCED, {"object": {"metadata": {}, "spec": spec.to_wire()}, "params": params}
    ).variable("found")
    return found


def assert_alike(policy: dict[str, Any], spec: dict[str, Any]) -> None:
    try:
        asked, judged = RolloutPolicySpec.model_validate(policy), RolloutSpec.model_validate(spec)
    except ValidationError:
        return
    assert said_by_cel(asked, judged) == said_by_python(asked, judged)


@pytest.mark.parametrize("rule", EACH_RULE)
def test_python_and_cel_say_the_same_of_any_spec_by_each_rule(rule: str) -> None:
    @given(EACH_RULE[rule], SPECS)
    @settings(max_examples=examples(100), deadline=None, suppress_health_check=[*HealthCheck])
    def alike(asked: dict[str, Any], spec: dict[str, Any]) -> None:
        assert_alike({rule: asked}, spec)

    alike()


@given(POLICIES, SPECS)
@settings(max_examples=examples(50), deadline=None, suppress_health_check=[*HealthCheck])
def test_python_and_cel_say_the_same_of_any_spec_by_all_rules(
    policy: dict[str, Any], spec: dict[str, Any]
) -> None:
    assert_alike(policy, spec)
