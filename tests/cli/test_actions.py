"""`crossfade promote|abort|retry|pause|resume|undo|approve|bypass`: the RolloutAction, its answer, and the exit code."""

import argparse
import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster, forbidden
from crossfade.api.action import ACTIONS, RolloutAction
from crossfade.api.strict import parse_strict
from crossfade.cli.action import VERBS, Verb
from crossfade.cli.approve import seconds, step
from crossfade.core.revision import revision_of
from view.stored import rollout, under_way

Run = Callable[..., int]
DONE = {"status": {"state": "Done", "message": "Stage '50 %' passes."}}
REFUSED = {"status": {"state": "Refused", "message": "Nothing is under way."}}


def answering(*states: dict[str, Any]) -> FakeCluster:
    cluster = FakeCluster(under_way())
    cluster.coming["RolloutAction"] = list(states)
    return cluster


NEEDED = {
    "approve": ("--step", "25 %"),
    "bypass": ("--policy", "production", "--reason", "checkout is down", "--expires", "30m"),
}
"""What is typed behind some commands."""


def test_every_action_of_the_api_has_a_command() -> None:
    assert {verb.action for verb in VERBS} == set(ACTIONS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.word)
def test_each_command_makes_its_action_as_the_api_wants_it(crossfade: Run, verb: Verb) -> None:
    cluster = answering(DONE)
    cluster.user = "ann"
    assert crossfade(cluster, verb.word, "shop", *NEEDED.get(verb.word, ())) == 0
    [(kind, body)] = cluster.created
    made = parse_strict(RolloutAction, body)
    assert (kind, made.spec.rollout, made.spec.action) == ("RolloutAction", "shop", verb.action)
    assert body["metadata"]["generateName"] == f"shop-{verb.word}-"


def test_a_promotion_is_only_for_the_candidate_that_was_seen(crossfade: Run) -> None:
    cluster = answering(DONE)
    crossfade(cluster, "promote", "shop")
    assert cluster.created[0][1]["spec"]["revision"] == "bbb222"


def test_an_abort_is_for_whatever_is_under_way_and_says_who_typed_it(crossfade: Run) -> None:
    cluster = answering(DONE)
    cluster.user = "ann"
    crossfade(cluster, "abort", "shop", "--reason", "checkout fails")
    spec = {"rollout": "shop", "action": "Abort", "actor": "ann", "reason": "checkout fails"}
    assert cluster.created[0][1]["spec"] == spec


@pytest.mark.parametrize("name", [None, "", "a" * 254])
def test_a_user_whose_name_is_not_told_or_does_not_fit_acts_all_the_same(
    crossfade: Run, name: str | None
) -> None:
    cluster = answering(DONE)
    cluster.user = name
    assert crossfade(cluster, "abort", "shop") == 0
    assert cluster.created[0][1]["spec"] == {"rollout": "shop", "action": "Abort"}


def test_an_approval_names_who_gives_it_with_groups_and_the_revision_that_was_seen(crossfade: Run) -> None:
    cluster = answering(DONE)
    cluster.user, cluster.groups = "ann", ["release-managers", "system:authenticated"]
    crossfade(cluster, "approve", "shop", "--policy", "production", "--step", "3")
    assert cluster.created[0][1]["spec"] == {
        "rollout": "shop",
        "action": "Approve",
        "revision": "bbb222",
        "actor": "ann",
        "groups": ["release-managers", "system:authenticated"],
        "step": 3,
        "policy": "production",
    }


def test_before_a_release_begins_the_revision_in_the_spec_is_approved(crossfade: Run) -> None:
    stored = rollout(phase="Waiting")
    cluster = FakeCluster(stored)
    cluster.coming["RolloutAction"] = [DONE]
    cluster.user = "ann"
    crossfade(cluster, "approve", "shop")
    assert cluster.created[0][1]["spec"]["revision"] == revision_of(stored["spec"]["template"])


def test_where_the_template_is_in_a_deployment_and_nothing_is_under_way_the_revision_is_asked_for(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(rollout(spec={"template": None, "workloadRef": {"name": "web"}}, phase="Waiting"))
    assert crossfade(cluster, "approve", "shop") == 1
    assert cluster.created == []
    assert "the template is in Deployment web" in capsys.readouterr().err


def test_a_bypass_names_the_policy_the_reason_and_how_long(crossfade: Run) -> None:
    cluster = answering(DONE)
    cluster.user = "ann"
    crossfade(cluster, "bypass", "shop", "--policy", "production", "--reason", "down", "--expires", "1h")
    assert cluster.created[0][1]["spec"] == {
        "rollout": "shop",
        "action": "Bypass",
        "actor": "ann",
        "policy": "production",
        "reason": "down",
        "expiresSeconds": 3600,
    }


@pytest.mark.parametrize("missing", ["--policy", "--reason"])
def test_a_bypass_without_policy_or_reason_is_not_made(crossfade: Run, missing: str) -> None:
    given = {"--policy": "production", "--reason": "down"}
    left = [part for option, value in given.items() if option != missing for part in (option, value)]
    cluster = answering(DONE)
    with pytest.raises(SystemExit) as ended:
        crossfade(cluster, "bypass", "shop", *left)
    assert ended.value.code == 1
    assert cluster.created == []


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)]
)
def test_a_time_is_written_with_or_without_a_unit(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0", "8d", "1w", "-1h", "1.5h", "one"])
def test_what_is_no_time_of_a_week_at_most_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write for example"):
        seconds(text)


@pytest.mark.parametrize(("text", "expected"), [("3", 3), ("25 %", "25 %"), ("switch", "switch")])
def test_a_stage_is_named_by_its_number_or_its_name(text: str, expected: object) -> None:
    assert step(text) == expected


def test_there_is_no_stage_0() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="counted from 1"):
        step("0")


@pytest.mark.parametrize("groups", [[f"group-{n}" for n in range(129)], ["a" * 254], [""]])
def test_groups_that_an_action_cannot_hold_are_left_out(crossfade: Run, groups: list[str]) -> None:
    cluster = answering(DONE)
    cluster.user, cluster.groups = "ann", groups
    assert crossfade(cluster, "approve", "shop") == 0
    assert "groups" not in cluster.created[0][1]["spec"]


def test_undo_goes_to_the_revision_that_is_named(crossfade: Run) -> None:
    cluster = answering(DONE)
    crossfade(cluster, "undo", "shop", "--revision", "aaa111")
    assert cluster.created[0][1]["spec"] == {"rollout": "shop", "action": "Undo", "revision": "aaa111"}


def test_the_answer_is_waited_for_and_printed(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(answering({"status": {}}, DONE), "promote", "shop") == 0
    assert capsys.readouterr().out == "Done: Stage '50 %' passes.\n"


def test_a_refused_action_ends_with_2_and_says_why(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(answering(REFUSED), "promote", "shop") == 2
    assert capsys.readouterr().out == "Refused: Nothing is under way.\n"


def test_as_json_what_was_asked_and_what_came_of_it_is_printed(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = answering(DONE)
    cluster.user = "ann"
    cluster.objects["Rollout", "shop"]["status"]["lastAction"] = {"name": "shop-promote-x7k2p", "release": 2}
    assert crossfade(cluster, "promote", "cf/shop", "--reason", "looks well", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "action": "Promote",
        "rollout": "shop",
        "namespace": "demo",
        "revision": "bbb222",
        "actor": "ann",
        "reason": "looks well",
        "name": "shop-promote-x7k2p",
        "state": "Done",
        "message": "Stage '50 %' passes.",
        "release": 2,
    }


def test_as_json_a_refusal_is_told_and_the_release_of_another_action_is_not_taken_for_its_own(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = answering(REFUSED)
    cluster.objects["Rollout", "shop"]["status"]["lastAction"] = {"name": "shop-abort-1", "release": 2}
    assert crossfade(cluster, "promote", "shop", "-o", "json") == 2
    printed = json.loads(capsys.readouterr().out)
    assert (printed["state"], printed["message"], printed["release"]) == (
        "Refused",
        "Nothing is under way.",
        None,
    )


def test_no_answer_in_time_ends_with_3_and_says_what_becomes_of_the_action(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way())
    cluster.silent = True
    assert crossfade(cluster, "abort", "shop", "--timeout", "0.01") == 3
    told = capsys.readouterr().err
    assert "The operator did not answer within 0.01 s" in told
    assert "kubectl delete rolloutactions.crossfade.dev shop-abort-x7k2p -n demo" in told


def test_as_json_an_action_without_an_answer_is_told_with_its_name(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way())
    cluster.silent = True
    assert crossfade(cluster, "abort", "shop", "--timeout", "0.01", "-o", "json") == 3
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], printed["state"], printed["message"]) == ("shop-abort-x7k2p", "Unanswered", "")


def test_an_action_on_a_rollout_that_does_not_exist_is_not_made(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(rollout())
    assert crossfade(cluster, "abort", "shopp") == 1
    assert cluster.created == []
    assert "Did you mean 'shop'? There are: shop." in capsys.readouterr().err


def test_without_the_right_it_says_which_one_is_missing(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = answering(DONE)
    cluster.failures = [forbidden("get", "rollouts")]
    assert crossfade(cluster, "abort", "shop") == 1
    told = capsys.readouterr().err
    assert 'User "ann" cannot get resource "rollouts"' in told
    assert "kubectl auth can-i --list" in told
