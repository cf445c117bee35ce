"""`crossfade list`, and `crossfade status` without a name: the table, JSON, following, and the exit code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster, forbidden
from crossfade.cli import follow
from crossfade.cluster import ApiError
from view.stored import rollout, under_way

Run = Callable[..., int]


def named(stored: dict[str, Any], name: str, namespace: str = "demo") -> dict[str, Any]:
    stored["metadata"] |= {"name": name, "namespace": namespace}
    return stored


HEALTHY = {"phase": "Healthy", "message": "bbb222 serves with 4 pods", "ready": "4/4"}


@pytest.mark.parametrize("command", ["list", "status"])
def test_each_rollout_of_the_namespace_is_a_line(
    crossfade: Run, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    others = named(rollout(**HEALTHY), "till"), named(rollout(**HEALTHY), "far", "elsewhere")
    assert crossfade(FakeCluster(named(under_way(ready="3/4"), "shop"), *others), command) == 0
    titles, shop, till = capsys.readouterr().out.splitlines()
    assert titles.split() == [
        "NAME",
        "STRATEGY",
        "PHASE",
        "STEP",
        "WEIGHT",
        "READY",
        "IMAGE",
        "SINCE",
        "MESSAGE",
    ]
    assert shop.split()[:7] == ["shop", "canary", "Progressing", "2/3", "50%", "3/4", "shop:v1"]
    assert till.split()[:6] == ["till", "canary", "Healthy", "-", "-", "4/4"]
    assert till.endswith("bbb222 serves with 4 pods")


def test_of_all_namespaces_each_line_begins_with_its_own(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(named(rollout(**HEALTHY), "shop"), named(rollout(**HEALTHY), "far", "elsewhere"))
    assert crossfade(cluster, "status", "-A") == 0
    titles, *lines = capsys.readouterr().out.splitlines()
    assert titles.split()[:2] == ["NAMESPACE", "NAME"]
    assert [line.split()[:2] for line in lines] == [["demo", "shop"], ["elsewhere", "far"]]


@pytest.mark.parametrize(
    ("phases", "code"),
    [
        ([], 0),
        (["Healthy", "Progressing"], 0),
        (["Healthy", "Paused"], 4),
        (["Paused", "Degraded"], 2),
        (["RolledBack", "Paused", "Healthy"], 2),
        (["Invalid"], 2),
    ],
)
def test_the_exit_code_is_of_the_one_that_asks_most_for_somebody(
    crossfade: Run, phases: list[str], code: int
) -> None:
    stored = [named(rollout(phase=phase), f"shop-{i}") for i, phase in enumerate(phases)]
    assert crossfade(FakeCluster(*stored), "list") == code


def test_no_rollout_at_all_is_said_with_where_else_to_look(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(), "list") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "There is no Rollout in namespace 'demo'. `crossfade list -A` shows those of all." in told.err
    assert crossfade(FakeCluster(), "list", "-A") == 0
    assert "There is no Rollout in any namespace." in capsys.readouterr().err


def test_json_has_the_same_for_programs(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    crossfade(FakeCluster(under_way(ready="3/4", since="2026-01-31T12:00:00.000Z")), "list", "-o", "json")
    [shown] = json.loads(capsys.readouterr().out)["rollouts"]
    message = shown.pop("message")
    assert shown == {
        "namespace": "demo",
        "name": "shop",
        "strategy": "canary",
        "phase": "Progressing",
        "step": "2/3",
        "weight": 50,
        "ready": "3/4",
        "image": "shop:v1",
        "since": "2026-01-31T12:00:00+00:00",
        "outcome": "UnderWay",
    }
    assert message == "Half of the requests go to the candidate."


def test_following_prints_a_line_for_each_change_and_ends_when_its_time_is_over(
    crossfade: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "RETRY_AFTER_S", 0)
    cluster = FakeCluster(named(under_way(), "shop"), named(rollout(**HEALTHY), "till"))
    cluster.coming["Rollout"] = [named(under_way(), "shop"), named(rollout(phase="RolledBack"), "shop")]
    cluster.when_watch_ends = lambda: setattr(cluster, "silent", True)
    assert crossfade(cluster, "list", "--watch", "--timeout", "0.05") == 2
    lines = [line[9:] for line in capsys.readouterr().out.splitlines()]
    assert [line.split(",")[0].split(": ")[:2] for line in lines[:3]] == [
        ["demo/shop", "Progressing"],
        ["demo/till", "Healthy"],
        ["demo/shop", "RolledBack"],
    ]


def test_following_tells_of_one_that_is_deleted(
    crossfade: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "RETRY_AFTER_S", 0)
    cluster = FakeCluster(named(rollout(**HEALTHY), "shop"))
    cluster.coming["Rollout"] = [named(rollout(**HEALTHY), "shop")]

    def gone() -> None:
        cluster.silent = True
        cluster.objects.clear()

    cluster.when_watch_ends = gone
    assert crossfade(cluster, "list", "-w", "--timeout", "0.05") == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("demo/shop: deleted")


def test_following_ends_at_once_where_the_server_cannot_be_reached(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster()
    cluster.failures = [ApiError(0, "Unreachable", "cannot reach the API server at https://x")]
    assert crossfade(cluster, "list", "--watch") == 1
    assert "cannot reach the API server" in capsys.readouterr().err


def test_a_name_and_all_namespaces_exclude_each_other(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout()), "status", "shop", "-A") == 1
    assert "Write either a name or -A" in capsys.readouterr().err


def test_without_the_right_to_list_it_says_which_one_is_missing(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster()
    cluster.failures = [forbidden("list", "rollouts")]
    assert crossfade(cluster, "list") == 1
    assert 'cannot list resource "rollouts"' in capsys.readouterr().err


def test_the_exit_codes_of_a_list_are_in_its_help(capsys: pytest.CaptureFixture[str], crossfade: Run) -> None:
    with pytest.raises(SystemExit):
        crossfade(FakeCluster(), "list", "--help")
    assert "Exit code: 2 where one has failed" in " ".join(capsys.readouterr().out.split())
