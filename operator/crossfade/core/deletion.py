"""What happens when a Rollout is deleted: what was adopted, or is to go on, is given back; then it may go.

Only a Rollout that holds something of the kind has a finalizer; every other one is left to the garbage collector.
The order is the one of every way back, and each pass does the first thing that is not done yet: the survivor comes
up, the traffic goes to it, the others leave once every node follows, the Service gets its selector back, the marks come
off, and then the finalizer. At no moment does production select pods that are not there. Recreate is the exception:
two revisions never run at once, so the other one leaves first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crossfade.api.labels import (
    FINALIZER,
    LABEL_OWNER_UID,
    LABEL_REVISION,
    LABEL_ROLLOUT,
)
from crossfade.core import layout, manifests
from crossfade.core.moments import seconds_since, text_of
from crossfade.core.observed import Side
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
    survivor = _survivor(s)
    if survivor is None and s.production is not None and s.stable_revision:
        return Plan(reason="GivingBack", writes=tuple(_unmarked_service(s)))
    if survivor is None:
        return Plan(reason="Deleted", writes=tuple(_all_gone(s)) or (_let_go(s),), wake_after_s=AGAIN_S)
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
    others = [side for side in _others(s, survivor) if side.revision != survivor.runs]
    if not s.exclusive or survivor.side.desired >= s.n:
        return None
    running = [side for side in others if side.desired]
    if running:
        return _going_on(s, tuple(_emptied(s, side) for side in running))
    if any(side.replicas or not side.current for side in others):
        return _going_on(s)
    unseen = frozenset(side.revision for side in others if s.pods(side.revision) is None)
    if unseen:
        return Plan(reason="Looking", look=Look(pods=unseen))
    return _going_on(s) if any(s.pods(side.revision) for side in others) else None


def _emptied(s: Situation, side: Side) -> Write:
    name = manifests.deployment_name(s, side.revision)
    return Write(Verb.PATCH, "Deployment", name, layout.scaling(0), side.identity)


def _let_go(s: Situation) -> Write:
    return Write(Verb.APPLY, "Rollout", s.name, {"metadata": {"finalizers": []}}, layout.identity(s))


@dataclass(frozen=True)
class Survivor:
    """The Deployment that goes on: `selector` selects its pods, `listed` is how the endpoints count them.

    `runs`: the revision of its template.
    """

    name: str
    side: Side
    selector: Mapping[str, str]
    listed: str
    runs: str


def _survivor(s: Situation) -> Survivor | None:
    """The source, where there is one; else stable's, or before anything was stable the first candidate's."""
    if s.source is not None and s.spec.workload_ref is not None:
        labels = s.source.manifest["spec"]["selector"].get("matchLabels", {})
        return Survivor(s.spec.workload_ref.name, s.source, labels, "", s.spec_revision)
    side = s.stable if s.stable_revision else s.candidate
    if not side.revision:
        return None
    alone = {LABEL_ROLLOUT: s.name, LABEL_REVISION: side.revision}
    return Survivor(manifests.deployment_name(s, side.revision), side, alone, side.revision, side.revision)


def _others(s: Situation, survivor: Survivor | None) -> list[Side]:
    kept = survivor.side.identity.uid if survivor else ""
    return [side for side in s.seen.sides.values() if side.ours and side.identity.uid != kept]


def _grow(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """The survivor gets all its pods."""
    if survivor.side.desired < s.n:
        yield Write(Verb.PATCH, "Deployment", survivor.name, layout.scaling(s.n), survivor.side.identity)


def _move(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """Production selects the survivor."""
    live = s.production
    if live is not None and dict(live.selector) not in (
        dict(survivor.selector),
        layout.selector_before(live),
    ):
        change = [{"op": "replace", "path": "/spec/selector", "value": dict(survivor.selector)}]
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def _remove_others(s: Situation, survivor: Survivor | None) -> Iterator[Write]:
    """Every other revision goes, and the preview Service."""
    for side in _others(s, survivor):
        name = manifests.deployment_name(s, side.revision)
        yield Write(Verb.DELETE, "Deployment", name, None, side.identity)
    for name, live in s.seen.services.items():
        if live.ours and name != s.service_name:
            yield Write(Verb.DELETE, "Service", name, None, live.identity)


def _selector_back(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """An adopted Service selects what it selected before, where that selects the survivor's pods too."""
    live = s.production
    memo = layout.selector_before(live) if live is not None else None
    if (
        live is not None
        and memo is not None
        and _matches(memo, survivor.side)
        and dict(live.selector) != memo
    ):
        change = [{"op": "replace", "path": "/spec/selector", "value": memo}]
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def _retire(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """With `Delete`, our pods go too where somebody else's answer; else they stay, since nobody may be left alone."""
    owned = survivor.side.revision and s.spec.on_delete == "Delete"
    if (
        owned
        and s.production is not None
        and s.production.ready.get("", 0)
        and layout.selector_before(s.production)
    ):
        yield Write(Verb.DELETE, "Deployment", survivor.name, None, survivor.side.identity)


def _give_back(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """The Service is its owner's again: with the selector from before, where that selects the survivor's pods."""
    live = s.production
    if live is None:
        return
    memo = layout.selector_before(live)
    if memo is None and s.spec.on_delete == "Delete":
        yield Write(Verb.DELETE, "Service", live.name, None, live.identity)
        return
    selector = memo if memo is not None and _matches(memo, survivor.side) else dict(survivor.selector)
    owners = layout.disowning(s, live)
    change = [{"op": "replace", "path": "/spec/selector", "value": selector}, *owners, *layout.unmarked(live)]
    yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def _unmarked_service(s: Situation) -> Iterator[Write]:
    """Our pods are gone, somebody else's answer: the Service only loses our marks."""
    live = s.production
    if live is not None:
        yield Write(Verb.PATCH, "Service", live.name, layout.unmarked(live), live.identity)


def _unmark(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """The survivor is a plain Deployment: its pods keep their labels, which its selector needs."""
    side = survivor.side
    labels = side.manifest.get("metadata", {}).get("labels", {})
    ours = [key for key in (LABEL_ROLLOUT, LABEL_OWNER_UID, LABEL_REVISION) if key in labels]
    change = [{"op": "remove", "path": f"/metadata/labels/{layout.escaped(key)}"} for key in ours]
    change += layout.disowning(s, side)
    if change:
        yield Write(Verb.PATCH, "Deployment", survivor.name, change, side.identity)


Step = Callable[[Situation, Survivor], Iterator[Write]]
STEPS: tuple[Step, ...] = (_grow, _move, _remove_others, _selector_back, _retire, _give_back, _unmark)


def _done(step: Step, s: Situation, survivor: Survivor) -> bool:
    """Whether what a step asked for has come about: the survivor can take the requests, and gets them."""
    others_ready = sum(side.ready for side in _others(s, survivor))
    if step is _grow:
        return not others_ready or survivor.side.ready * RETURN_FLOOR >= s.n
    if step is _move:
        return not others_ready or s.production is None or _left_to(s, survivor)
    if (
        step is _selector_back
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
    if any(_matches(live.selector, side) for side in _others(s, survivor)):
        return live.ready[survivor.listed] >= s.n
    return not s.under_way or has_settled(s)


def _all_gone(s: Situation) -> Iterator[Write]:
    """Nothing ever served: what is there goes, and an adopted Service is as it was."""
    yield from _remove_others(s, None)
    live = s.production
    if live is not None and layout.selector_before(live) is not None:
        yield layout.given_back(live)


def _matches(selector: Mapping[str, str], side: Side) -> bool:
    """Whether a selector selects the pods of a revision."""
    template: Mapping[str, Any] = side.manifest.get("spec", {}).get("template", {})
    labels = (template.get("metadata") or {}).get("labels", {})
    return bool(selector.items() <= labels.items())
