"""Defaults, names on the wire, and what is read leniently."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from api.manifests import rollout
from crossfade.api.action import ACTIONS, RolloutAction
from crossfade.api.base import MESSAGE_LENGTH
from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.api.release import Release
from crossfade.api.rollout import (
    BlueGreen,
    Canary,
    Condition,
    Recreate,
    Rolling,
    Rollout,
    RolloutSpec,
    RolloutStatus,
    ServicePort,
    Strategy,
    StrategyName,
)

TEMPLATE = {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}}


def spec(**fields: Any) -> RolloutSpec:
    return RolloutSpec.model_validate({"template": TEMPLATE, "strategy": {"bigBang": {}}, **fields})


def test_everything_but_template_and_strategy_has_a_default() -> None:
    wire = spec().to_wire()
    del wire["template"], wire["strategy"]
    assert wire == {
        "replicas": 1,
        "bakeSeconds": 30,
        "hooks": [],
        "onFailure": "Abort",
        "progressDeadlineSeconds": 600,
        "minReadySeconds": 0,
        "drainSeconds": 5,
        "keepFailedSeconds": 600,
        "revisionHistoryLimit": 5,
        "rollbackRevisions": 3,
        "paused": False,
        "holdWhenOthersFail": False,
        "priority": 0,
        "onDelete": "Delete",
    }


@pytest.mark.parametrize(
    ("strategy", "wire"),
    [
        (Recreate(), {"maxDowntimeSeconds": 120, "pullFirst": True}),
        (Rolling(), {"maxSurge": "25%", "maxUnavailable": 0, "batches": []}),
        (
            BlueGreen(),
            {"promote": "Automatic", "promoteAfterSeconds": 0, "previewMatch": [], "previewHostnames": []},
        ),
        (
            Canary.model_validate({"steps": [{"weight": 5}]}),
            {
                "steps": [{"weight": 5, "match": []}],
                "maxSurge": "25%",
                "sticky": False,
                "dynamicStable": False,
            },
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_strategy_has_defaults(
    strategy: Recreate | Rolling | BlueGreen | Canary, wire: dict[str, Any]
) -> None:
    assert strategy.to_wire() == wire


@pytest.mark.parametrize("name", get_args(StrategyName))
def test_a_strategy_is_named_as_in_the_manifest(name: str) -> None:
    member = {"steps": [{"weight": 5}]} if name == "canary" else {}
    assert spec(strategy={name: member}).strategy.name == name


def test_a_strategy_made_in_code_obeys_the_rules_too() -> None:
    with pytest.raises(ValidationError, match="choose exactly one"):
        Strategy()


def test_fields_have_snake_case_names_in_python_and_camel_case_on_the_wire() -> None:
    assert spec(bakeSeconds=7).bake_seconds == spec(bake_seconds=7).bake_seconds == 7


def test_the_template_is_kept_as_it_was_submitted() -> None:
    template = {"spec": {"zzz": None, "containers": [{"name": "a", "image": "b", "env": []}], "x": {}}}
    kept = spec(template=template).template
    assert kept is template
    assert kept == {"spec": {"zzz": None, "containers": [{"name": "a", "image": "b", "env": []}], "x": {}}}


def test_a_port_leads_to_the_same_port_of_the_pods_by_default() -> None:
    assert ServicePort(port=80).target_port == 80


@pytest.mark.parametrize("target", ["http", "a", "8a", "web-2", "1-a"])
def test_a_port_may_lead_to_a_named_port(target: str) -> None:
    assert ServicePort(port=80, target_port=target).target_port == target


@pytest.mark.parametrize("target", ["", "80", "-a", "a-", "a--b", "A", "a" * 16, "http\n", True, 0, 65536])
def test_a_target_that_is_no_port_is_refused(target: Any) -> None:
    with pytest.raises(ValidationError):
        ServicePort(port=80, target_port=target)


def test_a_stored_object_may_have_fields_of_a_newer_operator() -> None:
    stored = rollout({"spec.later": 1, "status": {"observedGeneration": 3, "later": {}}})
    parsed = Rollout.model_validate(stored)
    assert parsed.status is not None
    assert parsed.status.observed_generation == 3


def test_a_part_of_a_status_is_read_with_defaults_for_the_rest() -> None:
    status = RolloutStatus.model_validate({"phase": "Healthy", "progress": {"stage": 2}})
    assert status.phase is Phase.HEALTHY
    assert status.progress is not None
    assert (status.observed_generation, status.progress.stage, status.progress.promoted) == (-1, 2, False)


def test_a_status_comes_back_as_it_was_written() -> None:
    written = RolloutStatus(
        phase=Phase.PAUSED,
        completed=["a", "b"],
        conditions=[Condition(type=ConditionType.READY, status="False", reason=Reason.BAKING)],
    )
    assert RolloutStatus.model_validate(written.to_wire()) == written


def test_a_message_that_is_too_long_for_a_status_is_cut_and_never_an_error() -> None:
    message = RolloutStatus(message="é" * (MESSAGE_LENGTH + 1)).message
    assert len(message) == MESSAGE_LENGTH
    assert message.endswith("é…")


def test_a_message_that_code_put_together_is_cut_too_when_it_is_written() -> None:
    status = RolloutStatus().model_copy(update={"message": "x" * (MESSAGE_LENGTH + 1)})
    assert len(status.to_wire()["message"]) == MESSAGE_LENGTH


def test_models_are_values_that_nobody_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec().replicas = 3


@pytest.mark.parametrize("value", ["3", 3.0, True])
def test_no_type_is_converted_since_the_api_server_does_not_either(value: object) -> None:
    with pytest.raises(ValidationError):
        spec(replicas=value)


def test_an_action_names_what_it_asks_for() -> None:
    action = {"spec": {"rollout": "shop", "action": "Undo", "revision": "abc"}}
    assert RolloutAction.model_validate(action).spec.action == "Undo"
    assert ACTIONS[:3] == ("Promote", "PromoteFull", "Skip")
    assert set(ACTIONS[3:]) == {"Abort", "Retry", "Pause", "Resume", "Undo", "Restart", "Approve", "Bypass"}
    with pytest.raises(ValidationError, match="'Promote', 'PromoteFull'"):
        RolloutAction.model_validate({"spec": {"rollout": "shop", "action": "Explode"}})


APPROVAL = {"rollout": "shop", "action": "Approve", "revision": "abc", "actor": "ann"}
BYPASS = {"rollout": "shop", "action": "Bypass", "policy": "production", "reason": "down", "actor": "ann"}


@pytest.mark.parametrize(
    ("whole", "change", "told"),
    [
        (APPROVAL, {"actor": None}, "write your own user name as actor"),
        (APPROVAL, {"revision": None}, "an Approve is for one revision"),
        (APPROVAL, {"expiresSeconds": 60}, "expiresSeconds counts only with action: Bypass"),
        (BYPASS, {"actor": None}, "write your own user name as actor"),
        (BYPASS, {"policy": None}, "write policy and reason"),
        (BYPASS, {"reason": ""}, "write policy and reason"),
        (BYPASS, {"step": 2}, "step counts only with action: Approve"),
        (BYPASS, {"expiresSeconds": 604_801}, "less than or equal to 604800"),
        (APPROVAL, {"action": "Promote", "policy": "production"}, "policy counts only with action"),
        (APPROVAL, {"step": 0}, "must be the number of a stage"),
        (APPROVAL, {"groups": ["a"] * 129}, "at most 128 items"),
    ],
)
def test_what_an_approval_and_a_bypass_need_is_known_before_they_are_made(
    whole: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    assert RolloutAction.model_validate({"spec": whole}).spec.actor == "ann"
    with pytest.raises(ValidationError, match=told):
        RolloutAction.model_validate({"spec": {**whole, **change}})


@pytest.mark.parametrize("step", [3, "25 %"])
def test_an_approval_names_its_stage_by_number_or_name(step: object) -> None:
    assert RolloutAction.model_validate({"spec": {**APPROVAL, "step": step}}).spec.step == step


def test_a_release_without_status_is_under_way() -> None:
    release = Release.model_validate({"spec": {"rollout": "shop", "number": 1}, "status": {}})
    assert release.status is not None
    assert release.status.outcome == ""


@pytest.mark.parametrize("words", [Phase, ConditionType, Reason], ids=lambda words: words.__name__)
def test_reasons_are_one_camel_case_word_as_conditions_need(
    words: type[Phase | ConditionType | Reason],
) -> None:
    assert all(word.isalpha() and word[0].isupper() for word in words)
