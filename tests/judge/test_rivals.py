"""The others are measured fairly: each is what its name says."""

from math import exp

import numpy as np
import pytest
from scipy import stats

from crossfade.judge.claims import WORSE
from judge import rivals
from judge.exact import binomial
from judge.streams import Streams, World


def streams(candidate: list[int], stable: list[int], sizes: tuple[int, int]) -> Streams:
    windows = len(candidate)
    return Streams(
        np.array([candidate]), np.array([stable]), np.full(windows, sizes[0]), np.full(windows, sizes[1])
    )


def test_fisher_is_the_exact_test_of_all_counts_so_far() -> None:
    seen = World(50, 0.05, 3).streams(20, 4, 5)
    ours, theirs = seen.candidate.cumsum(axis=1), seen.stable.cumsum(axis=1)
    looks = rivals.fisher(seen)
    for release in range(20):
        for window in range(4):
            a, b = ours[release, window], theirs[release, window]
            n1, n0 = 50 * (window + 1), 450 * (window + 1)
            p = stats.fisher_exact([[a, n1 - a], [b, n0 - b]], alternative="greater").pvalue
            assert looks[release, window] == (p <= 0.05)


@pytest.mark.parametrize("base", [0.01, 0.3])
def test_the_conditional_e_variable_is_worth_exactly_its_stake(base: float) -> None:
    mean = np.zeros(len(WORSE))
    for a, p in binomial(3, base):
        for b, q in binomial(5, base):
            mean += p * q * np.exp(rivals.odds_gains(streams([a], [b], (3, 5)), 1.0, WORSE)[0, 0])
    assert mean == pytest.approx(1.0)


def test_thinning_is_the_likelihood_ratio_of_the_candidates_part() -> None:
    won = rivals.thinning_gains(streams([4], [6], (100, 900)), 1.0, [2.0])[0, 0, 0]
    part = 2 * 0.1 / (2 * 0.1 + 0.9)
    assert exp(won) == pytest.approx((part / 0.1) ** 4 * ((1 - part) / 0.9) ** 6)


def test_mann_whitney_is_high_where_all_points_are_and_not_where_they_are_alike() -> None:
    high = rivals.mann_whitney(streams([20, 21, 22, 23, 24, 25], [10, 11, 12, 9, 8, 10], (100, 900)))
    alike = rivals.mann_whitney(streams([2, 1, 2, 3, 2, 1], [18, 9, 18, 27, 18, 9], (100, 900)))
    assert high[0, -1]
    assert not alike.any()


def test_mann_whitney_asks_for_more_than_significance() -> None:
    """A shift is High when the lower end of its interval is above a quarter of the estimate: rarer than p <= 1 %."""
    seen = World(100, 0.05, 1.6).streams(200, 20, 6)
    ours, theirs = seen.candidate / 100, seen.stable / 900
    p = stats.mannwhitneyu(ours, theirs, alternative="greater", axis=1).pvalue
    high = rivals.mann_whitney(seen)[:, -1]
    assert 0 < high.sum() < (p <= 0.01).sum()
    assert p[high].max() <= 0.01


def test_a_fixed_limit_looks_at_one_window_at_a_time() -> None:
    seen = streams([1, 2, 3], [0, 0, 0], (200, 1800))
    assert rivals.fixed_limit(seen).tolist() == [[False, False, True]]
