"""What happens when a Rollout is deleted: what was adopted, or is to go on, is given back; then it may go.

Only a Rollout that holds something of the kind has a finalizer; every other one is left to the garbage collector. The way is
the one of every goal: the stepper brings what goes on to all its pods and all requests. Then each pass takes the first of
`giving_back.STEPS` that is not done yet, and at last the finalizer goes. At no moment does production select pods that are not
there; under recreate, where two revisions never run at once, the other one leaves first.
"""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.labels import FINALIZER
from crossfade.core import goals, groups, layout, manifests, summary
from crossfade.core.clocks import with_moved_at
from crossfade.core.giving_back import STEPS, all_gone, is_waiting, survivor_of, unmarked_service
from crossfade.core.observed import Identity
from crossfade.core.plan import Plan, ReadRequest, Verb, Write
from crossfade.core.situation import Situation
from crossfade.core.stepper import step
from crossfade.core.traffic.route import taken_back

AGAIN_S = 1.0


def plan(s: Situation) -> Plan:
    """Give back, then let go. Without our finalizer, or in a namespace that goes too, nothing is held up."""
    if FINALIZER not in s.rollout.metadata.finalizers:
        return Plan(reason="Deleted")
    if s.seen.namespace_terminating:
        return Plan(reason="Deleted", writes=(_let_go(s),))
    if not manifests.outlives(s):
        return _without_route(s)
    read = _unseen(s)
    if read is not None:
        return Plan(reason="Reading", read=read)
    s = _with_what_was_found(s)
    survivor = survivor_of(s)
    if not survivor and s.production is not None and s.stable_revision:
        return Plan(reason="GivingBack", writes=tuple(unmarked_service(s)))
    if not survivor:
        return Plan(reason="Deleted", writes=tuple(all_gone(s)) or (_let_go(s),), wake_after_s=AGAIN_S)
    return _given_back(s, survivor)


def _without_route(s: Situation) -> Plan:
    """Nothing goes on but somebody's route: it gets its own numbers back."""
    writes = (*taken_back(s), *map(groups.gone, groups.previews(s)))
    return (
        _going_on(s, "the route to get its numbers back", writes)
        if writes
        else Plan(reason="Deleted", writes=(_let_go(s),))
    )


def _given_back(s: Situation, survivor: str) -> Plan:
    goal = goals.given_back(s, survivor)
    s = with_moved_at(s, step(goal, s).share)
    at = step(goal, s)
    if at.read is not None:
        return Plan(reason="Reading", read=at.read)
    if at.unmet is not None:
        return _going_on(s, at.unmet.waiting_for, tuple(layout.moving(s, at)))
    for give in STEPS:
        writes = tuple(give(s, survivor))
        if writes or is_waiting(give, s):
            return _going_on(s, "its marks to come off", writes)
    return Plan(reason="Deleted", writes=(_let_go(s),))


def _unseen(s: Situation) -> ReadRequest | None:
    """What may be ours already, where the reply to its making was lost: else our marks stay on it for ever."""
    services = {s.service_name} if s.adopts and s.production is None else set()
    deployments = set(_unseen_sides(s))
    wanted = ReadRequest(
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


def _going_on(s: Situation, waits: str, writes: tuple[Write, ...] = ()) -> Plan:
    message = f"it is deleted, and what goes on is given back: waits for {waits}"
    status = summary.going(s, message).to_wire()
    return Plan(reason="GivingBack", status=status, writes=writes, wake_after_s=AGAIN_S)


def _let_go(s: Situation) -> Write:
    return let_go(s.name, layout.identity(s))


def let_go(name: str, seen: Identity) -> Write:
    """The write that takes our finalizer away."""
    return Write(Verb.APPLY, "Rollout", name, {"metadata": {"finalizers": []}}, seen)
