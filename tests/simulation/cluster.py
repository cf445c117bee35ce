"""An in-memory cluster: just enough of the controllers, the kubelet, the endpoints and the people around an API server.

Everything moves only when told to. With `instant` (the default) statuses and endpoints follow at once; without
it they lag until `sync_status` and `sync_endpoints`, as they do in life. `passes.py` runs the operator on it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crossfade.api.labels import LABEL_REVISION
from crossfade.controller.drops import Drops
from crossfade.controller.refusals import Refusals
from crossfade.core.plan import Event, Verb, Write
from simulation.api_server import FOREGROUND, TABLES, ApiServer
from simulation.deployments import due, mark_of, status_of
from simulation.endpoints import NO_ENDPOINTS, Endpoints, endpoints_of, slice_of
from simulation.pods import SimPod
from simulation.remembered import once_for_each
from simulation.shell import Shell, at, forked, fresh_drops, key_of
from simulation.stored import Object, versioned
from simulation.viewed import Viewed, is_labelled, stored_of

Change = tuple[str, Object | None, Object | None]
"""What a watch shows: a kind, and an object of it before and after."""

FORKED = (*TABLES.values(), "endpoints", "unseen", "held", "listed_at")
"""What is changed in place in a cluster; all else is replaced."""


@dataclass
class Sim(ApiServer):
    """The cluster of one Rollout, and what the operator's process would lose in a crash.

    `shell` and `drops`: its store, observer and latch, shared with the clusters that were forked from it. `unseen`:
    objects as the operator's store still has them, after the reply to its own write was lost. `broken`: revisions whose pods never become ready.
    `warnings`: what the cluster's events warn of, by pod.
    `listed_at`: when the production endpoints last listed each revision. `refusal`: what the API server says of any
    new Deployment; `told`: the same, once a CREATE has met it, until the next pass; `quota`: the same of any new Service; `refusals`: what of
    that the operator remembers.
    `node_ahead_s`, `api_ahead_s`: how far the clocks of the nodes, and of the API server,
    are ahead of the operator's. `behind`: revisions whose ReplicaSet has not seen the newest size. `has_looked`: this process has made a whole pass. `taken`: kinds and names that a CREATE found in its way, as the operator remembers them. `known`: what `canonical.py`
    has made of it, or of the cluster that it was forked from.
    """

    shell: Shell | None = field(default=None, compare=False, repr=False)
    drops: Drops = field(default_factory=fresh_drops, compare=False, repr=False)
    unseen: dict[tuple[str, str], Object | None] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    backlog: tuple[Change, ...] = ()
    broken: frozenset[str] = frozenset()
    ailing: frozenset[str] = frozenset()
    listed_at: dict[str, datetime] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    refusal: str = ""
    warnings: dict[str, str] = field(default_factory=dict)
    told: str = ""
    quota: str = ""
    refusals: Refusals = field(default_factory=Refusals, compare=False, repr=False)
    taken: frozenset[tuple[str, str]] = frozenset()
    behind: frozenset[str] = frozenset()
    has_looked: bool = False
    instant: bool = True
    node_ahead_s: float = 0.0
    api_ahead_s: float = 0.0
    known: tuple[Any, Any] | None = field(default=None, compare=False, repr=False)

    def fork(self) -> Sim:
        """The same cluster apart: what happens to one does not happen to the other. Its logs begin anew."""
        twin = object.__new__(Sim)
        fields = twin.__dict__
        fields.update(self.__dict__)
        for name in FORKED:
            fields[name] = fields[name].copy()
        fields["writes"], fields["events"] = [], []
        return twin

    @property
    def api_now(self) -> datetime:
        """The time by the API server's own clock."""
        return self.now + timedelta(seconds=self.api_ahead_s)

    # --- what people do -----------------------------------------------------------------------------

    def edit(self, **spec: Any) -> None:
        """The user changes fields of the spec."""
        generation = self.rollout["metadata"]["generation"] + 1
        after = {**self.rollout, "spec": {**self.rollout["spec"], **spec}}
        self.rollout = versioned(after, self.tick_version(), generation=generation)

    def set_image(self, image: str) -> None:
        """The user changes the image."""
        template = copy.deepcopy(self.rollout["spec"]["template"])
        template["spec"]["containers"][0]["image"] = image
        self.edit(template=template)

    def scale(self, replicas: int) -> None:
        """The user, or an autoscaler, changes the replicas."""
        self.edit(replicas=replicas)

    def act(self, action: str, **spec: Any) -> str:
        """Somebody creates a RolloutAction; its name is given back."""
        version = self.tick_version()
        name = f"{action.lower()}-{version}"
        self.actions[name] = {
            "metadata": {
                "name": name,
                "uid": f"action-{version}",
                "resourceVersion": str(version),
                "creationTimestamp": self.api_now.replace(microsecond=0).isoformat(),
            },
            "spec": {"rollout": self.rollout["metadata"]["name"], "action": action, **spec},
        }
        return name

    def delete(self, cascade: str = "background") -> None:
        """Somebody deletes the Rollout; it stays, marked, while a finalizer holds it."""
        held = [*self.rollout["metadata"].get("finalizers", [])]
        if cascade == "foreground":
            held.append(FOREGROUND)
        meta = {"deletionTimestamp": self.api_now.isoformat(), "finalizers": held}
        after = {**self.rollout, "metadata": {**self.rollout["metadata"], **meta}}
        self.rollout = versioned(after, self.tick_version())
        self.cascade, self.gone = cascade, not held

    def remove(self, kind: str, name: str) -> None:
        """Somebody deletes an object."""
        self._delete(getattr(self, TABLES[kind]), Write(Verb.DELETE, kind, name))
        self._follow()

    # --- what the world does ------------------------------------------------------------------------

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.note_listed()
        self.now += timedelta(seconds=seconds)

    def controllers(self) -> None:
        """Every Deployment gets the pods that it asks for, and tells those beyond to go."""
        for name in self.deployments:
            self.controller(name)

    def controller(self, name: str) -> None:
        """One Deployment gets the pods that it asks for."""
        owed = due(self.deployments[name], self.pods)
        going = {p.name for p in owed.going}
        self.pods = tuple(p.but(leaving=True) if p.name in going else p for p in self.pods)
        self.pods += tuple(self._new_pod(name) for _ in range(owed.making))
        self._follow()

    def _new_pod(self, deployment: str) -> SimPod:
        live = self.deployments[deployment]
        labels = live["spec"]["template"]["metadata"]["labels"]
        name = f"{deployment}-rs-{self.tick_version()}"
        return SimPod(name, labels.get(LABEL_REVISION, ""), labels, mark=mark_of(live))

    def kubelet(self) -> None:
        """Pods that are told to go are gone; pods that start become ready, unless their revision is broken."""
        staying = (p for p in self.pods if not p.leaving or p.is_stuck(self.now))
        told = (p.told() for p in staying)
        self.pods = tuple(
            p if p.revision in self.broken or p.leaving or p.ended else p.up(self.now) for p in told
        )
        self.pull_pods = tuple(p.but(ready=p.ready or not p.waiting) for p in self.pull_pods)
        self._follow()

    def change(self, pod: SimPod, after: SimPod | None) -> None:
        """One pod is different now, or gone."""
        self.pods = tuple(x for p in self.pods if (x := after if p is pod else p) is not None)
        self._follow()

    def crash(self, pod: SimPod, *, ready: bool = True, code: int = 42) -> None:
        """A container ends; with `ready` it is back before anyone looks: only the latch and its restarts tell."""
        if pod.ready and ready:
            self.drop(pod.revision)
        fell = pod.fell or self.gets_requests(pod)
        after = pod.crashed(self.now, ready=ready, code=code, ahead_s=self.node_ahead_s)
        self.change(pod, after.but(fell=fell))

    def fail(self, pod: SimPod) -> None:
        """A container ends, and only its endpoint tells of it yet."""
        self.change(
            pod,
            pod.failing(self.now, ahead_s=self.node_ahead_s).but(fell=pod.fell or self.gets_requests(pod)),
        )

    def gets_requests(self, pod: SimPod) -> bool:
        """Whether production selects it, and it answers. Of a worker: whether the release says that it serves."""
        service = self.services.get(self.service_name)
        if service is None:
            return bool((self.status.get("progress") or {}).get("servingSince"))
        return pod.ready and service["spec"]["selector"].items() <= pod.labels.items()

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

    def exhaust(self, kind: str, why: str) -> None:
        """The API server takes no new object of a kind; with no reason it does again."""
        if kind == "Deployment":
            self.refusal = why
        else:
            self.quota = why

    def store_status(self, status: Object) -> None:
        """Somebody writes another status, or an old one comes back."""
        self.rollout = versioned({**self.rollout, "status": status}, self.tick_version())

    def ail(self, revision: str) -> None:
        """All pods of a revision lose their readiness, and get it back only when they are well again."""
        self.ailing |= {revision}
        self.broken |= {revision}
        self.pods = tuple(p.but(ready=False) if p.revision == revision else p for p in self.pods)
        self._follow()

    def recover(self, revision: str) -> None:
        """They are well again, and become ready one after the other."""
        self.ailing -= {revision}
        self.broken -= {revision}

    def breaks(self, revision: str) -> None:
        """Pods of a revision become ready no more; those that are, stay so."""
        self.broken |= {revision}

    def evict(self, pod: SimPod) -> None:
        """A node is drained: the pod is told to go, and its container ends in the course of that."""
        self.change(pod, pod.crashed(self.now, code=143).but(leaving=True))

    def of(self, revision: str) -> list[SimPod]:
        """The pods of a revision that stay, and run."""
        return [p for p in self.pods if p.revision == revision and not p.leaving and p.runs]

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

    def _follow(self) -> None:
        if self.instant:
            self.sync_all()

    def sync_all(self) -> None:
        """Every status and every slice is as the pods are."""
        for name in self.deployments:
            self.sync_status(name)
        for name in self.services:
            self.sync_endpoints(name)

    def sync_status(self, name: str) -> None:
        """A Deployment's status catches up."""
        live = self.deployments[name]
        before, after = live.get("status", {}), self.wanted_status(name)
        if before != after:
            told = self.deployments[name] = versioned({**live, "status": after}, self.tick_version())
            self.saw("Deployment", live, told)

    @property
    def is_quiet(self) -> bool:
        """Whether no pod is due, and every status and slice is as the pods are."""
        owed = any(due(live, self.pods) for live in self.deployments.values())
        late = any(live.get("status") != self.wanted_status(n) for n, live in self.deployments.items())
        return (
            not owed
            and not late
            and all(self.endpoints.get(n) == self.wanted_endpoints(n) for n in self.services)
        )

    def wanted_status(self, name: str) -> dict[str, Any]:
        """What a Deployment's status says once it has caught up."""
        return status_of(self.deployments[name], self.pods, self.now)

    def available_in_s(self) -> float | None:
        """Seconds until the next pod is available, or can go at last; None where time changes nothing."""
        quiet_s = self.rollout["spec"].get("minReadySeconds", 0)
        left = [quiet_s - p.ready_for(self.now) for p in self.pods if p.ready and not p.leaving]
        left += [(p.stuck_to - self.now).total_seconds() for p in self.pods if p.stuck_to]
        return min((seconds for seconds in left if seconds > 0), default=None)

    def sync_endpoints(self, name: str) -> None:
        """A Service's slices catch up."""
        self.note_listed()
        before, service = self.endpoints.get(name), self.services[name]
        if before == self.wanted_endpoints(name):
            return
        listed = endpoints_of(service["spec"]["selector"], self.pods, self.tick_version())
        self.endpoints[name] = listed
        self.saw("EndpointSlice", slice_of(service, before) if before else None, slice_of(service, listed))

    def wanted_endpoints(self, name: str) -> Endpoints:
        """What a Service's slices list once they have caught up."""
        return endpoints_of(self.services[name]["spec"]["selector"], self.pods)

    def note_listed(self) -> None:
        """Keep when production last listed a revision: its pods may get requests for a while longer."""
        for revision in self.endpoints.get(self.service_name, NO_ENDPOINTS).ready:
            self.listed_at[revision] = self.now

    # --- what a client sees -------------------------------------------------------------------------

    @property
    def status(self) -> dict[str, Any]:
        """The Rollout's status as stored."""
        return self.rollout.get("status", {})

    @property
    def service_name(self) -> str:
        """The production Service's name."""
        return service_named(self.rollout["spec"]) or str(self.rollout["metadata"]["name"])

    def selected(self, name: str = "") -> dict[str, int]:
        """Ready pods behind a Service (production), by revision: who answers."""
        name = name or self.service_name
        return dict(self.wanted_endpoints(name).ready) if name in self.services else {}

    def side(self, revision: str) -> Object | None:
        """The Deployment of a revision."""
        return self.deployments.get(f"{self.rollout['metadata']['name']}-{revision}")

    def desired(self, revision: str) -> int:
        """The replicas that a revision's Deployment asks for."""
        side = self.side(revision)
        return side["spec"]["replicas"] if side else 0


@once_for_each
def service_named(spec: Object) -> str:
    """The name that a spec gives the production Service; "" where it leaves it to the Rollout's."""
    return str((spec.get("service") or {}).get("name") or "")
