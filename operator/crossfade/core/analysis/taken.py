"""Takes what was measured into the memory: each window once, in order, and none twice."""

from __future__ import annotations

from collections.abc import Mapping

from crossfade.api.measurements import MEASURED_LENGTH, MetricStatus
from crossfade.core.analysis.decided import decided
from crossfade.core.analysis.evidence import settings_of, with_window
from crossfade.core.analysis.past import past_of
from crossfade.core.analysis.runs import Asked, Run, active
from crossfade.core.analysis.windows import again_at, seconds_until, state_of
from crossfade.core.measured import Answer, Compared, Down, Measured, Nothing, Said, Valued, Window, Wrong
from crossfade.core.moments import moment_of
from crossfade.core.situation import Situation


def taken(s: Situation) -> Situation:
    """The same with those answers in its memory that are to a window that is awaited."""
    known = {(each.run, each.metric): each for each in s.memory.measurements}
    news = dict(known)
    for run in s.once(active):
        for asked in run.asked:
            news[run.name, asked.metric.name] = _after(s, run, asked)
    return s.remember(measurements=_kept(s, news))


def _kept(s: Situation, news: Mapping[tuple[str, str], MetricStatus]) -> list[MetricStatus]:
    """At most so many as the status holds. The oldest that are measured no more go first; what is measured stays."""
    active_now = {(run.name, asked.metric.name) for run in s.once(active) for asked in run.asked}
    ended = [key for key in news if key not in active_now]
    dropped = set(ended[: max(0, len(news) - MEASURED_LENGTH)])
    return [each for key, each in news.items() if key not in dropped][:MEASURED_LENGTH]


def _after(s: Situation, run: Run, asked: Asked) -> MetricStatus:
    """What is known of a metric after the answer to the window that is awaited, where there is one."""
    state = state_of(s, run, asked)
    wanted = (run.name, asked.metric.name, state.definition, state.windows + 1)
    found = next((each for each in s.seen.measured if _key(each.window) == wanted), None)
    if found is None or state.outcome or _is_early(s, state):
        return state
    return decided(run, asked, _counted(s, run, asked, state, found), found.answer)


def _is_early(s: Situation, state: MetricStatus) -> bool:
    """Whether nobody has asked since the last error: then it is that very answer once more."""
    return state.again_at is not None and s.now < moment_of(state.again_at)


def _key(window: Window) -> tuple[str, str, str, int]:
    return window.run, window.metric, window.definition, window.number


def _counted(s: Situation, run: Run, asked: Asked, state: MetricStatus, found: Measured) -> MetricStatus:
    """With the answer counted. An error ends no window: the next try measures from where the last one ended."""
    answer, until = found.answer, found.window.until
    if isinstance(answer, Down | Wrong):
        errors = state.errors_in_a_row + 1
        again = again_at(s, asked, errors, answer.after_s if isinstance(answer, Down) else 0.0)
        return state.model_copy(update={"errors_in_a_row": errors, "again_at": again})
    later = again_at(s, asked, 0, answer.after_s) if isinstance(answer, Said) and answer.after_s else None
    base = {"windows": state.windows + 1, "until": until, "errors_in_a_row": 0, "again_at": later}
    counted = state.model_copy(update={**base, **_tallied(state, answer)})
    if not isinstance(answer, Compared):
        return counted
    if counted.past is None and not answer.stable.total and answer.candidate.total:
        counted = counted.model_copy(update={"past": past_of(s, state.metric)})
    elif (
        counted.past is not None and answer.stable.total
    ):  # side by side again: what was held against the past counts no more
        counted = counted.model_copy(
            update={"past": None, "earlier": None, "kept": [], "strata": [], "pods": []}
        )
    settings = settings_of(asked.metric, counted, decides=run.decides)
    at = seconds_until(run, asked, until)
    return with_window(counted, at, answer, settings)


def _tallied(state: MetricStatus, answer: Answer) -> dict[str, int]:
    if isinstance(answer, Nothing):
        return {"nothing_in_a_row": state.nothing_in_a_row + 1}
    good = answer.good if isinstance(answer, Valued | Said) else None
    bad_in_a_row = state.bad_in_a_row + 1 if good is False else 0 if good else state.bad_in_a_row
    return {
        "nothing_in_a_row": 0,
        "good": state.good + (good is True),
        "bad": state.bad + (good is False),
        "bad_in_a_row": bad_in_a_row,
    }
