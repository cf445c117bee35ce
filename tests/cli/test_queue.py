"""`crossfade queue`: who waits for a turn."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster
from cli.policies import named, policy
from core.policy.wanting import wanting
from crossfade.cluster import ApiError
from crossfade.core.policy.matched import Matched, Place
from crossfade.core.policy.queue import hold

Run = Callable[..., int]


def waiting() -> FakeCluster:
    """A policy with two that wait, the stored order being another one, and one without a limit."""
    queued = [
        {"namespace": "demo", "rollout": "till", "place": 2, "since": "2020-01-01T00:00:00Z"},
        {"namespace": "play", "rollout": "toy", "place": 1},
    ]
    limited = policy("three", {"active": 3, "queued": queued}, concurrency={"maxActive": 3})
    till = named("till")
    till["spec"]["priority"] = 7
    return FakeCluster(limited, policy("free"), policy("empty", {}, concurrency={"maxActive": 9}), till)


def test_the_next_one_comes_first(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(waiting(), "queue") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[:5] == [
        "policy empty: 0 under way, 0 waiting (maxActive: 9)",
        "",
        "policy three: 3 under way, 2 waiting (maxActive: 3)",
        "PLACE NAMESPACE NAME PRIORITY WAITS IMAGE",
        "1 play toy - - -",
    ]
    assert lines[5].startswith("2 demo till 7 ")
    assert lines[5].endswith("d app=shop:v1, proxy=proxy:1")


def test_of_one_namespace_each_keeps_its_place_among_all(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(waiting(), "queue", "-n", "demo") == 0
    told = capsys.readouterr().out
    assert "  2      demo       till" in told
    assert "toy" not in told
    assert crossfade(waiting(), "queue", "-n", "demo", "-A") == 0
    assert "toy" in capsys.readouterr().out


def test_programs_get_the_same(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(waiting(), "queue", "-o", "json") == 0
    _, three = json.loads(capsys.readouterr().out)["queues"]
    assert [each["rollout"] for each in three["waiting"]] == ["toy", "till"]


def test_where_nobody_waits_it_says_so(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(policy()), "queue") == 0
    assert "Nobody waits for a turn" in capsys.readouterr().err


def held(name: str, place: int, policy: str = "three") -> dict[str, Any]:
    """A Rollout as it tells that it waits."""
    held = hold(
        wanting(), Matched(policy, place=Place(False, place, active=3, limit=3, where="in the cluster"))
    )
    return named(
        name, phase="Waiting", waitingSince="2020-01-01T00:00:00Z", message=f"v2 waits: {held.waiting_for}"
    )


def test_who_may_not_list_policies_sees_his_own_rollouts_by_what_they_tell(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = named("far", "elsewhere", phase="Waiting")
    others = named(
        "calm", phase="Waiting", waitingSince="2020-01-01T00:00:00Z", message="policy p, rule freeze: frozen"
    )
    cluster = FakeCluster(held("till", 4), held("shop", 2), held("toy", 1, "two"), others, elsewhere)
    cluster.unreadable = {"RolloutPolicy"}
    assert crossfade(cluster, "queue") == 0
    told = capsys.readouterr()
    lines = [" ".join(line.split()[:4]) for line in told.out.splitlines()]
    assert lines[:4] == [
        "policy three: 3 under",
        "PLACE NAMESPACE NAME PRIORITY",
        "2 demo shop 0",
        "4 demo till 0",
    ]
    assert lines[5:] == ["policy two: 3 under", "PLACE NAMESPACE NAME PRIORITY", "1 demo toy 0"]
    assert "You may not list RolloutPolicies: these are the Rollouts of namespace 'demo'" in told.err


def test_who_says_that_it_waits_is_in_the_queue_before_the_policy_has_counted_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = {"namespace": "demo", "rollout": "shop", "place": 1, "since": "2020-01-01T00:00:00Z"}
    limited = policy("three", {"active": 2, "queued": [counted]}, concurrency={"maxActive": 3})
    assert crossfade(FakeCluster(limited, held("shop", 1), held("till", 2)), "queue") == 0
    lines = [" ".join(line.split()[:4]) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "policy three: 3 under",
        "PLACE NAMESPACE NAME PRIORITY",
        "1 demo shop 0",
        "2 demo till 0",
    ]
    assert (
        crossfade(FakeCluster(policy("three", {}, concurrency={"maxActive": 3}), held("till", 2)), "queue")
        == 0
    )
    assert "demo" in capsys.readouterr().out


def test_an_api_server_that_fails_is_no_missing_right(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster()
    cluster.failures = [ApiError(500, "InternalError", "etcd is away")]
    assert crossfade(cluster, "queue") == 1
    assert "etcd is away" in capsys.readouterr().err


def test_who_may_read_nothing_is_told_which_right_is_needed(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster()
    cluster.unreadable = {"RolloutPolicy", "Rollout"}
    assert crossfade(cluster, "queue") == 1
    assert 'cannot list resource "Rollout"' in capsys.readouterr().err
