"""A verdict in one sentence that a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log10

from crossfade.judge.counts import Counts, Past
from crossfade.judge.needed import Needed
from crossfade.judge.settings import Settings
from crossfade.judge.verdict import Basis, Outcome, Reason, Verdict


def sentence(verdict: Verdict, metric: str, settings: Settings, past: Past | None = None) -> str:
    """Say it. `metric`: what bad is, in the plural. Example:

    `errors: candidate 3 of 412, stable 9 of 3,710; not worse than 2x yet shown; about 900 more requests needed, 4 min at this rate`.
    """
    worse = _worse(verdict, settings, past)
    told = [_counts(verdict, past), _told(verdict, settings, worse), *_wanting(verdict, settings, worse)]
    return f"{metric}: " + "; ".join([*told, *_pod(verdict)])


def _counts(verdict: Verdict, past: Past | None) -> str:
    candidate = f"candidate {_of(verdict.candidate)}"
    if verdict.basis is Basis.NOTHING:
        return candidate
    stable = f", stable {_of(verdict.stable)}" if verdict.stable.total else ""
    if verdict.basis is Basis.STABLE or past is None:
        return candidate + stable + _apart(verdict)
    stable = "" if past.told.startswith("stable") else stable  # it is the same counts
    return f"{candidate}{stable}, {past.told} {_of(past.counts)} (compared with the past, which is weaker)"


def _apart(verdict: Verdict) -> str:
    """That the sums above are not what was compared. Example: `, compared in each of 3 strata by itself`."""
    if verdict.strata + verdict.others < 2 or not verdict.strata:
        return ""
    if verdict.strata == 1:
        return ", compared in one stratum and outside of it"
    others = ", all others as one" if verdict.others else ""
    return f", compared in each of {verdict.strata} strata by itself{others}"


def _told(verdict: Verdict, settings: Settings, worse: str) -> str:
    bad = "of its requests are bad"
    known = {
        Reason.WORSE: f"shown to be {worse}",
        Reason.BROKEN: f"plainly broken: more than {_percent(settings.max_error_ratio)} {bad}",
        Reason.NOT_WORSE: f"shown to be less than {settings.certify:g}x worse",
        Reason.NEGLIGIBLE: f"shown to be fine: less than {_percent(settings.negligible)} {bad}",
        Reason.MORE_NEEDED: f"not worse than {settings.certify:g}x yet shown",
        Reason.NO_REQUESTS: "it has had no requests yet",
        Reason.NOTHING_TO_COMPARE: "nothing to compare with: stable has had no requests, and no release before it was counted",
        Reason.NOTHING_FOUND: f"not shown to be {worse}",
    }
    return known[verdict.reason]


def _worse(verdict: Verdict, settings: Settings, past: Past | None) -> str:
    other = past.told if past and verdict.basis is Basis.PAST else "stable"
    if settings.tolerance == 1:
        return f"worse than {other}"
    return f"more than {settings.tolerance:g}x as bad as {other}"


def _wanting(verdict: Verdict, settings: Settings, worse: str) -> Iterator[str]:
    if verdict.outcome is Outcome.INCONCLUSIVE and settings.max_seconds is not None:
        yield f"its time of {_time(settings.max_seconds)} is over"
    if verdict.reason is Reason.MORE_NEEDED:
        yield _more(verdict.needed, worse)


def _more(needed: Needed | None, worse: str) -> str:
    if needed is None:
        return "at these rates nothing is shown by any number of requests"
    requests = f"{_about(needed.requests)} more request{'s' if needed.requests > 1 else ''}"
    if needed.fails:
        return f"at these rates it is {worse}, shown after about {requests}, {_time(needed.seconds)}"
    return f"about {requests} needed, {_time(needed.seconds)} at this rate"


def _pod(verdict: Verdict) -> Iterator[str]:
    if not verdict.pod:
        return
    bad, of = verdict.pod.counts.bad, verdict.candidate.bad
    which = f"all {bad:,} of the candidate's" if bad >= of else f"{bad:,} of the candidate's {of:,}"
    yield f"{which} on pod {verdict.pod.name}"


def _of(counts: Counts) -> str:
    return f"{counts.bad:,} of {counts.total:,}"


def _percent(rate: float | None) -> str:
    return f"{100 * (rate or 0):g} %"


def _about(number: int) -> str:
    """Two digits of it: more are not known. Example: 1234 → `1,200`."""
    step = 10 ** max(0, floor(log10(max(1, number))) - 1)
    return f"{round(number / step) * step:,}"


def _time(seconds: float) -> str:
    """A time in its greatest fitting unit, without decimals. Example: 240 → `4 min`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size):,} {unit}"
    return f"{max(1, round(seconds))} s"
