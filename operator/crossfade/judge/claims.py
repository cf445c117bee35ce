"""The claims that are bet against, and with which grid.

**Not worse**, p1 <= tolerance * p0 (p1, p0: the probability of a bad request on the candidate, on stable), and its mirror image
**worse**, p1 >= certify * p0: `pairs` has the bets, and why none wins in the mean while its claim holds. Stable's rate is guessed from
the windows before.

**Not broken**, p1 <= maxErrorRatio, and **not negligible**, p1 >= negligible, are about the candidate alone: `bets`.

**Without stable** they are so too, with tolerance * U and certify * L in place of a known rate: U and L are what the rate of the past
was at most, at least, each but for a probability that is taken from alpha. Weaker, since that costs, and since nothing says that things
are today as they were then.

**Strata** are bet on one by one with the same factor, and multiplied: each has its own share of candidate's requests, and its own guess
of stable's rate, so that a zone with more errors and more of the candidate's requests does not look like the candidate's fault.

**Runs**: with `burst` k the k-th root of the winnings is taken. A run of s <= k equal answers then multiplies them by no more, in the mean,
than 1 + s/k * x where one request does by 1 + x, so the same exponent bounds the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from crossfade.judge import bets, pairs
from crossfade.judge.bounds import at_least, at_most
from crossfade.judge.counts import NO_REQUESTS, Counts, Past, Stratum, Window, without
from crossfade.judge.settings import Settings

WORSE: Final = (1.5, 2.0, 3.0, 5.0, 10.0)
"""Bets that the candidate's odds are so many times worse than they may be. Chosen by the study (docs/judge.md,
"How evidence adds up"): without 1.5 a candidate 2x worse is found later, and a bet on 30 finds nothing sooner."""

BETTER: Final = (0.1, 0.3, 0.5, 0.7)
"""Bets that it is better than `certify`: 0.5 is as good as stable where `certify` is 2."""

BROKEN: Final = (2.0, 4.0, 10.0, 50.0)
"""Odds times these: of 0.25 they make 0.4, 0.57, 0.77 and 0.94."""

GUARDS_PART: Final = 1 / 50
"""Of alpha, what the guard against plainly broken candidates gets."""


@dataclass(frozen=True)
class Baseline:
    """The rates of the past that count as stable's: at most, at least."""

    at_most: float
    at_least: float


def alpha_of(settings: Settings, past: Past | None) -> float:
    """The probability with which the comparison may err: without the guard's part, and half of it where the past is guessed."""
    guard = GUARDS_PART if settings.max_error_ratio is not None else 0.0
    return settings.alpha * (1 - guard) / (2 if past else 1)


@lru_cache(maxsize=256)
def baseline(settings: Settings, past: Past | None) -> Baseline | None:
    """What the past says about stable's rate; None without one. Kept, as each window asks for it."""
    if past is None or not past.counts.total:
        return None
    delta = alpha_of(settings, past)
    return Baseline(at_most(past.counts, delta, settings.burst), at_least(past.counts, delta, settings.burst))


def guess(stable: Counts) -> float:
    """Stable's rate in the windows before the one that is bet on; 1 % before the first. Never 0."""
    return (stable.bad + 1) / (stable.total + 100)


def guesses(window: Window, stable: Counts, strata: Sequence[Stratum]) -> tuple[float, ...]:
    """A guess for each of the window's parts, from what was counted before it: the whole of stable, and its strata."""
    before = {each.name: each.stable for each in strata}
    others = without(stable, before.values())
    return (*(guess(before.get(each.name, NO_REQUESTS)) for each in window.strata), guess(others))


def not_worse(
    window: Window, settings: Settings, base: Baseline | None, rates: Sequence[float]
) -> tuple[float, ...]:
    """What bets against "at most `tolerance` times as bad" gain. `rates`: the guess of stable's in each part."""
    highest = None if base is None else min(1.0, settings.tolerance * base.at_most)
    return _compared(window, Bet(settings.tolerance, WORSE, highest, settings.burst), rates)


def worse(
    window: Window, settings: Settings, base: Baseline | None, rates: Sequence[float]
) -> tuple[float, ...]:
    """What bets against "at least `certify` times as bad" gain."""
    lowest = None if base is None else min(1.0, settings.certify * base.at_least)
    return _compared(window, Bet(settings.certify, BETTER, lowest, settings.burst), rates)


def not_broken(counts: Counts, settings: Settings) -> tuple[float, ...]:
    """What bets against "at most `maxErrorRatio` of its requests are bad" gain; nothing without that setting."""
    return _alone(counts, settings.max_error_ratio, BROKEN, settings.burst)


def not_negligible(counts: Counts, settings: Settings) -> tuple[float, ...]:
    """What bets against "at least `negligible` of its requests are bad" gain; nothing without that setting."""
    return _alone(counts, settings.negligible, BETTER, settings.burst)


@dataclass(frozen=True)
class Bet:
    """What a comparison is bet on. `alone`: the candidate's rate that the claim allows where stable has no requests."""

    ratio: float
    factors: Sequence[float]
    alone: float | None
    burst: float


def _compared(window: Window, bet: Bet, rates: Sequence[float]) -> tuple[float, ...]:
    """Where stable has no requests at all, the past takes its place; where it has none in one stratum, that one says nothing."""
    if not window.stable.total:
        return _alone(window.candidate, bet.alone, bet.factors, bet.burst)
    won = [_part(*part, bet, rate) for part, rate in zip(window.parts(), rates, strict=False)]
    return tuple(sum(each) / bet.burst for each in zip(*won, strict=True))


def _part(candidate: Counts, stable: Counts, bet: Bet, rate: float) -> tuple[float, ...]:
    return pairs.gains(pairs.side(candidate), pairs.side(stable), bet.ratio, bet.factors, rate)


def _alone(
    counts: Counts, rate: float | None, factors: Sequence[float], burst: float = 1.0
) -> tuple[float, ...]:
    if rate is None:
        return (0.0,) * len(factors)
    return tuple(each / burst for each in bets.gains(counts.bad, counts.total - counts.bad, rate, factors))
