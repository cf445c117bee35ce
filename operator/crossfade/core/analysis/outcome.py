"""What follows from what the metrics of a run have come to: a failure, a hold, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.analysis import Metric
from crossfade.api.conditions import Reason
from crossfade.api.measurements import MetricStatus
from crossfade.core.analysis.runs import Run, active, lacking
from crossfade.core.analysis.windows import next_due_s, state_of
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.situation import Situation

LOOK_S = 10.0
"""A template that is gone is looked for so often."""

Told = tuple[Metric, MetricStatus]


def failure(s: Situation) -> str:
    """Why the release has failed by what was measured, in a sentence; "" where it has not."""
    return next(
        (state.message for run in active(s) for metric, state in _told(s, run) if _fails(run, metric, state)),
        "",
    )


def gate(s: Situation) -> Answer:
    """What the metrics of the present stage say: hold until each has passed."""
    steps = [each for run in active(s) if run.decides for each in _told(s, run)]
    undecided = [
        state.message or f"{metric.name}: its first measurement"
        for metric, state in steps
        if not state.outcome
    ]
    missing = lacking(s, s.stage.analysis) if s.stage.analysis is not None else ""
    if missing:
        return Answer(Reason.ANALYSIS_INVALID, f"{missing}, which does not exist: create it", again_s=LOOK_S)
    stuck = [state.message for metric, state in steps if _asks_a_person(metric, state)]
    if stuck:
        return Answer(Reason.ANALYSIS_INCONCLUSIVE, f"a Promote or an Abort: {stuck[0]}", person=True)
    if undecided:
        return Answer(Reason.ANALYSING, "; ".join(undecided), again_s=next_due_s(s))
    return OPEN


def _told(s: Situation, run: Run) -> Iterator[Told]:
    for asked in run.asked:
        if not asked.metric.dry_run:
            yield asked.metric, state_of(s, run, asked)


def _fails(run: Run, metric: Metric, state: MetricStatus) -> bool:
    gives_up = run.decides and metric.inconclusive == "Abort" and state.outcome == "Inconclusive"
    return state.outcome == "Failed" or gives_up


def _asks_a_person(metric: Metric, state: MetricStatus) -> bool:
    return state.outcome == "Inconclusive" and metric.inconclusive == "Pause"
