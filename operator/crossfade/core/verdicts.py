"""When a release has failed, and why. One function per cause, each named as the violated fact."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crossfade.api.conditions import Reason
from crossfade.core import manifests, port_check
from crossfade.core.analysis import outcome
from crossfade.core.compile import crash_allowance
from crossfade.core.evidence import (
    NO_CAUSE,
    Cause,
    bad_images,
    crashed,
    have_no_room,
    impossible,
    main_cause,
    not_pulled,
    refused_images,
    says_why,
    taken_by_node,
    when_crashed,
)
from crossfade.core.gates import asked
from crossfade.core.moments import seconds_since
from crossfade.core.outside import waited_outside
from crossfade.core.situation import Situation
from crossfade.core.traffic import traffic_of
from crossfade.core.wanted import paused
from crossfade.core.words import served

REFUSED_S = 20.0
"""What the registry or the runtime refuses is final after so long: the kubelet has tried again after its first 10 s, and
a pipeline that applies a moment before its push is through has had the time."""


@dataclass(frozen=True)
class Verdict:
    """Why the release has failed: a documented word, and a sentence that a person can act on.

    `cause`: what is wrong with its pods, where that is known.
    """

    reason: Reason
    message: str
    cause: Cause = NO_CAUSE


def verdict(s: Situation) -> Verdict | None:
    """The first failure found, or None. Nothing fails where there is no stable revision to return to."""
    if not s.stable_revision:
        return None
    causes = (
        candidate_crashed,
        nothing_answers,
        image_cannot_be_pulled,
        container_cannot_start,
        downtime_exceeded,
        pull_failed,
        port_refused,
        candidate_unavailable,
        gate_failed,
        measured_bad,
    )
    return next((found for cause in causes if (found := cause(s)) is not None), None)


def measured_bad(s: Situation) -> Verdict | None:
    """What was measured shows that the candidate is worse than it may be, or a hook has failed."""
    told = outcome.failure(s)
    if told is None:
        return None
    if told.hook:
        return Verdict(Reason.HOOK_FAILED, f"hook {told.message}")
    return Verdict(Reason.ANALYSIS_FAILED, told.message)


def candidate_crashed(s: Situation) -> Verdict | None:
    """More of the candidate's pods crashed since it began to serve than the strategy allows."""
    pods = s.pods(s.progress.revision)
    if not pods or s.progress.serving_since is None:
        return None
    culprits, there = crashed(pods, s.progress.ends_before), sum(not pod.leaving for pod in pods)
    allowed = crash_allowance(s.spec, there)
    if len(culprits) <= allowed:
        return None
    cause = main_cause(culprits)
    message = f"{len(culprits)} of {there} pods {when_crashed(culprits, worker=not s.service_name)} ({allowed} allowed); {cause.sentence}"
    return Verdict(Reason.CANDIDATE_CRASHED, message, cause)


def nothing_answers(s: Situation) -> Verdict | None:
    """No pod of the candidate is ready while it has all the traffic, and stable has pods that could answer.

    Both the endpoints and the Deployment must say so: just after a switch the endpoints are still the old ones.
    This needs no evidence of a crash: requests fail now. Pods of both that come up again, after there were to be none
    at all, are no loss until the stage stands again: which of them are ready first says nothing.
    """
    if not nobody_answers(s) or node_took_them(s):
        return None
    share = "all the traffic" if s.stage.weight == 100 else f"{s.stage.weight} % of the traffic"
    return _unavailable(f"no pod is ready while it has {share}", s)


def nobody_answers(s: Situation) -> bool:
    """Whether requests fail now: nobody else gets those of the candidate, it has no ready pod, and stable has one."""
    traffic, p = traffic_of(s), s.progress
    alone = bool(s.service_name) and traffic.depends_on(p.revision)
    gone = not traffic.listed(p.revision) and not s.candidate.ready and s.stable.ready
    return bool(alone and gone and p.serving_since and not p.emptied)


def node_took_them(s: Situation) -> str:
    """Why nobody answers, where nodes took the candidate's pods; "" otherwise, and where that was so the last time too.

    What is taken twice in a row has a part in it: more on its disk than it may have, say.
    """
    if not nobody_answers(s) or s.progress.attempts > 1:
        return ""
    return taken_by_node(s.pods(s.progress.revision) or ())


def loses_pods(s: Situation) -> bool:
    """Whether pods of the candidate went away just now and are missing, or have ended; a drop alone may be long over.

    A process that sees a Deployment for the first time takes that for a drop. Pods that are still to come are not missing.
    """
    p, side = s.progress, s.candidate
    if p.revision not in s.seen.dropped or p.serving_since is None:
        return False
    there = side.ready if p.rollback_reason else side.available  # pods that are exchanged back drop out too
    missing = there < min(side.desired, _stood(s))
    return missing or bool(crashed(s.pods(p.revision) or (), p.ends_before))


def _stood(s: Situation) -> int:
    """How many pods of the candidate were available once, as far as the stages tell that it came to."""
    p = s.progress
    if p.reached_at is not None:
        return s.stage.candidate
    return s.plan[p.stage - 1].candidate if 0 < p.stage <= len(s.plan) else min(1, s.stage.candidate)


def is_failing(s: Situation) -> bool:
    """Whether the candidate cannot be trusted with requests any more: then they leave it at once."""
    short = s.progress.reached_at is not None and s.candidate.available < s.stage.candidate
    return (
        bool(s.progress.frozen) or short or loses_pods(s) or not s.candidate.ready or verdict(s) is not None
    )


def gate_failed(s: Situation) -> Verdict | None:
    """A gate of the stage says that the release has failed."""
    answer = asked(s)
    return Verdict(answer.why, answer.waiting_for) if answer.failed and answer.why else None


def image_cannot_be_pulled(s: Situation) -> Verdict | None:
    """An image that nobody can pull, or that its registry has refused for `REFUSED_S`."""
    pods = (*(s.pods(s.progress.revision) or ()), *(manifests.pull_pods(s)))
    causes = bad_images(pods) or (refused_images(pods) if s.awaited_s >= REFUSED_S else [])
    return Verdict(Reason.IMAGE_CANNOT_BE_PULLED, causes[0]) if causes else None


def container_cannot_start(s: Situation) -> Verdict | None:
    """A container that cannot run as it is written: the kubelet was refused by its own rules or by the image."""
    causes = impossible(s.pods(s.progress.revision) or ()) if s.awaited_s >= REFUSED_S else []
    return Verdict(Reason.CONTAINER_CANNOT_START, causes[0]) if causes else None


def downtime_exceeded(s: Situation) -> Verdict | None:
    """Recreate: nothing has served for longer than the user accepts."""
    recreate, down = s.spec.strategy.recreate, s.memory.downtime
    if recreate is None or down is None or down.ended_at is not None:
        return None
    lasted = seconds_since(down.started_at, s.now)
    if lasted < recreate.max_downtime_seconds:
        return None
    limit = f"nothing has {served(s, perfect=True)} for {lasted:.0f} s, and maxDowntimeSeconds is {recreate.max_downtime_seconds}"
    return replace(_unavailable(limit, s), reason=Reason.DOWNTIME_EXCEEDED)


def pull_failed(s: Situation) -> Verdict | None:
    """Recreate: the pod that pulls the images did not get them in time."""
    if not s.stage.pull_check or not _overdue(s):
        return None
    cause = not_pulled(manifests.pull_pods(s)) or "the images were not pulled"
    return Verdict(Reason.PULL_CHECK_FAILED, f"nothing was stopped: {cause}")


def candidate_unavailable(s: Situation) -> Verdict | None:
    """The candidate's pods did not become available within the deadline."""
    side = s.candidate
    wanted = s.stage.candidate if s.n else 0
    if side.available >= wanted or not _overdue(s) or _lacks_only_room(s):
        return None
    return _unavailable(
        f"{side.available} of {wanted} pods are available after {s.spec.progress_deadline_seconds} s (progressDeadlineSeconds)",
        s,
    )


def _lacks_only_room(s: Situation) -> bool:
    """Whether the stage stood, has lost no pod since, and the cluster has no room for more that were asked for later."""
    p = s.progress
    stood = p.reached_at is not None and s.candidate.available >= min(s.stage.candidate, p.most_available)
    return stood and have_no_room(s.candidate, s.pods(p.revision))


def port_refused(s: Situation) -> Verdict | None:
    """Nobody has come to listen on the Service's port within the deadline."""
    refused = port_check.closed(s)
    if refused is None or not _overdue(s):
        return None
    after = f"after {s.spec.progress_deadline_seconds} s nothing listens on port {refused.port}"
    return Verdict(
        Reason.PORT_CLOSED,
        f"{after}, to which Service {s.service_name} sends requests: pod {refused.pod} refuses connections",
    )


def cause_that_came_late(s: Situation) -> Verdict | None:
    """The verdict on pods that were not available in time, once they say why: a short deadline ends before the kubelet has tried."""
    failed = s.memory.failed
    cause = main_cause(pod for pod in s.pods(s.progress.revision) or () if says_why(pod))
    if failed is None or failed.pod or not cause.sentence:
        return None
    limit = failed.message.partition("; pod ")[0]
    return Verdict(Reason.CANDIDATE_UNAVAILABLE, f"{limit}; {cause.sentence}", cause)


def first_unavailable(s: Situation) -> Verdict | None:
    """A first release's pods did not become available in time. It is not given up: there is nothing to return to."""
    if s.stable_revision or not s.under_way or s.progress.rollback_reason or paused(s):
        return None
    why = port_refused(s) or candidate_unavailable(s)
    if why is None:
        return None
    after = "No revision is there to return to: correct the template, or what its pods lack"
    return replace(why, message=f"{why.message.rstrip('.')}. {after}")


def _overdue(s: Situation) -> bool:
    if waited_outside(s):
        return False
    since = s.progress.short_since
    return since is not None and seconds_since(since, s.now) >= s.spec.progress_deadline_seconds


def _unavailable(limit: str, s: Situation) -> Verdict:
    """Its pods are missing; with what is wrong with them, where they were looked at."""
    refusal = s.candidate.refusal
    cause = Cause(refusal) if refusal else main_cause(s.pods(s.progress.revision) or ())
    message = f"{limit}; {cause.sentence}" if cause.sentence else limit
    return Verdict(Reason.CANDIDATE_UNAVAILABLE, message, cause)
