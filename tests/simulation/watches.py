"""What the watches of the simulated cluster show to the operator's process, and what it would lose in a crash."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crossfade.controller.drops import Drops
from crossfade.controller.refusals import Refusals
from simulation.api_server import ApiServer
from simulation.endpoints import NO_ENDPOINTS, slice_of
from simulation.shell import Shell, at, forked, fresh_drops, key_of
from simulation.stored import Object, versioned
from simulation.viewed import Viewed, is_labelled, stored_of

Change = tuple[str, Object | None, Object | None]
"""What a watch shows: a kind, and an object of it before and after."""


@dataclass
class Watches(ApiServer):
    """An API server that is watched.

    `shell` and `drops`: the operator's store, observer and latch, shared with the clusters that were forked from it.
    `unseen`: objects as its store still has them, after the reply to its own write was lost. `held`: the kinds whose
    watch stands still, with their objects as it has shown them, and `backlog` what it is to show. `told`: why a
    Deployment was refused, until the next pass; `refusals`: what else was; `taken`: kinds and names that a CREATE found
    in its way. `has_looked`: this process has made a whole pass.
    """

    shell: Shell | None = field(default=None, compare=False, repr=False)
    drops: Drops = field(default_factory=fresh_drops, compare=False, repr=False)
    unseen: dict[tuple[str, str], Object | None] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    backlog: tuple[Change, ...] = ()
    told: str = ""
    refusals: Refusals = field(default_factory=Refusals, compare=False, repr=False)
    taken: frozenset[tuple[str, str]] = frozenset()
    has_looked: bool = False

    def hold(self, kind: str) -> None:
        """The watch of a kind stands still."""
        self.held[kind] = dict(stored_of(self, kind))

    def let_go(self, kind: str) -> None:
        """It goes on, and shows all that it has missed."""
        del self.held[kind]
        missed, self.backlog = self.backlog, ()
        for change in missed:
            self.saw(*change)

    def keep(self, kind: str, name: str) -> None:
        """The operator has an object from the API server itself: the reply to a write, or what it read."""
        self.unseen.pop((kind, name), None)
        if kind not in self.held:
            return
        now = stored_of(self, kind).get(name)
        others = {n: one for n, one in self.held[kind].items() if n != name}
        self.held[kind] = others if now is None else {**others, name: now}

    def drop(self, revision: str) -> None:
        """The watch shows that a ready pod of a revision went away, and that it came back: of the slices, where it is in."""
        service, live = self.services.get(self.service_name), self.side(revision)
        listed = self.endpoints.get(self.service_name, NO_ENDPOINTS)
        ready = (live or {}).get("status", {}).get("readyReplicas", 0)
        if service and listed.ready.get(revision):
            less = listed.without_one(revision, self.tick_version())
            self._flapped("EndpointSlice", slice_of(service, listed), slice_of(service, less))
        elif live and ready:
            status = {**live["status"], "readyReplicas": ready - 1}
            self._flapped("Deployment", live, versioned({**live, "status": status}, self.tick_version()))

    def _flapped(self, kind: str, usual: Object, less: Object) -> None:
        self._show((kind, usual, less), (kind, less, usual))

    def saw(self, kind: str, before: Object | None, after: Object | None) -> None:
        """The watch shows a change, where it shows the object at all: what latches drops is told."""
        if any(is_labelled(one) for one in (before, after) if one):
            self._show((kind, before, after))

    def _show(self, *changes: Change) -> None:
        if changes[0][0] in self.held:
            self.backlog = (*self.backlog, *changes)
            return
        self.drops = at(forked(self.drops), self.now, Viewed(self))
        for change in changes:
            self.drops.note(change[0], key_of(self.rollout), *change[1:])
