"""The production Service's selector: it selects one track, or all revisions at once (the share is then that of their pods)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from crossfade.api.conditions import Reason
from crossfade.api.labels import ANNOTATION_GIVE_BACK, LABEL_REVISION, LABEL_ROLE, LABEL_ROLLOUT
from crossfade.api.parsing import parsed
from crossfade.core import manifests, ports
from crossfade.core.adoption import other_writers
from crossfade.core.declared_ports import undeclared_names
from crossfade.core.marks import disowned
from crossfade.core.observed import SeenService
from crossfade.core.plan import Verb, Write
from crossfade.core.propagation import has_propagated
from crossfade.core.same import has
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.traffic.port import Obstacle, Share, receivers

_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PREFIX_LENGTH: Final = 253


@dataclass(frozen=True)
class Selector:
    """Keeps the promises of `port.Traffic` by one Service."""

    s: Situation

    @property
    def mixes(self) -> bool:
        """Where both have the same ports: one Service has one set of them."""
        return not self.s.once(ports.are_apart)

    def obstacle(self, share: Share) -> Obstacle | None:
        """Another field manager that writes the selector of an adopted Service. On the way back it is taken from whoever writes it."""
        others = other_writers(self.s)
        if not others or self._leads_back(share):
            return None
        waits = (
            f"{', '.join(others)} to leave the selector of Service {self.s.service_name} to Crossfade alone"
        )
        return Obstacle(Reason.NOT_SOLE_OWNER, waits)

    def _leads_back(self, share: Share) -> bool:
        """Whether the share is a rollback: to stable alone, or to what a deletion leaves; and the first of a recreate without old pods.

        Until that one moves the Service has no pod. Where unmanaged pods answer, neither that nor stable alone counts.
        """
        s = self.s
        if s.rollout.metadata.deletion_timestamp or s.progress.rollback_reason:
            return True
        home = receivers(share) == {s.stable_revision}
        stopped = s.exclusive and bool(s.stable_revision) and not s.stable.replicas
        return (home or stopped) and not self.listed(SOURCE)

    def unproved(self, share: Share) -> Obstacle | None:
        """Endpoints prove it all."""
        return None

    @cached_property
    def takes_strangers(self) -> bool:
        """An adopted Service selects somebody's pods until the first release has the requests."""
        return self.s.adopts and not self.s.stable_revision

    @property
    def strangers(self) -> int:
        """Endpoints that are of no revision, while an adopted Service is not ours yet."""
        return self.listed(SOURCE) if self.takes_strangers else 0

    @cached_property
    def _selector(self) -> Mapping[str, str] | None:
        return self.s.production.selector if self.s.production is not None else None

    def live(self, track: str) -> bool:
        """Whether the selector selects the track's pods, or would, if it had some."""
        if self._selector is None or not track:
            return False
        return self._selector.items() <= self._labels(track).items()

    def depends_on(self, track: str) -> bool:
        """Whether it gets requests alone."""
        others = {self.s.stable_revision, self.s.progress.revision} - {track}
        return self.live(track) and not any(map(self.live, others))

    def real_percent(self, track: str) -> float | None:
        """A selector gives no share: the number of pods does."""
        return None

    def settled(self, share: Share) -> bool:
        """What is taken away goes from both at once."""
        return True

    def _labels(self, track: str) -> Mapping[str, str]:
        manifest = self.s.side(track).manifest
        made = ((manifest.get("spec") or {}).get("template") or {}).get("metadata") or {}
        labels = made.get("labels") or {}
        return labels if track == SOURCE else {**labels, LABEL_ROLLOUT: self.s.name, LABEL_REVISION: track}

    def gives(self, share: Share) -> bool:
        """Whether the selector is the one that makes this share."""
        return self._selector is not None and dict(self._selector) == self.selector_for(share)

    def selector_for(self, share: Share) -> dict[str, str]:
        """One track's own labels, or those that all revisions share."""
        tracks = receivers(share)
        if tracks == {SOURCE}:
            selector = self.s.side(SOURCE).manifest["spec"]["selector"]
            return dict(selector.get("matchLabels") or {})
        alone = {LABEL_REVISION: next(iter(tracks))} if len(tracks) == 1 else {}
        return {LABEL_ROLLOUT: self.s.name, **alone}

    def shows(self, share: Share, at_least: Mapping[str, int]) -> bool:
        """Each receiver has its pods listed; where one gets all requests, nothing else is."""
        tracks = receivers(share)
        if len(tracks) == 1 and not self.only(tracks):
            return False
        return all(self.listed(track) >= count for track, count in at_least.items() if track in tracks)

    def only(self, tracks: Collection[str]) -> bool:
        """Whether production's endpoints are pods of these tracks and of nothing else, and some are ready."""
        ready = self.s.production.ready if self.s.production is not None else {}
        listed = {key for key, count in ready.items() if count}
        return listed == {_listed_as(track) for track in tracks}

    def follows(self, tracks: Collection[str]) -> bool:
        """Whether the endpoints are by the selector that is written now. One that is not ours may select strangers."""
        ready = self.s.production.ready if self.s.production is not None else {}
        listed = {key for key, count in ready.items() if count}
        selected = {_listed_as(track) for track in tracks if self.live(track)}
        ours = (self._selector or {}).get(LABEL_ROLLOUT) == self.s.name
        return (bool(listed) and listed <= selected) if ours else listed <= {*selected, ""}

    def serving(self, track: str) -> int:
        """Pods that are ready but not listed yet do not count: nobody sends them a request."""
        side = self.s.side(track)
        if not self.live(track):
            return 0
        return min(side.available, side.desired, self.listed(track))

    def listed(self, track: str) -> int:
        """Its ready pods behind the production Service."""
        production = self.s.production
        return production.ready.get(_listed_as(track), 0) if production is not None else 0

    def idle(self, track: str) -> bool:
        """Not selected, and all nodes have had the time to follow the endpoints that are right now; or there is no Service yet."""
        none_yet = self.s.production_read is None and manifests.is_first(self.s)
        return not self.live(track) and (none_yet or has_propagated(self.s))

    def is_beside(self, track: str) -> bool:
        """Endpoints go by what is selected now."""
        return False

    def separates(self, track: str, others: Collection[str]) -> bool:
        """Whether the track's own selector selects none of the others' pods."""
        alone = self.selector_for({track: 100}).items()
        return not any(alone <= self._labels(other).items() for other in others if other != track)

    def writes(self, share: Share | None) -> Iterator[Write]:
        """The Service with that selector: made, kept as it should be, or co-owned as it is where it is adopted."""
        s = self.s
        selector = self.selector_for(share) if share is not None else None
        live = s.production_read
        if live is not None:
            yield from kept(s, live, selector or dict(live.selector), "production")
        elif s.adopts:
            yield from _adopted(s)
        elif selector is not None and s.seen.found.services.get(s.service_name) is None:
            body = manifests.service(s, s.service_name, "production", selector)
            yield Write(Verb.CREATE, "Service", s.service_name, body)


def _listed_as(track: str) -> str:
    """How endpoints count the track: pods that are of no revision count under nothing."""
    return "" if track == SOURCE else track


def kept(
    s: Situation,
    live: SeenService,
    selector: Mapping[str, str],
    role: str,
    notes: Mapping[str, str] | None = None,
) -> Iterator[Write]:
    """Selector, owner, ports and notes of a Service of ours as they should be."""
    meta = {**_marks(s, role), **({"annotations": dict(notes)} if notes else {})}
    yield from disowned(s, "Service", live.name, live)
    due = _ports_due(s, live, selector, role)
    moves = dict(live.selector) != dict(selector)
    if due is None and (moves or not has(live.manifest.get("metadata", {}), meta)):
        body = {"metadata": {**_memo(live), **meta}, "spec": {"selector": dict(selector)}}
        yield Write(Verb.APPLY, "Service", live.name, body, live.identity)
    elif due is not None:  # in one write with the selector: no request goes to a port that nobody listens on
        change: list[dict[str, Any]] = [{"op": "replace", "path": "/spec/ports", "value": due}]
        if moves:
            change.append({"op": "replace", "path": "/spec/selector", "value": dict(selector)})
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def _ports_due(
    s: Situation, live: SeenService, selector: Mapping[str, str], role: str
) -> list[dict[str, Any]] | None:
    """The ports that it is to have, where those are others than it has; an adopted one's are its owner's, and others follow them."""
    if role == "production" and s.adopts:
        return None
    wanted = (ports.behind if role == "production" else ports.beside)(s, selector)
    due = wanted and not _same_ports(live, wanted) and _have_ports(s, selector, wanted)
    return wanted if due else None


def _marks(s: Situation, role: str) -> dict[str, Any]:
    meta = manifests.owned(s, {LABEL_ROLE: role})
    return {"labels": meta["labels"]} | (
        {"ownerReferences": meta["ownerReferences"]} if meta["ownerReferences"] else {}
    )


def _memo(live: SeenService) -> dict[str, Any]:
    """What an adopted Service must be given back as: repeated in each apply, since an apply drops what it leaves out."""
    memo = live.manifest.get("metadata", {}).get("annotations", {}).get(ANNOTATION_GIVE_BACK)
    return {"annotations": {ANNOTATION_GIVE_BACK: memo}} if memo is not None else {}


def _adopted(s: Situation) -> Iterator[Write]:
    """Somebody's Service becomes ours to watch, and its selector ours too, as it is: who drops it empties nothing."""
    found = s.seen.found.services.get(s.service_name)
    if found is None:
        return
    memo = {ANNOTATION_GIVE_BACK: json.dumps(dict(found.selector), sort_keys=True)}
    body = {
        "metadata": {**_marks(s, "production"), "annotations": memo},
        "spec": {"selector": dict(found.selector)},
    }
    yield Write(Verb.APPLY, "Service", s.service_name, body, found.identity)


def _have_ports(s: Situation, selector: Mapping[str, str], wanted: list[dict[str, Any]]) -> bool:
    """Whether the pods behind it have the ports that it is to name; until then it keeps those that it has."""
    alone = selector.get(LABEL_REVISION)
    templates = (
        s.template_of(each)
        for each in ([alone] if alone else [s.stable_revision, s.progress.revision])
        if each
    )
    return not any(undeclared_names(wanted, template) for template in templates if template)


def _same_ports(live: SeenService, wanted: list[dict[str, Any]]) -> bool:
    """What the API server adds to a port (a nodePort) is left; a name is not: it was ours, and is not wanted any more."""
    listed = live.manifest.get("spec", {}).get("ports", [])
    return len(listed) == len(wanted) and all(
        has(a, b) and a.get("name") == b.get("name") for a, b in zip(listed, wanted, strict=True)
    )


def selector_before(live: SeenService) -> dict[str, str] | None:
    """The selector that an adopted Service had; None where it was not adopted.

    Whoever may edit the Service may have written the annotation, and could have written the selector. So it is believed as
    far as it can be a selector: one that the API server refuses would hold up the deletion for ever.
    """
    memo = live.manifest.get("metadata", {}).get("annotations", {}).get(ANNOTATION_GIVE_BACK)
    if memo is None:
        return None
    try:
        before = parsed(memo)
    except ValueError:
        before = None
    return before if _is_selector(before) else dict(live.selector)  # spoiled: it stays as it is


def _is_selector(value: Any) -> bool:
    """Whether the API server would take it for the selector of a Service."""
    return isinstance(value, dict) and all(map(_is_label, value.items()))


def _is_label(item: tuple[Any, Any]) -> bool:
    key, value = item
    prefix, slash, name = key.rpartition("/")
    named = _PREFIX.fullmatch(prefix) and len(prefix) <= _PREFIX_LENGTH if slash else True
    return (
        bool(named and _NAME.fullmatch(name))
        and isinstance(value, str)
        and bool(_NAME.fullmatch(value or "x"))
    )
