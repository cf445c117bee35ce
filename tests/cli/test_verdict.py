"""`crossfade verdict`: the windows of a release, and its verdicts computed again from them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster
from view.releases import V2, release
from view.stored import rollout

Run = Callable[..., int]


def window(at: float, bad: int, of: int = 200) -> dict[str, Any]:
    return {
        "at": at,
        "candidateBad": bad,
        "candidateTotal": of,
        "stableBad": 10,
        "stableTotal": 10 * of,
    }


def measured(outcome: str, *windows: dict[str, Any]) -> dict[str, Any]:
    """A Release with one metric that was judged in a step."""
    told = release(2, V2)
    told["status"]["measurements"] = [
        {
            "run": "step 1",
            "metric": "errors",
            "outcome": outcome,
            "message": "errors: as it was stored",
            "windows": len(windows),
            "judgedBy": {"maxSeconds": 600, "maxErrorRatio": 0.25},
            "kept": list(windows),
        }
    ]
    return told


WORSE = (window(10, 10), window(20, 12), window(30, 11))


def test_each_window_is_shown_with_the_evidence_and_the_verdict_is_computed_again(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout(), measured("Failed", *WORSE)), "verdict", "shop-2") == 0
    out = capsys.readouterr().out
    assert "errors, step 1: Failed" in out
    assert "errors: candidate 33 of 600, stable 30 of 6,000; shown to be worse than stable" in out
    assert "12 of 200" in out
    assert "█" in out
    assert "not what was stored" not in out


def test_counts_that_do_not_give_the_stored_verdict_are_told_and_end_with_2(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (window(10, 1), window(20, 1))
    assert crossfade(FakeCluster(rollout(), measured("Failed", *good)), "verdict", "shop-2") == 2
    assert "This is not what was stored" in capsys.readouterr().out


def test_programs_get_the_numbers(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    crossfade(FakeCluster(rollout(), measured("Failed", *WORSE)), "verdict", "shop-2", "-o", "json")
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["outcome"], shown["agrees"], len(shown["points"])) == ("Failed", True, 3)


def test_a_release_without_measurements_says_so(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(rollout(), release(2, V2)), "verdict", "shop-2") == 0
    assert "Nothing was measured of shop-2." in capsys.readouterr().out


def test_a_release_that_is_not_there_is_told_with_what_to_type(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout()), "verdict", "shop") == 1
    told = capsys.readouterr().err
    assert "there is no Release 'shop' in namespace 'demo'" in told
    assert "NAME-NUMBER" in told


def in_zones() -> dict[str, Any]:
    """Zone a fails more, and has most of the candidate's requests: in each zone both sides are as bad."""
    numbers = [(30, 300, 30, 300, 1, 100, 9, 1000), (31, 300, 30, 300, 0, 100, 10, 1000)]
    looks = [
        {
            "at": 10 * (i + 1),
            "candidateBad": each[0] + each[4],
            "candidateTotal": 400,
            "stableBad": each[2] + each[6],
            "stableTotal": 1300,
            "strata": list(each),
        }
        for i, each in enumerate(numbers)
    ]
    told = measured("Passed", *looks)
    pods = [{"name": "shop-1", "bad": 62, "total": 700}, {"name": "", "bad": 0, "total": 100}]
    told["status"]["measurements"][0] |= {"strata": ["zone-a", "zone-b"], "pods": pods}
    return told


def test_strata_and_pods_are_shown_with_their_sums_and_the_verdict_is_of_each_by_itself(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout(), in_zones()), "verdict", "shop-2") == 0
    out = capsys.readouterr().out
    assert "compared in each of 2 strata by itself; shown to be less than 2x worse" in out
    assert "zone-a" in out
    assert "61 of 600" in out
    assert "shop-1" in out
    assert "62 of 700" in out


def test_without_its_strata_the_same_release_would_have_failed(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    told = in_zones()
    for window in told["status"]["measurements"][0]["kept"]:
        del window["strata"]
    assert crossfade(FakeCluster(rollout(), told), "verdict", "shop-2") == 2
    assert "shown to be worse than stable" in capsys.readouterr().out


@pytest.mark.parametrize("strata", [[1], [5, 1, 0, 0], [999, 999, 0, 0], [0, 0, 0, 1301]])
def test_strata_that_cannot_be_those_of_their_window_are_left_out(
    crossfade: Run, strata: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    told = in_zones()
    for window in told["status"]["measurements"][0]["kept"]:
        window["strata"] = strata
    assert crossfade(FakeCluster(rollout(), told), "verdict", "shop-2") == 2
    assert "shown to be worse than stable" in capsys.readouterr().out
