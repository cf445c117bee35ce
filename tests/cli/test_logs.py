"""`crossfade logs`: whose logs, what is asked of the API server, and what is said where there are none."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster, forbidden
from crossfade.cluster import ApiError
from view.pods import pod
from view.releases import release
from view.stored import rollout, under_way

Run = Callable[..., int]

OLD, NEW = pod("shop-a-1", "aaa111"), pod("shop-b-1", "bbb222")
ROLLED_BACK = {
    "phase": "RolledBack",
    "stable": {"revision": "aaa111"},
    "failed": {"revision": "bbb222", "message": "bbb222 crashed while it served"},
}


def cluster(stored: dict[str, Any], *objects: dict[str, Any]) -> FakeCluster:
    found = FakeCluster(stored, *objects)
    found.written = {each["metadata"]["name"]: f"{each['metadata']['name']} says\n" for each in objects}
    return found


@pytest.mark.parametrize(
    ("stored", "objects", "options", "whose"),
    [
        (under_way(), [OLD, NEW], [], "shop-b-1"),
        (under_way(), [OLD, NEW], ["--stable"], "shop-a-1"),
        (under_way(), [OLD, NEW], ["--candidate"], "shop-b-1"),
        (rollout(**ROLLED_BACK), [OLD, NEW], [], "shop-b-1"),
        (rollout(**ROLLED_BACK), [OLD], [], "shop-a-1"),
        (rollout(**ROLLED_BACK), [OLD, NEW], ["--failed"], "shop-b-1"),
        (rollout(phase="Healthy", stable={"revision": "aaa111"}), [OLD, NEW], [], "shop-a-1"),
    ],
    ids=[
        "what is under way",
        "stable where asked for",
        "the candidate where asked for",
        "what failed while it has pods",
        "stable once they are gone",
        "what failed where asked for",
        "stable at rest",
    ],
)
def test_the_side_that_is_meant_is_read(
    crossfade: Run,
    capsys: pytest.CaptureFixture[str],
    stored: dict[str, Any],
    objects: list[dict[str, Any]],
    options: list[str],
    whose: str,
) -> None:
    assert crossfade(cluster(stored, *objects), "logs", "shop", *options) == 0
    assert capsys.readouterr().out == f"{whose}: {whose} says\n"


def test_each_line_says_its_pod_and_where_there_are_several_its_container(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    two = pod("shop-b-2", "bbb222", containers=("app", "proxy"), created="2026-01-31T13:00:00Z")
    found = cluster(under_way(), two, NEW)
    found.written = {"shop-b-1": "one\ntwo\n", "shop-b-2": "three\n"}
    assert crossfade(found, "logs", "shop") == 0
    assert capsys.readouterr().out.splitlines() == [
        "shop-b-1: one",
        "shop-b-1: two",
        "shop-b-2 app: three",
        "shop-b-2 proxy: three",
    ]


def test_container_tail_and_previous_are_asked_of_the_api_server(crossfade: Run) -> None:
    found = cluster(under_way(), NEW)
    crossfade(found, "logs", "shop", "-c", "migrate", "--tail", "7", "--previous")
    crossfade(found, "logs", "shop", "--tail", "-1")
    assert found.asked_logs == [
        ("shop-b-1", {"container": "migrate", "tailLines": "7", "previous": "true"}),
        ("shop-b-1", {"container": "app"}),
    ]


def test_a_container_that_no_pod_has_is_answered_with_those_it_has(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(cluster(under_way(), NEW), "logs", "shop", "-c", "web") == 1
    assert "Pod shop-b-1 has no container 'web'. It has: app, migrate." in capsys.readouterr().err


def test_logs_carry_no_escapes_onto_the_terminal(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = cluster(under_way(), NEW)
    found.written["shop-b-1"] = "\x1b[31mred\x1b[0m \x1b]0;title\x07done\x00\n"
    crossfade(found, "logs", "shop")
    assert capsys.readouterr().out == "shop-b-1: red done\n"


def test_without_pods_of_what_failed_the_why_of_its_release_is_shown(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = rollout(**ROLLED_BACK)
    stored["status"]["failed"]["lastLines"] = ["ValueError: no DATABASE_URL", "Traceback:"]
    ended = release(2, "bbb222", "RolledBack", why="app exited with code 1 right after it started")
    assert crossfade(cluster(stored, OLD, ended), "logs", "shop", "--failed") == 1
    told = capsys.readouterr().err
    assert (
        "No pods of revision bbb222 of Rollout 'shop' are left, and its release keeps no log (release 2)"
        in told
    )
    assert ". Why it ended: app exited with code 1" in told
    assert "    Traceback:\n    ValueError: no DATABASE_URL" in told
    assert "look there for pods named shop-bbb222-*." in told


KEPT = {"pod": "shop-b-9", "container": "app", "lines": ["starting", "no database"]}


def test_the_log_that_a_release_keeps_is_shown_though_its_pod_has_terminated(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = release(2, "bbb222", "RolledBack", failedLog=KEPT)
    assert crossfade(cluster(rollout(**ROLLED_BACK), OLD, ended), "logs", "shop", "--failed") == 0
    told = capsys.readouterr()
    assert told.out == "shop-b-9: starting\nshop-b-9: no database\n"
    assert "Release 2 keeps the end of the log of pod shop-b-9:" in told.err


def test_a_kept_pod_is_read_after_what_the_release_keeps_of_another_one(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = release(2, "bbb222", "RolledBack", failedLog=KEPT)
    found = cluster(rollout(**ROLLED_BACK), OLD, NEW, ended)
    assert crossfade(found, "logs", "shop", "--failed", "--tail", "1") == 0
    assert capsys.readouterr().out == "shop-b-9: no database\nshop-b-1: shop-b-1 says\n"


def test_the_log_of_any_failed_release_of_the_history_is_shown_while_another_one_runs(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = release(2, "ccc333", "RolledBack", failedLog=KEPT)
    found = cluster(under_way(), OLD, NEW, ended)
    assert crossfade(found, "logs", "shop", "--release", "2", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"side": "release 2", "revision": "ccc333", "logs": [{**KEPT, "release": 2}]}


def test_a_release_that_is_not_kept_is_answered_with_those_that_are(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster(under_way(), NEW, release(2, "ccc333", "RolledBack"))
    assert crossfade(found, "logs", "shop", "--release", "7") == 1
    assert "Rollout 'shop' has no record of release 7. Kept are: 2." in capsys.readouterr().err


def test_why_the_log_was_not_read_is_said(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    note = "the operator may not read logs: an admin allows it with manifests/logs.yaml"
    ended = release(
        2, "bbb222", "RolledBack", failedLog={"pod": "shop-b-9", "container": "app", "note": note}
    )
    assert crossfade(cluster(rollout(**ROLLED_BACK), OLD, ended), "logs", "shop", "--failed") == 1
    assert f"keeps no log: {note}." in capsys.readouterr().err


def test_without_its_release_the_status_knows_why(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = cluster(rollout(**ROLLED_BACK), OLD)
    found.unreadable = {"Release"}
    assert crossfade(found, "logs", "shop", "--failed") == 1
    assert "Why it ended: bbb222 crashed while it served" in capsys.readouterr().err


def test_without_pods_of_stable_the_status_is_where_to_look(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster(rollout(phase="Degraded", stable={"revision": "aaa111"}))
    assert crossfade(found, "logs", "shop", "-n", "demo") == 1
    told = capsys.readouterr().err
    assert "No pods of the stable revision aaa111 of Rollout 'shop' are left" in told
    assert "`crossfade status shop -n demo` says why." in told


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ("--candidate", "has no candidate revision: no release is under way."),
        ("--failed", "has no failed revision: its last release has not failed."),
        ("--stable", "has no stable revision: no revision has completed yet."),
    ],
)
def test_a_side_that_there_is_not_is_said(
    crossfade: Run, capsys: pytest.CaptureFixture[str], side: str, told: str
) -> None:
    assert crossfade(cluster(rollout(phase="Progressing")), "logs", "shop", side) == 1
    assert told in capsys.readouterr().err


def test_a_pod_without_logs_is_said_and_the_others_are_read(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster(under_way(), NEW, pod("shop-b-2", "bbb222"))
    found.written["shop-b-1"] = ApiError(400, "BadRequest", 'container "app" is waiting to start')
    assert crossfade(found, "logs", "shop") == 0
    told = capsys.readouterr()
    assert told.out == "shop-b-2: shop-b-2 says\n"
    assert 'shop-b-1: no logs of app: container "app" is waiting to start' in told.err


def test_no_logs_at_all_end_with_1(crossfade: Run) -> None:
    found = cluster(under_way(), NEW)
    found.written["shop-b-1"] = ApiError(400, "BadRequest", "previous terminated container not found")
    assert crossfade(found, "logs", "shop", "--previous") == 1


def test_without_the_right_it_says_which_one_is_missing(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster(under_way(), NEW)
    found.written["shop-b-1"] = forbidden("get", "pods/log")
    assert crossfade(found, "logs", "shop") == 1
    assert 'cannot get resource "pods/log"' in capsys.readouterr().err


def test_json_has_lines_and_what_was_refused_by_container(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster(under_way(), NEW, pod("shop-b-2", "bbb222"))
    found.written["shop-b-2"] = ApiError(404, "NotFound", "gone")
    assert crossfade(found, "logs", "shop", "-o", "json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "side": "candidate",
        "revision": "bbb222",
        "logs": [
            {"pod": "shop-b-1", "container": "app", "lines": ["shop-b-1 says"]},
            {"pod": "shop-b-2", "container": "app", "error": "gone"},
        ],
    }
