"""How many requests are still wanting, if things stay as they are.

Winnings are linear in the counts, so at the present rates each request moves each purse by a known mean. The estimate is the
number of requests after which e, with the purses moved so, reaches its limit. It is no bound and decides nothing. It leaves out the
cap, and chance: half of the runs need more (the study prints by how much).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from crossfade.judge import bets, claims, limits, pairs
from crossfade.judge.bets import log_mean
from crossfade.judge.counts import Past
from crossfade.judge.process import Process
from crossfade.judge.progress import Progress, mixed
from crossfade.judge.settings import Settings

FAR: Final = 10**10
"""More requests than this are as good as never."""


@dataclass(frozen=True)
class Needed:
    """So many more requests to the candidate, after which it is shown to be worse (`fails`) or fine. `seconds`: at this rate."""

    requests: int
    seconds: float
    fails: bool


@dataclass(frozen=True)
class Rates:
    """What a request to the candidate brings in the mean: bad ones there, bad and all on stable beside it."""

    candidate: float
    stable: float
    beside: float


def needed(done: Progress, settings: Settings, past: Past | None = None) -> Needed | None:
    """The estimate for whichever is shown first; None where neither ever is at these rates, or there are none yet."""
    if not done.candidate.total or done.endless:
        return None
    rates = _rates(done, past)
    limit = limits.compared(settings, past, endless=False)
    if done.strata:
        worse, better = _so_far(done.not_worse, done), _so_far(done.worse, done)
    else:
        worse = _compared(rates, settings.tolerance, claims.WORSE, settings.burst)
        better = _compared(rates, settings.certify, claims.BETTER, settings.burst)
    bad, good = _moved(done.not_worse, worse), _moved(done.worse, better)
    few = _moved(done.not_negligible, _alone(rates, settings.negligible, settings.burst))
    fails = _first(bad, limit)
    passes = _first(lambda n: mixed(good(n), few(n)), limit)
    requests = min((each for each in (fails, passes) if each is not None), default=None)
    if requests is None:
        return None
    return Needed(requests, requests / _per_second(done), fails == requests)


def _so_far(process: Process, done: Progress) -> list[float]:
    """What each purse has gained in the mean by a request to the candidate. Of strata one rate for all says nothing."""
    return [purse / done.candidate.total for purse in process.purses]


def _per_second(done: Progress) -> float:
    """Requests to the candidate: in the last window, or in all where it had none."""
    last, whole = done.last.candidate.total, done.candidate.total
    return last / max(done.seconds, 0.001) if last else whole / max(done.last.at, 0.001)


def _rates(done: Progress, past: Past | None) -> Rates:
    """The rates so far, with half a bad request added, shared as all requests are: none so far is not none for ever."""
    candidate, stable = done.candidate, done.stable
    if not stable.total and past:
        stable = past.counts
    pooled = 0.5 / (candidate.total + stable.total)
    beside = done.last.stable.total / max(1, done.last.candidate.total)
    return Rates(candidate.rate + pooled, stable.rate + pooled, beside)


def _compared(rates: Rates, ratio: float, factors: Sequence[float], burst: float) -> list[float]:
    """What each purse gains in the mean by one more request to the candidate, with stable's beside it."""
    if rates.beside:
        stable = pairs.Side(rates.stable * rates.beside, (1 - rates.stable) * rates.beside)
        won = pairs.gains(_candidate(rates), stable, ratio, factors, rates.stable)
    else:
        won = bets.gains(*_candidate(rates), min(1.0, ratio * rates.stable), factors)
    return [each / burst for each in won]


def _candidate(rates: Rates) -> pairs.Side:
    return pairs.Side(rates.candidate, 1 - rates.candidate)


def _alone(rates: Rates, rate: float | None, burst: float) -> list[float]:
    if rate is None:
        return [0.0] * len(claims.BETTER)
    return [each / burst for each in bets.gains(*_candidate(rates), rate, claims.BETTER)]


def _moved(process: Process, steps: Sequence[float]) -> Callable[[float], float]:
    """The evidence after n more requests, as a function of n."""
    now = log_mean(process.purses)

    def after(n: float) -> float:
        moved = [purse + n * step for purse, step in zip(process.purses, steps, strict=True)]
        return process.log_e + log_mean(moved) - now

    return after


def _first(evidence: Callable[[float], float], limit: float) -> int | None:
    """The least n with so much evidence. A mean of exponentials is convex: above the limit it falls below it no more."""
    high = 1
    while evidence(high) < limit:
        high *= 2
        if high > FAR:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if evidence(middle) >= limit else (middle, high)
    return high
