"""Which pod of the candidate has the bad requests: a name for the sentence, nothing is decided by it."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

from crossfade.judge.bets import gains, log_mean
from crossfade.judge.counts import NO_REQUESTS, Pod

ODDS: Final = (3.0, 10.0, 100.0)
"""Bets that a bad request is so much likelier on this pod than its part of the requests makes it."""

SURE: Final = log(100)
"""All pods being alike, one is named in 1 of 100 cases at most: each has its part of the bet."""


def culprit(pods: Sequence[Pod]) -> Pod | None:
    """The pod that has more than half of the bad requests and far more than its part; None where they are spread, or few.

    Among alike pods a bad request falls on each by its part of the requests, so the bets of `bets` apply.
    """
    total = sum((pod.counts for pod in pods), NO_REQUESTS)
    if len(pods) < 2 or not total.bad:
        return None
    worst = max(pods, key=lambda pod: pod.counts.bad)
    part = worst.counts.total / total.total
    won = log_mean(gains(worst.counts.bad, total.bad - worst.counts.bad, part, ODDS))
    named = 2 * worst.counts.bad > total.bad and won - log(len(pods)) >= SURE
    return worst if named else None
