"""What a rate may have been, from the counts of it.

By Chernoff's bound: so few (so many) bad requests as `rate` of n come with a probability of exp(-n * d) at most from a true rate p
above (below) it, d being the relative entropy of the two. It holds for requests of different rates too, for their mean. An exact
bound (Clopper-Pearson) is closer by little, and needs the inverse of a beta distribution.
"""

from __future__ import annotations

from math import inf, log

from crossfade.judge.counts import Counts

STEPS = 60
"""Halvings: what remains is below the last digit."""


def at_most(counts: Counts, delta: float, burst: float = 1.0) -> float:
    """The rate is greater than this with a probability of `delta` at most."""
    return _edge(counts, log(1 / delta) * burst, 1.0)


def at_least(counts: Counts, delta: float, burst: float = 1.0) -> float:
    """The rate is smaller than this with a probability of `delta` at most."""
    return _edge(counts, log(1 / delta) * burst, 0.0)


def _edge(counts: Counts, surprise: float, end: float) -> float:
    """Between the rate and `end`, the first point that is too surprising; the end itself where nothing is."""
    near, far = counts.rate, end
    if counts.total * _distance(counts.rate, end) <= surprise:
        return end
    for _ in range(STEPS):
        middle = (near + far) / 2
        near, far = (
            (near, middle) if counts.total * _distance(counts.rate, middle) > surprise else (middle, far)
        )
    return far


def _distance(rate: float, other: float) -> float:
    """The relative entropy of a hit with probability `rate` to one with `other`."""
    return _term(rate, other) + _term(1 - rate, 1 - other)


def _term(one: float, other: float) -> float:
    if not one:
        return 0.0
    return one * log(one / other) if other else inf
