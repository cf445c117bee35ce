"""What people and a router do to the routes of the simulated cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossfade.core.plan import Verb, Write
from simulation.edits import Edits
from simulation.endpoints import NO_ENDPOINTS
from simulation.router import GATEWAY, Mode, Router
from simulation.stored import Object, versioned
from simulation.weights import receiving

Rules = list[dict[str, Any]]


@dataclass
class Routed(Edits):
    """An API server that people and a router use. `git`: the rules of each route as its owner wrote them last.

    `inexact`: what the operator had kept of them was spoiled since, so that only their proportions can come back.
    `sent_until`: by Service, until when the router's own metrics show requests to it; None where nobody reads them.
    """

    router: Router = field(default_factory=Router)
    git: Mapping[str, Rules] = field(default_factory=dict)
    inexact: bool = False
    sent_until: Mapping[str, datetime] | None = None

    # --- people -------------------------------------------------------------------------------------

    @property
    def canary_name(self) -> str:
        """The name of the Service that only the candidate is behind, and of the route that only groups of users take."""
        return f"{self.service_name}-canary"

    def make_route(self, name: str, rules: Rules) -> None:
        """Somebody, or Git, makes a route."""
        spec = {"parentRefs": [{"name": GATEWAY}], "hostnames": ["shop.example"], "rules": rules}
        version = self.tick_version()
        meta = {"name": name, "uid": f"uid-{version}", "generation": 1}
        self.routes[name] = versioned({"metadata": meta, "spec": spec}, version)
        self.git, self.inexact = {**self.git, name: rules}, False
        self._follow()

    def apply_rules(self, name: str, rules: Rules) -> None:
        """Its owner writes the rules of a route anew."""
        self.git, self.inexact = {**self.git, name: rules}, False
        self.edit_rules(name, rules)

    def edit_rules(self, name: str, rules: Rules) -> None:
        """Somebody changes the rules of a route by hand."""
        live = self.routes[name]
        if live["spec"]["rules"] != rules:
            self._store_route(name, {**live, "spec": {**live["spec"], "rules": rules}}, newer=1)
        self._follow()

    def delete_route(self, name: str) -> None:
        """Somebody deletes a route; its owner still wants it as it was."""
        self._delete(self.routes, Write(Verb.DELETE, "HTTPRoute", name))
        self._follow()

    def _store_route(self, name: str, after: Object, newer: int = 0) -> None:
        generation = after["metadata"]["generation"] + newer
        self.routes[name] = versioned(after, self.tick_version(), generation=generation)

    # --- the router ---------------------------------------------------------------------------------

    def route_read(self, name: str) -> None:
        """The router's controller reads a route."""
        self.router = self.router.reads(name, self.routes.get(name))

    def route_carried(self, name: str) -> None:
        """Its proxies follow."""
        self.note_sent()
        self.router = self.router.carries(name)

    def route_told(self, name: str) -> None:
        """Its controller writes the status."""
        live, status = self.routes[name], self.router.status_of(name, self.services)
        if status is not None and live.get("status") != status:
            self._store_route(name, {**live, "status": status})
        self.router = self.router.says(name, self.now)

    def route_gone(self, name: str) -> None:
        """It was deleted: where nobody reads the router's metrics, its proxies have the time of an operator's `--settle-seconds`."""
        if self.sent_until is None:
            self.router = self.router.misses(name, self.now)

    def treats_routes(self, mode: Mode) -> None:
        """Its controller treats routes in another way from now on."""
        self.router = self.router.becomes(mode)
        self._follow()

    def untold(self) -> list[str]:
        """The routes whose status is not what its controller is to say."""
        wanted = {name: self.router.status_of(name, self.services) for name in self.routes}
        return [
            name
            for name, status in wanted.items()
            if status is not None and self.routes[name].get("status") != status
        ]

    def follow_routes(self) -> None:
        """The router is as the routes are."""
        for name in [*self.router.unread(self.routes)]:
            self.route_read(name)
        for name in self.untold():
            self.route_told(name)
        for name in [*self.router.uncarried()]:
            self.route_carried(name)

    def carry_late(self) -> None:
        """The proxies follow what they could not be without any longer."""
        for name in self.router.late(self.now):
            if name not in self.routes:
                self.route_read(name)
            self.route_carried(name)

    def note_sent(self) -> None:
        """Keep until when the router's metrics show requests to the canary Service, where they are read."""
        if self.sent_until is not None and self.sends_to(self.canary_name):
            self.sent_until = {**self.sent_until, self.canary_name: self.now}

    # --- who gets requests --------------------------------------------------------------------------

    def sends_to(self, service: str) -> bool:
        """Whether the proxies may send requests to a Service, or copies of them."""
        return any(service in receiving(config.spec) for config in self.router.carried.values())

    def lists(self, service: str) -> frozenset[str]:
        """The revisions that have ready pods in the slices of a Service."""
        return frozenset(r for r, n in self.endpoints.get(service, NO_ENDPOINTS).ready.items() if n)
