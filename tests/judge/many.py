"""The judge's own formula for thousands of releases at once; a test says that it is the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossfade.judge import claims, limits
from crossfade.judge.progress import COMPARED
from crossfade.judge.settings import Settings
from judge.streams import Real, Streams


def log_mean(logs: Real) -> Real:
    """Over the last axis."""
    most = logs.max(axis=-1, keepdims=True)
    return (most + np.log(np.exp(logs - most).mean(axis=-1, keepdims=True)))[..., 0]


def gains(hits: Real, misses: Real, chance: Real | float, factors: Sequence[float]) -> Real:
    """What each bet gains in each window: (releases, windows, factors)."""
    grid = np.array(factors)
    given = np.log1p(np.asarray(chance)[..., None] * (grid - 1))
    return hits[..., None] * np.log(grid) - (hits + misses)[..., None] * given


def added(won: Real, cap: float) -> Real:
    """The evidence after each window: a mixture of products, capped."""
    steps = np.diff(log_mean(np.cumsum(won, axis=1)), axis=1, prepend=0.0)
    return np.cumsum(np.minimum(steps, np.log(cap)), axis=1)


def added_anew(won: Real, cap: float) -> Real:
    """The other way: a product of mixtures."""
    return np.cumsum(np.minimum(log_mean(won), np.log(cap)), axis=1)


def detected(won: Real, cap: float, *, cusum: bool = False) -> Real:
    """The evidence of an endless process: by sums (Shiryaev-Roberts), or by the greatest start (CUSUM)."""
    releases, windows, factors = won.shape
    purses = np.full((releases, factors), -np.inf)
    log_e = np.full(releases, -np.inf)
    path = np.empty((releases, windows))
    more = np.maximum if cusum else np.logaddexp
    for window in range(windows):
        purses, log_e = more(purses, 0.0), more(log_e, 0.0)
        after = purses + won[:, window]
        log_e = log_e + np.minimum(np.log(cap), log_mean(after) - log_mean(purses))
        purses = after
        path[:, window] = log_e
    return path


def against(seen: Streams, ratio: float, factors: Sequence[float]) -> Real:
    """The gains of bets on another ratio than `ratio`, as `pairs.gains` has them."""
    n1, n0 = seen.candidate_total[:, None], seen.stable_total[:, None]
    base = np.minimum(_guess(seen), 0.9 / ratio)[..., None]
    grid = np.array(factors)
    worse = grid * ratio * base / (1 + ratio * base * (grid - 1))
    near = _closest(n1 * worse, n1 * (1 - worse), n0 * base, n0 * (1 - base), ratio)
    won = _won(seen.candidate[..., None], n1, worse, ratio * near)
    return won + _won(seen.stable[..., None], n0, base, near)


def _won(bad: Real, total: Real, bet: Real, claim: Real) -> Real:
    return bad * np.log(bet / claim) + (total - bad) * np.log((1 - bet) / (1 - claim))


def _guess(seen: Streams) -> Real:
    bad = np.cumsum(seen.stable, axis=1) - seen.stable
    total = np.cumsum(seen.stable_total) - seen.stable_total
    return (bad + 1) / (total + 100)


def _closest(bad1: Real, good1: Real, bad0: Real, good0: Real, ratio: float) -> Real:
    bad = bad1 + bad0
    a = ratio * (bad + good1 + good0)
    b = (1 + ratio) * bad + ratio * good1 + good0
    return 2 * bad / (b + np.sqrt(np.maximum(0, b * b - 4 * a * bad)))


def _alone(seen: Streams, rate: float | None, factors: Sequence[float]) -> Real:
    if rate is None:
        return np.zeros((*seen.shape, len(factors)))
    return gains(seen.candidate, seen.candidate_total - seen.candidate, rate, factors)


def log_worse(seen: Streams, settings: Settings) -> Real:
    """The evidence that the candidate is worse than it may be."""
    return added(against(seen, settings.tolerance, claims.WORSE) / settings.burst, settings.cap)


def log_fine(seen: Streams, settings: Settings) -> Real:
    """The evidence that it is fine."""
    compared = added(against(seen, settings.certify, claims.BETTER) / settings.burst, settings.cap)
    alone = added(_alone(seen, settings.negligible, claims.BETTER) / settings.burst, settings.cap)
    return np.logaddexp(compared + np.log(COMPARED), alone + np.log(1 - COMPARED))


def fails(seen: Streams, settings: Settings) -> Real:
    """Whether it is taken back at each look, guard included."""
    broken = added(_alone(seen, settings.max_error_ratio, claims.BROKEN) / settings.burst, np.inf)
    guarded = broken >= limits.guard(settings, endless=False)
    return guarded | (log_worse(seen, settings) >= limits.compared(settings, None, endless=False))


def passes(seen: Streams, settings: Settings) -> Real:
    """Whether it is shown to be fine at each look."""
    return log_fine(seen, settings) >= limits.compared(settings, None, endless=False)


def alarms(seen: Streams, settings: Settings, *, cusum: bool = False) -> Real:
    """Whether the bake is alarmed at each look, without the guard."""
    won = against(seen, settings.tolerance, claims.WORSE)
    return detected(won, settings.cap, cusum=cusum) >= limits.compared(settings, None, endless=True)
