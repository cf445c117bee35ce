"""What the built-in queries count, by Prometheus's own evaluator: `promtool` (in Debian's package `prometheus`).

It is looked for where `CROSSFADE_PROMTOOL` says, on the path, and where `make up` leaves it; without it these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.providers.builtin import app
from crossfade.providers.builtin.wanted import Errors, Latency, Pair, Sides
from providers.queries import TARGET, WINDOW_S

CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
LEFT = next((str(path) for path in CACHE.glob("bin/promtool-*/promtool")), "")
PROMTOOL = os.environ.get("CROSSFADE_PROMTOOL") or shutil.which("promtool") or LEFT
pytestmark = pytest.mark.skipif(
    not PROMTOOL, reason="needs promtool: `make up` brings it, or set CROSSFADE_PROMTOOL"
)

AT_S = 600
"""Samples come every 15 s from 0; the window is 540 s to 600 s, so the samples 0 to 36 are before it, 37 to 40 in it."""
CANDIDATE = 'namespace="web",crossfade_dev_revision="6d5f"'
OK, BAD = f'{{{CANDIDATE},pod="a",code="200"}}', f'{{{CANDIDATE},pod="a",code="500"}}'
OTHER = {'http_requests_total{pod="old",code="200"}': "0+10x60"}
"""A series of somebody else's, so that the metric is known."""


def pair(wanted: Errors | Latency) -> Pair:
    sides = app.sides(TARGET, wanted, WINDOW_S)
    assert isinstance(sides, Sides)
    return sides.candidate


def values(expr: str, series: dict[str, str], tmp_path: Path, at_s: int = AT_S) -> str:
    """Evaluate a query by a unit test that expects nothing; what promtool got instead is told. "" where it is nothing."""
    test: dict[str, Any] = {
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": points} for name, points in series.items()],
                "promql_expr_test": [{"expr": expr, "eval_time": f"{at_s}s", "exp_samples": []}],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(test))
    done = subprocess.run([PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return "" if done.returncode == 0 else said.partition("got:")[2].strip().splitlines()[0].strip()


@pytest.mark.parametrize(
    ("about", "series", "bad", "total"),
    [
        ("a counter that grows", {OK: "0+10x60", BAD: "0+1x60"}, 4, 44),
        ("errors that nobody has counted yet", {OK: "0+10x60"}, 0, 40),
        (
            "first errors within the window, all there at the first look",
            {OK: "0+10x60", BAD: "_x37 5 5 5"},
            5,
            45,
        ),
        ("a pod that is new within the window", {OK: "_x37 7 17 27", BAD: "_x38 2 2"}, 2, 29),
        ("a counter that began anew", {OK: "0+10x37 3 13 23", BAD: "9+0x60"}, 0, 23),
        ("a pod that is gone within the window", {OK: "0+10x38 stale", BAD: "0+1x38 stale"}, 2, 22),
        ("a pod that was gone before it", {OK: "0+10x30 stale", BAD: "0+1x30 stale"}, None, None),
        ("a scrape that failed at the end", {OK: "0+10x39 _x5", BAD: "0+1x39 _x5"}, 3, 33),
        ("no request of a candidate", {OK: "5+0x60"}, 0, 0),
        ("no series of the candidate", {}, None, None),
    ],
)
def test_errors_are_counted(
    about: str, series: dict[str, str], bad: int | None, total: int | None, tmp_path: Path
) -> None:
    given = {f"http_requests_total{name}": points for name, points in series.items()} | OTHER
    asked = pair(Errors())
    for expr, expected in ((asked.bad, bad), (asked.total, total)):
        told = values(expr, given, tmp_path)
        assert told == ("" if expected is None else f'{{pod="a"}} {number(expected)}'), about


def test_nothing_is_counted_where_the_metric_was_not_there_a_window_ago(tmp_path: Path) -> None:
    """Prometheus has just begun: all of the past would be this window's."""
    given = {f"http_requests_total{OK}": "_x37 90000 90010 90020"}
    assert values(pair(Errors()).total, given, tmp_path) == ""


def test_windows_that_follow_each_other_add_up_to_the_counter(tmp_path: Path) -> None:
    counter = "0 3 3 9 11 40 41 41 50 77 78 90 91 91 99 120 130 131 133 140 144"
    given = {f"http_requests_total{OK}": counter} | OTHER
    windows = [values(pair(Errors()).total, given, tmp_path, at_s) for at_s in range(60, 301, 60)]
    assert windows == [f'{{pod="a"}} {number(each)}' for each in (11, 39, 41, 39, 14)]
    assert sum((11, 39, 41, 39, 14)) == 144


@pytest.mark.parametrize(("edge", "slow"), [("0.25", 12), ("0.3", None)])
def test_slow_requests_are_all_but_those_of_the_bucket(edge: str, slow: int | None, tmp_path: Path) -> None:
    name = f'{{{CANDIDATE},pod="a"'
    given = {
        f"http_request_duration_seconds_count{name}}}": "0+10x60",
        f'http_request_duration_seconds_bucket{name},le="{edge}"}}': "0+7x60",
        f'http_request_duration_seconds_bucket{name},le="+Inf"}}': "0+10x60",
    }
    asked = pair(Latency(250))
    assert values(asked.bad, given, tmp_path) == ("" if slow is None else f'{{pod="a"}} {number(slow)}')
    assert values(asked.total, given, tmp_path) == f'{{pod="a"}} {number(40)}'


@pytest.mark.parametrize("edge", ["1", "1.0"])
def test_an_edge_of_a_whole_second_is_found_as_either_prometheus_writes_it(edge: str, tmp_path: Path) -> None:
    name = f'{{{CANDIDATE},pod="a"'
    given = {
        f"http_request_duration_seconds_count{name}}}": "0+10x60",
        f'http_request_duration_seconds_bucket{name},le="{edge}"}}': "0+9x60",
    }
    assert values(pair(Latency(1000)).bad, given, tmp_path) == f'{{pod="a"}} {number(4)}'


@pytest.mark.parametrize(
    ("labels", "bad", "total"),
    [
        ('pod="{}"', '{pod="a"} 8E+00, {pod="b"} 0E+00', '{pod="a"} 4.8E+01, {pod="b"} 4E+01'),
        ('instance="{}"', "{} 8E+00", "{} 8.8E+01"),
    ],
)
def test_each_pod_is_counted_by_itself_where_the_label_is_there_and_all_together_where_not(
    labels: str, bad: str, total: str, tmp_path: Path
) -> None:
    a, b = (f"{CANDIDATE},{labels.format(pod)}" for pod in "ab")
    given = {
        f'http_requests_total{{{a},code="200"}}': "0+10x60",
        f'http_requests_total{{{a},code="503"}}': "0+2x60",
        f'http_requests_total{{{b},code="200"}}': "0+10x60",
    }
    asked = pair(Errors())
    assert values(asked.bad, given, tmp_path) == bad
    assert values(asked.total, given, tmp_path) == total


def number(value: float) -> str:
    """As promtool writes a float."""
    if value == 0:
        return "0E+00"
    digits, _, exponent = f"{value:.15e}".partition("e")
    return f"{digits.rstrip('0').rstrip('.')}E{int(exponent):+03d}"
