"""When a metric is due, and which window it is asked for.

Windows of a metric follow each other without a gap: one begins where the last one that was answered has ended. So nothing is
counted twice or lost, also where the operator was away or the source was down: the next window is longer then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from crossfade.api.measurements import MetricStatus
from crossfade.core import routing
from crossfade.core.analysis.runs import Asked, Run, active
from crossfade.core.manifests import deployment_name
from crossfade.core.measured import Ask, Both, Owner, Part, Window
from crossfade.core.moments import later, moment_of, text_of
from crossfade.core.policy.jobs import barred
from crossfade.core.situation import Situation
from crossfade.routers.acceptance import controllers_of

LONGEST_WAIT_S = 300
"""A source that is down is asked again after the interval, then after twice, four times as long, up to this."""


def asks(s: Situation) -> tuple[Ask, ...]:
    """What is to be measured now."""
    return tuple(_due(s))


def _due(s: Situation) -> Iterator[Ask]:
    for run in s.once(active):
        for asked in run.asked:
            state = state_of(s, run, asked)
            may_run = barred(s, asked.metric, asked.template) is None
            if may_run and not state.outcome and s.now >= moment_of(next_at(run, asked, state)):
                yield Ask(_window(s, run, asked, state), asked.metric, both(s), asked.arguments, _owner(s))


def _owner(s: Situation) -> Owner:
    return Owner(s.name, s.rollout.metadata.uid, s.memory.release)


def both(s: Situation) -> Both:
    """The two sides, and the route between them."""
    at = routing.place(s)
    live = routing.seen(s, at) if at is not None else None
    namespace, (candidate, stable) = s.rollout.metadata.namespace, _revisions(s)
    return Both(
        namespace,
        _part(s, candidate, s.canary_name if s.routed else s.preview_name),
        _part(s, stable, s.service_name),
        at.name if at is not None and s.routed else "",
        controllers_of(live.manifest) if live is not None else (),
    )


def _revisions(s: Situation) -> tuple[str, str]:
    """Candidate and stable: of the release under way, or of the one whose end was just reached."""
    ended = s.memory.afterwards
    if s.under_way or ended is None:
        return s.progress.revision, s.stable_revision
    return ended.candidate, ended.stable


def _part(s: Situation, revision: str, service: str) -> Part:
    return Part(revision, deployment_name(s, revision), service, _image(s, revision))


def _image(s: Situation, revision: str) -> str:
    """What its first container runs; "" where its template is not known."""
    template = s.template_of(revision) or {}
    containers = (template.get("spec") or {}).get("containers") or []
    return str(containers[0].get("image", "")) if containers else ""


def next_due_s(s: Situation) -> float | None:
    """Seconds until the next window of any metric ends; None where none is awaited."""
    waits = [
        (moment_of(next_at(run, asked, state)) - s.now).total_seconds()
        for run in s.once(active)
        for asked in run.asked
        if not (state := state_of(s, run, asked)).outcome
    ]
    ahead = [
        wait for wait in waits if wait > 0
    ]  # what is due is asked for in this pass, and its answer wakes
    return min(ahead, default=None)


def state_of(s: Situation, run: Run, asked: Asked) -> MetricStatus:
    """What is known of a metric so far; a metric that was edited begins anew."""
    known = next(
        (
            each
            for each in s.memory.measurements
            if (each.run, each.metric) == (run.name, asked.metric.name)
            and each.definition == asked.definition
        ),
        None,
    )
    return known or MetricStatus(run=run.name, metric=asked.metric.name, definition=asked.definition)


def begins(run: Run, asked: Asked, state: MetricStatus) -> str:
    """Where its next window begins."""
    return state.until or later(run.since, asked.metric.initial_delay_seconds)


def next_at(run: Run, asked: Asked, state: MetricStatus) -> str:
    """When it is to be measured next."""
    due = later(begins(run, asked, state), asked.metric.interval_seconds)
    return max(due, state.again_at or "", key=lambda text: moment_of(text).timestamp() if text else 0.0)


def again_at(s: Situation, asked: Asked, errors: int, after_s: float = 0.0) -> str:
    """When a source that did not answer is asked again. `after_s`: what it asked for itself."""
    wait_s = min(asked.metric.interval_seconds * 2 ** min(errors, 10), LONGEST_WAIT_S)
    return text_of(s.now + timedelta(seconds=max(wait_s, after_s)))


def _window(s: Situation, run: Run, asked: Asked, state: MetricStatus) -> Window:
    """From where the last one ended, as many whole intervals as are over."""
    start, interval_s = begins(run, asked, state), asked.metric.interval_seconds
    whole = int((s.now - moment_of(start)).total_seconds() // interval_s) * interval_s
    number, until = state.windows + 1, later(start, whole)
    return Window(run.name, asked.metric.name, number, until, whole, state.definition)


def seconds_until(run: Run, asked: Asked, until: str) -> float:
    """Seconds from the beginning of a metric's first window."""
    first = later(run.since, asked.metric.initial_delay_seconds)
    return max(0.0, (moment_of(until) - moment_of(first)).total_seconds())
