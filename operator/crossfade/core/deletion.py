"""What happens when a Rollout is deleted: what was adopted, or is to go on, is given back; then it may go.

Only a Rollout that holds something of the kind has a finalizer; every other one is left to the garbage collector.
The order is the one of every way back, and each pass takes the first step of `giving_back` that is not done yet: the
survivor comes up, the traffic goes to it, the others leave once every node follows, the Service gets its selector back,
the marks come off, and then the finalizer. What each step has to wait for is said here. At no moment does production select pods that are not there. Recreate is the exception:
two revisions never run at once, so the other one leaves first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crossfade.api.labels import FINALIZER
from crossfade.core import layout, manifests
from crossfade.core.alone import gone, runs, unread
from crossfade.core.giving_back import (
    STEPS,
    Step,
    Survivor,
    all_gone,
    emptied,
    grow,
    matches,
    move,
    others_than,
    selector_back,
    survivor_of,
    unmarked_service,
)
from crossfade.core.moments import seconds_since, text_of
from crossfade.core.observed import Identity
from crossfade.core.plan import Look, Plan, Verb, Write
from crossfade.core.reach import RETURN_FLOOR
from crossfade.core.settling import has_settled
from crossfade.core.situation import Situation

AGAIN_S = 1.0

LISTED_S = 3.0
"""After the deletion the endpoints need so long at most to list whom the old selector selects beside our pods."""


def plan(s: Situation) -> Plan:
    """Give back, then let go. Without our finalizer, or in a namespace that goes too, nothing is held up."""
    if FINALIZER not in s.rollout.metadata.finalizers:
        return Plan(reason="Deleted")
    if s.seen.namespace_terminating:
        return Plan(reason="Deleted", writes=(_let_go(s),))
    look = _unseen(s)
    if look is not None:
        return Plan(reason="Looking", look=look)
    s = _with_what_was_found(s)
    survivor = survivor_of(s)
    if survivor is None and s.production is not None and s.stable_revision:
        return Plan(reason="GivingBack", writes=tuple(unmarked_service(s)))
    if survivor is None:
        return Plan(reason="Deleted", writes=tuple(all_gone(s)) or (_let_go(s),), wake_after_s=AGAIN_S)
    s = _timed(s, survivor)
    cleared = _cleared(s, survivor)
    if cleared is not None:
        return cleared
    for step in STEPS:
        writes = tuple(step(s, survivor))
        if writes or not _done(step, s, survivor):
            return _going_on(s, writes)
    return Plan(reason="Deleted", writes=(_let_go(s),))


def _unseen(s: Situation) -> Look | None:
    """What may be ours already, where the reply to its making was lost: else our marks stay on it for ever."""
    services = {s.service_name} if manifests.adopts(s) and s.production is None else set()
    deployments = set(_unseen_sides(s))
    wanted = Look(
        services=frozenset(services - set(s.seen.found.services)),
        deployments=frozenset(deployments - set(s.seen.found.deployments)),
    )
    return wanted if wanted.services or wanted.deployments else None


def _unseen_sides(s: Situation) -> dict[str, str]:
    """The revisions of the memory that have no Deployment in sight, by the name that it would have."""
    known = (s.stable_revision, s.progress.revision)
    return {manifests.deployment_name(s, rev): rev for rev in known if rev and rev not in s.seen.sides}


def _with_what_was_found(s: Situation) -> Situation:
    found = s.seen.found
    service = found.services.get(s.service_name)
    services = (
        s.seen.services if service is None or s.production else {**s.seen.services, service.name: service}
    )
    sides = {rev: found.deployments.get(name) for name, rev in _unseen_sides(s).items()}
    ours = {rev: side for rev, side in sides.items() if side is not None and side.ours}
    return replace(s, seen=replace(s.seen, services=services, sides={**s.seen.sides, **ours}))


def _going_on(s: Situation, writes: tuple[Write, ...] = ()) -> Plan:
    return Plan(reason="GivingBack", status=_status(s), writes=writes, wake_after_s=AGAIN_S)


def _status(s: Situation) -> Mapping[str, Any] | None:
    """The memory with the time of the move, as of this generation; nothing else is told of a Rollout that goes."""
    if not s.under_way:
        return None
    now = {"observed_generation": s.rollout.metadata.generation}
    conditions = [condition.model_copy(update=now) for condition in s.memory.conditions]
    return s.memory.model_copy(update={**now, "conditions": conditions}).to_wire()


def _timed(s: Situation, survivor: Survivor) -> Situation:
    """Since when the endpoints list the survivor alone: stored with the move, as on every way back."""
    if not s.under_way or s.production is None:
        return s
    right = dict(s.production.selector) == dict(survivor.selector) and s.listed_only(survivor.listed)
    return s.progress_with(moved_at=(s.progress.moved_at or text_of(s.now)) if right else None)


def _cleared(s: Situation, survivor: Survivor) -> Plan | None:
    """Recreate: the other revision goes, to its last pod, before the survivor comes. None where nothing is to go."""
    others = [side for side in others_than(s, survivor) if side.revision != survivor.runs]
    if not s.exclusive or survivor.side.desired >= s.n:
        return None
    running = [side for side in others if side.desired]
    if running:
        return _going_on(s, tuple(emptied(s, side) for side in running))
    if any(map(runs, others)):
        return _going_on(s)
    revisions = [side.revision for side in others if side.revision]
    unseen = unread(s, revisions)
    if unseen:
        return Plan(reason="Looking", look=unseen)
    return None if all(gone(s, revision) for revision in revisions) else _going_on(s)


def _let_go(s: Situation) -> Write:
    return let_go(s.name, layout.identity(s))


def let_go(name: str, seen: Identity) -> Write:
    """The write that takes our finalizer away."""
    return Write(Verb.APPLY, "Rollout", name, {"metadata": {"finalizers": []}}, seen)


def _done(step: Step, s: Situation, survivor: Survivor) -> bool:
    """Whether what a step asked for has come about: the survivor can take the requests, and gets them."""
    others_ready = sum(side.ready for side in others_than(s, survivor))
    if step is grow:
        return not others_ready or survivor.side.ready * RETURN_FLOOR >= s.n
    if step is move:
        return not others_ready or s.production is None or _left_to(s, survivor)
    if (
        step is selector_back
        and s.production is not None
        and layout.selector_before(s.production) is not None
    ):
        return seconds_since(s.rollout.metadata.deletion_timestamp, s.now) >= LISTED_S
    return True


def _left_to(s: Situation, survivor: Survivor) -> bool:
    """Whether nobody misses the others: no node sends them requests, or the survivor has all pods behind one selector."""
    live = s.production
    if live is None or not live.ready.get(survivor.listed):
        return False
    if any(matches(live.selector, side) for side in others_than(s, survivor)):
        return live.ready[survivor.listed] >= s.n
    return not s.under_way or has_settled(s)
