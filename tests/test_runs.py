"""What `make test` says of itself: durations of tests and parts, and a second try where the machine was late."""

from pathlib import Path

import pytest

import durations
import heartbeat
import run

BEFORE: durations.Record = {"parts": {"unit": 80.0}, "tests": {"a": 1.0, "b": 5.0, "c": 2.0}}


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of this test alone."""
    monkeypatch.setattr(durations, "RECORD", tmp_path / "here" / "durations.json")
    monkeypatch.setattr(durations, "COPY", tmp_path / "cache" / "durations.json")


def test_a_fresh_clone_knows_the_durations_of_the_last_run_from_the_cache() -> None:
    durations.write(BEFORE)
    durations.RECORD.unlink()
    assert durations.read() == BEFORE


def test_what_no_run_in_this_checkout_has_measured_is_known_from_the_cache() -> None:
    durations.write(BEFORE)
    durations.RECORD.write_text('{"parts": {"lint": 18.0}, "tests": {"a": 3.0}}')
    assert durations.read() == {
        "parts": {"unit": 80.0, "lint": 18.0},
        "tests": {"a": 3.0, "b": 5.0, "c": 2.0},
    }


def test_a_record_that_cannot_be_read_counts_as_none() -> None:
    durations.RECORD.parent.mkdir()
    durations.RECORD.write_text("{")
    assert durations.read() == {"parts": {}, "tests": {}}


def test_the_table_has_the_parts_the_slowest_tests_and_what_changed() -> None:
    durations.write({"parts": {"unit": 75.0}, "tests": {"a": 9.0, "b": 5.0, "c": 2.1, "d": 3.0}})
    shown = run.lines(BEFORE, {"unit": 75.0})
    assert [line.split() for line in shown if " s  " in line] == [
        ["75.0", "s", "(80.0", "s", "before)", "unit"],
        ["75.0", "s", "(80.0", "s", "before)", "sum"],
        ["9.0", "s", "(1.0", "s", "before)", "a"],
        ["3.0", "s", "(new)", "d"],
        ["2.1", "s", "(2.0", "s", "before)", "c"],
        ["9.0", "s", "(1.0", "s", "before)", "a"],
    ]


class Late(heartbeat.Heartbeat):
    """A heart that was so late."""

    def __init__(self, late_s: float) -> None:
        self.by_s = late_s

    def late_s(self, since: float) -> float:
        return self.by_s

    def told(self, since: float) -> str:
        return ""


TRIES = """
import pytest
tries = []
@pytest.mark.{mark}
def test_twice():
    tries.append(1)
    assert len(tries) == 2
"""


@pytest.mark.parametrize(
    ("mark", "late_s", "outcome"),
    [("quiet", 0.5, {"passed": 1}), ("quiet", 0.01, {"failed": 1}), ("other", 0.5, {"failed": 1})],
)
def test_only_what_measures_is_tried_again_and_only_where_the_machine_was_late(
    pytester: pytest.Pytester, mark: str, late_s: float, outcome: dict[str, int]
) -> None:
    repeats = heartbeat.Repeats(Late(late_s))
    pytester.makepyfile(TRIES.format(mark=mark))
    pytester.makeini(f"[pytest]\nmarkers =\n  {mark}\n")
    result = pytester.inline_run("-p", "no:asyncio", plugins=[repeats])
    result.assertoutcome(**outcome)
    told = [
        each for report in result.getreports("pytest_runtest_logreport") for each in report.user_properties
    ]
    assert any("was tried again: the machine was 0.50 s late" in text for _, text in told) == (
        "passed" in outcome
    )
