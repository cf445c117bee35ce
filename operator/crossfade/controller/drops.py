"""Remembers that ready pods of a revision went away, until they are back and a pass has looked once more.

A first crash shows as 0 ready endpoints for only 0.1 s, since the kubelet restarts at once: whoever reads the store
a moment later sees nothing. So the drop is latched while the change is put into the store. A Deployment that is seen
for the first time counts as dropped too: what happened while no operator ran shows in its pods only.

The endpoints lose a pod when its probe fails, and the kubelet writes the exit code of its container a second later, on a
busy node several: a look in between finds no evidence yet. A container that has ended is ready again only after its
exit code was written, so a drop stands until as many pods are ready again, and is looked at once more then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from crossfade.controller.revisions import known_revisions
from crossfade.controller.seen import revision_of_deployment
from crossfade.controller.slices import count
from crossfade.controller.store import Key, Raw, Store

LINGER_S: Final = 3.0
"""A drop is told for so long at least: a Deployment's count of ready pods follows the endpoints a little later."""


@dataclass(frozen=True)
class Drop:
    """When a revision dropped last (monotonic seconds), and which drop of all it was.

    `before`: how many pods were ready before the first drop of those that did not come back yet. `over`: they have come
    back. `known`: a pass has taken it into account.
    """

    at_s: float
    number: int
    before: float
    over: bool = False
    known: bool = False


class Drops:
    """The revisions of each Rollout of which a ready endpoint or a ready pod went away."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[Key, dict[str, Drop]] = {}
        self._number = 0

    def note(self, kind: str, key: Key, old: Raw | None, new: Raw | None) -> None:
        """Compare an object with its former self; a listener of the store."""
        if kind not in {"EndpointSlice", "Deployment"}:
            return
        if old is None:
            self._latch(key, _first(new) if kind == "Deployment" else {})
            return
        before, after = self._ready(kind, key, old), self._ready(kind, key, new)
        self._latch(key, {rev: ready for rev, ready in before.items() if after.get(rev, 0) < ready})

    def _latch(self, key: Key, before: Mapping[str, float]) -> None:
        for revision in filter(None, before):
            self._number += 1
            latched = self._seen.setdefault(key, {})
            last, now = latched.get(revision), self._counts(key, revision)[0]
            ready = max(before[revision], now, last.before if last else 0)
            latched[revision] = Drop(self._clock(), self._number, ready)

    def of(self, key: Key) -> Mapping[str, Drop]:
        """The revisions that dropped, each with its last drop, to be given back to `settle`."""
        return {rev: replace(drop, over=self._is_over(key, rev, drop)) for rev, drop in self._latched(key)}

    def ages_s(self, key: Key) -> Mapping[str, float]:
        """The revisions that dropped, each with the seconds since."""
        now_s = self._clock()
        return {revision: now_s - drop.at_s for revision, drop in self._latched(key)}

    def fresh(self, key: Key) -> frozenset[str]:
        """The revisions that dropped just now, or whose drop no pass has taken into account."""
        old = self._clock() - LINGER_S
        return frozenset(rev for rev, drop in self._latched(key) if drop.at_s > old or not drop.known)

    def settle(self, key: Key, handled: Mapping[str, Drop]) -> None:
        """Forget what a completed pass knew, is old and was over when it began; a drop that came meanwhile stays."""
        old, kept = self._clock() - LINGER_S, dict[str, Drop]()
        for revision, drop in self._latched(key):
            seen = handled.get(revision)
            known = seen is not None and seen.number == drop.number
            if not (seen and known and seen.over and drop.at_s <= old):
                kept[revision] = replace(drop, known=known)
        if kept:
            self._seen[key] = kept
        else:
            self._seen.pop(key, None)

    def forget(self, key: Key) -> None:
        """The Rollout is gone: nothing of it is latched any more."""
        self._seen.pop(key, None)

    def _latched(self, key: Key) -> Iterable[tuple[str, Drop]]:
        return self._seen.get(key, {}).items()

    def _is_over(self, key: Key, revision: str, drop: Drop) -> bool:
        """Whether as many are ready as before the drop, or as the Deployment asks for now, whichever is less."""
        ready, wanted = self._counts(key, revision)
        return ready >= min(drop.before, wanted)

    def _counts(self, key: Key, revision: str) -> tuple[int, int]:
        """Ready pods of a revision and those that are asked for, as its Deployment says; (0, 0) where there is none."""
        mine = (d for d in self._store.children("Deployment", key) if revision_of_deployment(d) == revision)
        return max(((_ready_pods(d), d["spec"].get("replicas", 1)) for d in mine), default=(0, 0))

    def _ready(self, kind: str, key: Key, obj: Raw | None) -> Mapping[str, float]:
        if obj is None:
            return {}
        if kind == "EndpointSlice":
            return count([obj], key.name, known_revisions(self._store, key), portless=True).ready
        return {revision_of_deployment(obj): _ready_pods(obj)}


def _first(new: Raw | None) -> Mapping[str, float]:
    """The revision of a Deployment that is seen for the first time: nobody knows how many were ready before.

    One that never had a pod lost none.
    """
    has_pods = new is not None and (new.get("status") or {}).get("replicas")
    return {revision_of_deployment(new): math.inf} if new is not None and has_pods else {}


def _ready_pods(deployment: Mapping[str, Any]) -> int:
    return int((deployment.get("status") or {}).get("readyReplicas", 0))
