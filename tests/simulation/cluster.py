"""An in-memory cluster: just enough of the API server, the Deployment controller, the kubelet and endpoints.

Everything moves only when told to: `kubelet()`, `controllers()`, `tick(seconds)`. A pass of the operator is
`reconcile(sim)`, which can be cut off after any write.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crossfade.api.action import RolloutAction
from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.api.release import Release
from crossfade.api.rollout import Rollout
from crossfade.core.decide import decide
from crossfade.core.observed import Exit, Found, Identity, Observed, Pod, SeenService, Side
from crossfade.core.plan import Event, Look, Plan, Verb, Write

UID = "0b5e55ed-0000-4000-8000-000000000001"
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class Refused(Exception):
    """The API server's no: a conflict, an object in the way, or none at all."""


@dataclass
class SimPod:
    """One pod. `ready_at` None: starting. `leaving`: deleted, and serving until it is gone."""

    name: str
    revision: str
    labels: dict[str, str]
    ready: bool = False
    leaving: bool = False
    exits: list[Exit] = field(default_factory=list)


@dataclass
class Sim:
    """The cluster of one Rollout."""

    rollout: dict[str, Any]
    now: datetime = START
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: list[SimPod] = field(default_factory=list)
    pull_pods: list[SimPod] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    writes: list[Write] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    counter: int = 0
    refusal: str = ""
    lag: bool = False
    endpoints: dict[str, dict[str, int]] = field(default_factory=dict)

    # --- what the user and the world do -------------------------------------------------------------

    def edit(self, **spec: Any) -> None:
        """The user changes fields of the spec."""
        self.rollout["spec"].update(spec)
        self.rollout["metadata"]["generation"] += 1

    def set_image(self, image: str) -> None:
        """The user changes the image."""
        template = copy.deepcopy(self.rollout["spec"]["template"])
        template["spec"]["containers"][0]["image"] = image
        self.edit(template=template)

    def act(self, action: str, **spec: Any) -> str:
        """Somebody creates a RolloutAction; its name is given back."""
        self.counter += 1
        name = f"{action.lower()}-{self.counter}"
        self.actions[name] = {
            "metadata": {
                "name": name,
                "uid": f"action-{self.counter}",
                "resourceVersion": str(self.counter),
                "creationTimestamp": self.now.isoformat(),
            },
            "spec": {"rollout": self.rollout["metadata"]["name"], "action": action, **spec},
        }
        return name

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    def controllers(self) -> None:
        """The Deployment controller creates and deletes pods until each has what it asks for."""
        for deployment in self.deployments.values():
            revision = deployment["metadata"]["labels"][LABEL_REVISION]
            mine = [p for p in self.pods if p.revision == revision and not p.leaving]
            wanted = deployment["spec"]["replicas"]
            for pod in sorted(mine, key=lambda p: p.ready)[: max(0, len(mine) - wanted)]:
                pod.leaving = True
            for _ in range(wanted - len(mine)):
                self.counter += 1
                name = f"{deployment['metadata']['name']}-rs-{self.counter}"
                labels = dict(deployment["spec"]["template"]["metadata"]["labels"])
                self.pods.append(SimPod(name, revision, labels))

    def kubelet(self) -> None:
        """Pods that are told to go are gone; pods that start become ready, unless their revision is broken."""
        self.pods = [p for p in self.pods if not p.leaving]
        for pod in self.pods:
            pod.ready = pod.ready or pod.revision not in self.broken

    def crash(self, pod: SimPod, code: int = 42) -> None:
        """A container of `pod` ends and is started again at once: its readiness is back before anyone looks."""
        pod.exits.append(Exit("app", code, "Error", "", self.now, len(pod.exits) + 1))
        self.dropped.add(pod.revision)

    def settle(self, passes: int = 60, *, step_s: float = 1.0) -> None:
        """Passes, controllers and time in turns, until a pass changes nothing and asks for no wake-up."""
        for _ in range(passes):
            plan = reconcile(self)
            moved = self._moves()
            if plan is None or (not moved and plan.wake_after_s is None):
                return
            self.tick(max(step_s, min(plan.wake_after_s or 0, 40)))

    def _moves(self) -> bool:
        before = [(p.name, p.ready, p.leaving) for p in self.pods]
        self.controllers()
        self.kubelet()
        return before != [(p.name, p.ready, p.leaving) for p in self.pods]

    # --- what a client sees -------------------------------------------------------------------------

    @property
    def status(self) -> dict[str, Any]:
        """The Rollout's status as stored."""
        return self.rollout.get("status", {})

    def selected(self, name: str = "shop") -> dict[str, int]:
        """Ready pods behind a Service, by revision: who answers."""
        selector = self.services.get(name, {}).get("spec", {}).get("selector")
        if selector is None:
            return {}
        hits = [p for p in self.pods if p.ready and not p.leaving and selector.items() <= p.labels.items()]
        return {r: sum(p.revision == r for p in hits) for r in {p.revision for p in hits}}

    def side(self, revision: str) -> dict[str, Any] | None:
        """The Deployment of `revision`."""
        return self.deployments.get(f"shop-{revision}")

    # --- what the operator sees ---------------------------------------------------------------------

    def observe(self, found: Found) -> Observed:
        """The store's view."""
        return Observed(
            sides={d["metadata"]["labels"][LABEL_REVISION]: self._side(d) for d in self.deployments.values()},
            services={n: self._service(n, s) for n, s in self.services.items() if _ours(s)},
            releases=tuple(
                sorted(
                    (Release.model_validate(r) for r in self.releases.values()), key=lambda r: r.spec.number
                )
            ),
            actions=tuple(RolloutAction.model_validate(a) for a in self.actions.values()),
            dropped=frozenset(self.dropped),
            found=found,
        )

    def _side(self, deployment: dict[str, Any]) -> Side:
        revision = deployment["metadata"]["labels"][LABEL_REVISION]
        mine = [p for p in self.pods if p.revision == revision and not p.leaving]
        ready = sum(p.ready for p in mine)
        return Side(
            identity=_identity(deployment),
            revision=revision,
            desired=deployment["spec"]["replicas"],
            replicas=len(mine),
            ready=ready,
            available=ready,
            terminating=sum(p.revision == revision and p.leaving for p in self.pods),
            manifest=deployment,
            created_at=START,
        )

    def _service(self, name: str, service: dict[str, Any]) -> SeenService:
        ready = self.selected(name)
        selector = service["spec"]["selector"]
        leaving = [p for p in self.pods if p.leaving and p.ready and selector.items() <= p.labels.items()]
        serving = dict(ready)
        for pod in leaving:
            serving[pod.revision] = serving.get(pod.revision, 0) + 1
        return SeenService(
            identity=_identity(service),
            name=name,
            ours=True,
            owner=service["metadata"]["labels"][LABEL_ROLLOUT],
            selector=service["spec"]["selector"],
            manifest=service,
            ready=ready,
            serving=serving,
        )

    def look(self, look: Look, found: Found) -> Found:
        """Answers to what a decision asked to see."""
        pods = {r: self._pods(r) for r in look.pods}
        found = replace(found, pods={**found.pods, **pods})
        if look.dry_run is not None:
            found = replace(found, refusal=self.refusal)
        if look.pull_pods:
            found = replace(found, pull_pods=tuple(_seen(p) for p in self.pull_pods))
        services = {
            n: self._service(n, self.services[n]) if n in self.services else None for n in look.services
        }
        return replace(found, services={**found.services, **services})

    def _pods(self, revision: str) -> tuple[Pod, ...]:
        return tuple(_seen(p) for p in self.pods if p.revision == revision)

    # --- what the operator writes -------------------------------------------------------------------

    def write(self, write: Write) -> None:
        """Carry out one write, as the API server would; raises Refused."""
        self.writes.append(write)
        if write.kind == "Pod":
            self._write_pull_pod(write)
        elif write.kind == "Rollout":
            self._bump(self.rollout)
            self.rollout["metadata"].update(write.body["metadata"])
        else:
            self._write_child(write)

    def write_status(self, status: Mapping[str, Any]) -> None:
        """Store the Rollout's status."""
        self.rollout["status"] = copy.deepcopy(dict(status))
        self._bump(self.rollout)

    def _write_child(self, write: Write) -> None:
        table = {
            "Deployment": self.deployments,
            "Service": self.services,
            "Release": self.releases,
            "RolloutAction": self.actions,
        }[write.kind]
        if write.verb is Verb.CREATE:
            self._create(table, write)
            return
        live = table.get(write.name)
        if live is None or write.identity != _identity(live):
            raise Refused(write)
        if write.verb is Verb.DELETE:
            del table[write.name]
            self.pods = [p for p in self.pods if not p.name.startswith(f"{write.name}-rs-")]
        elif write.verb is Verb.PATCH:
            self._patch(live, write.body)
        else:
            _merge(live, write.body)
        self._bump(live)

    def _create(self, table: dict[str, dict[str, Any]], write: Write) -> None:
        if write.name in table:
            raise Refused(write)
        self.counter += 1
        body = copy.deepcopy(write.body)
        body["metadata"] |= {"uid": f"uid-{self.counter}", "resourceVersion": str(self.counter)}
        body["metadata"].setdefault("creationTimestamp", self.now.isoformat())
        table[write.name] = body

    def _patch(self, live: dict[str, Any], operations: list[dict[str, Any]]) -> None:
        for op in operations:
            *path, last = (part.replace("~1", "/") for part in op["path"].strip("/").split("/"))
            target = live
            for part in path:
                target = target[part]
            if op["op"] == "remove":
                del target[last]
            else:
                target[last] = copy.deepcopy(op["value"])

    def _write_pull_pod(self, write: Write) -> None:
        if write.verb is Verb.CREATE:
            if self.pull_pods:
                raise Refused(write)
            self.pull_pods.append(SimPod(write.name, "", {}, ready=True))
        else:
            self.pull_pods = [p for p in self.pull_pods if p.name != write.name]

    def _bump(self, stored: dict[str, Any]) -> None:
        self.counter += 1
        stored["metadata"]["resourceVersion"] = str(self.counter)


def reconcile(sim: Sim, *, cut_after: int | None = None) -> Plan | None:
    """One pass of the operator; with `cut_after` it dies after so many writes, the status counted. None: refused."""
    plan = planned(sim)
    sim.dropped.clear()
    sim.events.extend(plan.events)
    done = 0
    if plan.status is not None and dict(plan.status) != sim.status:
        if cut_after == done:
            return plan
        sim.write_status(plan.status)
        done += 1
    for write in plan.writes:
        if cut_after == done:
            return plan
        try:
            sim.write(write)
        except Refused:
            return plan
        done += 1
    return plan


def planned(sim: Sim) -> Plan:
    """What a pass would do now."""
    found = Found()
    for _ in range(4):
        rollout = Rollout.model_validate(sim.rollout)
        plan = decide(rollout, sim.observe(found), sim.now)
        if plan.look is None:
            return plan
        found = sim.look(plan.look, found)
    raise AssertionError(f"looks without end: {plan.look}")


def _merge(live: dict[str, Any], change: Mapping[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(value, Mapping) and key != "selector" and isinstance(live.get(key), dict):
            _merge(live[key], value)
        else:
            live[key] = copy.deepcopy(value)


def _identity(stored: dict[str, Any]) -> Identity:
    return Identity(stored["metadata"]["uid"], stored["metadata"]["resourceVersion"])


def _ours(stored: dict[str, Any]) -> bool:
    return LABEL_ROLLOUT in stored["metadata"].get("labels", {})


def _seen(pod: SimPod) -> Pod:
    return Pod(pod.name, pod.revision, pod.ready, pod.leaving, tuple(pod.exits), pulled=pod.ready)
