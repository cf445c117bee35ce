"""Simulated releases: the counts of many at once, as arrays of (releases, windows)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


@dataclass(frozen=True)
class Streams:
    """Bad requests by release and window; all requests by window."""

    candidate: Whole
    stable: Whole
    candidate_total: Whole
    stable_total: Whole

    @property
    def shape(self) -> tuple[int, int]:
        releases, windows = self.candidate.shape
        return releases, windows

    def summed(self, points: int) -> Streams:
        """Each `points` windows as one."""
        releases, windows = self.shape
        whole = windows // points
        return Streams(
            self.candidate.reshape(releases, whole, points).sum(axis=2),
            self.stable.reshape(releases, whole, points).sum(axis=2),
            self.candidate_total.reshape(whole, points).sum(axis=1),
            self.stable_total.reshape(whole, points).sum(axis=1),
        )

    def first(self, releases: int) -> Streams:
        """The first of them."""
        return replace(self, candidate=self.candidate[:releases], stable=self.stable[:releases])


@dataclass(frozen=True)
class World:
    """How requests come. `base`: stable's rate of bad ones; `ratio`: how many times as bad the candidate is from window `since` on.

    `requests`: to the candidate in a window, which are `share` of all. `drift`: how far the base moves in a window (standard
    deviation of its logarithm; it stays within a fourth and four times its first value, and below 20 %). `run`: bad requests
    come in runs of so many.
    """

    requests: int
    base: float
    ratio: float = 1.0
    share: float = 0.1
    drift: float = 0.0
    since: int = 0
    run: int = 1

    def streams(self, releases: int, windows: int, seed: int) -> Streams:
        """The same for the same seed."""
        rng = np.random.default_rng([seed, self.requests, round(self.base * 1e6), round(self.ratio * 100)])
        beside = round(self.requests * (1 - self.share) / self.share)
        base = self._base(rng, releases, windows)
        worse = np.where(np.arange(windows) >= self.since, self.ratio, 1.0)
        bad = rng.binomial(self.requests // self.run, np.minimum(1.0, base * worse)) * self.run
        stable = rng.binomial(beside // self.run, base) * self.run
        return Streams(bad, stable, np.full(windows, self.requests), np.full(windows, beside))

    def _base(self, rng: np.random.Generator, releases: int, windows: int) -> Real:
        walk = np.cumsum(rng.normal(0.0, self.drift, (releases, windows)), axis=1)
        moved = np.exp(np.clip(walk, -np.log(4), np.log(4)))
        return np.minimum(0.2, self.base * moved)
