"""What the judge is measured against. Each gives, for each look at each release, whether it is taken back then."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import stats

from crossfade.judge.claims import WORSE
from crossfade.judge.settings import Settings
from judge.many import added, gains
from judge.streams import Real, Streams


def fixed_limit(seen: Streams, limit: float = 0.01) -> Real:
    """Argo Rollouts' and Flagger's way: more than `limit` bad in one window."""
    return seen.candidate > limit * seen.candidate_total


def fisher(seen: Streams, alpha: float = 0.05) -> Real:
    """Fisher's exact test (one-sided) of all counts so far, at each look."""
    hits, misses = np.cumsum(seen.candidate, axis=1), np.cumsum(seen.stable, axis=1)
    some, others = np.cumsum(seen.candidate_total), np.cumsum(seen.stable_total)
    bad, share = hits + misses, some / (some + others)
    high = hits > bad * share + 0.5 * np.sqrt(
        bad * share * (1 - share)
    )  # the others are not significant at 5 %
    total = np.broadcast_to(some + others, hits.shape)[high]
    drawn = np.broadcast_to(some, hits.shape)[high]
    result = np.zeros(hits.shape, dtype=bool)
    result[high] = stats.hypergeom.sf(hits[high] - 1, total, bad[high], drawn) <= alpha
    return result


CAP = Settings().cap
TOLERANCE = 0.25
SIGNIFICANCE = 0.02


def mann_whitney(points: Streams, every: int = 1) -> Real:
    """Kayenta's way (NetflixACAJudge): `High` at a look with the error rates of all points so far, `every` of them a window.

    High is where the lower end of the 98 % confidence interval of the shift (Hodges-Lehmann) is above 0.25 times the
    estimate. That is above 0, so the one-sided test must say so first; only then the interval is computed, from the sorted
    differences, with the normal approximation of their number.
    """
    ours, theirs = points.candidate / points.candidate_total, points.stable / points.stable_total
    releases, total = points.shape
    result = np.zeros((releases, total // every), dtype=bool)
    for look in range(1, total // every):
        a, b = ours[:, : (look + 1) * every], theirs[:, : (look + 1) * every]
        p = stats.mannwhitneyu(a, b, alternative="greater", axis=1, method="asymptotic").pvalue
        for release in np.flatnonzero(p <= SIGNIFICANCE / 2):
            result[release, look] = _is_high(a[release], b[release])
    return result


def _is_high(a: Real, b: Real) -> bool:
    differences = np.sort((a[:, None] - b[None, :]).ravel())
    n = len(a)
    spread = np.sqrt(n * n * (2 * n + 1) / 12)
    lowest = int(n * n / 2 + stats.norm.ppf(SIGNIFICANCE / 2) * spread)
    return bool(lowest >= 0 and differences[max(0, lowest)] > TOLERANCE * abs(np.median(differences)))


def thinning(
    seen: Streams, ratio: float = 1.0, alpha: float = 0.05, factors: Sequence[float] = WORSE
) -> Real:
    """Bad requests alone: each falls on the candidate with a probability of at most w*ratio / (w*ratio + 1 - w).

    w is the candidate's share of the requests; the same grid of ratios. Chosen at first, and weaker where errors are not rare.
    """
    return added(thinning_gains(seen, ratio, factors), CAP) >= -np.log(alpha)


def thinning_gains(seen: Streams, ratio: float, factors: Sequence[float]) -> Real:
    """The logarithm of the e-value of each window for each factor."""
    weighted = ratio * seen.candidate_total
    return gains(seen.candidate, seen.stable, weighted / (weighted + seen.stable_total), factors)


def odds_ratio(
    seen: Streams, ratio: float = 1.0, alpha: float = 0.05, factors: Sequence[float] = WORSE
) -> Real:
    """The exact conditional E-variable for the odds ratio: Fisher's noncentral hypergeometric law, given all bad requests.

    Its null is "odds ratio at most `ratio`", which for a ratio of 1 is the same as ours.
    """
    return added(odds_gains(seen, ratio, factors), CAP) >= -np.log(alpha)


def odds_gains(seen: Streams, ratio: float, factors: Sequence[float]) -> Real:
    """The logarithm of the likelihood ratio of each window for each factor."""
    bad = seen.candidate + seen.stable
    won = np.empty((*seen.shape, len(factors)))
    for index, factor in enumerate(factors):
        for window, (n1, n0) in enumerate(zip(seen.candidate_total, seen.stable_total, strict=True)):
            values, places = np.unique(bad[:, window], return_inverse=True)
            given = [_given(int(m), int(n1), int(n0), ratio * factor, ratio) for m in values]
            won[:, window, index] = seen.candidate[:, window] * np.log(factor) - np.array(given)[places]
    return won


@cache
def _given(bad: int, n1: int, n0: int, odds: float, null: float) -> float:
    """Give log Z(odds) / Z(null), where Z(o) is the sum over k of C(n1, k) C(n0, bad - k) o**k."""
    return _weight(bad, n1, n0, odds) - _weight(bad, n1, n0, null)


@cache
def _weight(bad: int, n1: int, n0: int, odds: float) -> float:
    k = np.arange(max(0, bad - n0), min(bad, n1) + 1)
    return float(np.logaddexp.reduce(stats.hypergeom.logpmf(k, n1 + n0, n1, bad) + k * np.log(odds)))
