"""The verdicts of a release, computed again from the counts that its Release keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crossfade.api.measurements import MetricStatus
from crossfade.api.release import ReleaseStatus
from crossfade.core.analysis.decided import WORDS
from crossfade.core.analysis.evidence import asked_of, points_of, progress_of
from crossfade.core.analysis.past import as_judged
from crossfade.judge.counts import Pod, Stratum
from crossfade.judge.settings import Settings
from crossfade.judge.trail import Point
from crossfade.judge.verdict import judged
from crossfade.judge.words import sentence


@dataclass(frozen=True)
class MetricVerdict:
    """One metric of one run. `outcome` and `message` as they were stored; `again`: the sentence computed now, "" for a number.

    `agrees`: whether both say the same. `points`: the windows that are kept. `earlier`: how many came before these.
    `limit`: e at which it was decided. `strata`, `pods`: the sums of all windows, where counts came by them.
    """

    run: str
    metric: str
    outcome: str
    message: str
    again: str = ""
    agrees: bool = True
    points: tuple[Point, ...] = ()
    earlier: int = 0
    limit: float = 0.0
    strata: tuple[Stratum, ...] = ()
    pods: tuple[Pod, ...] = ()


def verdicts(release: Mapping[str, Any]) -> list[MetricVerdict]:
    """Give them in the order in which they began."""
    status = ReleaseStatus.model_validate(release.get("status") or {})
    return [_verdict(each) for each in status.measurements]


def _verdict(stored: MetricStatus) -> MetricVerdict:
    plain = MetricVerdict(stored.run, stored.metric, stored.outcome, stored.message)
    if stored.judged_by is None:
        return plain
    try:
        settings = asked_of(stored.judged_by)
    except ValueError as error:
        return replace(plain, again=f"its settings cannot be those of the judge: {error}", agrees=False)
    past = as_judged(stored.past)
    done = progress_of(stored, settings)
    found = judged(done, settings, past)
    return MetricVerdict(
        stored.run,
        stored.metric,
        stored.outcome,
        stored.message,
        sentence(found, stored.metric, settings, past),
        agrees=WORDS.get(found.outcome, "") == stored.outcome,
        points=tuple(points_of(stored, settings)),
        earlier=stored.earlier.windows if stored.earlier is not None else 0,
        limit=_limit(settings),
        strata=done.strata,
        pods=done.pods,
    )


def _limit(settings: Settings) -> float:
    """About: each claim has its own share of alpha."""
    return settings.run_length if settings.max_seconds is None else 1 / settings.alpha
