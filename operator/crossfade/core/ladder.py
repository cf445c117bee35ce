"""The ladder: which transition a Rollout takes now. Rungs from most to least urgent; the first that applies wins."""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.core import flood, manifests, others, port_check, starts
from crossfade.core.actions import answered, pending
from crossfade.core.analysis import outcome
from crossfade.core.analysis.runs import STEP
from crossfade.core.clocks import with_clocks
from crossfade.core.holds import hold
from crossfade.core.memory import recovered
from crossfade.core.moments import text_of
from crossfade.core.plan import ReadRequest
from crossfade.core.pods_left import none_left, unread
from crossfade.core.policy.begun import restored
from crossfade.core.policy.closing import takes_back
from crossfade.core.policy.holds import before_present
from crossfade.core.policy.ungated import refusal
from crossfade.core.propagation import has_propagated
from crossfade.core.reads import first_read
from crossfade.core.restarts import with_generation
from crossfade.core.rollback import awaits_cause
from crossfade.core.situation import Situation
from crossfade.core.stepper import next_step
from crossfade.core.timeline import noted
from crossfade.core.traffic import traffic_of
from crossfade.core.traffic.gained import gives_more
from crossfade.core.transition import Transition, normal
from crossfade.core.transitions import (
    anew,
    closed,
    completed,
    dropped,
    explained,
    failed,
    forgiven,
    given_up,
    node_lost,
    passed,
    replanned,
    returned,
    started,
    template_lost,
    turned_back,
    wakes,
    woken,
    would_be_held,
)
from crossfade.core.verdicts import Verdict, candidate_crashed, cause_that_came_late, node_took_them, verdict
from crossfade.core.wanted import condemned, is_way_back, paused, target


def next_transition(s: Situation) -> Transition:
    """The one transition that is due, or none: then the memory differs only in its clocks."""
    known = _with_starts(s)
    s = _with_clocks(_positioned(known))
    if (held := _held_where_placed(known, s)) is not None:
        return others.told(replace(held, s=_with_clocks(held.s)))
    for rung in (
        _recovered,
        asked,
        _forgiven,
        _read_first,
        _overtaken,
        _failed,
        _closed,
        _explained,
        _returned,
        _passed,
        _due,
    ):
        transition = rung(s)
        if transition is not None:
            told = others.told(transition)
            return replace(told, s=_with_clocks(told.s))
    return others.told(Transition(s))


def _with_clocks(s: Situation) -> Situation:
    return with_clocks(with_generation(port_check.noted(_with_served(s))))


def _with_starts(s: Situation) -> Situation:
    return s.remember(starts=restored(s))


def _with_served(s: Situation) -> Situation:
    """Stable has served once its pods are available, unless it is to be watched at its first wake-up."""
    unproved = s.stable_revision in s.memory.unserved and not s.under_way
    if not unproved or not s.stable.available or wakes(s):
        return s
    return s.remember(unserved=[each for each in s.memory.unserved if each != s.stable_revision])


def _positioned(s: Situation) -> Situation:
    """After an edit of the strategy: the first stage of the new plan with the weight that was reached, else the next below.

    Never one above: its gates, and those before it, were not passed. What was measured in a step was measured in another one, and a
    PromoteFull was for the stages that its sender saw.
    """
    if not s.under_way or s.progress.plan == s.plan_hash or s.seen.spec_error:
        return s
    if not s.progress.rollback_reason:  # else it is what the record tells of its end
        s = s.remember(measurements=[each for each in s.memory.measurements if not each.run.startswith(STEP)])
    weight = (
        (s.memory.weight or 0) if s.exclusive else s.progress.reached_weight
    )  # nothing old is left to go back to
    weights = [stage.weight for stage in s.plan]
    floor = max((each for each in weights if each <= weight), default=weights[0])
    now = text_of(s.now)
    fresh = {**anew(s), "promoted": False, "promoted_full": False}
    index = weights.index(floor)
    return noted(
        s.progress_with(plan=s.plan_hash, stage=index, **fresh), now, f"strategy edited: {s.plan[index].name}"
    )


def _held_where_placed(before: Situation, s: Situation) -> Transition | None:
    """The strategy was edited, and a policy holds what that would begin with: no edit goes past one, so it is taken back.

    Where a person, another template or a failure takes it back in the same moment, it is for that: so pods that may have crashed are looked
    at first.
    """
    placed = s.progress.plan != before.progress.plan
    if not placed or not s.stable_revision or not gives_more(s, before.memory.weight or 0):
        return None
    held = before_present(s)
    if held.is_open:
        return None
    found = (rung(s) for rung in (asked, _read_first, _overtaken, _failed))
    back = (each for each in found if each is not None and (each.read or each.s.progress.rollback_reason))
    return next(back, None) or replanned(s, held.waiting_for)


def _recovered(s: Situation) -> Transition | None:
    """The memory is lost (a restored backup, a wiped status): what serves, or completed last, is stable."""
    after, stored = recovered(s), s.rollout.status.stable if s.rollout.status else None
    if after is None and stored is not None and not s.under_way and stored.revision != s.stable_revision:
        edited = (
            f"{stored.revision} was written into the status as stable: {s.stable_revision} completed last"
        )
        return Transition(s, normal(EventReason.MEMORY_RECOVERED, edited)) if s.stable_revision else None
    if after is None:
        return None
    note = f"the status was lost: {after.stable_revision} is taken for stable"
    return Transition(after, normal(EventReason.MEMORY_RECOVERED, note))


def asked(s: Situation) -> Transition | None:
    """A person or a pipeline asks for something."""
    action = pending(s)
    if action is None:
        return None
    after, events = answered(s, action)
    return Transition(after, (*events, *flood.told(s)))


def _forgiven(s: Situation) -> Transition | None:
    """The failed template is not in the spec any more: it is tried anew when it returns."""
    if not condemned(s) or s.under_way or s.spec_revision in condemned(s):
        return None
    return Transition(forgiven(s))


def _read_first(s: Situation) -> Transition | None:
    """What must be read before anything can be judged."""
    read = first_read(s)
    return Transition(s, read=read) if read else None


def _overtaken(s: Situation) -> Transition | None:
    """Another revision is wanted than the one under way, or that one cannot be made any more."""
    if not s.under_way or s.progress.rollback_reason:
        return None
    if target(s) == s.progress.revision:
        return template_lost(s) if s.template is None and _is_unmade(s) else None
    if not s.stable_revision:
        return _first_overtaken(s)
    if s.seen.spec_error and target(s) != s.stable_revision:
        return None
    if s.progress.frozen and has_everything(s) and s.candidate.ready and target(s) != s.stable_revision:
        return _taken_over(s)
    if target(s) == s.stable_revision:
        return turned_back(s, Reason.CANCELLED, f"the template is {s.stable_revision}'s again")
    if _proved(s):
        return completed(s) if s.exclusive or s.routed or has_propagated(s) else None
    if _left_what_is_condemned(s):  # an undo: it completes first
        return None
    return turned_back(s, Reason.SUPERSEDED, f"{target(s)} is wanted now: {s.progress.revision} is given up")


def _taken_over(s: Situation) -> Transition | None:
    """What has failed and was frozen with all requests: another template takes over from it, and nobody goes back for that.

    Where that one may not begin now, all stays as it is.
    """
    left = given_up(s)
    if paused(left) or not starts.waits(left).is_open:
        return None
    begun = started(left, target(left))
    return replace(begun, events=(*begun.events, *would_be_held(begun.s)))


def _is_unmade(s: Situation) -> bool:
    """Whether the release has no Deployment yet, and no record that has its template."""
    revision = s.progress.revision
    read = s.seen.found.deployments.get(manifests.deployment_name(s, revision))
    return s.template_of(revision) is None and revision not in s.seen.sides and read is None


def _first_overtaken(s: Situation) -> Transition | None:
    """A first release that has the requests is complete. One that waits for a Service goes, where others answer there."""
    if not s.candidate.ready:
        return dropped(s)
    if _has_moved(s):
        return completed(s)
    listed = s.production.ready if s.production else {}
    others = any(ready for revision, ready in listed.items() if revision != s.progress.revision)
    return dropped(s) if others or not listed else None


def _has_moved(s: Situation) -> bool:
    """Whether the candidate alone gets the requests, as far as what is written says."""
    return traffic_of(s).gives({s.progress.revision: 100})


def _left_what_is_condemned(s: Situation) -> bool:
    """Whether the requests have left a stable revision that somebody has undone: they must not go back there."""
    undone = s.stable_revision in condemned(s) and not s.progress.frozen
    left = bool(s.service_name) and _has_moved(s)
    return undone and (left or (s.exclusive and not s.stable.desired))


def _proved(s: Situation) -> bool:
    """Whether the candidate has all traffic, in good health, and only its bake is not over."""
    there = has_everything(s) and s.progress.reached_at is not None
    kept_shut = refusal(s, ended=outcome.ended(s).is_open)
    held = (s.stage.rests and not _left_what_is_condemned(s)) or kept_shut
    well = not s.progress.frozen and s.candidate.available >= s.n and verdict(s) is None
    return there and not held and well


def has_everything(s: Situation) -> bool:
    """Whether the stage gives all requests to the candidate."""
    return s.stage.weight == 100 and not s.stage.counted


def _explained(s: Situation) -> Transition | None:
    """The verdict gets its cause as soon as the pods show it."""
    waits = s.progress.rollback_reason and awaits_cause(s)
    why = candidate_crashed(s) or cause_that_came_late(s) if waits else None
    if why is None or s.memory.failed is None:
        return None
    return explained(s, why)


def _failed(s: Situation) -> Transition | None:
    """The release has failed, or nodes took its pods."""
    if not s.under_way or s.progress.rollback_reason or s.progress.frozen:
        return None
    why = verdict(s)
    if why is not None:
        return failed(s, why)
    taken = node_took_them(s) if s.stable_revision else ""
    if taken and s.spec.on_failure == "Pause":
        return failed(s, Verdict(Reason.NODE_LOST, taken))
    back = f"{taken}. Requests go back to {s.stable_revision}, and it is tried once more"
    return node_lost(s, back) if taken else None


def _closed(s: Situation) -> Transition | None:
    """A policy closes that takes back what is under way. What serves all users stays; so does a way back."""
    p = s.progress
    forward = s.under_way and not p.rollback_reason and bool(s.stable_revision) and not has_everything(s)
    if not forward or is_way_back(s, p.revision):
        return None
    why = takes_back(s)
    return closed(s, why) if why else None


def _returned(s: Situation) -> Transition | None:
    """Everything is back on stable."""
    return returned(s) if s.progress.rollback_reason and s.once(next_step).unmet is None else None


def _passed(s: Situation) -> Transition | None:
    """The stage is ready and its gates are open."""
    stands = s.progress.rollback_reason or s.progress.frozen or s.seen.spec_error or paused(s)
    if not s.under_way or stands:
        return None
    return passed(s) if s.once(next_step).unmet is None and hold(s).is_open else None


def _due(s: Situation) -> Transition | None:
    """A release is to begin: where something serves, the API server is asked whether it would take the candidate."""
    revision = target(s)
    if s.under_way or paused(s) or s.blocked:
        return None
    if revision == s.stable_revision:
        return woken(s) if wakes(s) else None
    if _still_leaving(s, revision) or not starts.waits(s).is_open:
        return None
    template = s.template_of(revision)
    asks = bool(s.stable_revision) or not s.n  # a first release has nothing to protect: its CREATE tells
    if asks and revision not in s.seen.sides and template is not None:
        if s.seen.found.refusal is None:
            manifest, strict = manifests.deployment(s, revision, template, 0), manifests.is_new(s, revision)
            return Transition(s, read=ReadRequest(dry_run=manifest, strict=strict))
        if s.seen.found.refusal:
            return Transition(s, refusal=s.seen.found.refusal)
    begun = started(s, revision) if s.n else _at_once(s, revision)
    return begun if begun is None or begun.read else replace(begun, events=(*begun.events, *would_be_held(s)))


def _still_leaving(s: Situation, revision: str) -> bool:
    """Whether pods of an earlier release of it are told to go, and still counted: they must not pass for new ones."""
    side = s.side(revision)
    return side.ours and not side.desired and (side.replicas > 0 or not side.current)


def _at_once(s: Situation, revision: str) -> Transition | None:
    """With no replicas there is nothing to do in stages; recreate waits until the last old pod is gone."""
    if s.exclusive and s.stable_revision:
        unseen = unread(s, {s.stable_revision})
        if unseen or not none_left(s, s.stable_revision):
            return Transition(s, read=unseen) if unseen else None
    begun = started(s, revision)
    done = completed(begun.s)
    return Transition(done.s, begun.events + done.events)
