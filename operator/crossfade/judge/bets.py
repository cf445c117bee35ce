"""Bets against one known probability: how much a bet on greater, or smaller, odds has won.

Each request that counts is a hit or a miss. The claim says that a hit has at most the probability `chance`; the bet says that
the odds of a hit are `factor` times those. Its winnings are the likelihood ratio,

    factor ** hits / (1 + chance * (factor - 1)) ** (hits + misses)

since odds times f make p to f*p / (1 + p*(f - 1)), and 1 - p to (1 - p) / (1 + p*(f - 1)). Winnings whose mean is at most 1
while the claim holds are an e-value: evidence against it. Here the mean is exactly 1 at `chance`, and less below it where
factor > 1 (above it where factor < 1). `pairs` has the bets where the probability is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, log, log1p


def gains(hits: float, misses: float, chance: float, factors: Sequence[float]) -> tuple[float, ...]:
    """The logarithm of what a bet on each of `factors` (all above 0) has won or lost. `chance`: 0 to 1."""
    requests = hits + misses
    return tuple(hits * log(factor) - requests * log1p(chance * (factor - 1)) for factor in factors)


def moved(chance: float, factor: float) -> float:
    """The probability whose odds are `factor` times those of `chance`."""
    return factor * chance / (1 + chance * (factor - 1))


def log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of what `logs` are the logarithms of; -inf where all are."""
    most = max(logs)
    return most + log(sum(exp(each - most) for each in logs) / len(logs)) if most > -inf else -inf


def log_sum(one: float, other: float) -> float:
    """The logarithm of the sum of two numbers given by their logarithms."""
    low, high = sorted((one, other))
    return high + log1p(exp(low - high)) if high > -inf else -inf
