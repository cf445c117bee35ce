"""What may happen to every world: what the operator and the cluster do, and what goes wrong. For the rest: people.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from builders import V2
from crossfade.controller.drops import LINGER_S
from simulation.api_server import FOREGROUND, stored
from simulation.canonical import canonical
from simulation.cluster import Sim
from simulation.deployments import due
from simulation.endpoints import Endpoints
from simulation.ghost import Ghost
from simulation.invariants import judge
from simulation.measured import FIRST, names_a_template
from simulation.measuring import answers, opened
from simulation.passes import Decision, carry_out, land, restart
from simulation.pods import SimPod
from simulation.router import Mode
from simulation.seen import Seen
from simulation.stored import identity

REST_S = 3600
"""A wake-up further away is housekeeping, and no part of a release."""


@dataclass
class World:
    """A cluster, what the checker remembers of its path, what people may do and what may go wrong in it, so many times
    at most. `leaders_hang`: a leader may hang before a write, which is `late` then, while another one takes over.
    """

    sim: Sim
    ghost: Ghost = field(default_factory=Ghost)
    people: tuple[Callable[[Sim], Iterator[Move]], ...] = ()
    mishaps: tuple[Callable[[Sim], Iterator[Move]], ...] = ()
    most_edits: int = 2
    most_faults: int = 2
    leaders_hang: bool = False
    late: tuple[Decision, int] | None = None

    def fork(self) -> World:
        """The same world apart."""
        twin = object.__new__(World)
        twin.__dict__.update(self.__dict__, sim=self.sim.fork())
        return twin

    def disturbances(self) -> Iterator[Move]:
        """What may still go wrong, and what people may still do; nobody edits what is being deleted."""
        if self.ghost.faults < self.most_faults:
            yield from faults(self.sim)
            for mishap in self.mishaps:
                yield from mishap(self.sim)
        if self.late and _is_valid(self.late, self.sim):
            yield Move("the late write lands", _late_write)
        if self.ghost.edits < self.most_edits and not self.sim.deleting:
            for source in self.people:
                yield from source(self.sim)

    def hangs(self, decision: Decision) -> Iterator[Move]:
        """How the leader may hang."""
        if self.leaders_hang and self.late is None and self.ghost.faults < self.most_faults:
            yield from hanging_leaders(decision)

    def key(self) -> int:
        """What tells it from another world in which other things can happen from now on."""
        late = self.late and (self.late[1], _is_valid(self.late, self.sim))
        return hash((canonical(self.sim), self.ghost.seen_at(self.sim.now), late))

    def written(self, before: Sim, decision: Decision, write: object) -> None:
        """Judge one write that has just landed. From the first one of the present leader, no late one comes any more."""
        self.late = None
        self.ghost = judge(Seen(before, self.sim, decision, write, self.ghost))  # type: ignore[arg-type]


class Move(NamedTuple):
    """Something that may happen next. `restarts`: the operator's process ends by it, and what it was about to write."""

    name: str
    happens: Callable[[World], object]
    restarts: bool = False


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
    for pod in one_of_each(
        p for p in sim.pods if not p.ready and not p.leaving and p.runs and p.revision not in sim.broken
    ):
        yield _pod_move("becomes ready", pod, pod.told().up(sim.now))
    for pod in one_of_each(p for p in sim.pods if p.untold):
        yield _pod_move("shows its exit code", pod, pod.told())
    for pod in one_of_each(p for p in sim.pods if p.leaving and not p.is_stuck(sim.now)):
        yield _pod_move("is gone", pod, None)
    if any(not p.ready for p in sim.pull_pods):
        yield Move("the images are pulled", lambda w: _pulled(w.sim))
    if sim.git or sim.router.read:
        yield from router_moves(sim)
    if sim.uncollected() or FOREGROUND in sim.rollout["metadata"].get("finalizers", ()):
        yield Move("the collector of garbage does its work", lambda w: w.sim.collect())


def answer_moves(sim: Sim) -> Iterator[Move]:
    """What is asked to be measured is answered well."""
    for ask in sim.open or ():
        window = ask.window
        yield Move(
            f"{window.metric} is good in window {window.number} of {window.run}",
            lambda w, a=ask: w.sim.answer(answers("good", a)),
        )


def router_moves(sim: Sim) -> Iterator[Move]:
    """What the router does: it reads, it says what it has read, and it carries that out, in this order or in another."""
    for name in sim.router.unread(sim.routes):
        yield Move(f"the router reads route {name}", lambda w, n=name: w.sim.route_read(n))
    for name in sim.untold():
        yield Move(f"the status of route {name} follows", lambda w, n=name: w.sim.route_told(n))
    for name in sim.router.uncarried():
        yield Move(f"the router carries route {name} out", lambda w, n=name: w.sim.route_carried(n))


def remedies(sim: Sim) -> Iterator[Move]:
    """What is well again by itself, once nothing else happens."""
    for kind in sim.held:
        yield Move(f"the watch of {kind}s goes on", lambda w, k=kind: w.sim.let_go(k))
    for revision in sorted(sim.ailing):
        yield Move(f"pods of {revision} are well again", lambda w, r=revision: w.sim.recover(r))
    if sim.quota:
        yield Move("a Service may be made again", lambda w: w.sim.exhaust("Service", ""))
    if sim.router.mode in {Mode.GONE, Mode.REFUSES}:
        yield Move("the router accepts routes again", lambda w: w.sim.treats_routes(Mode.ACCEPTS))
    if sim.refusal:
        yield Move("a Deployment may be made again", lambda w: w.sim.exhaust("Deployment", ""))
    if sim.open is not None and names_a_template(sim.rollout["spec"]) and not sim.templates:
        yield Move("the template is made again", lambda w: w.sim.has_templates(FIRST))


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
    for pod in one_of_each(p for p in sim.pods if p.ready and not p.leaving):
        r = pod.revision
        yield fault(f"a pod of {r} crashes and is back", lambda w, p=pod: w.sim.crash(p), blames=[r])
        yield fault(f"a pod of {r} crashes", lambda w, p=pod: w.sim.crash(p, ready=False), blames=[r])
        yield fault(f"a pod of {r} fails", lambda w, p=pod: w.sim.fail(p), blames=[r])
        yield taken(f"a pod of {r} is evicted", r, lambda w, p=pod: w.sim.evict(p))
    if sim.drops._seen:
        yield Move("the operator starts anew", lambda w: restart(w.sim), restarts=True)
    if V2 not in sim.broken:
        yield fault("pods of v2 become ready no more", lambda w: w.sim.breaks(V2), blames=[V2])


def operator_moves(decision: Decision) -> Iterator[Move]:
    """A pass, cut off after each write, or with the reply to each write lost."""
    writes = decision.writes
    if writes or _unsettled(decision):
        yield Move("the operator makes a pass", operator_pass(decision))
    for index in range(len(writes)):
        if index or decision.dropped:
            yield Move(f"the operator dies after {index} writes", operator_pass(decision, cut_after=index))
        yield Move(f"the reply to write {index} is lost", operator_pass(decision, lost_reply=index))


def _unsettled(decision: Decision) -> bool:
    """Whether a pass that writes nothing changes what is latched, or what is asked to be measured."""
    if _asks_anew(decision):
        return True
    old_s = decision.base.now.timestamp() - LINGER_S
    return any(not drop.known or (drop.over and drop.at_s <= old_s) for drop in decision.dropped.values())


def _asks_anew(decision: Decision) -> bool:
    sim = decision.base
    if sim.open is None:
        return False
    return opened(decision.plan.asks, sim.open, sim.measured) != (sim.open, sim.measured)


def hanging_leaders(decision: Decision) -> Iterator[Move]:
    """The leader hangs before a write, and another one takes over; the write may come yet, until that one writes."""
    for index, write in enumerate(decision.writes):
        yield oddity(
            f"the leader hangs before write {index}, {write.verb} {write.kind}", _hanging(decision, index)
        )


def _hanging(decision: Decision, index: int) -> Callable[[World], object]:
    def hang(world: World) -> None:
        carry_out(world.sim, decision, judged=world.written, cut_after=index)
        world.late = (decision, index)

    return hang


def _is_valid(late: tuple[Decision, int], sim: Sim) -> bool:
    """Whether it would be taken: its object is still as its leader had seen it."""
    write = late[0].writes[late[1]]
    live = stored(sim, write.kind, write.name)
    return (
        write.identity == identity(live)
        if write.identity and live
        else write.identity is None and live is None
    )


def _late_write(world: World) -> None:
    decision, index = world.late or (None, 0)
    if decision is not None:
        land(world.sim, decision.writes[index], {}, decision, world.written)


def one_of_each(pods: Iterator[SimPod]) -> list[SimPod]:
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


def fault(name: str, happens: Callable[[World], object], *, blames: Iterable[str] = ()) -> Move:
    """Something fails; it may be held against the revisions that it `blames`."""

    def fault(world: World) -> None:
        ghost = world.ghost
        blamed = ghost.blamed.union(blames)
        world.ghost = ghost._replace(calm=False, well=False, blamed=blamed, faults=ghost.faults + 1)
        happens(world)

    return Move(name, fault)


def taken(name: str, revision: str, happens: Callable[[World], object]) -> Move:
    """A node takes a pod: no fault of its revision, unless that happens to it again."""

    def take(world: World) -> None:
        again = [revision] if revision in world.ghost.taken else []
        fault(name, happens, blames=again).happens(world)
        world.ghost = world.ghost._replace(taken=world.ghost.taken | {revision})

    return Move(name, take)


def oddity(name: str, happens: Callable[[World], object]) -> Move:
    """Something happens that costs no pod and speaks against nobody; it may happen as seldom as a fault."""

    def odd(world: World) -> None:
        world.ghost = world.ghost._replace(faults=world.ghost.faults + 1)
        happens(world)

    return Move(name, odd)
