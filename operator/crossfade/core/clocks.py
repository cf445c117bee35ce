"""Stored starts follow what is seen: the only times in the memory, and none is a reading of the clock."""

from __future__ import annotations

from crossfade.core import manifests
from crossfade.core.downtime import with_downtime
from crossfade.core.evidence import ends_of
from crossfade.core.goal import Goal
from crossfade.core.goals import goal_of, halts
from crossfade.core.holds import hold
from crossfade.core.moments import text_of
from crossfade.core.outside import OUTSIDE, waited_outside
from crossfade.core.policy import recorded
from crossfade.core.policy.beginning import begins
from crossfade.core.policy.holds import before_start, in_flight
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.stepper import Step, next_step
from crossfade.core.traffic import canary_service, traffic_of
from crossfade.core.traffic.port import Share, receivers
from crossfade.core.verdicts import verdict
from crossfade.core.wanted import paused, target


def with_clocks(s: Situation) -> Situation:
    """The memory with each start as it is now: kept while its condition holds, and begun where it begins to."""
    s = _with_held_by(_with_waiting_since(with_moved_at(s, s.once(next_step).share)))
    if not s.under_way:
        return s
    goal, at = s.once(goal_of), s.once(next_step)
    p, now, met = s.progress, text_of(s.now), at.unmet is None
    s = s.progress_with(
        emptied=_is_emptied(s, at),
        pulls=s.stage.pull_check or (p.pulls and s.seen.found.pull_pods != ()),
        listed_at=(p.listed_at or now) if at.listed else None,
        stable_was_down=p.stable_was_down and s.stable.available < s.stable.desired,
        reached_at=(p.reached_at or (now if met else None)) if s.n else None,
        reached_weight=s.stage.weight if met and s.n and not p.rollback_reason else p.reached_weight,
        short_since=_short_since(s, at),
        seen_in=p.seen_in or _seen_in(s),
        most_available=max(p.most_available, s.candidate.available),
        asked_at=now if _asks(s, at) else p.asked_at,
    )
    return with_downtime(_with_served_at(_with_serving_since(s, goal, at)))


def _with_waiting_since(s: Situation) -> Situation:
    """Since when policies keep the release that is wanted from beginning: queues go by it.

    It stays until that begins: who has its turn, and waits for pods of an earlier attempt to go, keeps its place.
    """
    waits = begins(s) and (s.memory.waiting_since is not None or not before_start(s).is_open)
    return s.remember(waiting_since=(s.memory.waiting_since or text_of(s.now)) if waits else None)


def _with_held_by(s: Situation) -> Situation:
    """Which policies hold what is wanted, and since when. What held a change that nobody wants any more is forgotten."""
    ended = s.memory.last.at if s.memory.last is not None else None
    if not s.under_way and target(s) == s.stable_revision:
        kept = recorded.up_to(s.memory.held_by, ended)
        return s.remember(held_by=recorded.held_by(kept, (), text_of(s.now)))
    return s.remember(held_by=recorded.held_by(s.memory.held_by, _holding(s), text_of(s.now)))


def _holding(s: Situation) -> tuple[tuple[str, str], ...]:
    """Each policy, with its rule, that holds it now: a stage that does not stand yet is held by nothing else."""
    if not s.under_way:
        return () if paused(s) else before_start(s).by
    stands = s.once(next_step).unmet is None or not s.once(in_flight).is_open
    return hold(s).by if stands and not s.progress.rollback_reason else ()


def _seen_in(s: Situation) -> str:
    """The version of the Rollout that is seen, where its stored status is in the present stage already."""
    stored = s.rollout.status.progress if s.rollout.status is not None else None
    known = stored is not None and (stored.stage, stored.started_at) == (
        s.progress.stage,
        s.progress.started_at,
    )
    return s.rollout.metadata.resource_version if known else ""


def _short_since(s: Situation, at: Step) -> str | None:
    """Since when the deadline runs; a pause stops it, and so does a spec that breaks a rule. A failure that is due as a policy closes is judged first, in this pass."""
    halted = halts(s) or (bool(s.seen.spec_error) and not s.progress.rollback_reason)
    if at.unmet is None or (halted and (paused(s) or verdict(s) is None)):
        return None
    return text_of(s.now) if _begins_to_wait(s, at) else s.progress.short_since or text_of(s.now)


def _begins_to_wait(s: Situation, at: Step) -> bool:
    """Whether more pods are available than ever in this stage, or what was waited for so long was none of ours to bring about.

    Also where nothing was asked for yet, though the memory says so: an operator may have ended between the two writes.
    """
    others = at.unmet is not None and at.unmet.why in OUTSIDE
    first = _moves(s, at) and (s.seen.first_look or not s.candidate.desired)
    return first or s.candidate.available > s.progress.most_available or (waited_outside(s) and not others)


def _asks(s: Situation, at: Step) -> bool:
    """Whether pods or requests are asked for in this pass."""
    moves = s.routed and at.share is not None and not traffic_of(s).gives(at.share)
    return moves or _moves(s, at)


def with_moved_at(s: Situation, share: Share | None) -> Situation:
    """Since when the endpoints list no track that production does not select; none while they do, or where all are selected.

    At rest it is kept as it is while nothing else runs: it changes nothing then. `share`: what is to be written.
    """
    traffic = traffic_of(s)
    tracks = {s.stable_revision, s.progress.revision, *s.others} - {""}
    if not s.under_way and not any(s.side(track).desired for track in tracks - {s.stable_revision}):
        return s
    left = [track for track in tracks if s.side(track).desired and not traffic.live(track)]
    moves = s.under_way and not s.stage.counted and (s.stage.weight == 100 or (s.routed and s.stage.reaches))
    right = (
        bool(left or moves or canary_service.turns(s))
        and traffic.follows(tracks)
        and (share is None or traffic.gives(share))
    )
    nothing_left = not s.service_name or (manifests.is_first(s) and not left)
    return s.remember(moved_at=(s.memory.moved_at or text_of(s.now)) if right and not nothing_left else None)


def _moves(s: Situation, at: Step) -> bool:
    """Whether pods of ours are asked for or told to go by this very pass, or the pod that pulls images is."""
    pulls = s.stage.pull_check and not s.progress.rollback_reason and not manifests.pull_pods(s)
    return pulls or any(pods != s.side(t).desired for t, pods in at.pods.items() if _is_ours(s, t))


def _is_ours(s: Situation, track: str) -> bool:
    """Whether we may write to the Deployment of that name; what somebody else has taken never moves."""
    read = s.seen.found.deployments.get(manifests.deployment_name(s, track))
    return track != SOURCE and s.side(track).ours and (read is None or read.ours)


def _is_emptied(s: Situation, at: Step) -> bool:
    """Whether its pods were told to go since none were wanted, and the stage has not been ready again since."""
    going = not s.n and s.candidate.ours and s.candidate.desired and not at.pods.get(s.progress.revision)
    return bool(going) or (s.progress.emptied and not (s.n and at.unmet is None))


def _with_serving_since(s: Situation, goal: Goal, at: Step) -> Situation:
    """Since when the candidate may get requests, and how often its containers had ended by then.

    Scaled to nothing it does not serve; it does anew from where pods are wanted again.
    """
    p = s.progress
    if not s.n and not p.rollback_reason:
        return s.progress_with(serving_since=None, ends_before={})
    serves = (
        p.revision in receivers(at.meant or {}) and not p.rollback_reason and goal.pods.get(p.revision, 0) > 0
    )
    side, pods = s.candidate, s.pods(p.revision)
    unread = pods is None and (side.replicas or not side.current) and bool(side.identity.uid)
    if p.serving_since or not serves or unread:
        return s
    return s.progress_with(serving_since=text_of(s.now), ends_before=ends_of(pods or ()))


def _with_served_at(s: Situation) -> Situation:
    """When the candidate could first get a request: it is selected, listed and ready; of a worker, it is ready."""
    p, revision = s.progress, s.progress.revision
    if p.served_at or not p.serving_since or p.rollback_reason or not s.candidate.ready:
        return s
    traffic = traffic_of(s)
    served = traffic.listed(revision) and traffic.live(revision)
    return s.progress_with(served_at=text_of(s.now)) if served else s


def is_about_to_serve(s: Situation) -> bool:
    """Whether requests may reach the candidate from this pass on: then its pods are to be looked at before."""
    if not s.under_way or s.progress.serving_since or s.progress.rollback_reason or not s.n:
        return False
    gets = s.progress.revision in receivers(s.once(next_step).meant or {})
    return gets and s.once(goal_of).pods.get(s.progress.revision, 0) > 0
