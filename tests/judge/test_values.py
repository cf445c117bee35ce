"""What cannot be counted or asked is refused with what to write instead."""

import pytest

from crossfade.judge.counts import Counts, Stratum, Window
from crossfade.judge.settings import Settings


@pytest.mark.parametrize(("bad", "total"), [(-1, 5), (6, 5), (1, 0)])
def test_more_bad_requests_than_requests_are_refused(bad: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"{bad} bad of {total} requests cannot be: write 0 <= bad <= total"):
        Counts(bad, total)


def test_strata_of_other_requests_than_the_window_are_refused() -> None:
    part = Stratum("a", Counts(2, 50), Counts(0, 10))
    with pytest.raises(ValueError, match="the strata have 2 bad of 50 requests, the window 1 of 100"):
        Window(10.0, Counts(1, 100), Counts(0, 900), (part,))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tolerance": 0.1}, "tolerance must be from 0.5 to 100, not 0.1"),
        ({"tolerance": 3.0}, "certify must be above tolerance, which is 3.0"),
        ({"alpha": 0.0}, "alpha must be from 0.000001 to 0.5, not 0.0"),
        ({"cap": 1.0}, "cap must be from 2 to 1000000000, not 1.0"),
        ({"max_error_ratio": 1.0}, "maxErrorRatio must be between 0 and 1, not 1.0"),
        ({"negligible": 0.0}, "negligible must be between 0 and 1, not 0.0"),
        ({"burst": 0.5}, "burst must be from 1 to 1000, not 0.5"),
        ({"max_seconds": 0.0}, "maxSeconds must be above 0"),
        ({"run_length": 10.0}, "runLength must be 1/alpha or more, not 10.0"),
        ({"alpha": float("nan")}, "alpha must be from"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)
