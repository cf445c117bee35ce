"""An in-memory cluster: just enough of the controllers, the kubelet, the endpoints and the people around an API server.

Everything moves only when told to. With `instant` (the default) statuses and endpoints follow at once; without
it they lag until `sync_status` and `sync_endpoints`, as they do in life. `passes.py` runs the operator on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crossfade.api.labels import LABEL_REVISION
from crossfade.core.check import Check
from crossfade.core.measured import Answer, Ask, Measured
from crossfade.core.observed import Failure, Template
from crossfade.core.plan import Event
from crossfade.core.policy.matched import Matched
from simulation.api_server import TABLES
from simulation.deployments import due, mark_of, status_of
from simulation.endpoints import NO_ENDPOINTS, Endpoints, endpoints_of, slice_of
from simulation.pods import NO_ROOM, SimPod
from simulation.routed import Routed
from simulation.stored import versioned

FORKED = (*TABLES.values(), "endpoints", "unseen", "held", "listed_at", "beside_at")
"""What is changed in place in a cluster; all else is replaced."""


@dataclass
class Sim(Routed):
    """The cluster of one Rollout.

    `broken`: revisions whose pods do not become ready, `ailing` those of them that will be well again. `behind`:
    revisions whose ReplicaSet has not seen the newest size. `warnings`: what the cluster's events warn of, by pod.
    `listed_at`: when the production endpoints last listed each revision, `beside_at` the same of the canary Service,
    `beside_since` since when that lists each.
    `listens`: on which port the pods of a revision listen, where that is another one than that of others.
    `room`: how many pods have a place on a node, None for as many as there are.
    `refusal`: what the API server says of any new Deployment, `quota` of any new Service. `node_ahead_s`: how far the clocks of the nodes are ahead. `deaf`: revisions
    that nobody listens in on the Service's port; None where the operator does not try ports. `shut`, `silent`: ports that refuse, or say nothing, in every pod. `measures`: what comes of what is asked
    to be measured, None for no answer yet; `measured`: the answers that no pass has stored yet. `open`: what is asked
    and has no answer yet, where answers are moves of their own, else None; `answered`: the last answer that came.
    `others_failed`: other Rollouts, the newest first. `policies`: those that are about it. `known`:
    what `canonical.py` has made of it, or of the cluster that it was forked from.
    """

    broken: frozenset[str] = frozenset()
    ailing: frozenset[str] = frozenset()
    listed_at: dict[str, datetime] = field(default_factory=dict)
    beside_at: dict[str, datetime] = field(default_factory=dict)
    beside_since: Mapping[str, datetime] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    room: int | None = None
    listens: Mapping[str, int] = field(default_factory=dict)
    refusal: str = ""
    warnings: dict[str, str] = field(default_factory=dict)
    quota: str = ""
    behind: frozenset[str] = frozenset()
    instant: bool = True
    node_ahead_s: float = 0.0
    deaf: frozenset[str] | None = None
    shut: frozenset[int] = frozenset()
    silent: frozenset[int] = frozenset()
    measures: Callable[[Sim, Ask], Answer | None] | None = None
    measured: tuple[Measured, ...] = ()
    checks: Callable[[Check], str | None] = lambda _check: ""
    open: tuple[Ask, ...] | None = None
    answered: Measured | None = None
    templates: Mapping[tuple[str, bool], Template] = field(default_factory=dict)
    others_failed: tuple[Failure, ...] = ()
    policies: tuple[Matched, ...] = ()
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

    # --- what the world does ------------------------------------------------------------------------

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.note_listed()
        self.now += timedelta(seconds=seconds)
        if self.router.said_at:
            self.carry_late()

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
        staying = [p.told() for p in self.pods if not p.leaving or p.is_stuck(self.now)]
        self.pods = self.scheduled(staying)
        self.pods = tuple(
            p if p.revision in self.broken or p.leaving or p.ended or p.unschedulable else p.up(self.now)
            for p in self.pods
        )
        self.pull_pods = tuple(p.but(ready=p.ready or not p.waiting) for p in self.pull_pods)
        self._follow()

    def scheduled(self, pods: Sequence[SimPod]) -> tuple[SimPod, ...]:
        """The pods, each with a place on a node, or told that there is none; who has one keeps it."""
        if self.room is None:
            return tuple(pods)
        left, after = self.room - sum(p.has_place for p in pods), []
        for p in pods:
            waits = not p.has_place and left <= 0
            left -= not p.has_place and not waits
            after.append(
                p if p.has_place else p.but(placed=not waits, unschedulable=NO_ROOM if waits else "")
            )
        return tuple(after)

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
        """Whether production selects it, or a router sends requests to it, and it answers.

        Of a worker: whether the release says that it serves.
        """
        service = self.services.get(self.service_name)
        if service is None:
            return bool((self.status.get("progress") or {}).get("servingSince"))
        return pod.ready and (_selects(service, pod) or self._is_routed(pod))

    def _is_routed(self, pod: SimPod) -> bool:
        beside = self.services.get(self.canary_name) if self.routes else None
        return beside is not None and _selects(beside, pod) and self.sends_to(self.canary_name)

    def answer(self, told: Measured) -> None:
        """A source has answered: the question is closed, and the answer is there for the next pass."""
        self.open = tuple(each for each in self.open or () if each.window != told.window)
        self.measured, self.answered = (*self.measured, told), told

    def has_templates(self, templates: Mapping[tuple[str, bool], Template]) -> None:
        """Somebody makes these templates, and deletes all others."""
        self.templates = templates

    def exhaust(self, kind: str, why: str) -> None:
        """The API server takes no new object of a kind; with no reason it does again."""
        if kind == "Deployment":
            self.refusal = why
        else:
            self.quota = why

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
        self.change(pod, pod.crashed(self.now, code=143).but(leaving=True, taken=True))

    def of(self, revision: str) -> list[SimPod]:
        """The pods of a revision that stay, and run."""
        return [p for p in self.pods if p.revision == revision and not p.leaving and p.runs]

    def _follow(self) -> None:
        if self.instant:
            self.sync_all()

    def sync_all(self) -> None:
        """Every status and every slice is as the pods are."""
        for name in self.deployments:
            self.sync_status(name)
        for name in self.services:
            self.sync_endpoints(name)
        if self.routes or self.router.read:
            self.follow_routes()

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
            and not any(self.router.unread(self.routes))
            and not any(self.router.uncarried())
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
        if name == self.canary_name:
            known = self.beside_since
            self.beside_since = {r: known.get(r, self.now) for r, ready in listed.ready.items() if ready}
        self.saw("EndpointSlice", slice_of(service, before) if before else None, slice_of(service, listed))

    def wanted_endpoints(self, name: str) -> Endpoints:
        """What a Service's slices list once they have caught up."""
        return endpoints_of(self.services[name]["spec"]["selector"], self.pods)

    def note_listed(self) -> None:
        """Keep when production last listed a revision: its pods may get requests for a while longer."""
        for revision in self.endpoints.get(self.service_name, NO_ENDPOINTS).ready:
            self.listed_at[revision] = self.now
        if self.routes:
            for revision in self.endpoints.get(self.canary_name, NO_ENDPOINTS).ready:
                self.beside_at[revision] = self.now
            self.note_sent()

    # --- what a client sees -------------------------------------------------------------------------

    def selected(self, name: str = "") -> dict[str, int]:
        """Ready pods behind a Service (production), by revision: who answers."""
        name = name or self.service_name
        return dict(self.wanted_endpoints(name).ready) if name in self.services else {}

    def desired(self, revision: str) -> int:
        """The replicas that a revision's Deployment asks for."""
        side = self.side(revision)
        return side["spec"]["replicas"] if side else 0


def _selects(service: Mapping[str, Any], pod: SimPod) -> bool:
    return bool(service["spec"]["selector"].items() <= pod.labels.items())
