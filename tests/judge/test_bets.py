"""No bet wins in the mean while the claim that it is against holds: counted over everything that can happen."""

from itertools import product
from math import exp

import pytest

from crossfade.judge import bets, pairs
from crossfade.judge.claims import BETTER, BROKEN, WORSE
from crossfade.judge.pairs import Side
from judge.exact import binomial, drifting

HAIR = 1e-12


def mean_of_pair(
    ours: list[tuple[int, float]], theirs: list[tuple[int, float]], bet: tuple[float, float, float]
) -> float:
    ratio, factor, guess = bet
    n1, n0 = len(ours) - 1, len(theirs) - 1
    return sum(
        p * q * exp(pairs.gains(Side(a, n1 - a), Side(b, n0 - b), ratio, [factor], guess)[0])
        for a, p in ours
        for b, q in theirs
    )


BASES, GUESSES = [0.001, 0.05, 0.3, 0.5], [0.0001, 0.05, 0.9]


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.25, 2.0])
def test_a_bet_that_it_is_worse_wins_nothing_from_a_candidate_within_tolerance(ratio: float) -> None:
    def mean(base: float, guess: float, better: float, factor: float) -> float:
        ours, theirs = binomial(4, min(1.0, ratio * base) * better), binomial(9, base)
        return mean_of_pair(ours, theirs, (ratio, factor, guess))

    cases = [*product(BASES, GUESSES, [1.0, 0.5], WORSE)]
    assert [case for case in cases if ratio * case[0] <= 1 and mean(*case) > 1 + HAIR] == []


def test_a_bet_that_it_is_better_wins_nothing_from_one_that_is_too_bad() -> None:
    def mean(base: float, guess: float, worse: float, factor: float) -> float:
        ours, theirs = binomial(4, min(1.0, 2 * worse * base)), binomial(9, base)
        return mean_of_pair(ours, theirs, (2.0, factor, guess))

    cases = [*product(BASES, GUESSES, [1.0, 1.5], BETTER)]
    assert [case for case in cases if mean(*case) > 1 + HAIR] == []


def test_rates_may_drift_within_a_window() -> None:
    base = [0.01, 0.3, 0.02, 0.5, 0.1, 0.07]
    mean = sum(base) / len(base)
    ours, theirs = drifting([2 * mean, 0.0, mean]), drifting(base)
    for factor in WORSE:
        assert mean_of_pair(ours, theirs, (1.0, factor, 0.1)) <= 1 + HAIR


def test_a_bet_wins_from_a_candidate_that_is_worse() -> None:
    assert mean_of_pair(binomial(4, 0.3), binomial(9, 0.1), (1.0, 3.0, 0.1)) > 1.1


def test_a_bad_guess_costs_little_where_errors_are_rare() -> None:
    counts = Side(8, 192), Side(9, 1791)
    right, wrong = (pairs.gains(*counts, 1.0, WORSE, guess) for guess in (0.005, 0.0005))
    assert max(abs(a - b) for a, b in zip(right, wrong, strict=True)) < 0.35


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.25, 2.0])
def test_the_closest_pair_is_the_closest(ratio: float) -> None:
    candidate, stable = Side(12.0, 88.0), Side(30.0, 870.0)
    near = pairs.closest(candidate, stable, ratio)
    best = likelihood(candidate, stable, ratio, near)
    assert 0 < near < 1 / ratio
    for other in (near * 0.99, near * 1.01):
        assert likelihood(candidate, stable, ratio, other) < best


def likelihood(candidate: Side, stable: Side, ratio: float, p: float) -> float:
    return (
        bets.gains(*candidate, 0.5, [ratio * p / (1 - ratio * p)])[0]
        + bets.gains(*stable, 0.5, [p / (1 - p)])[0]
    )


@pytest.mark.parametrize("rate", [0.001, 0.25, 0.8])
@pytest.mark.parametrize("factor", [*BETTER, *BROKEN])
def test_a_bet_on_one_side_alone_is_worth_exactly_its_stake(rate: float, factor: float) -> None:
    mean = sum(p * exp(bets.gains(k, 7 - k, rate, [factor])[0]) for k, p in binomial(7, rate))
    assert mean == pytest.approx(1.0)


def test_a_side_without_requests_says_nothing() -> None:
    assert pairs.gains(Side(0, 0), Side(3, 100), 1.0, WORSE, 0.01) == (0.0,) * len(WORSE)
    assert pairs.gains(Side(3, 100), Side(0, 0), 1.0, WORSE, 0.01) == (0.0,) * len(WORSE)


def test_counts_of_a_thousand_million_are_no_trouble() -> None:
    won = pairs.gains(Side(10**7, 10**9), Side(10**8, 10**10), 1.0, WORSE, 0.01)
    assert all(-1e9 < each < 0 for each in won)


def test_odds_are_moved_and_moved_back() -> None:
    assert bets.moved(0.5, 3.0) == pytest.approx(0.75)
    assert bets.moved(bets.moved(0.2, 7.0), 1 / 7) == pytest.approx(0.2)


@pytest.mark.parametrize("base", [0.05, 0.2])
def test_thinning_holds_too_where_errors_are_not_rare(base: float) -> None:
    """The law of hits among the bad requests is not binomial then; the bound stands without that."""
    n1, n0, ratio = 4, 9, 1.5
    chance = ratio * n1 / (ratio * n1 + n0)
    for factor in WORSE:
        mean = sum(
            p * q * exp(bets.gains(a, b, chance, [factor])[0])
            for a, p in binomial(n1, ratio * base)
            for b, q in binomial(n0, base)
        )
        assert mean <= 1 + HAIR
