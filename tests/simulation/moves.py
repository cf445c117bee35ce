"""What may happen to every world: what the operator and the cluster do, and what goes wrong. For the rest: people.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from builders import V2
from crossfade.controller.drops import LINGER_S, Drop
from simulation.api_server import FOREGROUND
from simulation.cluster import Sim
from simulation.deployments import due
from simulation.endpoints import Endpoints
from simulation.ghost import Ghost
from simulation.invariants import judge
from simulation.passes import Decision, carry_out, restart
from simulation.pods import SimPod
from simulation.seen import Seen
from simulation.shell import key_of

REST_S = 3600
"""A wake-up further away is housekeeping, and no part of a release."""


@dataclass
class World:
    """A cluster, what the checker remembers of its path, and what people may do in it, so many times at most."""

    sim: Sim
    ghost: Ghost = field(default_factory=Ghost)
    people: tuple[Callable[[Sim], Iterator[Move]], ...] = ()
    most_edits: int = 2
    most_faults: int = 2

    def fork(self) -> World:
        """The same world apart."""
        return World(self.sim.fork(), self.ghost, self.people, self.most_edits, self.most_faults)

    def disturbances(self) -> Iterator[Move]:
        """What may still go wrong, and what people may still do; nobody edits what is being deleted."""
        if self.ghost.faults < self.most_faults:
            yield from faults(self.sim)
        if self.ghost.edits < self.most_edits and not self.sim.deleting:
            for source in self.people:
                yield from source(self.sim)

    def written(self, before: Sim, decision: Decision, write: object) -> None:
        """Judge one write that has just landed."""
        self.ghost = judge(Seen(before, self.sim, decision, write, self.ghost))  # type: ignore[arg-type]


class Move(NamedTuple):
    """Something that may happen next."""

    name: str
    happens: Callable[[World], object]


def operator_pass(decision: Decision, **how: int) -> Callable[[World], object]:
    """The writes of a decision, each judged."""
    return lambda world: carry_out(world.sim, decision, judged=world.written, **how)


def cluster_moves(sim: Sim) -> Iterator[Move]:
    """What the cluster does by itself, each as one step; in the order in which it is usually quickest."""
    for name in sim.deployments:
        if sim.deployments[name].get("status") != sim.wanted_status(name):
            yield Move(f"the status of {name} catches up", lambda w, n=name: w.sim.sync_status(n))
    for name in sim.services:
        if sim.endpoints.get(name, Endpoints()) != sim.wanted_endpoints(name):
            yield Move(f"the endpoints of {name} catch up", lambda w, n=name: w.sim.sync_endpoints(n))
    for name in sim.deployments:
        if due(sim.deployments[name], sim.pods):
            yield Move(f"the pods of {name} are made or told to go", lambda w, n=name: w.sim.controller(n))
    for pod in _one_of_each(
        p for p in sim.pods if not p.ready and not p.leaving and p.runs and p.revision not in sim.broken
    ):
        yield _pod_move("becomes ready", pod, pod.told().up(sim.now))
    for pod in _one_of_each(p for p in sim.pods if p.untold):
        yield _pod_move("shows its exit code", pod, pod.told())
    for pod in _one_of_each(p for p in sim.pods if p.leaving and not p.is_stuck(sim.now)):
        yield _pod_move("is gone", pod, None)
    if any(not p.ready for p in sim.pull_pods):
        yield Move("the images are pulled", lambda w: _pulled(w.sim))
    if sim.uncollected() or FOREGROUND in sim.rollout["metadata"].get("finalizers", ()):
        yield Move("the collector of garbage does its work", lambda w: w.sim.collect())


def time_moves(sim: Sim, wake_after_s: float | None, *, slow: bool = False) -> Iterator[Move]:
    """Time passes: to where the operator wants to look again, or a second. `slow`: something else is due."""
    if wake_after_s is not None and wake_after_s < REST_S:
        seconds = max(1, math.ceil(wake_after_s))
        yield Move(f"{seconds} s pass", lambda w: _passed(w, seconds, slow=slow))
    yield Move("1 s passes", lambda w: _passed(w, 1, slow=slow))


def _passed(world: World, seconds: float, *, slow: bool) -> None:
    world.sim.tick(seconds)
    if slow:
        world.ghost = world.ghost._replace(slow_s=world.ghost.slow_s + seconds)


def faults(sim: Sim) -> Iterator[Move]:
    """What goes wrong with pods and with the operator's process."""
    for pod in _one_of_each(p for p in sim.pods if p.ready and not p.leaving):
        r = pod.revision
        yield _fault(f"a pod of {r} crashes and is back", lambda w, p=pod: w.sim.crash(p), blames=r)
        yield _fault(f"a pod of {r} crashes", lambda w, p=pod: w.sim.crash(p, ready=False), blames=r)
        yield _fault(f"a pod of {r} fails", lambda w, p=pod: w.sim.fail(p), blames=r)
        yield _fault(f"a pod of {r} is evicted", lambda w, p=pod: w.sim.evict(p))
    if _latched(sim):
        yield Move("the operator starts anew", lambda w: restart(w.sim))
    if V2 not in sim.broken:
        yield _fault("pods of v2 become ready no more", lambda w: w.sim.breaks(V2), blames=V2)


def operator_moves(decision: Decision) -> Iterator[Move]:
    """A pass, cut off after each write, or with the reply to each write lost."""
    writes, base = decision.writes, decision.base
    latched = _latched(base)
    if writes or any(drop.at_s <= base.now.timestamp() - LINGER_S for drop in latched.values()):
        yield Move("the operator makes a pass", operator_pass(decision))
    for index in range(len(writes)):
        if index or latched:
            yield Move(f"the operator dies after {index} writes", operator_pass(decision, cut_after=index))
        yield Move(f"the reply to write {index} is lost", operator_pass(decision, lost_reply=index))


def _latched(sim: Sim) -> Mapping[str, Drop]:
    return sim.drops.of(key_of(sim.rollout))


def _one_of_each(pods: Iterator[SimPod]) -> list[SimPod]:
    """Pods of a revision in the same condition are alike."""
    return list(
        {
            (
                p.revision,
                p.ready,
                p.leaving,
                p.exits,
                p.untold,
                p.mark,
                p.since,
                p.ended,
                p.stuck_to,
                p.fell,
            ): p
            for p in pods
        }.values()
    )


def _pod_move(what: str, pod: SimPod, after: SimPod | None) -> Move:
    return Move(f"a pod of {pod.revision} {what}", lambda w: w.sim.change(pod, after))


def _pulled(sim: Sim) -> None:
    sim.pull_pods = tuple(replace(p, ready=True) for p in sim.pull_pods)


def _fault(name: str, happens: Callable[[World], object], *, blames: str = "") -> Move:
    """Something fails; it may be held against the revision that it `blames`."""

    def fault(world: World) -> None:
        ghost = world.ghost
        blamed = ghost.blamed | {blames} if blames else ghost.blamed
        world.ghost = ghost._replace(calm=False, well=False, blamed=blamed, faults=ghost.faults + 1)
        happens(world)

    return Move(name, fault)
