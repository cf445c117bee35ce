"""`crossfade history`: the table and the JSON."""

import json
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from view.releases import V1, V2, release
from view.stored import rollout, under_way

Run = Callable[..., int]
UNDER_WAY = (under_way(), release(1, V1), release(2, V2, "", of=V1))


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_table_has_a_line_for_each_release_and_what_to_type_next(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [{"at": "2026-01-31T12:01:00Z", "action": "Promote", "reason": "looks well"}]
    stored = rollout(phase="Healthy", release=2, stable={"revision": V2, "release": 2})
    done = release(2, V2, why="bbb222 serves alone", actions=asked)
    assert crossfade(FakeCluster(stored, release(1, V1, why="first"), done), "history", "shop") == 0
    lines = squeezed(capsys.readouterr().out)
    assert lines[0] == "shop in demo: 2 releases"
    took = "Completed 2026-01-31 12:00:00 1 min 30 s"
    [row] = [line for line in lines if line.startswith(f"2 stable bbb222 shop:bbb222 {took} Promote ")]
    assert row.endswith(" d ago: looks well")
    assert f"1 aaa111 shop:aaa111 {took} first" in lines
    assert "Next crossfade undo shop --to 1 to go back to release 1" in lines


def test_releases_of_other_rollouts_are_not_shown(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    other = release(9, V1, rollout="cart")
    assert crossfade(FakeCluster(*UNDER_WAY, other), "history", "shop", "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(each["number"], each["mark"]) for each in shown["releases"]] == [(2, "candidate"), (1, "stable")]


def test_json_has_numbers_times_and_commands_for_programs(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(*UNDER_WAY), "history", "shop", "-o", "json", "-n", "demo")
    shown = json.loads(capsys.readouterr().out)
    assert shown["releases"][1]["seconds"] == 90.5
    assert shown["releases"][1]["startedAt"] == "2026-01-31T12:00:00+00:00"
    assert shown["nextSteps"][0]["command"] == "crossfade status shop --watch -n demo"


def test_what_is_not_kept_any_more_is_said(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    stored = rollout(phase="Healthy", release=9, stable={"revision": V2, "release": 9})
    crossfade(FakeCluster(stored, release(9, V2)), "history", "shop")
    assert squeezed(capsys.readouterr().out)[0] == (
        "shop in demo: 1 release kept; 8 earlier ones are not (spec.revisionHistoryLimit)"
    )


def test_before_the_first_release_it_says_so(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(rollout()), "history", "shop") == 0
    assert capsys.readouterr().out == "shop in demo: nothing was released yet\n"


def test_without_the_right_to_list_releases_it_ends_with_1(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(*UNDER_WAY)
    cluster.unreadable = {"Release"}
    assert crossfade(cluster, "history", "shop") == 1
    assert 'cannot list resource "Release"' in capsys.readouterr().err


def test_json_tells_who_undid_a_release_and_what_it_wrote_last(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    act = {"action": "Undo", "actor": "ann", "at": "2026-01-31T12:03:00Z", "reason": "slow"}
    undone = release(2, V2, undone=act, lastLines=["ValueError"], servedAt="2026-01-31T12:00:02Z")
    stored = rollout(phase="RolledBack", release=3, stable={"revision": V1, "release": 3})
    crossfade(FakeCluster(stored, release(1, V1), undone, release(3, V1)), "history", "shop", "-o", "json")
    shown = json.loads(capsys.readouterr().out)["releases"][1]
    assert (shown["mark"], shown["undone"]["actor"], shown["lastLines"]) == ("undone", "ann", ["ValueError"])
    assert shown["servedAt"] == "2026-01-31T12:00:02+00:00"
