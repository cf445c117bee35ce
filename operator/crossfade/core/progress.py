"""The ladder: which step a Rollout takes now. Rungs from most to least urgent; the first that applies wins."""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.status import Downtime
from crossfade.core import manifests
from crossfade.core.actions import answered, pending
from crossfade.core.alone import gone, runs, unread
from crossfade.core.emptied import emptied_at
from crossfade.core.gates import hold, last_gate, paused
from crossfade.core.memory import recovered
from crossfade.core.moments import later, moment_of, seconds_since, text_of
from crossfade.core.plan import Look
from crossfade.core.reach import Wanted, awaits_cause, back, forward, frozen, settled
from crossfade.core.settling import has_settled
from crossfade.core.situation import Situation
from crossfade.core.stages import GateKind, Route
from crossfade.core.timeline import noted
from crossfade.core.transitions import (
    completed,
    dropped,
    failed,
    passed,
    returned,
    started,
    target,
    template_lost,
    turned_back,
)
from crossfade.core.turn import Turn, normal, warning
from crossfade.core.verdicts import candidate_crashed, verdict

REPORTED_WITHIN_S = 5.0
"""The kubelet reports the end of a container within a second or two, on a busy node 3 s later (measured)."""

PATIENCE_S = 5.0
"""Pods that are not available after so long are looked at, and again as often: causes show within 10 s."""


def next_turn(s: Situation) -> Turn:
    """The one step that is due, or none: then the memory differs only in its clocks."""
    s = with_clocks(_positioned(s))
    for rung in (
        _recovered,
        asked,
        _forgiven,
        _seen_first,
        _overtaken,
        _failed,
        _explained,
        _returned,
        _passed,
        _due,
    ):
        turn = rung(s)
        if turn is not None:
            return replace(turn, s=with_clocks(turn.s))
    return Turn(s)


def wanted_now(s: Situation) -> Wanted:
    """What the memory asks of pods and traffic."""
    if not s.under_way:
        return settled(s)
    if s.progress.returning:
        return back(s)
    return frozen(s) if stopped(s) else forward(s)


def stopped(s: Situation) -> bool:
    """Whether a release stands still on its way to a stage: failed and frozen, or paused by a person.

    Not on its way back to where it stood before it was scaled to nothing.
    """
    paused_ = paused(s) and s.progress.reached_at is None and s.n > 0 and s.progress.emptied_at is None
    return bool(s.stable_revision) and (bool(s.progress.held) or paused_)


def with_clocks(s: Situation) -> Situation:
    """Stored starts follow what is seen: the only times in the memory, and none is a reading of the clock."""
    if not s.under_way:
        return s
    s = _with_moved_at(s)
    wanted, now = wanted_now(s), text_of(s.now)
    p = s.progress
    moving = any(
        pods != s.side(revision).desired for revision, pods in wanted.pods.items() if _ours(s, revision)
    )
    clocks = {
        "emptied_at": emptied_at(s, wanted.pods.get(p.revision, 0), standing=wanted.standing),
        "serving_since": _serving_since(s, wanted),
        "reached_at": (p.reached_at or (now if wanted.standing else None)) if s.n else None,
        "short_since": None if wanted.standing or paused(s) else now if moving else p.short_since or now,
    }
    return _with_downtime(s.progress_with(**clocks))


def _serving_since(s: Situation, wanted: Wanted) -> str | None:
    """Since when the candidate may get requests. Scaled to nothing it does not; anew from where pods are wanted again."""
    p = s.progress
    if not s.n and not p.returning:
        return None
    allowed = wanted.route in {Route.BOTH, Route.CANDIDATE}
    serves = allowed and not p.returning and wanted.pods.get(p.revision, 0) > 0
    return p.serving_since or (text_of(s.now) if serves else None)


def _ours(s: Situation, revision: str) -> bool:
    """Whether we may write to the Deployment of that name; what somebody else has taken never moves."""
    found = s.seen.found.deployments.get(manifests.deployment_name(s, revision))
    return s.side(revision).ours and (found is None or found.ours)


def _with_moved_at(s: Situation) -> Situation:
    """When the endpoints first listed only the side that is to serve; none while both may, or where there is no other."""
    if manifests.is_first(s):
        return s.progress_with(moved_at=None)
    # after an edit, pods that served may have to go before both sides are selected again
    surplus = s.stage.route is Route.BOTH and s.candidate.desired > s.stage.candidate
    beside = surplus and s.live_route is Route.STABLE
    route = Route.STABLE if s.progress.returning or beside else s.stage.route
    side = {Route.STABLE: s.stable_revision, Route.CANDIDATE: s.progress.revision}.get(route, "")
    right = bool(side) and s.live_route is route and s.listed_only(side)
    return s.progress_with(moved_at=(s.progress.moved_at or text_of(s.now)) if right else None)


def _with_downtime(s: Situation) -> Situation:
    """Recreate: from the last old pod that serves to the first new one that is ready, as the endpoints say.

    A second gap in the same release (new pods that crash, the way back) adds to the first.
    """
    if (
        not s.exclusive
        or not s.stable_revision
        or (s.stage.route is Route.STABLE and not s.progress.returning)
    ):
        return s
    down, now = s.memory.downtime, text_of(s.now)
    serving, ready = _serving(s) if s.n else (1, 1)  # where nothing is wanted, nothing is missing
    if down is None and not serving:
        return s.remember(downtime=Downtime(started_at=_ceased_at(s)))
    if down is not None and down.ended_at is not None and not serving:
        resumed = later(now, -(down.seconds or 0))
        return s.remember(downtime=Downtime(started_at=resumed))
    if down is not None and down.ended_at is None and ready:
        lasted = round(seconds_since(down.started_at, s.now), 3)
        return s.remember(downtime=Downtime(started_at=down.started_at, ended_at=now, seconds=lasted))
    return s


def _ceased_at(s: Situation) -> str:
    """When the old pods ceased to serve, which is told late.

    They were told to stop when this stage began, and their preStop sleep ended so many seconds later; the endpoints
    say so only once the kubelet has reported it (1.2 to 1.8 s later, measured). Pods that ended at another time,
    because they crashed or drain on their own, are taken at what the endpoints say.
    """
    drain_s = manifests.drain_of(s.stable)
    if s.stage.old_gone and s.progress.started_at and drain_s:
        expected = later(s.progress.started_at, drain_s)
        if 0 <= (s.now - moment_of(expected)).total_seconds() <= REPORTED_WITHIN_S:
            return expected
    return text_of(s.now)


def _serving(s: Situation) -> tuple[int, int]:
    """(pods that still answer, pods that are ready): by the endpoints, for a worker by its Deployments."""
    if s.production is not None:
        return sum(s.production.serving.values()), sum(s.production.ready.values())
    ready = s.stable.ready + s.candidate.ready
    return ready + s.stable.replicas, ready


def _positioned(s: Situation) -> Situation:
    """After an edit of the strategy: the first stage of the new plan with the present weight, else the next below.

    Never one above: its gate, and those before it, were not passed.
    """
    if not s.under_way or s.progress.plan == s.plan_hash:
        return s
    weight = s.memory.weight or 0
    weights = [stage.weight for stage in s.plan]
    floor = max((each for each in weights if each <= weight), default=weights[0])
    now = text_of(s.now)
    fresh = {"started_at": now, "short_since": now, "reached_at": None, "promoted": False}
    index = weights.index(floor)
    return noted(
        s.progress_with(plan=s.plan_hash, stage=index, **fresh), now, f"strategy edited: {s.plan[index].name}"
    )


def _recovered(s: Situation) -> Turn | None:
    """The memory is lost (a restored backup, a wiped status): what serves, or completed last, is stable."""
    after = recovered(s)
    if after is None:
        return None
    note = f"the status was lost: {after.stable_revision} is what serves"
    return Turn(after, normal(EventReason.MEMORY_RECOVERED, note))


def asked(s: Situation) -> Turn | None:
    """A person or a pipeline asks for something."""
    action = pending(s)
    if action is None:
        return None
    after, events = answered(s, action)
    return Turn(after, events)


def _forgiven(s: Situation) -> Turn | None:
    """The failed template is not in the spec any more: it is tried anew when it returns."""
    if s.memory.failed is None or s.under_way or s.memory.failed.revision == s.spec_revision:
        return None
    return Turn(s.remember(failed=None, undo_to=""))


def _overtaken(s: Situation) -> Turn | None:
    """Another revision is wanted than the one under way, or that one cannot be made any more."""
    if not s.under_way or s.progress.returning:
        return None
    if target(s) == s.progress.revision:
        return template_lost(s) if s.template is None and _is_unmade(s) else None
    if not s.stable_revision:
        return _first_overtaken(s)
    if target(s) == s.stable_revision:
        return turned_back(s, Reason.CANCELLED, f"the template is {s.stable_revision}'s again")
    if _proved(s):
        return completed(s) if s.exclusive or has_settled(s) else None
    if _left_what_is_condemned(s):  # an undo: it completes first
        return None
    return turned_back(s, Reason.SUPERSEDED, f"{target(s)} is wanted now: {s.progress.revision} is given up")


def _is_unmade(s: Situation) -> bool:
    """Whether the release has no Deployment yet, and no record that has its template."""
    revision = s.progress.revision
    read = s.seen.found.deployments.get(manifests.deployment_name(s, revision))
    return manifests.template_of(s, revision) is None and revision not in s.seen.sides and read is None


def _first_overtaken(s: Situation) -> Turn | None:
    """A first release that has the requests is complete. One that waits for a Service goes, where others answer there."""
    if not s.candidate.ready:
        return dropped(s)
    if not s.service_name or s.live_route is Route.CANDIDATE:
        return completed(s)
    listed = s.production.ready if s.production else {}
    others = any(ready for revision, ready in listed.items() if revision != s.progress.revision)
    return dropped(s) if others or not listed else None


def _left_what_is_condemned(s: Situation) -> bool:
    """Whether the requests have left a stable revision that somebody has undone: they must not go back there."""
    failed = s.memory.failed
    condemned = failed is not None and failed.revision == s.stable_revision and not s.progress.held
    return condemned and (s.live_route is Route.CANDIDATE or (s.exclusive and not s.stable.desired))


def _proved(s: Situation) -> bool:
    """Whether the candidate has all traffic, in good health, and only its bake is not over."""
    there = _has_everything(s) and s.progress.reached_at is not None
    asked = s.stage.gate.kind in {GateKind.MANUAL, GateKind.PAUSE} and not _left_what_is_condemned(s)
    well = not s.progress.held and s.candidate.available >= s.n and verdict(s) is None
    return there and not asked and well


def _has_everything(s: Situation) -> bool:
    """Whether the stage gives all requests to the candidate."""
    return s.stage.route is Route.CANDIDATE or (s.exclusive and s.stage.weight == 100)


def _seen_first(s: Situation) -> Turn | None:
    """What must be looked at before anything can be judged."""
    look = _needed(s)
    return Turn(s, look=look) if look else None


def _needed(s: Situation) -> Look | None:
    if not s.under_way:
        return None
    revisions = frozenset(rev for rev in _suspects(s) if s.pods(rev) is None)
    pull = s.exclusive and bool(s.stable_revision) and s.seen.found.pull_pods is None and _pulls(s)
    leaving = unread(s, _to_be_gone(s)) or Look()
    pods, deployments = revisions | leaving.pods, leaving.deployments
    if not (pods or deployments or pull):
        return None
    return Look(pods=pods, warnings=_is_slow(s), deployments=deployments, pull_pods=pull)


def _pulls(s: Situation) -> bool:
    return s.stage.pull_check or s.stage.old_gone or bool(s.progress.returning)


def _suspects(s: Situation) -> set[str]:
    """The revisions whose pods must be looked at now."""
    p, side = s.progress, s.candidate
    suspects: set[str] = set()
    if p.returning:
        return {p.revision} if awaits_cause(s) and side.replicas else suspects
    gate_opens = p.serving_since is not None and p.reached_at is not None and _decisive(s) and hold(s) is None
    dropped_ = p.revision in s.seen.dropped
    overtaken = _has_everything(s) and target(s) != p.revision
    if side.identity.uid and (
        _is_slow(s) or gate_opens or overtaken or (dropped_ and p.serving_since is not None)
    ):
        suspects.add(p.revision)
    return suspects


def _to_be_gone(s: Situation) -> set[str]:
    """The revision that must be gone before the next one starts, where the watch says that it is."""
    p, stable, candidate = s.progress, s.stable, s.candidate
    if p.returning or stopped(s):
        empty = not candidate.desired and not candidate.replicas
        alone = s.exclusive and empty and (stable.desired < s.n or not s.n)
        return {p.revision} if alone else set()
    cleared = s.stage.old_gone and not stable.desired and not stable.replicas
    return {s.stable_revision} if cleared else set()


def _is_slow(s: Situation) -> bool:
    """Whether the candidate's pods take so long to become available that something may be wrong with them."""
    side, since = s.candidate, s.progress.short_since
    lacks = bool(side.available < side.desired and side.replicas)
    return lacks and since is not None and seconds_since(since, s.now) >= PATIENCE_S


def _decisive(s: Situation) -> bool:
    """Whether the next stage gives everything to the candidate, or takes the way back away.

    A drop is latched when it happens; this look finds what was missed, and restarts are counted since the candidate
    began to serve: so it need not be repeated at every step. Without a stable revision nothing could be decided.
    """
    nexts = s.plan[s.progress.stage + 1 :]
    return bool(s.stable_revision) and (last_gate(s) or nexts[0].weight == 100)


def _explained(s: Situation) -> Turn | None:
    """The verdict gets its cause as soon as the pods show it."""
    why = candidate_crashed(s) if s.progress.returning and awaits_cause(s) else None
    if why is None or s.memory.failed is None:
        return None
    told = s.memory.failed.model_copy(update={"reason": why.reason, "message": why.message})
    return Turn(s.remember(failed=told), warning(why.reason, why.message))


def _failed(s: Situation) -> Turn | None:
    """The release has failed."""
    if not s.under_way or s.progress.returning or s.progress.held:
        return None
    why = verdict(s)
    return failed(s, why) if why else None


def _returned(s: Situation) -> Turn | None:
    """Everything is back on stable."""
    return returned(s) if s.progress.returning and back(s).standing else None


def _passed(s: Situation) -> Turn | None:
    """The stage stands and its gate is open."""
    if not s.under_way or s.progress.returning or s.progress.held or paused(s):
        return None
    return passed(s) if forward(s).standing and hold(s) is None else None


def _due(s: Situation) -> Turn | None:
    """A release is to begin: where something serves, the API server is asked whether it would take the candidate."""
    revision = target(s)
    if s.under_way or revision == s.stable_revision or paused(s) or _still_leaving(s, revision):
        return None
    if s.exclusive and not s.stable_revision:
        left = _left_over(s, revision)
        if left is not None:
            return left
    template = manifests.template_of(s, revision)
    asks = bool(s.stable_revision) or not s.n  # a first release has nothing to protect: its CREATE tells
    if asks and revision not in s.seen.sides and template is not None:
        if s.seen.found.refusal is None:
            return Turn(s, look=Look(dry_run=manifests.deployment(s, revision, template, 0)))
        if s.seen.found.refusal:
            return Turn(s, refusal=s.seen.found.refusal)
    return started(s, revision) if s.n else _at_once(s, revision)


def _still_leaving(s: Situation, revision: str) -> bool:
    """Whether pods of an earlier release of it are told to go, and still counted: they must not pass for new ones."""
    side = s.side(revision)
    return side.ours and not side.desired and (side.replicas > 0 or not side.current)


def _left_over(s: Situation, revision: str) -> Turn | None:
    """Recreate: what remains of a first release that was given up goes before the next one begins; None: it is gone."""
    others = [side for rev, side in s.seen.sides.items() if rev != revision and side.ours]
    if any(map(runs, others)):
        return Turn(s)
    revisions = [side.revision for side in others]
    unseen = unread(s, revisions)
    if unseen:
        return Turn(s, look=unseen)
    return None if all(gone(s, revision) for revision in revisions) else Turn(s)


def _at_once(s: Situation, revision: str) -> Turn | None:
    """With no replicas there is nothing to do in stages; recreate waits until the last old pod is gone."""
    if s.exclusive and s.stable_revision:
        unseen = unread(s, {s.stable_revision})
        if unseen or not gone(s, s.stable_revision):
            return Turn(s, look=unseen) if unseen else None
    begun = started(s, revision)
    done = completed(begun.s)
    return Turn(done.s, begun.events + done.events)
