"""What must be read before the next decision: the reads that are too costly to be made at every pass."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.core import port_check, records
from crossfade.core.clocks import is_about_to_serve
from crossfade.core.goals import goal_of
from crossfade.core.holds import hold, is_last, unavailable_s
from crossfade.core.moments import seconds_since
from crossfade.core.plan import ReadRequest
from crossfade.core.restarts import replaced_for_s
from crossfade.core.rollback import awaits_cause
from crossfade.core.situation import Situation
from crossfade.core.stepper import next_step
from crossfade.core.traffic import quiet, traffic_of
from crossfade.core.verdicts import nobody_answers
from crossfade.core.wanted import target

LOG_S = 30.0
"""For so long after a failure its log is read: a busy node answers late, and by then the pod may have terminated."""

PATIENCE_S = 5.0
"""Pods that are not available after so long are looked at, and again as often: causes show within 10 s."""


def first_read(s: Situation) -> ReadRequest | None:
    """All that is missing for this decision, in one request; None where everything was read."""
    if not s.under_way:
        return _at_rest(s)
    at = s.once(next_step)
    gone, tried = at.read or ReadRequest(), port_check.request(s) if at.tries_ports else ReadRequest()
    slow = is_slow(s)
    pods = {revision for revision in _suspects(s) if s.pods(revision) is None}
    pods |= {revision for revision in slow if s.pods(revision) is None}
    counted = _doubted(s)
    pods |= {revision for revision in counted if s.pods(revision) is None}
    pull = _pulls(s) and s.seen.found.pull_pods is None
    read = ReadRequest(
        pods=frozenset(pods) | gone.pods | tried.pods,
        warnings=bool(slow) or (awaits_cause(s) and s.progress.serving_since is None),
        deployments=gone.deployments,
        pull_pods=pull,
        counted=counted,
        ports=tried.ports,
        sent=_sent(s),
    )
    return read if read.pods or read.deployments or pull or counted or read.sent else None


def _at_rest(s: Situation) -> ReadRequest | None:
    """Stable's pods, where some have been missing for a while."""
    lacking = s.once(next_step).unmet is not None
    waited_s = max(unavailable_s(s), replaced_for_s(s))
    if not lacking or waited_s < PATIENCE_S or not s.stable_revision or s.pods(s.stable_revision) is not None:
        return None
    return ReadRequest(pods=frozenset({s.stable_revision}), warnings=True)


def _suspects(s: Situation) -> Iterator[str]:
    """The revisions whose pods are evidence now."""
    p, side = s.progress, s.candidate
    if not side.identity.uid:
        return
    if p.rollback_reason:
        ends = not p.urgent and p.serving_since is not None and p.revision in s.seen.dropped
        if side.replicas and (awaits_cause(s) or ends):
            yield p.revision
        return
    overtaken = s.stage.weight == 100 and not s.stage.counted and target(s) != p.revision
    served = p.serving_since is not None
    lost = served and (p.revision in s.seen.dropped or nobody_answers(s))
    if lost or overtaken or _gate_opens(s):
        yield p.revision


def before_serving(s: Situation) -> ReadRequest | None:
    """The candidate's pods, in the pass from which on requests may reach them: what ended before is no crash."""
    side, revision = s.candidate, s.progress.revision
    there = bool(side.identity.uid) and (side.replicas or not side.current)
    if not there or s.pods(revision) is not None or not is_about_to_serve(s):
        return None
    return ReadRequest(pods=frozenset({revision}))


def before_pods_go(s: Situation) -> ReadRequest | None:
    """The routers' metrics, where only they can tell that no request comes any more: also in a pass that answers an action."""
    unread = _sent(s) if s.under_way else frozenset()
    return ReadRequest(sent=unread) if unread else None


def failed_log(s: Situation) -> ReadRequest | None:
    """The log of the container that failed, soon after it did, until its Release has the end of it."""
    failed = records.failure_without_log(s)
    if failed is None or seconds_since(failed.at, s.now) >= LOG_S:
        return None
    place = (failed.pod, failed.container)
    return ReadRequest(log=place) if place not in s.seen.found.logs else None


def _gate_opens(s: Situation) -> bool:
    """Whether a stage passes now that gives everything to the candidate, or takes the way back away.

    A drop is latched when it happens; this look finds what was missed, and ends are counted since the candidate
    began to serve: so it need not be repeated at every step. Without a stable revision nothing could be decided.
    """
    p, nexts = s.progress, s.plan[s.progress.stage + 1 :]
    if not s.stable_revision or p.serving_since is None or p.reached_at is None:
        return False
    return (is_last(s) or nexts[0].weight == 100) and hold(s).is_open


def _sent(s: Situation) -> frozenset[str]:
    """The canary Service, where only the end of a candidate's pods is left to wait for: a router may still send it requests."""
    revision, name = s.progress.revision, s.canary_name
    goes = s.side(revision).desired > s.once(goal_of).pods.get(revision, 0)
    left = goes and not traffic_of(s).live(revision) and quiet.is_asked(s, revision)
    return frozenset({name}) if left and name not in s.seen.found.quiet_s else frozenset()


def is_slow(s: Situation) -> frozenset[str]:
    """The track whose pods are waited for so long that something may be wrong with them; none where they are on their way."""
    unmet = s.once(next_step).unmet
    if unmet is None or not unmet.suspect:
        return frozenset()
    side = s.side(unmet.suspect)
    patience_s = min(PATIENCE_S, s.spec.progress_deadline_seconds)
    late = s.awaited_s >= patience_s and side.available < side.desired and side.replicas
    return frozenset({unmet.suspect}) if late and side.revision else frozenset()


def _doubted(s: Situation) -> frozenset[str]:
    """The revision whose counts may be those of before it was scaled to nothing."""
    p = s.progress
    doubted = p.emptied and s.n and not p.rollback_reason and p.revision not in s.seen.found.counted
    return frozenset({p.revision}) if doubted and s.candidate.available >= s.stage.candidate else frozenset()


def _pulls(s: Situation) -> bool:
    """Whether a pod that pulls images is there, or is to be made."""
    return bool(s.stable_revision) and (s.stage.pull_check or s.progress.pulls)
