"""From a metric's status to what the judge has seen, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossfade.api.analysis import Metric
from crossfade.api.measurements import (
    EVENTS_MOST,
    WINDOWS_KEPT,
    WINDOWS_KEPT_IN_STRATA,
    ClaimStatus,
    EarlierStatus,
    JudgedBy,
    MetricStatus,
    WindowStatus,
)
from crossfade.core.analysis import strata
from crossfade.core.analysis.past import as_judged, with_past
from crossfade.core.measured import Compared
from crossfade.judge.counts import Counts, Window
from crossfade.judge.pods import added
from crossfade.judge.process import Process
from crossfade.judge.progress import Progress, folded, start
from crossfade.judge.settings import Settings
from crossfade.judge.trail import Point, shortened, trail

CLAIMS = ("not_worse", "worse", "not_broken", "not_negligible")
"""In the order in which their evidence is stored."""

ERRORS_RATIO = 0.25
"""Above this part of errors a candidate is plainly broken, unless its user says otherwise. Of slow requests nobody can tell."""


def settings_of(metric: Metric, state: MetricStatus, *, decides: bool) -> Settings:
    """What the judge is asked. `decides`: a stage waits for the verdict, so its time ends; else no end is known."""
    asked, latency = metric.judge, metric.built_in is not None and metric.built_in.latency is not None
    ratio = asked.max_error_ratio or (None if latency else ERRORS_RATIO)
    ends = metric.max_seconds if decides else None
    plain = JudgedBy(**{**asked.model_dump(), "max_error_ratio": ratio, "max_seconds": ends})
    return with_past(asked_of(plain), as_judged(state.past))


def asked_of(stored: JudgedBy) -> Settings:
    """The settings as they were stored."""
    return Settings(**stored.model_dump(), run_length=_run_length(stored.alpha))


def _stored_settings(settings: Settings) -> JudgedBy:
    return JudgedBy(**{name: getattr(settings, name) for name in JudgedBy.model_fields})


def _run_length(alpha: float) -> float:
    return max(1000.0, 1 / alpha)


def progress_of(state: MetricStatus, settings: Settings) -> Progress:
    """All that the judge has seen of a metric."""
    past = as_judged(state.past)
    return folded(_windows(state), settings, past, _earlier(state, settings))


def points_of(state: MetricStatus, settings: Settings) -> list[Point]:
    """The evidence after each window that is kept."""
    return trail(_windows(state), settings, as_judged(state.past), _earlier(state, settings))


def with_window(state: MetricStatus, at: float, counts: Compared, settings: Settings) -> MetricStatus:
    """The status with one window more; the oldest one goes where there are too many."""
    names = strata.names(state.strata, counts.strata)
    new = Window(at, counts.candidate, counts.stable, strata.among(names, counts.strata))
    windows = (*_windows(state), new)
    since, past = _earlier(state, settings), as_judged(state.past)
    most = WINDOWS_KEPT_IN_STRATA if names else WINDOWS_KEPT
    earlier, kept = shortened(windows, settings, past, since, most)
    return state.model_copy(
        update={
            "judged_by": _stored_settings(settings),
            "earlier": _stored(earlier) if earlier.windows else None,
            "kept": [_window_status(each) for each in kept],
            "strata": names,
            "pods": strata.stored_pods(added(strata.pods_of(state), strata.short_pods(counts.pods))),
        }
    )


def _windows(state: MetricStatus) -> tuple[Window, ...]:
    return tuple(_window(each, state.strata) for each in state.kept)


def _window(stored: WindowStatus, names: Sequence[str]) -> Window:
    """A window as it was stored; without strata where these cannot be its own."""
    plain = Window(stored.at, *_both(stored))
    try:
        return replace(plain, strata=strata.read(names, stored.strata))
    except ValueError:
        return plain


def _both(each: WindowStatus) -> tuple[Counts, Counts]:
    candidate = Counts(min(each.candidate_bad, each.candidate_total), each.candidate_total)
    return candidate, Counts(min(each.stable_bad, each.stable_total), each.stable_total)


def _window_status(window: Window) -> WindowStatus:
    return WindowStatus(
        at=window.at,
        candidate_bad=min(window.candidate.bad, EVENTS_MOST),
        candidate_total=min(window.candidate.total, EVENTS_MOST),
        stable_bad=min(window.stable.bad, EVENTS_MOST),
        stable_total=min(window.stable.total, EVENTS_MOST),
        strata=strata.stored(window.strata),
    )


def _earlier(state: MetricStatus, settings: Settings) -> Progress:
    """What the windows before those that are kept come to."""
    new, told = start(endless=settings.max_seconds is None), state.earlier
    fits = told is not None and [len(each.purses) for each in told.claims] == [
        len(getattr(new, name).purses) for name in CLAIMS
    ]
    if told is None or not fits or told.last is None or told.sums is None:
        return replace(new, pods=strata.pods_of(state))
    not_worse, worse, not_broken, not_negligible = (
        Process(tuple(claim.purses), claim.log_e, getattr(new, name).endless)
        for name, claim in zip(CLAIMS, told.claims, strict=True)
    )
    sums = _window(told.sums, state.strata)
    return Progress(
        not_worse=not_worse,
        worse=worse,
        not_broken=not_broken,
        not_negligible=not_negligible,
        candidate=sums.candidate,
        stable=sums.stable,
        strata=sums.strata,
        pods=strata.pods_of(state),
        last=Window(told.last.at, *_both(told.last)),
        windows=told.windows,
        compared=told.compared,
        seconds=told.seconds,
        failed_by=told.failed_by,
        passed_by=told.passed_by,
    )


def _stored(done: Progress) -> EarlierStatus:
    claims = [getattr(done, name) for name in CLAIMS]
    return EarlierStatus(
        windows=done.windows,
        compared=done.compared,
        seconds=done.seconds,
        last=_window_status(done.last),
        sums=_window_status(Window(done.last.at, done.candidate, done.stable, done.strata)),
        claims=[ClaimStatus(purses=list(each.purses), log_e=each.log_e) for each in claims],
        failed_by=done.failed_by,
        passed_by=done.passed_by,
    )
