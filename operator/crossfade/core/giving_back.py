"""How a Rollout that is deleted gives back what is to go on, once that has all pods and all requests.

A step is a generator of the writes that are still missing for it, none where it is done. A new step is a function here and its
place in STEPS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crossfade.api.labels import LABEL_OWNER_UID, LABEL_REVISION, LABEL_ROLLOUT
from crossfade.core import layout, manifests
from crossfade.core.marks import disowning, removing, unmarking, without_service
from crossfade.core.moments import seconds_since
from crossfade.core.observed import Side
from crossfade.core.plan import Verb, Write
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.traffic.selector import Selector, selector_before

LISTED_S = 3.0
"""After the deletion the endpoints need so long at most to list whom the old selector selects beside our pods."""


def survivor_of(s: Situation) -> str:
    """The track that goes on: the source, where there is one; else stable, or before anything was stable the candidate."""
    if s.source is not None:
        return SOURCE
    return (s.stable if s.stable_revision else s.candidate).revision


def name_of(s: Situation, survivor: str) -> str:
    """The name of the Deployment that goes on."""
    if survivor == SOURCE and s.spec.workload_ref is not None:
        return s.spec.workload_ref.name
    return manifests.deployment_name(s, survivor)


def remove_others(s: Situation, survivor: str) -> Iterator[Write]:
    """Every other revision goes, and the preview Service."""
    kept = s.side(survivor).identity.uid
    for side in s.seen.sides.values():
        if side.ours and side.identity.uid != kept:
            name = manifests.deployment_name(s, side.revision)
            yield Write(Verb.DELETE, "Deployment", name, None, side.identity)
    for name, live in s.seen.services.items():
        if live.ours and name != s.service_name:
            yield without_service(s, live)


def selector_back(s: Situation, survivor: str) -> Iterator[Write]:
    """An adopted Service selects what it selected before, where that selects the survivor's pods too."""
    live = s.production
    memo = selector_before(live) if live is not None else None
    fits = memo is not None and matches(memo, s.side(survivor))
    if live is not None and fits and dict(live.selector) != memo:
        change = [{"op": "replace", "path": "/spec/selector", "value": memo}]
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def is_waiting(step: Step, s: Situation) -> bool:
    """Whether the endpoints have not had the time to list whom the selector from before selects."""
    adopted = s.production is not None and selector_before(s.production) is not None
    waits = step is selector_back and adopted
    return waits and seconds_since(s.rollout.metadata.deletion_timestamp, s.now) < LISTED_S


def retire(s: Situation, survivor: str) -> Iterator[Write]:
    """With `Delete`, our pods go too where somebody else's answer; else they stay, since nobody may be left alone."""
    owned, live = survivor != SOURCE and s.spec.on_delete == "Delete", s.production
    if owned and live is not None and live.ready.get("", 0) and selector_before(live):
        yield Write(Verb.DELETE, "Deployment", name_of(s, survivor), None, s.side(survivor).identity)


def give_back(s: Situation, survivor: str) -> Iterator[Write]:
    """The Service is its owner's again: with the selector from before, where that selects the survivor's pods."""
    live = s.production
    if live is None:
        return
    memo = selector_before(live)
    if memo is None and s.spec.on_delete == "Delete" and not s.adopts:
        yield Write(Verb.DELETE, "Service", live.name, None, live.identity)
        return
    alone = Selector(s).selector_for({survivor: 100})
    selector = memo if memo is not None and matches(memo, s.side(survivor)) else alone
    change = [
        {"op": "replace", "path": "/spec/selector", "value": selector},
        *disowning(s, live),
        *unmarking(live),
    ]
    yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def unmark_route(s: Situation, _survivor: str) -> Iterator[Write]:
    """A route that the operator made goes on without our marks, where the Service that it names does; else it goes too."""
    for live in s.seen.routes.values():
        if not live.ours:
            continue
        goes = s.spec.on_delete == "Delete" and not s.adopts
        if goes or live.name != s.service_name:
            yield Write(Verb.DELETE, live.kind, live.name, None, live.identity)
        elif change := [*disowning(s, live), *unmarking(live)]:
            yield Write(Verb.PATCH, live.kind, live.name, change, live.identity)


def unmark(s: Situation, survivor: str) -> Iterator[Write]:
    """The survivor is a plain Deployment: its pods keep their labels, which its selector needs."""
    side = s.side(survivor)
    labels = side.manifest.get("metadata", {}).get("labels", {})
    ours = [key for key in (LABEL_ROLLOUT, LABEL_OWNER_UID, LABEL_REVISION) if key in labels]
    change = [*(removing("labels", key) for key in ours), *disowning(s, side)]
    if change:
        yield Write(Verb.PATCH, "Deployment", name_of(s, survivor), change, side.identity)


Step = Callable[[Situation, str], Iterator[Write]]
STEPS: tuple[Step, ...] = (remove_others, selector_back, retire, give_back, unmark_route, unmark)


def unmarked_service(s: Situation) -> Iterator[Write]:
    """Our pods are gone, somebody else's answer: the Service only loses our marks."""
    live = s.production
    if live is not None:
        yield Write(Verb.PATCH, "Service", live.name, unmarking(live), live.identity)


def all_gone(s: Situation) -> Iterator[Write]:
    """Nothing ever served: what is there goes, and an adopted Service is as it was."""
    yield from remove_others(s, "")
    yield from (
        Write(Verb.DELETE, r.kind, r.name, None, r.identity) for r in s.seen.routes.values() if r.ours
    )
    live = s.production
    if live is not None and selector_before(live) is not None:
        yield layout.given_back(live)


def matches(selector: Mapping[str, str], side: Side) -> bool:
    """Whether a selector selects the pods of a revision; an empty one selects none."""
    template: Mapping[str, Any] = side.manifest.get("spec", {}).get("template", {})
    labels = (template.get("metadata") or {}).get("labels", {})
    return bool(selector) and selector.items() <= labels.items()
