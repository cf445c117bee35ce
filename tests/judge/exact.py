"""Means over everything that can happen in a few small windows, with its probability: no simulation, no chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import comb, prod

from crossfade.judge.counts import Counts, Window


def binomial(n: int, p: float) -> list[tuple[int, float]]:
    """How many of n are bad, and how likely that is."""
    return [(k, comb(n, k) * p**k * (1 - p) ** (n - k)) for k in range(n + 1)]


def drifting(rates: Sequence[float]) -> list[tuple[int, float]]:
    """The same where each request has a rate of its own."""
    law = [1.0]
    for p in rates:
        law = [
            (law[k] if k < len(law) else 0.0) * (1 - p) + (law[k - 1] * p if k else 0.0)
            for k in range(len(law) + 1)
        ]
    return list(enumerate(law))


Law = list[tuple[int, float]]


def windows(sides: Sequence[tuple[Law, Law]]) -> Iterator[tuple[list[Window], float]]:
    """Every series of windows, one for each pair of laws (candidate's, stable's), with its probability."""
    choices = [
        [
            (Counts(bad, len(ours) - 1), Counts(ill, len(theirs) - 1), p * q)
            for bad, p in ours
            for ill, q in theirs
        ]
        for ours, theirs in sides
    ]
    for series in product(*choices):
        looks = [Window(10.0 * (i + 1), each[0], each[1]) for i, each in enumerate(series)]
        yield looks, prod(each[2] for each in series)


def mean(of: Callable[[list[Window]], float], sides: Sequence[tuple[Law, Law]]) -> float:
    """The mean of a number that follows from the windows."""
    return sum(p * of(looks) for looks, p in windows(sides))
