"""Everything that may happen to a world: what the cluster does, what goes wrong, what people do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from builders import V1, V2, template
from simulation.cluster import Sim
from simulation.invariants import Ghost, Seen, judge
from simulation.passes import LINGER, Decision, carry_out, restart
from simulation.pods import Endpoints, SimPod, status_of

IMAGES = ("shop:v1", "shop:v2", "shop:v3")
ACTIONS = ("Abort", "Promote", "Pause", "Resume", "Retry", "Undo")
REST_S = 3600
"""A wake-up further away is housekeeping, and no part of a release."""


@dataclass
class World:
    """A cluster, and what the checker remembers of its path."""

    sim: Sim
    ghost: Ghost = field(default_factory=Ghost)

    def fork(self) -> World:
        """The same world apart."""
        return World(self.sim.fork(), self.ghost)

    def written(self, before: Sim, decision: Decision, write: object) -> None:
        """Judge one write that has just landed."""
        self.ghost = judge(Seen(before, self.sim, decision, write, self.ghost))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Move:
    """Something that may happen next. `cost` 0: what happens if nobody disturbs."""

    name: str
    happens: Callable[[World], object]
    cost: int = 1


def operator_pass(decision: Decision, **how: int) -> Callable[[World], object]:
    """The writes of a decision, each judged."""
    return lambda world: carry_out(world.sim, decision, judged=world.written, **how)


def cluster_moves(sim: Sim) -> Iterator[Move]:
    """What the cluster does by itself, each as one step; in the order in which it is usually quickest."""
    for name in sim.deployments:
        if sim.deployments[name].get("status") != status_of(sim.deployments[name], sim.pods):
            yield Move(f"the status of {name} catches up", lambda w, n=name: w.sim.sync_status(n))
    for name in sim.services:
        if sim.endpoints.get(name, Endpoints()) != sim.wanted_endpoints(name):
            yield Move(f"the endpoints of {name} catch up", lambda w, n=name: w.sim.sync_endpoints(n))
    for name in sim.deployments:
        if _out_of_line(sim, name):
            yield Move(f"the pods of {name} are made or told to go", lambda w, n=name: w.sim.controller(n))
    for pod in _one_of_each(
        p for p in sim.pods if not p.ready and not p.leaving and p.revision not in sim.broken
    ):
        yield _pod_move("becomes ready", pod, replace(pod.told(), ready=True))
    for pod in _one_of_each(p for p in sim.pods if p.untold):
        yield _pod_move("shows its exit code", pod, pod.told())
    for pod in _one_of_each(p for p in sim.pods if p.leaving):
        yield _pod_move("is gone", pod, None)
    if any(not p.ready for p in sim.pull_pods):
        yield Move("the images are pulled", lambda w: _pulled(w.sim))
    for place in sim.unseen:
        yield Move(f"the operator sees {place} as it is", lambda w, p=place: w.sim.unseen.pop(p))


def time_moves(sim: Sim, wake_after_s: float | None) -> Iterator[Move]:
    """Time passes: to where the operator wants to look again, a second, or long."""
    if wake_after_s is not None and wake_after_s < REST_S:
        seconds = max(1, math.ceil(wake_after_s))
        yield Move(f"{seconds} s pass", lambda w: w.sim.tick(seconds))
    yield Move("1 s passes", lambda w: w.sim.tick(1))


def faults(sim: Sim) -> Iterator[Move]:
    """What goes wrong with pods and with the operator's process."""
    for pod in _one_of_each(p for p in sim.pods if p.ready and not p.leaving):
        yield _fault(f"a pod of {pod.revision} crashes and is back", lambda w, p=pod: w.sim.crash(p))
        yield _fault(f"a pod of {pod.revision} crashes", lambda w, p=pod: w.sim.crash(p, ready=False))
        failing = pod.failing(sim.now)
        yield _fault(f"a pod of {pod.revision} fails", lambda w, p=pod, f=failing: w.sim.change(p, f))
        yield _fault(f"a pod of {pod.revision} is evicted", lambda w, p=pod: w.sim.evict(p))
    if sim.dropped or sim.unseen:
        yield Move("the operator starts anew", lambda w: restart(w.sim))
    if V2 not in sim.broken:
        yield _fault("pods of v2 become ready no more", lambda w: setattr(w.sim, "broken", frozenset({V2})))


def people(sim: Sim) -> Iterator[Move]:
    """Edits and actions."""
    spec = sim.rollout["spec"]
    image = spec["template"]["spec"]["containers"][0]["image"]
    for other in IMAGES:
        if other != image:
            yield _edit(f"the template becomes {other}", template=template(other))
    n = spec["replicas"]
    for replicas in sorted({0, n - 1, n + 1, 2} - {n, -1}):
        yield _edit(f"it is scaled to {replicas}", replicas=replicas)
    yield _edit("paused is flipped", paused=not spec.get("paused", False))
    if all(a.get("status") for a in sim.actions.values()):
        for action in ACTIONS:
            yield _asked(action)


def operator_moves(decision: Decision) -> Iterator[Move]:
    """A pass, cut off after each write, or with the reply to each write lost."""
    writes, base = decision.writes, decision.base
    if writes or any(at <= base.now - LINGER for at, _ in base.dropped.values()):
        yield Move("the operator makes a pass", operator_pass(decision), 0)
    for index in range(len(writes)):
        if index or decision.base.dropped:
            yield Move(f"the operator dies after {index} writes", operator_pass(decision, cut_after=index))
        yield Move(f"the reply to write {index} is lost", operator_pass(decision, lost_reply=index))


def _out_of_line(sim: Sim, name: str) -> bool:
    mine = sum(p.name.startswith(f"{name}-rs-") and not p.leaving for p in sim.pods)
    return bool(mine != sim.deployments[name]["spec"]["replicas"])


def _one_of_each(pods: Iterator[SimPod]) -> list[SimPod]:
    """Pods of a revision in the same condition are alike."""
    return list({(p.revision, p.ready, p.leaving, p.exits, p.untold): p for p in pods}.values())


def _pod_move(what: str, pod: SimPod, after: SimPod | None) -> Move:
    return Move(f"a pod of {pod.revision} {what}", lambda w: w.sim.change(pod, after))


def _pulled(sim: Sim) -> None:
    sim.pull_pods = tuple(replace(p, ready=True) for p in sim.pull_pods)


def _fault(name: str, happens: Callable[[World], object]) -> Move:
    def fault(world: World) -> None:
        world.ghost = replace(world.ghost, calm=False, faults=world.ghost.faults + 1)
        happens(world)

    return Move(name, fault)


def _edit(name: str, **spec: object) -> Move:
    def edit(world: World) -> None:
        least = min(world.ghost.least, int(spec.get("replicas", world.ghost.least)))  # type: ignore[call-overload]
        world.ghost = replace(world.ghost, calm=False, least=least, edits=world.ghost.edits + 1)
        world.sim.edit(**spec)

    return Move(name, edit)


def _asked(action: str) -> Move:
    def asked(world: World) -> None:
        world.ghost = replace(world.ghost, calm=False, edits=world.ghost.edits + 1)
        world.sim.act(action)

    return Move(f"somebody asks for {action}", asked)


__all__ = ["V1", "Move", "World", "cluster_moves", "faults", "operator_moves", "people", "time_moves"]
