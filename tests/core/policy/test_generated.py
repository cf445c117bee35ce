"""The admission policy of a RolloutPolicy with expressions: what it says, and what is told of expressions that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.api.policy import RolloutPolicy
from crossfade.api.strict import parse_strict
from crossfade.core.policy.generated import admission, is_ours, refused, stands, warned
from judged import Asked

OWNER = {
    "name": "owner",
    "expression": "has(object.metadata.labels) && 'owner' in object.metadata.labels",
    "message": "label it\nwith its owner",
}
DRAINS = {
    "name": "drains",
    "expression": "has(object.spec.drainSeconds) // written",
    "message": "say how long pods drain",
}
TOLD = "policy p, rule expressions, owner: label it with its owner"


def policy(*expressions: dict[str, str], **spec: Any) -> RolloutPolicy:
    meta = {"name": "p", "uid": "uid-p"}
    return RolloutPolicy.model_validate(
        {"metadata": meta, "spec": {"expressions": list(expressions), **spec}}
    )


def asked(
    made: RolloutPolicy, new: dict[str, Any], old: dict[str, Any] | None = None, **data: Any
) -> list[str]:
    """The messages of the expressions that do not hold."""
    params = {"metadata": {"name": "p"}, "spec": made.spec.to_wire()}
    judged = Asked(admission(made)[0], {"object": new, "oldObject": old, "params": params, **data})
    return judged.messages()


def shop(**labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "shop", "labels": labels}, "spec": {"strategy": {"bigBang": {}}}}


def test_a_policy_without_expressions_needs_none() -> None:
    assert admission(policy()) == []


ALL = [{"header": {"name": "user-agent", "regex": ".*"}}]


@pytest.mark.parametrize(
    ("strategy", "rule"),
    [
        ({"canary": {"steps": [{"weight": 5}, {"match": ALL}]}}, "match: steps may have no match"),
        ({"blueGreen": {"previewMatch": ALL}}, "preview-match: a preview may have no previewMatch"),
        ({"canary": {"steps": [{"weight": 5, "match": []}, {"weight": 50}]}}, ""),
        ({"blueGreen": {}}, ""),
        ({"rolling": {}}, ""),
    ],
)
def test_the_expressions_that_the_guide_shows_refuse_each_match(strategy: dict[str, Any], rule: str) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "policies.md").read_text()
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)]
    read = [parse_strict(RolloutPolicy, each) for each in shown]
    (made,) = (each for each in read if each.metadata.name == "weights-alone")
    there = {"metadata": {"name": "shop", "labels": {"env": "production"}}}
    new = {"metadata": {"name": "shop"}, "spec": {"strategy": strategy}}
    told = asked(made, new, namespaceObject=there)
    assert [each.partition("rule expressions, ")[2][: len(rule)] for each in told] == [rule][: bool(rule)]


def test_it_goes_with_its_policy() -> None:
    owner = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "RolloutPolicy", "name": "p", "uid": "uid-p"}
    made = admission(policy(OWNER))
    assert [each["metadata"] for each in made] == [
        {"name": "crossfade-policy-p", "ownerReferences": [owner]}
    ] * 2
    assert all(is_ours(each) for each in made)


@pytest.mark.parametrize(
    ("spec", "action"),
    [
        ({}, "Deny"),
        ({"enforcement": "Warn"}, "Warn"),
        ({"enforcement": "Audit"}, "Audit"),
        ({"ruleEnforcement": {"expressions": "Warn"}}, "Warn"),
        ({"enforcement": "Warn", "ruleEnforcement": {"images": "Enforce"}}, "Warn"),
    ],
    ids=str,
)
def test_what_follows_is_the_mode_of_the_rule(spec: dict[str, Any], action: str) -> None:
    binding = admission(policy(OWNER, **spec))[1]["spec"]
    assert binding["validationActions"] == [action]
    assert binding["paramRef"] == {"name": "p", "parameterNotFoundAction": "Allow"}


def test_each_expression_that_does_not_hold_tells_its_message_in_one_line() -> None:
    made = policy(OWNER, DRAINS)
    assert asked(made, shop()) == [TOLD, "policy p, rule expressions, drains: say how long pods drain"]
    assert asked(made, shop(owner="ann"))[0].startswith("policy p, rule expressions, drains")


def test_it_is_about_those_that_the_policy_selects_and_nobody_else() -> None:
    made = policy(OWNER, namespaceSelector={"matchLabels": {"env": "prod"}})
    assert asked(made, shop(), namespaceObject={"metadata": {"labels": {"env": "prod"}}}) == [TOLD]
    assert asked(made, shop()) == []


def test_a_bypass_passes_it_too() -> None:
    passed = {**shop(), "status": {"bypasses": [{"policy": "p"}]}}
    assert asked(policy(OWNER), {**shop(), "spec": {"strategy": {"recreate": {}}}}, passed) == []


def test_labels_alone_are_not_judged() -> None:
    assert asked(policy(OWNER), shop(), shop(owner="ann")) == []


SAID = (
    'ValidatingAdmissionPolicy.admissionregistration.k8s.io "crossfade-policy-p" is invalid: spec.validations[1].expression: '
    'Invalid value: "!variables.selected || ...": compilation failed: ERROR: <input>:2:12: undeclared reference to '
    "'obj' (in container '')\n | obj.spec\n | ^"
)


def test_an_expression_that_cannot_be_compiled_is_told_by_its_name_and_place() -> None:
    assert refused(policy(OWNER, DRAINS), SAID) == (
        "expression drains is wrong in line 1, at character 12: undeclared reference to 'obj' (in container '')"
    )


def test_any_other_refusal_is_told_as_it_is() -> None:
    assert refused(policy(OWNER), "too large") == "expressions: the API server refuses them: too large"
    assert refused(policy(OWNER), "spec.validations[0].expression: no") == (
        "expression owner: spec.validations[0].expression: no"
    )
    assert refused(policy(OWNER), SAID) == f"expressions: the API server refuses them: {SAID}"


def checked(field: str, warning: str) -> dict[str, Any]:
    return {"status": {"typeChecking": {"expressionWarnings": [{"fieldRef": field, "warning": warning}]}}}


def test_a_wrong_type_is_told_by_its_name() -> None:
    live = checked(
        "spec.validations[1].expression",
        "crossfade.dev/v1alpha1, Kind=Rollout: ERROR: <input>:2:5: undefined field 'drain'\n | x",
    )
    assert warned(policy(OWNER, DRAINS), live) == "expression drains: undefined field 'drain'"
    assert warned(policy(OWNER), checked("spec.validations[0].expression", "odd")) == "expression owner: odd"
    assert warned(policy(OWNER, DRAINS), {}) == ""


def stored(made: dict[str, Any]) -> dict[str, Any]:
    """As the API server gives it back: with what it fills in."""
    spec = {**made["spec"]}
    if "matchConstraints" in spec:
        rule = {**spec["matchConstraints"]["resourceRules"][0], "scope": "*"}
        spec["matchConstraints"] = {"resourceRules": [rule], "matchPolicy": "Equivalent"}
    return {"metadata": {**made["metadata"], "uid": "1", "generation": 1}, "spec": spec}


def test_what_is_stored_as_wanted_is_not_written_again() -> None:
    assert [stands(stored(each), each) for each in admission(policy(OWNER))] == [True, True]


@pytest.mark.parametrize(
    "other",
    [
        policy(OWNER, DRAINS),
        policy({**OWNER, "message": "other"}),
        policy(DRAINS),
        policy(OWNER, enforcement="Warn"),
    ],
    ids=["one more", "another message", "another one", "another mode"],
)
def test_what_changed_is_written(other: RolloutPolicy) -> None:
    before = [stored(each) for each in admission(policy(OWNER))]
    assert not all(map(stands, before, admission(other)))


def test_one_that_somebody_took_from_its_policy_is_written_again() -> None:
    made = admission(policy(OWNER))[0]
    assert not stands({**stored(made), "metadata": {"name": "crossfade-policy-p"}}, made)
