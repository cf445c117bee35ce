"""What follows from what the metrics of a run have come to: a failure, a hold, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crossfade.api.analysis import Analysis, Metric
from crossfade.api.conditions import Reason
from crossfade.api.measurements import MetricStatus
from crossfade.core.analysis.runs import AFTER, BEFORE, Run, active, lacking
from crossfade.core.analysis.windows import next_due_s, state_of
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.policy.jobs import barred
from crossfade.core.situation import Situation

LOOK_S = 10.0
"""A template that is gone is looked for so often."""

NOT_DONE = frozenset({"Failed", "Inconclusive"})

Told = tuple[Metric, MetricStatus]


@dataclass(frozen=True)
class Failure:
    """What has failed: `hook`: a hook, and no metric; `message`: in a sentence."""

    message: str
    hook: bool


def failure(s: Situation) -> Failure | None:
    """Why the release has failed by what was measured, or by a hook; None where it has not."""
    return next(
        (
            Failure(state.message, hook=run.name.startswith(BEFORE))
            for run in s.once(active)
            for metric, state in _told(s, run)
            if _fails(run, metric, state)
        ),
        None,
    )


def gate(s: Situation) -> Answer:
    """What the metrics of the present stage say: hold until each has passed."""
    open_ = ended(s)
    stuck = [state.message for metric, state in _awaited(s) if _asks_a_person(metric, state)]
    if stuck and open_.why in {None, Reason.ANALYSING}:
        return Answer(Reason.ANALYSIS_INCONCLUSIVE, f"a Promote or an Abort: {stuck[0]}", person=True)
    return open_


def ended(s: Situation) -> Answer:
    """Hold until each metric of the present stage has ended, whatever it has come to."""
    lost = template_lost(s, s.stage.analysis)
    if not lost.is_open:
        return lost
    for each in (each for run in s.once(active) if run.decides for each in run.asked):
        if by := barred(s, each.metric, each.template):
            return Answer(Reason.HELD_BY_POLICY, by.why, by=((by.policy, "images"),))
    undecided = [
        state.message or f"{metric.name}: its first measurement"
        for metric, state in _awaited(s)
        if not state.outcome
    ]
    return Answer(Reason.ANALYSING, "; ".join(undecided), again_s=next_due_s(s)) if undecided else OPEN


def template_lost(s: Situation, *analyses: Analysis | None) -> Answer:
    """Hold while a template of one of these does not exist, and the release has no copy of it."""
    missing = next((found for each in analyses if each is not None and (found := lacking(s, each))), "")
    if not missing:
        return OPEN
    return Answer(Reason.ANALYSIS_INVALID, f"{missing}, which does not exist: create it", again_s=LOOK_S)


def hooks_gate(s: Situation) -> Answer:
    """What the hooks of the present stage say: hold until each has succeeded, whatever there is to return to."""
    told = _awaited(s)
    failed = [state.message for _, state in told if state.outcome == "Failed"]
    if failed:  # with a stable revision the release has failed by that already
        return Answer(
            Reason.HOOK_FAILED,
            f"{failed[0]}. Change it or the template, or Promote to go on without it",
            person=True,
        )
    stuck = [state.message for metric, state in told if _asks_a_person(metric, state)]
    if stuck:
        return Answer(Reason.ANALYSIS_INCONCLUSIVE, f"a Promote or an Abort: hook {stuck[0]}", person=True)
    open_ = [state.message or f"{metric.name} to end" for metric, state in told if not state.outcome]
    return Answer(Reason.HOOK_RUNNING, f"hook {'; '.join(open_)}", again_s=next_due_s(s)) if open_ else OPEN


def left_undone(s: Situation) -> str:
    """The hooks after the last release that did not succeed, to stand behind a sentence; "" where there are none."""
    if s.memory.afterwards is None:
        return ""
    run = f"{AFTER} {s.memory.afterwards.moment}"
    bad = [each.message for each in s.memory.measurements if each.run == run and each.outcome in NOT_DONE]
    return f"; hook {run}: {'; '.join(bad)}" if bad else ""


def _awaited(s: Situation) -> list[Told]:
    """What the present stage waits for."""
    return [each for run in s.once(active) if run.decides for each in _told(s, run)]


def _told(s: Situation, run: Run) -> Iterator[Told]:
    for asked in run.asked:
        if not asked.metric.dry_run:
            yield asked.metric, state_of(s, run, asked)


def _fails(run: Run, metric: Metric, state: MetricStatus) -> bool:
    gives_up = run.decides and metric.inconclusive == "Abort" and state.outcome == "Inconclusive"
    return state.outcome == "Failed" or gives_up


def _asks_a_person(metric: Metric, state: MetricStatus) -> bool:
    return state.outcome == "Inconclusive" and metric.inconclusive == "Pause"
