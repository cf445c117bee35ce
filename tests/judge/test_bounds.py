"""What the past says about a rate is wrong as seldom as it says."""

import pytest

from crossfade.judge.bounds import at_least, at_most
from crossfade.judge.counts import Counts
from judge.exact import binomial


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5, 0.99])
@pytest.mark.parametrize("delta", [0.2, 0.025])
def test_the_true_rate_is_outside_with_the_stated_probability_at_most(rate: float, delta: float) -> None:
    law = binomial(60, rate)
    above = sum(p for bad, p in law if rate > at_most(Counts(bad, 60), delta))
    below = sum(p for bad, p in law if rate < at_least(Counts(bad, 60), delta))
    assert above <= delta
    assert below <= delta


def test_bounds_enclose_the_rate_and_close_in_with_more_requests() -> None:
    few, many = Counts(3, 300), Counts(300, 30_000)
    assert at_least(few, 0.02) < at_least(many, 0.02) < 0.01 < at_most(many, 0.02) < at_most(few, 0.02)


def test_nothing_known_is_everything_possible() -> None:
    assert (at_least(Counts(), 0.02), at_most(Counts(), 0.02)) == (0.0, 1.0)
    assert at_least(Counts(0, 1000), 0.02) == 0.0
    assert at_most(Counts(1000, 1000), 0.02) == 1.0


def test_runs_make_the_bounds_wider() -> None:
    assert at_most(Counts(30, 3000), 0.02, burst=5) > at_most(Counts(30, 3000), 0.02)
