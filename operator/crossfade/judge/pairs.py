"""Bets against "the candidate is at most `ratio` times as bad as stable", whose two probabilities nobody knows.

The two-sample E-variable of Turner, Ly and Grünwald (2024), with the linear null of Turner and Grünwald ("Exact anytime-valid
confidence intervals for contingency tables"). The bet names two probabilities: for stable a `guess`, made before the window, and for
the candidate one whose odds are `factor` times those of ratio * guess. Its winnings are the likelihood of the counts under
these, over that under the pair (ratio * p, p) that is closest to them by relative entropy, for so many requests of each side.

Why its mean is at most 1 wherever p1 <= ratio * p0: with a1, a0 for the bet and q1, q0 for the closest pair, one request of a
side multiplies the winnings by 1 + (p - q) * (a - q) / (q * (1 - q)) in the mean. 1 + x <= exp(x), so all of them together by at
most exp(n1 * (p1 - q1) * (a1 - q1) / (q1 * (1 - q1)) + n0 * ...). That exponent is how fast the entropy falls on the way from the
closest pair to (p1, p0), and no way into a convex set leads closer than its closest point: it is at most 0. Only the mean rates of
the window enter, so they may drift. For ratios at least `ratio`, bet on with factors below 1, the set is convex too.

The rejected alternatives, each in `tests/judge/rivals.py`, with a table in docs/judge.md. *Thinning* counts bad requests alone: one falls
on the candidate with a probability of at most w*ratio / (w*ratio + 1 - w), w being its share of the requests. This is what remains here
for rare ones. It needs no guess, it holds at every base rate (by the same 1 + x <= exp(x), though for more than rare errors the
law of hits is not binomial but Fisher's noncentral hypergeometric), and it finds less the more requests are bad. The *conditional* one
goes by just that law. It finds a little more, but is one about the odds ratio, and costs a sum over all bad requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import NamedTuple

from crossfade.judge.bets import moved
from crossfade.judge.counts import Counts


class Side(NamedTuple):
    """Bad and good requests of one side: counts, or what is expected of them."""

    bad: float
    good: float


def side(counts: Counts) -> Side:
    """Counts as a side."""
    return Side(counts.bad, counts.total - counts.bad)


def gains(
    candidate: Side, stable: Side, ratio: float, factors: Sequence[float], guess: float
) -> tuple[float, ...]:
    """The logarithm of what a bet on each of `factors` has won or lost. Zeros where a side has no requests.

    `guess`: stable's rate of bad requests, from anything but these counts. A bad one costs power, and nothing else.
    """
    n1, n0 = sum(candidate), sum(stable)
    if not n1 or not n0:
        return (0.0,) * len(factors)
    base = min(guess, 0.9 / ratio)
    return tuple(_gain(candidate, stable, ratio, moved(ratio * base, each), base) for each in factors)


def _gain(candidate: Side, stable: Side, ratio: float, worse: float, base: float) -> float:
    n1, n0 = sum(candidate), sum(stable)
    near = closest(Side(n1 * worse, n1 * (1 - worse)), Side(n0 * base, n0 * (1 - base)), ratio)
    return _won(candidate, worse, ratio * near) + _won(stable, base, near)


def _won(seen: Side, bet: float, claim: float) -> float:
    return seen.bad * log(bet / claim) + seen.good * log((1 - bet) / (1 - claim))


def closest(candidate: Side, stable: Side, ratio: float) -> float:
    """The p for which (ratio * p, p) explains both sides best; 0 to 1/ratio.

    There the derivative of the likelihood is 0: bad / p = ratio * good1 / (1 - ratio * p) + good0 / (1 - p), so p is the smaller root
    of ratio * n * p**2 - ((1 + ratio) * bad + ratio * good1 + good0) * p + bad = 0.
    """
    bad = candidate.bad + stable.bad
    a = ratio * (bad + candidate.good + stable.good)
    b = (1 + ratio) * bad + ratio * candidate.good + stable.good
    return 2 * bad / (b + sqrt(max(0.0, b * b - 4 * a * bad)))
