"""Promises about what is measured: what is asked, what is counted, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from crossfade.api.analysis import Metric
from crossfade.core.measured import Ask, Down, Window, Wrong
from crossfade.core.moments import moment_of
from simulation.asked import points
from simulation.cluster import Sim
from simulation.measuring import Answered, Entry, entries, is_bad, is_good, metrics_of, written
from simulation.passes import Decision, decided
from simulation.seen import Rule, Seen, done_now, newly_answered
from simulation.shown import candidate_of, is_frozen, progress_of, stable_of, way_back_of

FORGIVING = {"Retry"}
"""What makes a metric begin anew."""

# --- what is asked --------------------------------------------------------------------------------------


def nothing_is_asked_on_the_way_back_or_at_rest(decision: Decision) -> str:
    """Only a release that goes forward is measured."""
    progress = (decision.plan.status or {}).get("progress") or {}
    forward = progress and not progress.get("rollbackReason") and not progress.get("frozen")
    asked = [each.window.metric for each in decision.plan.asks]
    return f"{asked} are asked" if asked and not forward else ""


def windows_follow_each_other(decision: Decision) -> str:
    """A window begins where the last one that was counted has ended, and is whole intervals long; what has decided has none."""
    status = decision.plan.status or {}
    known, progress = entries(status), status.get("progress") or {}
    told = (_astray(ask, known, progress, decision.base.now) for ask in decision.plan.asks)
    return next(filter(None, told), "")


def _astray(
    ask: Ask, known: Mapping[tuple[str, str], Entry], progress: Mapping[str, Any], now: datetime
) -> str:
    window, entry = ask.window, known.get((ask.window.run, ask.window.metric), {})
    since = progress.get("servingSince" if window.run == "background" else "reachedAt")
    began = _began(entry, since, ask.metric)
    end = moment_of(window.until)
    if entry.get("outcome"):
        return f"{window} is asked, and {entry['outcome']} before"
    if window.number != entry.get("windows", 0) + 1 or began is None or _start(window) != began:
        return f"{window} is asked after {entry}, since {since}"
    whole = window.seconds > 0 and not window.seconds % ask.metric.interval_seconds
    return "" if whole and end <= now else f"{window} is asked at {now}"


def _began(entry: Entry, since: str | None, metric: Metric) -> datetime | None:
    if entry.get("until"):
        return moment_of(entry["until"])
    return moment_of(since) + timedelta(seconds=metric.initial_delay_seconds) if since else None


def _start(window: Window) -> datetime:
    return moment_of(window.until) - timedelta(seconds=window.seconds)


def no_answer_delays_the_way_back(decision: Decision) -> str:
    """On the way back, and at rest, it is all the same what has been measured."""
    sim = decision.base
    if not sim.measured or (candidate_of(sim) and not way_back_of(sim) and not is_frozen(sim)):
        return ""
    without = sim.fork()
    without.measured = ()
    plan = decided(without).plan
    return "" if plan == decision.plan else f"without the answer it would do {plan.reason}: {plan.writes}"


ASKS: tuple[Callable[[Decision], str], ...] = (
    nothing_is_asked_on_the_way_back_or_at_rest,
    windows_follow_each_other,
    no_answer_delays_the_way_back,
)
"""Promises about what a decision asks to be measured."""

# --- what is counted ------------------------------------------------------------------------------------


def each_window_counts_once(seen: Seen) -> str:
    """A window is counted by the answer that was given to it, and where the last one had ended."""
    before, after = _entries(seen.before, seen), _changed(seen)
    for key, entry in after.items():
        told = _miscounted(seen, before.get(key, {}), entry)
        if told:
            return told
    return ""


def _changed(seen: Seen) -> dict[tuple[str, str], Entry]:
    """What is told anew by this write."""
    before = entries(seen.before.status)
    return {key: each for key, each in entries(seen.after.status).items() if each != before.get(key)}


def _miscounted(seen: Seen, before: Entry, after: Entry) -> str:
    if before.get("definition") != after["definition"]:
        before = {}
    tries = after.get("errorsInARow", 0) - before.get("errorsInARow", 0)
    if tries > 0 and before.get("againAt") and moment_of(before["againAt"]) > seen.now:
        return f"{after['metric']}: an error counts, and it is not asked again before {before['againAt']}"
    rise = after.get("windows", 0) - before.get("windows", 0)
    if rise == 0 and before.get("until") == after.get("until"):
        return ""
    answer = _answer_to(seen, after)
    if rise != 1 or answer is None or answer.window.until != after["until"]:
        return f"{after['run']}, {after['metric']}: from {before} to {after} by {answer}"
    if before.get("until") and moment_of(before["until"]) != _start(answer.window):
        return f"{answer.window} is counted after {before['until']}"
    ats = [each.get("at", 0) for each in after.get("kept", ())]
    return "" if ats == sorted({*ats}) else f"the windows that are kept end at {ats}"


def _answer_to(seen: Seen, entry: Entry) -> Answered | None:
    """What the decision knew of the window that is the last one of an entry."""
    wanted = (entry["run"], entry["metric"], entry.get("windows", 0))
    found = (
        each
        for each in seen.base.measured
        if isinstance(each, Answered)
        and (each.window.run, each.window.metric, each.window.number) == wanted
        and not isinstance(each.answer, Down | Wrong)
    )
    return next(found, None)


def _entries(sim: Sim, seen: Seen) -> Mapping[tuple[str, str], Entry]:
    """What was known before; nothing where a release begins, or what was is forgiven."""
    begins = sim.status.get("release") != seen.after.status.get("release")
    plan = progress_of(sim).get("plan") != progress_of(seen.after).get("plan")
    anew = begins or done_now(seen) in FORGIVING or (plan and bool(progress_of(seen.after)))
    return {} if anew else entries(sim.status)


# --- what follows ---------------------------------------------------------------------------------------


def an_outcome_stays(seen: Seen) -> str:
    """What a metric has come to is not changed, and not forgotten while its release is under way."""
    after = entries(seen.after.status)
    for key, entry in _entries(seen.before, seen).items():
        now = after.get(key)
        edited = now is not None and now["definition"] != entry["definition"]
        if entry.get("outcome") and not edited and (now or {}).get("outcome") != entry["outcome"]:
            return f"{key} was {entry['outcome']} and is {now}"
    return ""


def an_outcome_has_an_answer(seen: Seen) -> str:
    """It fails by an answer that is bad, and passes by one that is good, to its own question: never by a source that is down."""
    before = _entries(seen.before, seen)
    for key, entry in _changed(seen).items():
        was = before.get(key, {})
        same = was.get("outcome") == entry.get("outcome") and was.get("definition") == entry["definition"]
        if entry.get("outcome") in {"Passed", "Failed"} and not same:
            answer, metric = _answer_to(seen, entry), _metrics(seen).get(key)
            shows = is_bad if entry["outcome"] == "Failed" else is_good
            own = answer is not None and metric is not None and written(answer.ask.metric) == written(metric)
            if answer is None or not own or not shows(answer.answer):
                told = answer and (answer.answer, written(answer.ask.metric))
                return f"{key} {entry['outcome']} by {told}, and is {metric and written(metric)}"
    return ""


def what_failed_returns(seen: Seen) -> str:
    """A metric that has failed, and is not only tried, ends the release in the same write: it returns, or is frozen."""
    failed = [key for key, entry in _deciding(seen) if entry.get("outcome") == "Failed"]
    over = way_back_of(seen.after) or is_frozen(seen.after) or not candidate_of(seen.after)
    if not failed or stable_of(seen.after) != stable_of(seen.before):
        return f"{failed} failed, and it completes" if failed else ""
    answered = newly_answered(seen) and not _goes_on(seen)  # then in the next pass
    return "" if over or answered else f"{failed} failed, and it goes on"


def _goes_on(seen: Seen) -> bool:
    before, after = progress_of(seen.before), progress_of(seen.after)
    return bool(before.get("stage") != after.get("stage") or after.get("promoted"))


def _deciding(seen: Seen) -> Iterator[tuple[tuple[str, str], Entry]]:
    """What is stored of the metrics that decide, as they were written when the decision was made."""
    metrics = _metrics(seen)
    for key, entry in entries(seen.after.status).items():
        metric = metrics.get(key)
        if metric is not None and not metric.dry_run:
            yield key, entry


def _metrics(seen: Seen) -> dict[tuple[str, str], Metric]:
    """What is measured, by run and name, as the spec and the templates said it when the decision was made."""
    spec, templates = seen.spec_seen, seen.base.templates
    plan = points(spec)
    runs = {f"step {index + 1}": point.gate.analysis for index, point in enumerate(plan)}
    runs |= {"background": spec.get("analysis"), "bake": spec.get("bakeAnalysis")}
    return {
        (run, name): metric
        for run, analysis in runs.items()
        if analysis is not None
        for name, metric in (metrics_of(analysis, templates) or {}).items()
    }


def a_retry_measures_anew(seen: Seen) -> str:
    """What was frozen for what had been measured goes on: it does not fail by the same answer again."""
    failed = [key for key, entry in _deciding(seen) if entry.get("outcome") == "Failed"]
    goes_on = done_now(seen) == "Retry" and candidate_of(seen.after) and not way_back_of(seen.after)
    return f"{failed} failed before" if failed and goes_on else ""


MEASURED_RULES: tuple[Rule, ...] = (
    each_window_counts_once,
    an_outcome_stays,
    an_outcome_has_an_answer,
    what_failed_returns,
    a_retry_measures_anew,
)
"""Promises about what the status says of measurements."""
