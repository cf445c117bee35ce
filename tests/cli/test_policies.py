"""`crossfade policies`: what is shown of all of them, and of one."""

import json
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster, forbidden
from cli.policies import policy
from cli.test_harmless import harmless, spoiled
from crossfade.cluster import ApiError

Run = Callable[..., int]
VALID = {"conditions": [{"type": "Valid", "status": "True", "reason": "Checked"}]}
FRIDAY = {
    "name": "friday",
    "closed": True,
    "closedFor": ["Start", "Promote"],
    "reason": "no releases on Friday afternoon",
    "since": "2020-12-04T15:00:00Z",
    "nextOpen": "2020-12-07T05:00:00Z",
}
NIGHT = {"name": "night", "closed": False, "nextClose": "2020-12-05T22:00:00Z"}


def production() -> FakeCluster:
    """A policy with all that there is to show, and one that the operator has not seen."""
    full = policy(
        status={
            **VALID,
            "matching": 12,
            "violating": 3,
            "violations": [
                {"namespace": "demo", "rollout": "shop", "rule": "images", "message": "app: name a digest"},
                {"namespace": "demo", "rollout": "shop", "rule": "steps", "message": "bake for 600 s"},
            ],
            "active": 2,
            "queued": [{"namespace": "demo", "rollout": "till", "place": 1, "since": "2020-01-01T00:00:00Z"}],
            "windows": [FRIDAY, NIGHT],
        },
        namespaceSelector={"matchLabels": {"env": "production"}},
        ruleEnforcement={"images": "Warn"},
        steps={"minBakeSeconds": 600, "requireManualPromotion": True},
        strategies={"allowed": ["canary"]},
        windows=[{"name": "friday", "kind": "Deny", "timeZone": "Europe/Berlin", "dates": ["2026-12-04"]}],
        freeze={"reason": "incident 42"},
    )
    full["metadata"]["annotations"] = {"crossfade.dev/frozen-by": "ann"}
    return FakeCluster(full, policy("new", enforcement="Audit"))


def test_each_policy_has_a_line(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(production(), "policies") == 0
    titles, new, full = capsys.readouterr().out.splitlines()
    assert titles.split() == [
        "NAME",
        "VALID",
        "MODE",
        "MATCHING",
        "VIOLATING",
        "ACTIVE",
        "QUEUED",
        "CLOSED",
        "NOW",
    ]
    assert new.split() == ["new", "NotSeen", "Audit", "0", "0", "0", "0", "-"]
    assert full.split()[:8] == ["production", "True", "Enforce", "(images:", "Warn)", "12", "3", "2"]
    assert full.endswith(
        "frozen by ann: incident 42, until somebody unfreezes it; friday (Start, Promote): closed since Fri 2020-12-04 16:00 "
        "until Mon 2020-12-07 06:00 (Europe/Berlin): no releases on Friday afternoon"
    )


def test_one_policy_is_shown_in_full(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = production()
    cluster.may = {"bypass"}
    assert crossfade(cluster, "policies", "production") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for told in (
        "About Rollouts in namespaces with env=production: 12 now",
        "Rule steps minBakeSeconds: 600, requireManualPromotion: true",
        "Rule strategies allowed: [canary]",
        (
            "Window friday (Start, Promote): closed since Fri 2020-12-04 16:00 until Mon 2020-12-07 06:00 (Europe/Berlin): no "
            "releases on Friday afternoon"
        ),
        "Window night: open until Sat 2020-12-05 22:00 (UTC)",
        "Frozen by ann: incident 42, until somebody unfreezes it",
        "Under way 2 of 12",
        "Broken demo/shop, rule images: app: name a digest",
        "Broken by 2 more",
        (
            "Bypass whoever has the verb bypass on rolloutpolicies.crossfade.dev/production; you have it; for 1 h at most: "
            "crossfade bypass NAME --policy production --reason TEXT"
        ),
    ):
        assert told in lines
    assert any(line.startswith("Queue 1. demo/till, for ") for line in lines)


@pytest.mark.parametrize(
    ("may", "glass", "told"),
    [
        (set(), {}, "production; you have it not; for 1 h at most"),
        (None, {"maxSeconds": 600}, "production; for 10 min at most"),
        ({"bypass"}, {"allowed": False}, "by nobody (breakGlass.allowed is false)"),
    ],
)
def test_who_may_pass_it_is_said_as_far_as_it_is_known(
    crossfade: Run, capsys: pytest.CaptureFixture[str], may: set[str] | None, glass: object, told: str
) -> None:
    cluster = FakeCluster(policy(status=VALID, breakGlass=glass))
    cluster.may = may
    assert crossfade(cluster, "policies", "production") == 0
    assert told in capsys.readouterr().out


def test_a_policy_that_cannot_be_used_says_why(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"type": "Valid", "status": "False", "message": "window friday: Europe/Belrin is no time zone"}
    cluster = FakeCluster(policy(status={"conditions": [wrong]}, rolloutSelector={"matchLabels": 3}))
    assert crossfade(cluster, "policies", "production") == 0
    told = capsys.readouterr().out
    assert "False: window friday: Europe/Belrin is no time zone" in told
    assert "nobody knows which Rollouts: its spec cannot be read" in told


def test_an_ended_freeze_is_no_freeze(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    over = {"reason": "old", "until": "2020-01-01T00:00:00Z"}
    assert crossfade(FakeCluster(policy(status=VALID, freeze=over)), "policies") == 0
    assert "frozen" not in capsys.readouterr().out


def test_programs_get_all_of_it(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(production(), "policies", "-o", "json") == 0
    _, full = json.loads(capsys.readouterr().out)["policies"]
    assert full["frozen"] == {"reason": "incident 42", "until": None, "by": "ann"}
    assert full["windows"][0]["nextOpen"] == "2020-12-07T05:00:00+00:00"
    assert full["queued"][0]["place"] == 1
    assert crossfade(production(), "policies", "production", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["youMayBypass"] is None


def test_where_there_is_none_it_says_so(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(), "policies") == 0
    assert "There is no RolloutPolicy in the cluster" in capsys.readouterr().err


def test_a_name_that_is_not_there_is_told_with_those_that_are(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(production(), "policies", "prod") == 1
    assert ("There is no RolloutPolicy 'prod'. There are: new, production.") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (forbidden("list", "rolloutpolicies"), 'cannot list resource "rolloutpolicies"'),
        (
            ApiError(0, "Unreachable", "cannot reach the API server at https://x"),
            "cannot reach the API server",
        ),
        (
            ApiError(404, "NotFound", "the server could not find the requested resource"),
            "is not installed there",
        ),
    ],
)
def test_what_the_server_refuses_is_told_with_what_to_do(
    crossfade: Run, capsys: pytest.CaptureFixture[str], failure: ApiError, told: str
) -> None:
    cluster = production()
    cluster.failures = [failure]
    assert crossfade(cluster, "policies") == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [("policies",), ("policies", "production"), ("queue",), ("unfreeze", "production")]
)
def test_nothing_that_others_wrote_commands_the_terminal(
    crossfade: Run, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    for objects in spoiled([production().objects["RolloutPolicy", "production"]]):
        crossfade(FakeCluster(*objects), *command)
        printed = capsys.readouterr()
        harmless(printed.out + printed.err)
