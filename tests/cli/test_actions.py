"""`crossfade promote|abort|retry|pause|resume|undo`: the RolloutAction, its answer, and the exit code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster, forbidden
from crossfade.api.action import ACTIONS, RolloutAction
from crossfade.api.strict import parse_strict
from crossfade.cli.action import VERBS, Verb
from view.stored import rollout, under_way

Run = Callable[..., int]
DONE = {"status": {"state": "Done", "message": "Stage '50 %' passes."}}
REFUSED = {"status": {"state": "Refused", "message": "Nothing is under way."}}


def answering(*states: dict[str, Any]) -> FakeCluster:
    cluster = FakeCluster(under_way())
    cluster.coming["RolloutAction"] = list(states)
    return cluster


def test_every_action_of_the_api_has_a_command() -> None:
    assert {verb.action for verb in VERBS} == set(ACTIONS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.word)
def test_each_command_makes_its_action_as_the_api_wants_it(crossfade: Run, verb: Verb) -> None:
    cluster = answering(DONE)
    assert crossfade(cluster, verb.word, "shop") == 0
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
