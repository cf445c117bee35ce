"""What is measured on simulated releases: a function for each table of the study. Computed once, and the seeds are fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from crossfade.judge import claims, limits
from crossfade.judge.settings import Settings
from judge import many, rivals
from judge.streams import Real, Streams, World

LOOKS = 60
DRIFT = 0.3
RELEASES = 4000
FEW = 500
"""Releases for what is slow to compute."""

POINTS = 10
"""Mann-Whitney is also given so many points a window; Kayenta asks for 50 of them at least."""

DEFAULT = Settings()
STILL = [(requests, base) for requests in (20, 200, 2000) for base in (0.001, 0.005, 0.01, 0.05)]

Fails = Callable[[Streams], Real]


def by(looks: Real, window: int) -> float:
    """The part of the releases for which it was so in one of the first `window` looks."""
    return float(looks[:, :window].any(axis=1).mean())


@cache
def false_aborts() -> dict[tuple[int, float], dict[str, float]]:
    """By requests a window and base rate: how many good candidates each method takes back within 60 looks."""
    return {
        (requests, base): _false_aborts(World(requests, base, drift=DRIFT).streams(RELEASES, LOOKS, 11))
        for requests, base in STILL
    }


@cache
def stepped() -> dict[str, float]:
    """The same for a canary that goes from 5 to 25 to 50 % of the requests, 20 windows each."""
    steps = [
        World(requests, 0.005, share=share, drift=DRIFT)
        for requests, share in ((100, 0.05), (500, 0.25), (1000, 0.5))
    ]
    parts = [step.streams(RELEASES, LOOKS // 3, 19) for step in steps]
    return _false_aborts(joined(parts))


def joined(parts: list[Streams]) -> Streams:
    """One after the other."""
    return Streams(
        np.concatenate([each.candidate for each in parts], axis=1),
        np.concatenate([each.stable for each in parts], axis=1),
        np.concatenate([each.candidate_total for each in parts]),
        np.concatenate([each.stable_total for each in parts]),
    )


def _false_aborts(seen: Streams) -> dict[str, float]:
    few = seen.first(FEW)
    return {
        "**Crossfade**": by(many.fails(seen, DEFAULT), LOOKS),
        "thinning": by(rivals.thinning(seen), LOOKS),
        "limit of 1 %": by(rivals.fixed_limit(seen), LOOKS),
        "Fisher": by(rivals.fisher(few), LOOKS),
        "Mann-Whitney": by(rivals.mann_whitney(few), LOOKS),
    }


@cache
def false_passes() -> dict[tuple[int, float], tuple[float, float]]:
    """How many candidates twice as bad (`certify`) pass within 60 looks; and how many good ones do.

    At 0.1 % the base does not drift: below 0.05 % twice as bad would be negligible, and pass rightly.
    """
    return {
        (requests, base): (
            by(many.passes(_world(requests, base, 2).streams(RELEASES, LOOKS, 12), DEFAULT), LOOKS),
            by(many.passes(_world(requests, base, 1).streams(RELEASES, LOOKS, 12), DEFAULT), LOOKS),
        )
        for requests, base in STILL
    }


def _world(requests: int, base: float, ratio: float) -> World:
    return World(requests, base, ratio, drift=DRIFT if base > 0.001 else 0.0)


@dataclass(frozen=True)
class Caught:
    """In how many releases a worse candidate was taken back within 1, 3 and 6 windows; how many it took where 12 sufficed."""

    one: float
    three: float
    six: float
    mean: float


def caught_by(looks: Real) -> Caught:
    """From whether it is taken back at each look."""
    found = looks.any(axis=1)
    mean = float(looks.argmax(axis=1)[found].mean() + 1) if found.any() else float("nan")
    return Caught(by(looks, 1), by(looks, 3), by(looks, 6), mean)


WORSE_WORLDS = [
    World(200, 0.005, 5),
    World(2000, 0.005, 2),
    World(200, 0.005, 3),
    World(20, 0.05, 5),
    World(200, 0.05, 2),
]


@cache
def caught(world: World) -> dict[str, Caught]:
    """By method, on the same streams."""
    fine = replace(world, requests=world.requests // POINTS).streams(RELEASES, 12 * POINTS, 13)
    seen = fine.summed(POINTS)
    methods: dict[str, Fails] = {
        "**Crossfade**": lambda each: many.fails(each, DEFAULT),
        "thinning": rivals.thinning,
        "conditional (odds ratio)": rivals.odds_ratio,
        "limit of 1 %": rivals.fixed_limit,
        "Fisher at each look": lambda each: rivals.fisher(each.first(1000)),
        "Mann-Whitney, 1 point a window": lambda each: rivals.mann_whitney(each.first(FEW)),
    }
    results = {name: caught_by(method(seen)) for name, method in methods.items()}
    points = rivals.mann_whitney(fine.first(FEW), POINTS)
    return {**results, f"Mann-Whitney, {POINTS} points a window": caught_by(points)}


@cache
def designs() -> dict[str, tuple[float, float, float, float]]:
    """By design: false aborts; 5x caught within 3 and 6 windows; 2x at 2,000 within 3."""
    good = World(200, 0.005).streams(RELEASES, LOOKS, 14)
    five = World(200, 0.005, 5).streams(RELEASES, 6, 14)
    two = World(2000, 0.005, 2).streams(RELEASES, 3, 14)
    limit = limits.compared(DEFAULT, None, endless=False)

    def row(
        mixed: Callable[[Real, float], Real], cap: float = DEFAULT.cap, bets: tuple[float, ...] = claims.WORSE
    ) -> tuple[float, float, float, float]:
        looks = [mixed(many.against(seen, 1.0, bets), cap) >= limit for seen in (good, five, two)]
        return by(looks[0], LOOKS), by(looks[1], 3), by(looks[1], 6), by(looks[2], 3)

    rows = {f"mixture of products, cap {cap}": row(many.added, cap) for cap in (20, 10, 5)}
    return {
        f"**mixture of products, cap {DEFAULT.cap:g}**": row(many.added),
        "mixture of products, no cap": row(many.added, np.inf),
        "product of mixtures, no cap": row(many.added_anew, np.inf),
        **rows,
        "the product's, without the bet on 1.5": row(many.added, bets=claims.WORSE[1:]),
        "the product's, and a bet on 30": row(many.added, bets=(*claims.WORSE, 30.0)),
    }


TOLERANCES = (1.0, 1.1, 1.25, 1.5)


@cache
def soon() -> dict[str, dict[float, float]]:
    """By what is promised, and by tolerance: the part of the bad candidates that is taken back so soon."""
    five = World(200, 0.005, 5).streams(RELEASES, 6, 14)
    two = World(2000, 0.005, 2).streams(RELEASES, 3, 14)
    promises = {
        "5x, in 3 windows of 200": (five, 3),
        "5x, in 6 windows of 200": (five, 6),
        "2x, in 3 windows of 2,000": (two, 3),
    }
    return {
        name: {each: by(many.fails(seen, Settings(tolerance=each)), windows) for each in TOLERANCES}
        for name, (seen, windows) in promises.items()
    }


@cache
def tolerances() -> dict[float, dict[float, float]]:
    """By how many times as bad the candidate is, and by tolerance: the part taken back in 60 windows of 2,000."""
    return {
        ratio: {
            tolerance: by(many.fails(seen, Settings(tolerance=tolerance)), LOOKS) for tolerance in TOLERANCES
        }
        for ratio in (1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
        for seen in [World(2000, 0.005, ratio).streams(RELEASES // 2, LOOKS, 15)]
    }


@cache
def distrust() -> dict[str, float]:
    """Good candidates that are taken back where an assumption does not hold, and what helps."""
    runs = World(200, 0.005, run=5).streams(RELEASES, LOOKS, 16)
    cold = World(200, 0.005).streams(RELEASES, LOOKS, 17)
    start = World(200, 0.005, 5).streams(RELEASES, 2, 17)
    warming = replace(cold, candidate=np.concatenate([start.candidate, cold.candidate[:, 2:]], axis=1))
    busy, calm = World(180, 0.05, share=0.3), World(20, 0.001, share=0.01)
    a, b = busy.streams(RELEASES, LOOKS, 18), calm.streams(RELEASES, LOOKS, 18)
    limit = limits.compared(DEFAULT, None, endless=False)
    apart = many.added(many.against(a, 1.0, claims.WORSE) + many.against(b, 1.0, claims.WORSE), DEFAULT.cap)
    return {
        "errors come in runs of 5, `burst: 1`": by(many.fails(runs, DEFAULT), LOOKS),
        "errors come in runs of 5, `burst: 5`": by(many.fails(runs, Settings(burst=5)), LOOKS),
        "the first 2 windows are 5x worse (cold caches), all counted": by(
            many.fails(warming, DEFAULT), LOOKS
        ),
        "the same, the first 2 windows left out": by(many.fails(cold, DEFAULT), LOOKS),
        "a zone with more errors gets more of the candidate's requests, zones counted together": by(
            many.fails(together(a, b), DEFAULT), LOOKS
        ),
        "the same, zones as strata": by(apart >= limit, LOOKS),
    }


PARTS = (1, 4, 8)


@cache
def strata() -> dict[int, tuple[float, float, float, float]]:
    """By the number of alike strata that all requests fall into: as `designs` has it."""
    return {parts: _in_strata(parts) for parts in PARTS}


def _in_strata(parts: int) -> tuple[float, float, float, float]:
    good = _apart(World(200 // parts, 0.005), parts, LOOKS)
    five, two = (
        _apart(World(200 // parts, 0.005, 5), parts, 6),
        _apart(World(2000 // parts, 0.005, 2), parts, 3),
    )
    return by(good, LOOKS), by(five, 3), by(five, 6), by(two, 3)


def _apart(world: World, parts: int, windows: int) -> Real:
    """Whether it is taken back at each look, by the comparison alone."""
    won = sum(
        (
            many.against(world.streams(RELEASES, windows, 20 + part), DEFAULT.tolerance, claims.WORSE)
            for part in range(parts)
        ),
        np.zeros(1),
    )
    return many.added(won, DEFAULT.cap) >= limits.compared(DEFAULT, None, endless=False)


def together(a: Streams, b: Streams) -> Streams:
    """Two strata as if they were one."""
    return Streams(
        a.candidate + b.candidate,
        a.stable + b.stable,
        a.candidate_total + b.candidate_total,
        a.stable_total + b.stable_total,
    )
