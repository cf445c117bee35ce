"""The API server of the in-memory cluster: what is stored, how a write is taken or refused, and what is collected.

Nothing here moves by itself: `cluster.py` is the world around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crossfade.api.labels import FINALIZER
from crossfade.core.plan import Verb, Write
from simulation.endpoints import Endpoints, slice_of
from simulation.pods import SimPod
from simulation.remembered import once_for_each
from simulation.stored import Object, Refused, identity, merged, patched, versioned

UID = "0b5e55ed-0000-4000-8000-000000000001"
FOREGROUND = "foregroundDeletion"
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

TABLES = {
    "Deployment": "deployments",
    "Service": "services",
    "Release": "releases",
    "RolloutAction": "actions",
    "HTTPRoute": "routes",
}


@dataclass
class ApiServer:
    """What is stored of one Rollout and its children, with the pods and slices that follow from them.

    `cascade`: how the Rollout is deleted; `gone`: it is, and only its last state is kept here. `writes`: all that were
    taken. `api_ahead_s`: how far its clock is ahead of the operator's.
    """

    rollout: Object
    now: datetime = START
    deployments: dict[str, Object] = field(default_factory=dict)
    services: dict[str, Object] = field(default_factory=dict)
    releases: dict[str, Object] = field(default_factory=dict)
    actions: dict[str, Object] = field(default_factory=dict)
    routes: dict[str, Object] = field(default_factory=dict)
    pods: tuple[SimPod, ...] = ()
    pull_pods: tuple[SimPod, ...] = ()
    endpoints: dict[str, Endpoints] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    counter: int = 0
    cascade: str = ""
    gone: bool = False
    api_ahead_s: float = 0.0

    @property
    def api_now(self) -> datetime:
        """The time by the API server's own clock."""
        return self.now + timedelta(seconds=self.api_ahead_s)

    @property
    def status(self) -> dict[str, Any]:
        """The Rollout's status as stored."""
        return self.rollout.get("status", {})

    @property
    def service_name(self) -> str:
        """The production Service's name."""
        return service_named(self.rollout["spec"]) or str(self.rollout["metadata"]["name"])

    def side(self, revision: str) -> Object | None:
        """The Deployment of a revision."""
        return self.deployments.get(f"{self.rollout['metadata']['name']}-{revision}")

    @property
    def deleting(self) -> bool:
        """Whether somebody has deleted the Rollout."""
        return "deletionTimestamp" in self.rollout["metadata"]

    def tick_version(self) -> int:
        """The next resourceVersion."""
        self.counter += 1
        return self.counter

    def write(self, write: Write) -> None:
        """Carry out one write, as the API server would; raises Refused."""
        if write.kind == "Pod":
            self._write_pull_pod(write)
        elif write.kind == "Rollout":
            self._write_rollout(write)
        else:
            self._write_child(getattr(self, TABLES[write.kind]), write)
        self.writes.append(write)
        self._follow()

    def _write_rollout(self, write: Write) -> None:
        if self.gone or write.identity != identity(self.rollout):
            raise Refused(write)
        if write.verb is Verb.STATUS:
            self.rollout = {**self.rollout, "status": write.body["status"]}
        else:
            others = [f for f in self.rollout["metadata"].get("finalizers", []) if f != FINALIZER]
            ours = write.body["metadata"]["finalizers"]
            self.rollout = versioned(self.rollout, self.tick_version(), finalizers=others + ours)
        self.rollout = versioned(self.rollout, self.tick_version())
        self.gone = self.deleting and not self.rollout["metadata"].get("finalizers")

    def _write_child(self, table: dict[str, Object], write: Write) -> None:
        if write.verb is Verb.CREATE:
            self._create(table, write)
            return
        live = table.get(write.name)
        if live is None or write.identity != identity(live):
            raise Refused(write)
        if write.verb is Verb.DELETE:
            self._delete(table, write)
            return
        after = _changed(live, write)
        generation = after["metadata"].get("generation", 0) + (after.get("spec") != live.get("spec"))
        table[write.name] = versioned(after, self.tick_version(), generation=generation)

    def _create(self, table: dict[str, Object], write: Write) -> None:
        if write.name in table:
            raise Refused(write)
        version = self.tick_version()
        made = {"uid": f"uid-{version}", "generation": 1, "creationTimestamp": self.api_now.isoformat()}
        table[write.name] = versioned(write.body, version, **made)

    def _delete(self, table: dict[str, Object], write: Write) -> None:
        gone = table.pop(write.name)
        self.saw(write.kind, gone, None)
        if write.kind == "HTTPRoute":
            self.route_gone(write.name)
        if write.kind == "Service" and write.name in self.endpoints:
            self.saw("EndpointSlice", slice_of(gone, self.endpoints.pop(write.name)), None)
        if write.kind == "Deployment" and not write.orphan:
            self.pods = tuple(p.but(leaving=True) if p.deployment == write.name else p for p in self.pods)

    def _write_pull_pod(self, write: Write) -> None:
        if write.verb is Verb.CREATE:
            if any(p.name == write.name for p in self.pull_pods):
                raise Refused(write)
            self.pull_pods += (SimPod(write.name, ""),)
        else:
            self.pull_pods = tuple(p for p in self.pull_pods if p.name != write.name)

    def uncollected(self) -> list[tuple[str, str]]:
        """What the garbage collector would take now, or would make ownerless: kind and name."""
        if not self.gone and not (self.deleting and self.cascade in {"foreground", "orphan"}):
            return []
        return [
            (kind, name)
            for kind, table in TABLES.items()
            for name, stored in getattr(self, table).items()
            if _owned(stored)
        ]

    def collect(self) -> None:
        """The garbage collector does what the way of the deletion asks."""
        for kind, name in self.uncollected():
            table = getattr(self, TABLES[kind])
            if self.cascade == "orphan":
                table[name] = versioned(table[name], self.tick_version(), ownerReferences=[])
            else:
                self._delete(table, Write(Verb.DELETE, kind, name))
        held = [f for f in self.rollout["metadata"].get("finalizers", []) if f != FOREGROUND]
        self.rollout = versioned(self.rollout, self.tick_version(), finalizers=held)
        self.gone = not held
        self._follow()

    def saw(self, kind: str, before: Object | None, after: Object | None) -> None:
        """The watch shows a change."""

    def _follow(self) -> None:
        """The world follows what is stored, where it does so at once."""


def _owned(stored: Object) -> bool:
    return any(ref["uid"] == UID for ref in stored["metadata"].get("ownerReferences") or ())


def _changed(live: Object, write: Write) -> Object:
    if write.verb is Verb.STATUS:  # its one manager owns all of it, so what the body leaves out goes
        return {**live, "status": write.body["status"]}
    after = patched(live, write.body) if write.verb is Verb.PATCH else merged(live, write.body)
    if after.get("spec") != live.get("spec"):  # who wrote what has another value now, owns it no more
        after["metadata"] = {k: v for k, v in after["metadata"].items() if k != "managedFields"}
    return after


def stored(server: ApiServer, kind: str, name: str) -> Object | None:
    """An object as the API server has it; none for the pod that pulls, which nothing reads by its version."""
    if kind == "Pod":
        return None
    return server.rollout if kind == "Rollout" else getattr(server, TABLES[kind]).get(name)


@once_for_each
def service_named(spec: Object) -> str:
    """The name that a spec gives the production Service; "" where it leaves it to the Rollout's."""
    return str((spec.get("service") or {}).get("name") or "")
