"""What a metric has come to, in a word and in a sentence: passed, failed, inconclusive, or not yet."""

from __future__ import annotations

from crossfade.api.analysis import Metric
from crossfade.api.measurements import MetricStatus
from crossfade.core.analysis.evidence import progress_of, settings_of
from crossfade.core.analysis.past import as_judged
from crossfade.core.analysis.runs import Asked, Run
from crossfade.core.analysis.windows import seconds_until
from crossfade.core.measured import Answer, Compared, Down, Nothing, Said, Valued, Wrong
from crossfade.judge.verdict import Outcome, judged
from crossfade.judge.words import sentence

WORDS = {Outcome.PASSED: "Passed", Outcome.FAILED: "Failed", Outcome.INCONCLUSIVE: "Inconclusive"}


def decided(run: Run, asked: Asked, state: MetricStatus, answer: Answer) -> MetricStatus:
    """The state with what it has come to after `answer`."""
    metric = asked.metric
    if isinstance(answer, Wrong):
        return _said(state, "Inconclusive", f"{metric.name}: it cannot be measured: {answer.why}")
    if isinstance(answer, Down):
        return _unanswered(metric, state, answer)
    if isinstance(answer, Compared):
        return _judged(run, metric, state)
    if isinstance(answer, Nothing):
        return _late(run, asked, _without_data(metric, state, answer))
    return _late(run, asked, _valued(run, metric, state, answer))


def _said(state: MetricStatus, outcome: str, message: str) -> MetricStatus:
    return state.model_copy(update={"outcome": outcome, "message": message})


def _unanswered(metric: Metric, state: MetricStatus, answer: Down) -> MetricStatus:
    told = f"{metric.name}: its source does not answer: {answer.why}"
    end = "" if told.endswith(("?", ".", "!")) else "."
    again = f"{told}{end} It is asked again; this is no fault of the candidate's"
    return _given_up(state, told, state.errors_in_a_row, metric.error_limit) or _said(state, "", again)


def _without_data(metric: Metric, state: MetricStatus, answer: Nothing) -> MetricStatus:
    told = f"{metric.name}: no data: {answer.why}"
    return _given_up(state, told, state.nothing_in_a_row, metric.no_data_limit) or _said(state, "", told)


def _given_up(state: MetricStatus, told: str, times: int, allowed: int) -> MetricStatus | None:
    """Undecided, where it came to nothing more often in a row than is allowed."""
    if times <= allowed:
        return None
    return _said(state, "Inconclusive", f"{told}; {times} times in a row, {allowed} allowed")


def _judged(run: Run, metric: Metric, state: MetricStatus) -> MetricStatus:
    settings, past = settings_of(metric, state, decides=run.decides), as_judged(state.past)
    done = progress_of(state, settings)
    found = judged(done, settings, past)
    told, least = sentence(found, metric.name, settings, past), metric.judge.min_requests
    if found.outcome is not Outcome.PASSED or found.candidate.total >= least:
        return _said(state, WORDS.get(found.outcome, ""), told)
    over = settings.max_seconds is not None and done.last.at >= settings.max_seconds
    told = f"{told}; it passes from {least:,} requests on (minRequests)"
    return _said(state, "Inconclusive", f"{told}, and its time is over") if over else _said(state, "", told)


def _valued(run: Run, metric: Metric, state: MetricStatus, answer: Valued | Said) -> MetricStatus:
    told, once = f"{metric.name}: {_word(metric, answer)}", isinstance(answer, Said) and state.windows == 1
    told = told if once else f"{told}; {state.bad} of {state.windows} bad"
    in_a_row = metric.consecutive_failure_limit
    if state.bad > metric.failure_limit:
        return _said(state, "Failed", told if once else f"{told}, {metric.failure_limit} allowed")
    if in_a_row is not None and state.bad_in_a_row > in_a_row:
        return _said(state, "Failed", f"{told}, {state.bad_in_a_row} in a row, {in_a_row} allowed")
    wanted = metric.count or (1 if run.decides else 0)
    if wanted and state.good + state.bad >= wanted:
        return _said(state, "Passed", told)
    return _said(state, "", told)


def _word(metric: Metric, answer: Valued | Said) -> str:
    if isinstance(answer, Said):
        return answer.told
    told = answer.told or f"{answer.value:g}"
    if answer.good is None:
        return f"{told} is neither good ({metric.success}) nor bad ({metric.failure})"
    asked = metric.success if answer.good else metric.failure or metric.success
    return f"{told} is {'good' if answer.good else 'bad'} ({asked})"


def _late(run: Run, asked: Asked, state: MetricStatus) -> MetricStatus:
    """Where a stage waits for it, its time ends."""
    limit_s = asked.metric.max_seconds
    over = run.decides and state.until is not None and seconds_until(run, asked, state.until) >= limit_s
    if not over or state.outcome:
        return state
    return _said(state, "Inconclusive", f"{state.message}; its {limit_s} s are over")
