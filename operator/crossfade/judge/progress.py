"""What the judge has seen so far, folded window by window.

A `Progress` is of bounded size and all that a verdict needs, so the oldest windows may be dropped where it is kept in their
place. `fold` is a pure function: windows folded one by one, all at once, or from any stored `Progress` on, give the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from math import log
from typing import Final

from crossfade.judge import claims, limits
from crossfade.judge.bets import log_mean
from crossfade.judge.counts import NO_REQUESTS, Counts, Past, Pod, Stratum, Window
from crossfade.judge.pods import added
from crossfade.judge.process import Process, begin, grown
from crossfade.judge.settings import Settings

BEFORE: Final = Window(0.0, NO_REQUESTS)
UNCAPPED: Final = float("inf")

COMPARED: Final = 0.75
"""The part of the evidence for a pass that the comparison carries; the rest is "negligible"."""


@dataclass(frozen=True)
class Progress:
    """Sums, the evidence against each claim, and which limit was reached first.

    `failed_by`, `passed_by`: the name of the claim that was refuted, "" as long as none is; they stay. `compared`: the number of
    windows in which stable had requests; `seconds`: how long the last one was. `strata`: their sums, as they first came.
    """

    not_worse: Process
    worse: Process
    not_broken: Process
    not_negligible: Process
    candidate: Counts = NO_REQUESTS
    stable: Counts = NO_REQUESTS
    pods: tuple[Pod, ...] = ()
    strata: tuple[Stratum, ...] = ()
    last: Window = BEFORE
    windows: int = 0
    compared: int = 0
    seconds: float = 0.0
    failed_by: str = ""
    passed_by: str = ""

    @property
    def endless(self) -> bool:
        """Whether no end of the windows is known."""
        return self.not_worse.endless

    @property
    def log_fine(self) -> float:
        """The evidence that it is fine: that it is not worse, or that its bad requests are negligible."""
        return mixed(self.worse.log_e, self.not_negligible.log_e)


def mixed(compared: float, alone: float) -> float:
    """The logarithm of the weighted mean of two pieces of evidence: against "worse, and not negligible" at once.

    Where both hold, neither grows in the mean, so their mean does not either. Their maximum would.
    """
    return log_mean((compared + log(2 * COMPARED), alone + log(2 * (1 - COMPARED))))


def start(*, endless: bool = False) -> Progress:
    """Before the first window. `endless`: no end is known, so an alarm is to be rare rather than improbable."""
    better = begin(len(claims.BETTER), endless=endless)
    return Progress(
        not_worse=begin(len(claims.WORSE), endless=endless),
        worse=better,
        not_broken=begin(len(claims.BROKEN), endless=endless),
        not_negligible=better,
    )


def folded(
    windows: Iterable[Window], settings: Settings, past: Past | None = None, since: Progress | None = None
) -> Progress:
    """All windows, in their order, after `since`."""
    return reduce(lambda done, window: fold(done, window, settings, past), windows, since or start())


def fold(done: Progress, window: Window, settings: Settings, past: Past | None = None) -> Progress:
    """One window more. Only the comparison is capped: a candidate that answers nothing but errors is found at once."""
    base = claims.baseline(settings, past)
    rates = claims.guesses(window, done.stable, done.strata)
    seen = replace(
        done,
        not_worse=grown(done.not_worse, claims.not_worse(window, settings, base, rates), settings.cap),
        worse=grown(done.worse, claims.worse(window, settings, base, rates), settings.cap),
        not_broken=grown(done.not_broken, claims.not_broken(window.candidate, settings), UNCAPPED),
        not_negligible=grown(
            done.not_negligible, claims.not_negligible(window.candidate, settings), settings.cap
        ),
        candidate=done.candidate + window.candidate,
        stable=done.stable + window.stable,
        pods=added(done.pods, window.pods),
        strata=_strata(done.strata, window.strata),
        last=replace(window, strata=(), pods=()),
        windows=done.windows + 1,
        compared=done.compared + (window.stable.total > 0),
        seconds=window.at - done.last.at,
    )
    return replace(
        seen,
        failed_by=done.failed_by or _failed_by(seen, settings, past),
        passed_by=done.passed_by or _passed_by(seen, settings, past),
    )


def _failed_by(seen: Progress, settings: Settings, past: Past | None) -> str:
    if settings.max_error_ratio is not None and seen.not_broken.log_e >= limits.guard(settings, seen.endless):
        return "not_broken"
    return "not_worse" if seen.not_worse.log_e >= limits.compared(settings, past, seen.endless) else ""


def _passed_by(seen: Progress, settings: Settings, past: Past | None) -> str:
    if seen.endless or seen.log_fine < limits.compared(settings, past, endless=False):
        return ""
    compared = seen.worse.log_e + log(COMPARED)
    return "worse" if compared >= seen.not_negligible.log_e + log(1 - COMPARED) else "not_negligible"


def _strata(known: tuple[Stratum, ...], more: tuple[Stratum, ...]) -> tuple[Stratum, ...]:
    sums = {each.name: each for each in known}
    for each in more:
        before = sums.get(each.name, Stratum(each.name, NO_REQUESTS, NO_REQUESTS))
        sums[each.name] = Stratum(each.name, before.candidate + each.candidate, before.stable + each.stable)
    return tuple(sums.values())
