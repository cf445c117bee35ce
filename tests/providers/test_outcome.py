"""Nothing that a source says can be read as a success by absence."""

import math

import pytest

from crossfade.providers.outcome import (
    Counts,
    NoData,
    Number,
    Numbers,
    Outcome,
    Refused,
    SourceError,
    counts,
    number,
)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_data(value: float) -> None:
    assert isinstance(number(value, "the answer"), NoData)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_measurement_can_be_made_of_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="NaN and infinity"):
        Number(value)
    with pytest.raises(ValueError, match="NaN and infinity"):
        Numbers((1.0, value))
    with pytest.raises(ValueError, match="NaN and infinity"):
        Counts(value, value)


def test_no_numbers_are_no_measurement() -> None:
    with pytest.raises(ValueError, match="say NoData"):
        Numbers(())


@pytest.mark.parametrize(("bad", "total"), [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_none(bad: float, total: float) -> None:
    with pytest.raises(ValueError, match="no counts"):
        Counts(bad, total)


def test_bad_and_total_make_counts_with_the_notes_of_both() -> None:
    assert counts(Number(3, ("a",)), Number(412, ("b",))) == Counts(3, 412, ("a", "b"))


def test_a_sum_that_differs_by_rounding_is_no_more_than_all() -> None:
    assert counts(Number(100.00000001), Number(100)) == Counts(100, 100)


def test_no_events_are_no_data() -> None:
    assert counts(Number(0), Number(0)) == NoData("there were no events in the window")


def test_more_bad_ones_than_all_is_told_as_a_mistake_in_the_queries() -> None:
    refused = counts(Number(12), Number(3))
    assert isinstance(refused, Refused)
    assert refused.why.startswith("12 bad of 3: more bad ones than all")


def test_a_count_below_zero_is_the_sources_error() -> None:
    assert isinstance(counts(Number(-1), Number(3)), SourceError)


def test_a_range_is_no_count() -> None:
    assert isinstance(counts(Numbers((1.0, 2.0)), Number(3)), Refused)


@pytest.mark.parametrize(
    ("bad", "total", "told"),
    [
        (NoData("n"), Number(3), NoData("n")),
        (NoData("n"), SourceError("s"), SourceError("s")),
        (SourceError("s"), Refused("r"), Refused("r")),
        (Number(1), SourceError("s", 3.0), SourceError("s", 3.0)),
    ],
)
def test_the_worst_of_both_is_told(bad: Outcome, total: Outcome, told: Outcome) -> None:
    assert counts(bad, total) == told
    assert counts(total, bad) == told
