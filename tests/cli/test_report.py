"""`crossfade report`: the table, the JSON, and how far back."""

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster
from crossfade.cli.report import period
from view.releases import V1, V2, V3, release

Run = Callable[..., int]


def at(days_ago: float, seconds: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(days=days_ago) + timedelta(seconds=seconds)).isoformat()


def ran(
    number: int, revision: str, outcome: str = "Completed", *, ago: float, **fields: Any
) -> dict[str, Any]:
    return release(number, revision, outcome, started=at(ago), ended=at(ago, 90), **fields)


def shop() -> list[dict[str, Any]]:
    back = [{"at": at(2, 81.5), "note": "back: CandidateCrashed"}]
    return [
        ran(1, V1, ago=10),
        ran(2, V2, of=V1, ago=5),
        ran(3, V3, "RolledBack", of=V2, ago=2, timeline=back),
    ]


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_table_tells_how_little_there_is(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(*shop()), "report") == 0
    lines = squeezed(capsys.readouterr().out)
    assert lines[0].startswith("Delivery in namespace demo, the last 30 d until ")
    assert "shop 10 d 1 (0.7 a week) 1 min 30 s 1 of 2 (too few for a rate) 8.5 s" in lines
    assert "Fewer than 5 changes give no rate: one more would move it by 20 points." in lines


def test_several_rollouts_have_a_row_for_all(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    young = [ran(1, V1, ago=0.02, rollout="cart"), ran(2, V2, of=V1, ago=0.01, rollout="cart")]
    crossfade(FakeCluster(*shop(), *young), "report")
    lines = squeezed(capsys.readouterr().out)
    assert "cart 29 min 1 (too short for a rate) 1 min 30 s 0 of 1 (too few for a rate) –" in lines
    assert "all 2 (0.7 a week) 1 min 30 s (median of 2) 1 of 3 (too few for a rate) 8.5 s" in lines


def test_where_releases_are_not_kept_the_time_is_marked(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(ran(8, V2, of=V1, ago=6)), "report")
    lines = squeezed(capsys.readouterr().out)
    assert "shop 6 d * 1 (1.2 a week) 1 min 30 s 0 of 1 (too few for a rate) –" in lines
    assert "* earlier releases are not kept: spec.revisionHistoryLimit says how many are" in lines


def test_all_namespaces_are_reported_with_their_names(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    other = [ran(1, V1, ago=3, rollout="cart", namespace="other")]
    crossfade(FakeCluster(*shop(), *other), "report", "-A")
    printed = capsys.readouterr().out
    assert "Delivery in all namespaces" in printed
    assert [line.split()[0] for line in printed.splitlines() if "/" in line.split()[0]] == [
        "demo/shop",
        "other/cart",
    ]


def test_one_namespace_reports_its_own_only(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    other = ran(1, V1, ago=3, rollout="cart", namespace="other")
    crossfade(FakeCluster(*shop(), other), "report", "-o", "json")
    assert [each["rollout"] for each in json.loads(capsys.readouterr().out)["rollouts"]] == ["shop"]


def test_json_has_every_figure_with_its_unit_and_null_where_there_is_too_little(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(*shop()), "report", "--since", "4d", "-o", "json")
    shown = json.loads(capsys.readouterr().out)["overall"]
    assert (shown["deployments"], shown["changes"], shown["failed"]) == (0, 1, 1)
    assert (shown["leadSeconds"], shown["failurePercent"]) == (None, None)
    assert shown["restoreSeconds"] == pytest.approx(8.5, abs=0.1)


def test_where_nothing_was_released_it_says_so(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(), "report") == 0
    assert "No release is kept there." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("90m", 5400), ("12h", 43200), ("30d", 2_592_000), ("2w", 1_209_600)]
)
def test_times_are_read_with_their_unit(text: str, seconds: float) -> None:
    assert period(text) == seconds


@pytest.mark.parametrize("text", ["30", "d", "0d", "-1d", "1y", ""])
def test_a_time_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write for example 12h, 30d or 4w"):
        period(text)
