"""Weights as a user writes them, and what of a route's fields only Python can say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from api.manifests import rollout
from crossfade.api.release import PlannedStage
from crossfade.api.rollout import CanaryStep, Rollout, RolloutStatus
from crossfade.api.strict import parse_strict
from crossfade.api.structural import structural
from crossfade.api.traffic import Traffic, is_regular

STEPS = "spec.strategy.canary.steps"
TENTHS = [tenths / 10 if tenths % 10 else tenths // 10 for tenths in range(1, 1001)]


def test_every_tenth_of_a_percent_is_a_weight_and_is_written_as_it_was_read() -> None:
    written = [CanaryStep(weight=weight).to_wire()["weight"] for weight in TENTHS]
    assert json.dumps(written) == json.dumps(TENTHS)


@pytest.mark.parametrize("weight", [0, 0.0, -1, 0.05, 12.25, 99.99, 100.1, float("nan"), True, "5", "5%"])
def test_nothing_else_is_a_weight(weight: Any) -> None:
    with pytest.raises(ValidationError):
        CanaryStep(weight=weight)


def test_a_whole_weight_stays_a_whole_number_however_it_was_written() -> None:
    assert repr(CanaryStep(weight=5.0).weight) == "5"
    assert repr(CanaryStep(weight=5).weight) == "5"


def test_a_status_and_a_release_tell_tenths_and_read_what_somebody_wrote_more_exactly() -> None:
    assert RolloutStatus(weight=12.5, real_weight=0).to_wire()["weight"] == 12.5
    assert RolloutStatus.model_validate({"realWeight": 33.333}).real_weight == 33.333
    assert PlannedStage(weight=0.1).to_wire()["weight"] == 0.1


def test_the_schema_of_a_weight_is_a_number_whose_decimals_a_rule_checks() -> None:
    schema = structural(CanaryStep.model_json_schema())["properties"]["weight"]
    del schema["description"]
    assert schema == {
        "type": "number",
        "minimum": 0,
        "exclusiveMinimum": True,
        "maximum": 100,
        "x-kubernetes-validations": [
            {
                "rule": "double(int(self * 10.0 + 0.5)) / 10.0 == self",
                "message": "write a weight with at most one decimal, for example 12.5",
            }
        ],
    }


def test_weights_rise_over_steps_that_have_none() -> None:
    steps = [{"mirror": "5%"}, {"weight": 0.1}, {"mirror": "5%"}, {"weight": 0.2}]
    spec = parse_strict(
        Rollout, rollout({"spec.traffic": {"httpRoute": {"name": "shop"}}, STEPS: steps})
    ).spec
    assert spec.strategy.canary is not None
    assert [step.weight for step in spec.strategy.canary.steps] == [None, 0.1, None, 0.2]


def test_parts_of_a_route_are_kept_whatever_gateway_api_adds_to_them() -> None:
    matches = [{"path": {"type": "Exact", "value": "/"}, "later": {"a": [1]}}]
    filters = [{"type": "Later", "later": {"b": 2}}]
    gateway = {"parentRefs": [{"name": "public"}], "matches": matches, "filters": filters}
    spec = parse_strict(Rollout, rollout({"spec.traffic": {"gateway": gateway}})).spec
    assert spec.traffic is not None
    assert spec.traffic.to_wire()["gateway"]["matches"] == matches
    assert spec.traffic.to_wire()["gateway"]["filters"] == filters


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
def test_a_route_of_somebody_else_is_named_by_kind_and_name(kind: str) -> None:
    field = kind.removesuffix("Route").lower() + "Route"
    named = Traffic.model_validate({field: {"name": "shop", "rule": "main"}}).named()
    assert named is not None
    assert (named[0], named[1].name, named[1].rule) == (kind, "shop", "main")


def test_a_route_of_our_own_names_nobody_elses() -> None:
    assert Traffic.model_validate({"gateway": {"parentRefs": [{"name": "public"}]}}).named() is None


@pytest.mark.parametrize(
    "expression", ["beta|gamma", r"\pL+", "a(?i)b", r"(?U)a+", r"\(?=", "[(?=]+", r"[]\](?=]", None]
)
def test_a_regular_expression_that_routers_may_take_is_not_refused(expression: str | None) -> None:
    assert is_regular(expression)


@pytest.mark.parametrize(
    "expression",
    ["(", "a(?=b)", "(?<!a)b", "a(?!b)", r"\\(?=b)", "[b-a]", "*", r"(a)\1", "(?P<a>b)(?P=a)", "(?>a)"],
)
def test_a_regular_expression_that_no_router_takes_is_refused(expression: str) -> None:
    assert not is_regular(expression)
