"""`crossfade freeze` and `unfreeze`: what is written, and what is said of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cli.fake_cluster import FakeCluster, forbidden
from cli.policies import named, namespace, policy
from crossfade.cluster import ApiError

Run = Callable[..., int]
BY = "crossfade.dev/frozen-by"


def shop(**status: object) -> FakeCluster:
    """Two Rollouts in a namespace of production, and one elsewhere; the first has a release under way."""
    found = FakeCluster(
        named("shop", phase="Progressing", progress={"revision": "bbb222"}),
        named("till", phase="Healthy"),
        named("toy", "play", phase="Healthy"),
        namespace("demo", env="production"),
        namespace("play"),
    )
    found.user = "ann"
    return found


def test_without_a_policy_all_is_frozen_by_one_that_is_made_for_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    assert crossfade(cluster, "freeze", "--reason", "incident 42") == 0
    [(kind, made)] = cluster.created
    assert (kind, made["metadata"]) == (
        "RolloutPolicy",
        {"name": "crossfade-freeze", "annotations": {BY: "ann"}},
    )
    assert made["spec"] == {"freeze": {"reason": "incident 42", "inFlight": "Pause"}}
    told = capsys.readouterr().out
    assert "Frozen by ann: policy crossfade-freeze, rule freeze: incident 42\n" in told
    assert "Held      each next release of 3 Rollouts (Rollouts in every namespace)" in told
    assert "Stands    what is under way (at its stage, until the freeze ends): demo/shop\n" in told
    assert "Not held  an abort, the return to stable" in told
    assert told.endswith("End it    crossfade unfreeze\n")


def test_a_policy_that_is_named_is_frozen_alone_until_its_time(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    stored = policy(namespaceSelector={"matchLabels": {"env": "production"}})
    cluster.objects["RolloutPolicy", "production"] = stored
    code = crossfade(
        cluster, "freeze", "production", "--reason", "audit", "--until", "2h", "--in-flight", "Continue"
    )
    assert code == 0
    freeze = stored["spec"]["freeze"]
    left = datetime.fromisoformat(freeze["until"]) - datetime.now(UTC)
    assert 7190 < left.total_seconds() <= 7200
    assert (freeze["reason"], freeze["applies"]) == ("audit", ["Start"])
    assert stored["metadata"]["annotations"] == {BY: "ann"}
    told = capsys.readouterr().out
    assert f"audit, until {freeze['until'][:10]} {freeze['until'][11:16]} UTC (in 2 h)" in told
    assert "each next release of 2 Rollouts (Rollouts in namespaces with env=production)" in told
    assert "Goes on   what is under way (--in-flight Pause holds it at its stage): demo/shop" in told
    assert told.endswith("End it    crossfade unfreeze production\n")


def test_a_freeze_over_a_freeze_says_whose_it_took_the_place_of(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    stored = policy(freeze={"reason": "stock is counted", "until": "2999-01-01T00:00:00Z"})
    stored["metadata"]["annotations"] = {BY: "bob"}
    cluster.objects["RolloutPolicy", "production"] = stored
    assert crossfade(cluster, "freeze", "production", "--reason", "audit", "--until", "20s") == 0
    before = "Before    it was frozen by bob: stock is counted, until 2999-01-01 00:00 UTC\n"
    assert before in capsys.readouterr().out
    stored["spec"]["freeze"] = {"reason": "over", "until": "2020-01-01T00:00:00Z"}
    assert crossfade(cluster, "freeze", "production", "--reason", "audit", "-n", "demo") == 0
    told = capsys.readouterr().out
    assert "Before" not in told
    assert told.endswith("End it    crossfade unfreeze production\n")


def test_a_policy_that_only_warns_is_said_to_hold_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    cluster.objects["RolloutPolicy", "production"] = policy(enforcement="Warn")
    assert crossfade(cluster, "freeze", "production", "--reason", "audit") == 0
    assert "Held      nothing: the mode of the rule is Warn, which only warns" in capsys.readouterr().out


def test_who_may_not_read_namespaces_is_told_that_nobody_has_counted(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    cluster.unreadable.add("Namespace")
    cluster.objects["RolloutPolicy", "production"] = policy(
        namespaceSelector={"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["dev"]}]}
    )
    assert crossfade(cluster, "freeze", "production", "--reason", "audit") == 0
    told = capsys.readouterr().out
    assert "each next release of Rollouts in namespaces with env not in (dev); you may not list" in told


def test_who_may_not_read_rollouts_freezes_them_all_the_same(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    cluster.unreadable.add("Rollout")
    assert crossfade(cluster, "freeze", "--reason", "x") == 0
    assert "you may not list them" in capsys.readouterr().out


def test_releases_under_way_are_taken_back_where_that_is_asked_for(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    assert crossfade(cluster, "freeze", "--reason", "x", "--in-flight", "Abort") == 0
    assert cluster.created[0][1]["spec"]["freeze"]["inFlight"] == "Abort"
    assert "Goes back what is under way (to the stable revision): demo/shop" in capsys.readouterr().out


def test_other_annotations_stay_and_another_writer_is_not_overwritten_blindly(crossfade: Run) -> None:
    cluster = shop()
    stored = policy()
    stored["metadata"]["annotations"] = {"team": "platform"}
    cluster.objects["RolloutPolicy", "production"] = stored

    def somebody_writes() -> None:
        cluster.before_patch = lambda: None
        stored["metadata"]["resourceVersion"] = "6"

    cluster.before_patch = somebody_writes
    assert crossfade(cluster, "freeze", "production", "--reason", "x") == 0
    assert stored["metadata"]["annotations"] == {"team": "platform", BY: "ann"}
    assert [ops[0]["value"] for ops in cluster.patches] == ["5", "6"]


def test_two_who_freeze_all_at_once_both_succeed(
    crossfade: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = shop()
    theirs = policy("crossfade-freeze", freeze={"reason": "theirs"})

    async def made_meanwhile(kind: str, *_arguments: object) -> dict[str, object]:
        if kind == "SelfSubjectReview":
            raise forbidden("create", kind)
        cluster.objects["RolloutPolicy", "crossfade-freeze"] = theirs
        raise ApiError(409, "AlreadyExists", 'rolloutpolicies "crossfade-freeze" already exists')

    monkeypatch.setattr(cluster, "create", made_meanwhile)
    assert crossfade(cluster, "freeze", "--reason", "mine") == 0
    assert theirs["spec"]["freeze"]["reason"] == "mine"
    assert "Made" not in capsys.readouterr().out


def test_a_policy_that_is_not_there_is_told_with_those_that_are(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = shop()
    cluster.objects["RolloutPolicy", "production"] = policy()
    assert crossfade(cluster, "freeze", "prod", "--reason", "x") == 1
    assert capsys.readouterr().err == (
        "crossfade: There is no RolloutPolicy 'prod'. There are: production.\n"
    )
    assert crossfade(cluster, "unfreeze", "prod") == 1


@pytest.mark.parametrize("command", ["freeze", "unfreeze"])
def test_without_the_right_it_says_which_one_is_needed(
    crossfade: Run, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    cluster = shop()
    cluster.objects["RolloutPolicy", "production"] = policy(freeze={"reason": "x"})

    def refuse() -> None:
        raise forbidden("patch", "rolloutpolicies")

    cluster.before_patch = refuse
    more = ("--reason", "x") if command == "freeze" else ()
    assert crossfade(cluster, command, "production", *more) == 1
    told = capsys.readouterr().err
    assert 'User "ann" cannot patch resource "rolloutpolicies"' in told
    assert "needs the verb `patch` on rolloutpolicies.crossfade.dev" in told


@pytest.mark.parametrize("command", [("freeze", "--reason", "x"), ("unfreeze",)])
def test_a_cluster_that_is_not_there_is_told_as_such(
    crossfade: Run, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    cluster = shop()
    cluster.failures = [ApiError(0, "Unreachable", "cannot reach the API server at https://x")] * 3
    assert crossfade(cluster, *command) == 1
    assert "cannot reach the API server at https://x" in capsys.readouterr().err


@pytest.mark.parametrize("until", ["tomorrow", "2026-12-01T06:00:00", "0h"])
def test_a_time_that_is_none_is_told_with_what_to_write(
    crossfade: Run, capsys: pytest.CaptureFixture[str], until: str
) -> None:
    with pytest.raises(SystemExit) as end:
        crossfade(shop(), "freeze", "--reason", "x", "--until", until)
    assert end.value.code == 1
    assert f"'{until}' is no time: write for example 2h" in capsys.readouterr().err


def test_a_time_that_is_over_freezes_nothing(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = shop()
    assert crossfade(cluster, "freeze", "--reason", "x", "--until", "2020-01-01T00:00:00Z") == 1
    assert cluster.created == []
    assert "is over: name a moment to come" in capsys.readouterr().err


def test_programs_get_the_same_as_people(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(shop(), "freeze", "--reason", "x", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["policy"], told["by"], told["reason"], told["created"]) == (
        "crossfade-freeze",
        "ann",
        "x",
        True,
    )
    assert (told["rollouts"]["matching"], told["rollouts"]["underWay"]) == (3, ["demo/shop"])
    assert told["end"] == "crossfade unfreeze"


def test_unfreeze_takes_the_freeze_and_its_name_out_and_names_what_stays_frozen(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = policy("crossfade-freeze", freeze={"reason": "incident 42"})
    mine["metadata"]["annotations"] = {BY: "ann", "team": "platform"}
    over = policy("over", freeze={"reason": "old", "until": "2020-01-01T00:00:00Z"})
    cluster = FakeCluster(mine, policy("audit", freeze={"reason": "audit"}), over, policy())
    assert crossfade(cluster, "unfreeze") == 0
    assert mine["spec"] == {}
    assert mine["metadata"]["annotations"] == {"team": "platform"}
    assert capsys.readouterr().out == (
        "Unfrozen: policy crossfade-freeze (it was frozen by ann, incident 42). What waited for it goes on, unless "
        "another rule holds it.\nStill frozen: policy audit   crossfade unfreeze audit\n"
    )


def test_what_is_not_frozen_is_left_alone(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = FakeCluster(policy())
    assert crossfade(cluster, "unfreeze", "production") == 0
    assert crossfade(cluster, "unfreeze") == 0
    assert cluster.patches == []
    assert capsys.readouterr().out == (
        "Policy production is not frozen.\nNothing was frozen: there is no policy crossfade-freeze.\n"
    )
    assert crossfade(cluster, "unfreeze", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "Unchanged"
