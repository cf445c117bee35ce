"""The search through the states of one small world, state by state, for a broken promise.

The default course of a world is free: the operator makes a pass when it has something to write, else the cluster
moves, else what is asked to be measured is answered well, else time passes. Everything else (another order, a lost reply, a crash between two writes, a crashing pod,
an edit) costs one deviation. States are explored in the order of their deviations, so all courses with one deviation
come before any with two; among courses with as many, one that is begun is followed to its end first. From every state
that was explored, the default course must come to rest within `PATIENCE` steps, in the state that is wanted, and stay
there.

Beside that search, walks take many deviations at random, and a course that was found before is played again.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from simulation.admins import lifted
from simulation.canonical import canonical
from simulation.held import waits
from simulation.invariants import asking, resting, standing, waiting
from simulation.moves import (
    REST_S,
    Move,
    World,
    answer_moves,
    cluster_moves,
    operator_moves,
    operator_pass,
    remedies,
    time_moves,
)
from simulation.passes import Decision, carry_out, decided
from simulation.promise import Violation

PATIENCE = 150
"""Steps of the default course to the rest, from any state: passes, steps of the cluster, and of time."""

WALK = 120
"""Steps of a walk, before it is left alone."""

LONG_S = 5000
"""Longer than any time that counts: at rest, it changes nothing."""

DISTURBED = 0.35
"""How many of a walk's steps are not the default one."""

TOLD_EVERY = 200
"""States between two moments at which a search may say how far it is."""

SPARE = 1.25
"""So many times the states that may still be explored are kept whole: states that come later may go before them."""

LAST = (1_000_000, 0.0)
"""A rank behind all others."""

UNSEEN = ", and the operator has not seen it in its pass"
BEGINNING = "the world begins"
DECIDES, RESTS, GOES_ON = "the operator decides", "it comes to rest", "the default course goes on"
"""What a course may end with besides a move."""

Key = int
Rank = tuple[int, float]
"""Deviations, and a number that a course keeps while nothing disturbs it."""

Waiting = tuple[Rank, int, Key, World, Key | None, str]
"""A state to explore: its rank, which of all it was, what it is, and the state and the move that it came from."""


class CounterExample(AssertionError):  # noqa: N818 -- what it is called in every text on the matter
    """A course of a world that ends in a broken promise."""

    def __init__(self, broken: Violation, path: list[str]) -> None:
        runs = [(name, len([*same])) for name, same in itertools.groupby(path)]
        steps = "\n".join(f"  {name}{f' ({times} times)' if times > 1 else ''}" for name, times in runs)
        super().__init__(f"{broken}\nafter:\n{steps}")
        self.promise = broken.promise
        self.path = path


@dataclass
class Search:
    """The states of one world that were explored, and those still to explore.

    A state that was reached is kept as its hash, and whole only while it may still be explored: `limit` bounds both.
    """

    limit: int
    seed: int = 1
    tell: Callable[[Search], object] | None = None
    _deviations: dict[Key, int] = field(default_factory=dict)
    _came: dict[Key, tuple[Key | None, str]] = field(default_factory=dict)
    _next: dict[Key, Key | None] = field(default_factory=dict)
    _waiting: list[Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._numbers = itertools.count()
        self._kept_to: Rank = LAST

    @property
    def reached(self) -> int:
        """The states that the invariants were asked of."""
        return len(self._deviations)

    @property
    def explored(self) -> int:
        """The states from which everything that can happen next was tried."""
        return len(self._next)

    def run(self, world: World) -> Search:
        """Explore `limit` states, or all there are. Raises CounterExample."""
        self._reach(world, None, BEGINNING, (0, 0.0))
        while self._waiting and self.explored < self.limit:
            rank, _, key, current, parent, name = heapq.heappop(self._waiting)
            if key not in self._next:
                self._came[key] = (parent, name)
                self._explore(key, current, rank)
            self._trim()
        self._waiting.clear()
        self._all_come_to_rest()
        return self

    def walk(self, world: World) -> None:
        """One course with many deviations, and then without any to its rest. Raises CounterExample."""
        self.follow(world, WALK, self._at_random)

    def _at_random(self, _: int, own: Moves) -> Move | None:
        disturbed = self._random.random() < DISTURBED
        return self._random.choice([*own, *own.stale()]) if disturbed else own.default

    def follow(self, world: World, steps: int, choose: Callable[[int, Moves], Move | None]) -> None:
        """One course, for so many steps as `choose` says, and then by default to its rest. Raises CounterExample."""
        key = self._step(world, None, BEGINNING)
        for step in range(steps + PATIENCE):
            decision = self._decided(key, world)
            own = Moves(world, decision)
            move = choose(step, own) if step < steps else own.default
            after = self._after(key, world, move) if move else world
            if step >= steps and canonical(after.sim) == canonical(world.sim):
                self._rests(key, world)
                if not waits(world.sim, world.ghost):
                    return
                move = lifted(world.sim)
                after = self._after(key, world, move)
            if move:
                world, key = after, self._step(after, key, move.name)
        raise self._restless(key)

    def _reach(self, world: World, parent: Key | None, name: str, rank: Rank) -> Key:
        self._stands(world, parent, name)
        key = world.key()
        if rank[0] < self._deviations.get(key, 1_000_000):
            self._deviations[key] = rank[0]
            if rank <= self._kept_to and key not in self._next:
                heapq.heappush(self._waiting, (rank, next(self._numbers), key, world, parent, name))
        return key

    def _trim(self) -> None:
        """Forget what is so far behind in the order that it will not be explored, now and from now on.

        A state that was reached again by fewer deviations waits twice, and counts once.
        """
        left = self.limit - self.explored
        if len(self._waiting) > SPARE * left + 1000:
            once = (w for w in self._waiting if w[0][0] == self._deviations[w[2]] and w[2] not in self._next)
            self._waiting = heapq.nsmallest(left + 500, once)
            if len(self._waiting) > left:
                self._kept_to = self._waiting[-1][0]
        if self.tell and self.explored % TOLD_EVERY == 0:
            self.tell(self)

    def _step(self, world: World, parent: Key | None, name: str) -> Key:
        """One step of a walk: its path is its own, whichever states it meets."""
        self._stands(world, parent, name)
        key = hash((world.key(), parent))
        self._came[key] = (parent, name)
        return key

    def _stands(self, world: World, parent: Key | None, name: str) -> None:
        try:
            world.ghost = standing(world.sim, world.ghost)
        except Violation as broken:
            raise self._counter_example(broken, parent, name) from broken

    def _explore(self, key: Key, world: World, rank: Rank) -> None:
        decision = self._decided(key, world)
        own = Moves(world, decision)
        usually = own.default.name if own.default else ""
        self._next[key] = None
        children: dict[Move, World] = {}
        for move in own:
            usual = move.name == usually
            child = children[move] = self._after(key, world, move)
            reached = self._reach(child, key, move.name, rank if usual else self._deviating(rank))
            if usual and reached != key:  # a look that finds nothing new is rest
                self._next[key] = reached
        if (
            self._next[key] is None and not decision.writes
        ):  # else only the pod that a sentence names is another
            self._rests(key, world)
            self._lifts(key, world, rank)
        for move in own.others if decision.writes else ():
            late = Move(f"{move.name}{UNSEEN}", operator_pass(decision))
            self._reach(self._after(key, children[move], late), key, late.name, self._deviating(rank))

    def _lifts(self, key: Key, world: World, rank: Rank) -> None:
        """What policies hold rests; then they are taken away, and it is to come to the end that it would have come to."""
        if waits(world.sim, world.ghost):
            move = lifted(world.sim)
            self._next[key] = self._reach(self._after(key, world, move), key, move.name, rank)

    def _deviating(self, rank: Rank) -> Rank:
        return (rank[0] + 1, self._random.random())

    def _after(self, key: Key, world: World, move: Move) -> World:
        child = world.fork()
        try:
            move.happens(child)
        except Violation as broken:
            raise self._counter_example(broken, key, move.name) from broken
        return child

    def _decided(self, key: Key, world: World) -> Decision:
        try:
            decision = decided(world.sim)
            asking(decision)
            if not decision.writes:
                waiting(world.sim)
        except Violation as broken:
            raise self._counter_example(broken, key, DECIDES) from broken
        return decision

    def _rests(self, key: Key, world: World) -> None:
        try:
            resting(world.sim, world.ghost)
            _stays(world)
        except Violation as broken:
            raise self._counter_example(broken, key, RESTS) from broken

    def _all_come_to_rest(self) -> None:
        """Follow the default course from every state that was explored."""
        known: dict[Key, int] = {}
        for start in self._next:
            course: list[Key] = []
            key: Key | None = start
            while key is not None and key in self._next and key not in known and len(course) <= PATIENCE:
                course.append(key)
                key = self._next[key]
            steps = known.get(key, 0) if key is not None else 0
            for length, each in enumerate(reversed(course), 1):
                known[each] = steps + length
            if known.get(start, 0) > PATIENCE:
                raise self._restless(start)

    def _restless(self, key: Key) -> CounterExample:
        broken = Violation("it comes to rest once nothing disturbs it", f"not within {PATIENCE} steps")
        return self._counter_example(broken, key, GOES_ON)

    def _counter_example(self, broken: Violation, key: Key | None, last: str) -> CounterExample:
        path = [last]
        while key is not None:
            key, name = self._came[key]
            path.append(name)
        return CounterExample(broken, path[::-1])


class Moves:
    """All that may happen next in a world, in the order in which it is tried."""

    def __init__(self, world: World, decision: Decision) -> None:
        self._world, self._decision = world, decision
        self._operator = [*operator_moves(decision)]

    @property
    def default(self) -> Move | None:
        """What happens if nobody disturbs; None at rest."""
        first = self._operator or self._cluster or self._answers
        if first:
            return first[0]
        wake_after_s = _wake_after_s(self._world, self._decision)
        due = wake_after_s is not None and wake_after_s < REST_S
        return next(time_moves(self._world.sim, wake_after_s)) if due else None

    @cached_property
    def _cluster(self) -> list[Move]:
        return [*cluster_moves(self._world.sim), *remedies(self._world.sim)]

    @cached_property
    def _answers(self) -> list[Move]:
        return [*answer_moves(self._world.sim)]

    @cached_property
    def _disturbances(self) -> list[Move]:
        return [*self._world.disturbances(), *self._world.hangs(self._decision)]

    @property
    def others(self) -> list[Move]:
        """What may happen while the operator makes its pass."""
        moves = (*self._cluster, *self._answers, *self._disturbances)
        return [move for move in moves if not move.restarts]

    def __iter__(self) -> Iterator[Move]:
        yield from self._operator
        yield from self._cluster
        yield from self._answers
        waits = bool(self._operator or self._cluster)
        yield from time_moves(self._world.sim, _wake_after_s(self._world, self._decision), slow=waits)
        yield from self._disturbances

    def named(self, name: str) -> Move | None:
        """The first one of that name, with what ends a hold; None where it cannot happen."""
        return next((m for m in (*self, *self.stale(), lifted(self._world.sim)) if m.name == name), None)

    def stale(self) -> Iterator[Move]:
        """The operator decides, something else happens, and then its writes land."""
        if self._decision.writes:
            for move in self.others:
                yield Move(f"{move.name}{UNSEEN}", _meanwhile(move, self._decision))


def _wake_after_s(world: World, decision: Decision) -> float | None:
    """When something moves without anybody: the operator looks again, or a pod has been ready for long enough."""
    waits = [s for s in (decision.wake_after_s, world.sim.available_in_s()) if s is not None]
    return min(waits, default=None)


def _stays(world: World) -> None:
    """Time alone changes nothing any more. Raises Violation."""
    later = world.fork()
    later.sim.tick(LONG_S)
    writes = [f"{w.verb} {w.kind} {w.name}" for w in decided(later.sim).writes]
    if writes:
        raise Violation("at rest time alone makes it write nothing", f"{writes}, much later")


def _meanwhile(move: Move, decision: Decision) -> Callable[[World], object]:
    def both(world: World) -> None:
        move.happens(world)
        carry_out(world.sim, decision, judged=world.written)

    return both
