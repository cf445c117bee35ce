"""Remembers that ready pods of a revision went away, until a pass has taken it into account.

A first crash shows as 0 ready endpoints for only 0.1 s, since the kubelet restarts at once: whoever reads the store
a moment later sees nothing. So the drop is latched while the change is put into the store. A Deployment that is seen
for the first time counts as dropped too: what happened while no operator ran shows in its pods only.

A drop is told for `LINGER_S`, not once: the endpoints lose a pod when its probe fails, and the kubelet writes the exit
code of its container up to a second later (its relist period), so the first look may find no evidence yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crossfade.api.labels import LABEL_REVISION
from crossfade.controller.slices import count
from crossfade.controller.store import Key, Raw

LINGER_S: Final = 3.0
"""The kubelet's relist (1 s) and its status update (up to 1 s more on a busy node), with room."""


@dataclass(frozen=True)
class Drop:
    """When a revision dropped last (monotonic seconds), and which drop of all it was."""

    at_s: float
    number: int


class Drops:
    """The revisions of each Rollout of which a ready endpoint or a ready pod went away."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[Key, dict[str, Drop]] = {}
        self._number = 0

    def note(self, kind: str, key: Key, old: Raw | None, new: Raw | None) -> None:
        """Compare an object with its former self; a listener of the store."""
        if kind not in {"EndpointSlice", "Deployment"}:
            return
        if old is None:
            self._latch(key, _first(key, new) if kind == "Deployment" else ())
            return
        before, after = _ready(kind, key, old), _ready(kind, key, new)
        for revision, ready in before.items():
            if after.get(revision, 0) < ready:
                self._latch(key, (revision,))

    def _latch(self, key: Key, revisions: Iterable[str]) -> None:
        for revision in filter(None, revisions):
            self._number += 1
            self._seen.setdefault(key, {})[revision] = Drop(self._clock(), self._number)

    def of(self, key: Key) -> Mapping[str, Drop]:
        """The revisions that dropped, each with its last drop, to be given back to `settle`."""
        return dict(self._seen.get(key, {}))

    def ages_s(self, key: Key) -> Mapping[str, float]:
        """The revisions that dropped, each with the seconds since."""
        now_s = self._clock()
        return {revision: now_s - drop.at_s for revision, drop in self.of(key).items()}

    def settle(self, key: Key, handled: Mapping[str, Drop]) -> None:
        """Forget what a completed pass knew and is old; a drop that came during the pass stays."""
        old = self._clock() - LINGER_S
        kept = {r: d for r, d in self._seen.get(key, {}).items() if handled.get(r) != d or d.at_s > old}
        if kept:
            self._seen[key] = kept
        else:
            self._seen.pop(key, None)

    def forget(self, key: Key) -> None:
        self._seen.pop(key, None)


def _first(key: Key, new: Raw | None) -> Iterable[str]:
    """The revision of a Deployment that is seen for the first time; one that never had a pod lost none."""
    status = (new or {}).get("status") or {}
    return _ready("Deployment", key, new) if status.get("replicas") else ()


def _ready(kind: str, key: Key, obj: Mapping[str, Any] | None) -> Mapping[str, int]:
    if obj is None:
        return {}
    if kind == "EndpointSlice":
        return count([obj], key.name).ready
    revision = (obj["metadata"].get("labels") or {}).get(LABEL_REVISION, "")
    return {revision: (obj.get("status") or {}).get("readyReplicas", 0)}
