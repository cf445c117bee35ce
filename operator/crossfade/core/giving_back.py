"""How a Rollout that is deleted gives back what is to go on: one step for each thing that has to be so.

A step is a generator of the writes that are still missing for it, none where it is done. `deletion` says when each may
be taken; nothing here waits or looks. A new step is a function here and its place in STEPS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossfade.api.labels import LABEL_OWNER_UID, LABEL_REVISION, LABEL_ROLLOUT
from crossfade.core import layout, manifests
from crossfade.core.observed import Side
from crossfade.core.plan import Verb, Write
from crossfade.core.situation import Situation


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


def survivor_of(s: Situation) -> Survivor | None:
    """The source, where there is one; else stable's, or before anything was stable the first candidate's."""
    if s.source is not None and s.spec.workload_ref is not None:
        labels = s.source.manifest["spec"]["selector"].get("matchLabels", {})
        return Survivor(s.spec.workload_ref.name, s.source, labels, "", s.spec_revision)
    side = s.stable if s.stable_revision else s.candidate
    if not side.revision:
        return None
    alone = {LABEL_ROLLOUT: s.name, LABEL_REVISION: side.revision}
    return Survivor(manifests.deployment_name(s, side.revision), side, alone, side.revision, side.revision)


def others_than(s: Situation, survivor: Survivor | None) -> list[Side]:
    """Every Deployment of ours that does not go on."""
    kept = survivor.side.identity.uid if survivor else ""
    return [side for side in s.seen.sides.values() if side.ours and side.identity.uid != kept]


def grow(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """The survivor gets all its pods."""
    if survivor.side.desired < s.n:
        yield Write(Verb.PATCH, "Deployment", survivor.name, layout.scaling(s.n), survivor.side.identity)


def move(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """Production selects the survivor."""
    live = s.production
    if live is not None and dict(live.selector) not in (
        dict(survivor.selector),
        layout.selector_before(live),
    ):
        change = [{"op": "replace", "path": "/spec/selector", "value": dict(survivor.selector)}]
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def remove_others(s: Situation, survivor: Survivor | None) -> Iterator[Write]:
    """Every other revision goes, and the preview Service."""
    for side in others_than(s, survivor):
        name = manifests.deployment_name(s, side.revision)
        yield Write(Verb.DELETE, "Deployment", name, None, side.identity)
    for name, live in s.seen.services.items():
        if live.ours and name != s.service_name:
            yield Write(Verb.DELETE, "Service", name, None, live.identity)


def selector_back(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """An adopted Service selects what it selected before, where that selects the survivor's pods too."""
    live = s.production
    memo = layout.selector_before(live) if live is not None else None
    if live is not None and memo is not None and matches(memo, survivor.side) and dict(live.selector) != memo:
        change = [{"op": "replace", "path": "/spec/selector", "value": memo}]
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def retire(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """With `Delete`, our pods go too where somebody else's answer; else they stay, since nobody may be left alone."""
    owned = survivor.side.revision and s.spec.on_delete == "Delete"
    if (
        owned
        and s.production is not None
        and s.production.ready.get("", 0)
        and layout.selector_before(s.production)
    ):
        yield Write(Verb.DELETE, "Deployment", survivor.name, None, survivor.side.identity)


def give_back(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """The Service is its owner's again: with the selector from before, where that selects the survivor's pods."""
    live = s.production
    if live is None:
        return
    memo = layout.selector_before(live)
    if memo is None and s.spec.on_delete == "Delete":
        yield Write(Verb.DELETE, "Service", live.name, None, live.identity)
        return
    selector = memo if memo is not None and matches(memo, survivor.side) else dict(survivor.selector)
    owners = layout.disowning(s, live)
    change = [{"op": "replace", "path": "/spec/selector", "value": selector}, *owners, *layout.unmarked(live)]
    yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def unmark(s: Situation, survivor: Survivor) -> Iterator[Write]:
    """The survivor is a plain Deployment: its pods keep their labels, which its selector needs."""
    side = survivor.side
    labels = side.manifest.get("metadata", {}).get("labels", {})
    ours = [key for key in (LABEL_ROLLOUT, LABEL_OWNER_UID, LABEL_REVISION) if key in labels]
    change = [{"op": "remove", "path": f"/metadata/labels/{layout.escaped(key)}"} for key in ours]
    change += layout.disowning(s, side)
    if change:
        yield Write(Verb.PATCH, "Deployment", survivor.name, change, side.identity)


Step = Callable[[Situation, Survivor], Iterator[Write]]
STEPS: tuple[Step, ...] = (grow, move, remove_others, selector_back, retire, give_back, unmark)


def unmarked_service(s: Situation) -> Iterator[Write]:
    """Our pods are gone, somebody else's answer: the Service only loses our marks."""
    live = s.production
    if live is not None:
        yield Write(Verb.PATCH, "Service", live.name, layout.unmarked(live), live.identity)


def emptied(s: Situation, side: Side) -> Write:
    """A revision loses its pods and stays."""
    name = manifests.deployment_name(s, side.revision)
    return Write(Verb.PATCH, "Deployment", name, layout.scaling(0), side.identity)


def all_gone(s: Situation) -> Iterator[Write]:
    """Nothing ever served: what is there goes, and an adopted Service is as it was."""
    yield from remove_others(s, None)
    live = s.production
    if live is not None and layout.selector_before(live) is not None:
        yield layout.given_back(live)


def matches(selector: Mapping[str, str], side: Side) -> bool:
    """Whether a selector selects the pods of a revision."""
    template: Mapping[str, Any] = side.manifest.get("spec", {}).get("template", {})
    labels = (template.get("metadata") or {}).get("labels", {})
    return bool(selector.items() <= labels.items())
