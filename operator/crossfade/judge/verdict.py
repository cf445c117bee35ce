"""The verdict: passed, failed, not yet, or inconclusive; a pure function of the stored counts.

**Failing wins**, in the same window and later: whoever has passed and still looks is told when it is worse after all. Both can be
shown of one candidate: 1.5 times as bad is worse than a `tolerance` of 1, and better than a `certify` of 2.
Each bound holds for itself: a candidate within `tolerance` fails with a probability of alpha at most, over all looks; one that is
`certify` times as bad and not negligible passes with alpha at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import exp

from crossfade.judge.counts import Counts, Past, Pod, Window
from crossfade.judge.needed import Needed, needed
from crossfade.judge.pods import culprit
from crossfade.judge.progress import Progress, folded, start
from crossfade.judge.settings import Settings


class Outcome(StrEnum):
    """What is decided."""

    PASSED = "Passed"
    FAILED = "Failed"
    NOT_YET = "NotYet"
    INCONCLUSIVE = "Inconclusive"


class Reason(StrEnum):
    """Why."""

    WORSE = "Worse"
    """It is worse than stable by more than `tolerance`."""

    BROKEN = "Broken"
    """More than `maxErrorRatio` of its requests are bad."""

    NOT_WORSE = "NotWorse"
    """It is less than `certify` times as bad as stable."""

    NEGLIGIBLE = "Negligible"
    """Less than `negligible` of its requests are bad."""

    MORE_NEEDED = "MoreNeeded"
    """Neither is shown yet."""

    NO_REQUESTS = "NoRequests"
    """The candidate had none."""

    NOTHING_TO_COMPARE = "NothingToCompare"
    """Stable had no requests, and there is no past."""

    NOTHING_FOUND = "NothingFound"
    """No end is known, and nothing was found so far."""


class Basis(StrEnum):
    """What the candidate was compared with."""

    STABLE = "Stable"
    """Stable's requests of the same windows."""

    PAST = "Past"
    """Counts of another time, in some window at least: weaker."""

    NOTHING = "Nothing"
    """Nothing: only the absolute limits were looked at."""


REASONS = {
    "not_worse": Reason.WORSE,
    "not_broken": Reason.BROKEN,
    "worse": Reason.NOT_WORSE,
    "not_negligible": Reason.NEGLIGIBLE,
}
"""What the claim that was refuted means."""


@dataclass(frozen=True)
class Verdict:
    """What is decided and why. `e_worse`, `e_fine`: the evidence for each; `limit`: where it decides.

    `needed`: how many requests are wanting; None where it is decided, or never will be. `pod`: the one that
    has most of the bad requests; None where none stands out. `strata`: in how many parts the sides were compared, each by
    itself; 0 where all was one. `others`: whether what is in none of them was one more.
    """

    outcome: Outcome
    reason: Reason
    basis: Basis
    candidate: Counts
    stable: Counts
    e_worse: float
    e_fine: float
    needed: Needed | None = None
    pod: Pod | None = None
    strata: int = 0
    others: bool = False


def verdict(
    windows: Iterable[Window], settings: Settings, past: Past | None = None, since: Progress | None = None
) -> Verdict:
    """The verdict after all windows. `since`: what was folded of older ones.

    `past` only where stable gets no requests: half of alpha goes into guessing its rate.
    """
    return judged(folded(windows, settings, past, since), settings, past)


def watch(
    windows: Iterable[Window], settings: Settings, past: Past | None = None, since: Progress | None = None
) -> Verdict:
    """The same where no end is known: it fails, or nothing was found yet.

    A good candidate fails after `run_length` windows in the mean, or later. It finds what begins late, which a `verdict` over a
    long good time does not: there each good window must be made up for.
    """
    return verdict(windows, settings, past, since or start(endless=True))


def judged(done: Progress, settings: Settings, past: Past | None = None) -> Verdict:
    """The verdict on what was folded."""
    outcome, reason = _outcome(done, settings, past)
    open_still = outcome in (Outcome.NOT_YET, Outcome.INCONCLUSIVE)
    return Verdict(
        outcome,
        reason,
        _basis(done, past),
        done.candidate,
        done.stable,
        done.not_broken.e if reason is Reason.BROKEN else done.not_worse.e,
        exp(min(done.log_fine, 690.0)),
        needed(done, settings, past) if open_still else None,
        culprit(done.pods),
        len(done.strata),
        _has_others(done),
    )


def _has_others(done: Progress) -> bool:
    named = sum(each.candidate.total + each.stable.total for each in done.strata)
    return done.candidate.total + done.stable.total > named


def _outcome(done: Progress, settings: Settings, past: Past | None) -> tuple[Outcome, Reason]:
    if done.failed_by:
        return Outcome.FAILED, REASONS[done.failed_by]
    if done.passed_by:
        return Outcome.PASSED, REASONS[done.passed_by]
    late = settings.max_seconds is not None and done.last.at >= settings.max_seconds and not done.endless
    return Outcome.INCONCLUSIVE if late else Outcome.NOT_YET, _lacking(done, past)


def _lacking(done: Progress, past: Past | None) -> Reason:
    if not done.candidate.total:
        return Reason.NO_REQUESTS
    if _basis(done, past) is Basis.NOTHING:
        return Reason.NOTHING_TO_COMPARE
    return Reason.NOTHING_FOUND if done.endless else Reason.MORE_NEEDED


def _basis(done: Progress, past: Past | None) -> Basis:
    if past and past.counts.total and done.compared < done.windows:
        return Basis.PAST
    return Basis.STABLE if done.compared else Basis.NOTHING
