"""What the operator's process holds in its memory of the simulated cluster: its real store, observer and latch.

The store of one state is forked from the store of the state before, and fed with what is new in between, as a watch
would. A store that cannot be led there by news (the simulated watch went back in time) is a fresh one.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from crossfade.controller.drops import Drops
from crossfade.controller.observe import Observer
from crossfade.controller.store import OF_THE_CLUSTER, Key, Store, Watched, version_of
from simulation.stored import Object

Place = tuple[str, str]
"""Kind and name."""

NAMESPACE = "prod"
T = TypeVar("T")


class Clock:
    """The seconds that a latch reads: whoever asks it something sets them first."""

    now_s = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


CLOCK = Clock()


def fresh_drops() -> Drops:
    """A latch that has seen nothing yet."""
    return Drops(Store(), CLOCK)


def at(drops: Drops, now: datetime, store: Store) -> Drops:
    """The same latch, which reads that time and that store: it is shared by forks of a cluster."""
    CLOCK.now_s = now.timestamp()
    drops._store = store
    return drops


def forked(one: T) -> T:
    """The same apart, as deep as it is changed in place: its tables, and the tables in them."""
    twin = copy.copy(one)
    for name, value in vars(one).items():
        if isinstance(value, dict):
            twin.__dict__[name] = _table(value)
    return twin


def _table(table: dict[Any, Any]) -> dict[Any, Any]:
    if isinstance(table, OrderedDict):
        return table.copy()
    return {key: value.copy() if isinstance(value, dict | set) else value for key, value in table.items()}


ROUTES = {"HTTPRoute": Watched("gateway.networking.k8s.io", "v1", "httproutes", labelled=False)}
"""What a cluster with the Gateway API has besides."""


def _fresh_store() -> Store:
    store = Store()
    store.watch({**ROUTES, **OF_THE_CLUSTER})
    return store


@dataclass(frozen=True)
class Shell:
    """A store and its observer, and the objects that the store was fed with."""

    store: Store = field(default_factory=_fresh_store)
    observer: Observer = field(default_factory=lambda: Observer(Store()))
    shown: Mapping[Place, Object] = field(default_factory=dict)

    def following(self, view: dict[Place, Object]) -> Shell:
        """The same after the watches have shown `view`."""
        news = [(place, raw) for place, raw in view.items() if self.shown.get(place) is not raw]
        gone = [place for place in self.shown if place not in view]
        if not news and not gone:
            return self
        if any(self._is_past(place, raw) for place, raw in news):
            return Shell().following(view)
        store = forked(self.store)
        store.naming = forked(store.naming)
        store.templates = forked(store.templates)
        observer = forked(self.observer)
        observer._store = store
        for place in gone:
            meta = self.shown[place][
                "metadata"
            ]  # a slice is placed by its Service, and has a name of its own
            store.remove(place[0], NAMESPACE, meta["name"], meta["uid"])
        for (kind, _), raw in news:
            store.put(kind, raw)
        return Shell(store, observer, view)

    def _is_past(self, place: Place, raw: Object) -> bool:
        """Whether the store would ignore it, since it has a newer form or this very version of it."""
        had = self.shown.get(place)
        return self.store.is_gone(raw) or (had is not None and version_of(raw) <= version_of(had))


def placed(stored: Object) -> Object:
    """An object as the API server has it, in its namespace."""
    meta = stored["metadata"]
    return stored if "namespace" in meta else {**stored, "metadata": {"namespace": NAMESPACE, **meta}}


def key_of(rollout: Object) -> Key:
    """The Rollout by name."""
    return Key(NAMESPACE, rollout["metadata"]["name"])
