"""The router of the simulated cluster: a Gateway's controller and its proxies, which follow routes in steps of their own.

The controller reads a route, says what it makes of it in the route's status, and the proxies carry out what was read: after
the status or before it, so that a status proves nothing (measured: status after 0.18 s, traffic after 1.76 s). What was read
may be older than what is stored. One bound holds, as for kube-proxy: once a status speaks of what was read, the proxies
carry that out within `CARRIES_S`, unless something newer is read meanwhile. So they do once a route is deleted, where nobody
reads the router's metrics: of that nothing can speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final

from simulation.stored import Object
from simulation.weights import named

CARRIES_S: Final = 1.99
"""As long as kube-proxy may take to follow the endpoints."""

GATEWAY = "web"
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"


class Mode(Enum):
    """How the controller treats routes. REFUSES: it says no, and its proxies stay as they are. SILENT: it never says anything,
    and its proxies follow all the same. SLOW: it accepts them, and its proxies follow when they like. GONE: nobody carries the Gateway out, and the proxies stay as they are.
    """

    ACCEPTS = "accepts routes"
    REFUSES = "refuses routes"
    SILENT = "says nothing of routes"
    SLOW = "is slow to carry routes out"
    GONE = "is gone"


@dataclass(frozen=True)
class Config:
    """A route as it was at some time."""

    uid: str
    generation: int
    spec: Mapping[str, Any]


def config_of(route: Object) -> Config:
    """A stored route as the router reads it."""
    return Config(route["metadata"]["uid"], route["metadata"].get("generation", 1), route["spec"])


@dataclass(frozen=True)
class Router:
    """What its controller has read and its proxies carry out, by route. `said_at`: when the status of what was read was written, or when it was deleted."""

    mode: Mode = Mode.ACCEPTS
    read: Mapping[str, Config] = field(default_factory=dict)
    carried: Mapping[str, Config] = field(default_factory=dict)
    said_at: Mapping[str, datetime] = field(default_factory=dict)
    controller: str = CONTROLLER

    def unread(self, routes: Mapping[str, Object]) -> Iterator[str]:
        """The routes that it has not read as they are; those that are gone too."""
        if self.mode is Mode.GONE:
            return
        yield from (name for name, live in routes.items() if not is_same(self.read.get(name), live))
        yield from (name for name in self.read if name not in routes)

    def reads(self, name: str, live: Object | None) -> Router:
        """Its controller has read a route, or that there is none any more."""
        read = {key: value for key, value in self.read.items() if key != name}
        said = {key: value for key, value in self.said_at.items() if key != name or live is None}
        return replace(self, read=read if live is None else {**read, name: config_of(live)}, said_at=said)

    def uncarried(self) -> Iterator[str]:
        """The routes that its proxies do not carry out as its controller has read them."""
        if self.mode in {Mode.GONE, Mode.REFUSES}:
            return
        yield from (name for name, config in self.read.items() if self.carried.get(name) != config)
        yield from (name for name in self.carried if name not in self.read)

    def carries(self, name: str) -> Router:
        """Its proxies follow what was read of a route."""
        carried = {key: value for key, value in self.carried.items() if key != name}
        said = {key: value for key, value in self.said_at.items() if key != name}
        read = {name: self.read[name]} if name in self.read else {}
        return replace(self, carried={**carried, **read}, said_at=said)

    def status_of(self, name: str, services: Iterable[str]) -> Mapping[str, Any] | None:
        """What it is to say of a route as it was read, where these Services are; None where it says nothing."""
        config = self.read.get(name)
        if config is None or self.mode in {Mode.SILENT, Mode.GONE}:
            return None
        accepts, missing = self.mode is not Mode.REFUSES, named(config.spec) - {*services}
        told = (("Accepted", accepts), ("ResolvedRefs", not missing))
        conditions = [
            {"type": kind, "status": str(holds), "observedGeneration": config.generation}
            for kind, holds in told
        ]
        parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY}
        return {
            "parents": [{"parentRef": parent, "controllerName": self.controller, "conditions": conditions}]
        }

    def says(self, name: str, now: datetime) -> Router:
        """It has written the status: from then on its proxies must follow."""
        begun = self.said_at.get(name, now)
        waits = self.mode is Mode.ACCEPTS and self.carried.get(name) != self.read[name]
        return replace(self, said_at={**self.said_at, name: begun}) if waits else self

    def misses(self, name: str, now: datetime) -> Router:
        """A route is gone, and nothing could say that its proxies have followed: they do within that time."""
        known = self.mode is Mode.ACCEPTS and name in {**self.read, **self.carried}
        return replace(self, said_at={**self.said_at, name: now}) if known else self

    def late(self, now: datetime) -> list[str]:
        """The routes that its proxies cannot be without any longer."""
        return [name for name, at in self.said_at.items() if (now - at).total_seconds() >= CARRIES_S]

    def becomes(self, mode: Mode) -> Router:
        """Its controller treats routes in another way from now on. What it has said of them before holds."""
        kept = self
        for name in self.said_at:
            kept = kept.carries(name)
        return replace(kept, mode=mode)


def is_same(config: Config | None, live: Object) -> bool:
    """Whether it is of that very route, as it is now."""
    meta = live["metadata"]
    return config is not None and (config.uid, config.generation) == (meta["uid"], meta.get("generation", 1))
