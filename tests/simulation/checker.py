"""A model checker: it tries what may happen to a small world, state by state, and looks for a broken promise.

The default course of a world is free: the operator makes a pass when it has something to write, else the cluster
moves, else time passes. Everything else (another order, a lost reply, a crash between two writes, a crashing pod,
an edit) costs one deviation. States are tried in the order of their deviations, so all courses with one deviation
come before any with two; among courses with as many, one that is begun is followed to its end first. From every state that was tried, the default course must come to rest within
`PATIENCE` steps, in the state that is wanted, and stay there.

Beside that search, walks take many deviations at random.

    PYTHONPATH=operator:tests python -m simulation.checker --states 20000
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulation.canonical import canonical
from simulation.invariants import Violation, resting, standing
from simulation.moves import REST_S, Move, World, cluster_moves, faults, operator_moves, people, time_moves
from simulation.passes import Decision, carry_out, decided
from simulation.worlds import SHAPES, STRATEGIES, VARIANTS, world

PATIENCE = 150
"""Steps of the default course to the rest, from any state: passes, steps of the cluster, and of time."""

WALK = 120
"""Steps of a walk, before it is left alone."""

LONG_S = 5000
"""Longer than any time that counts: at rest, it changes nothing."""

DISTURBED = 0.35
"""How many of a walk's steps are not the default one."""

Key = int
Rank = tuple[int, float]
"""Deviations, and a number that a course keeps while nothing disturbs it."""


class CounterExample(AssertionError):  # noqa: N818 -- what it is called in every text on the matter
    """A course of a world that ends in a broken promise."""

    def __init__(self, what: str, path: list[str]) -> None:
        runs = [(name, len([*same])) for name, same in itertools.groupby(path)]
        steps = "\n".join(f"  {name}{f' ({times} times)' if times > 1 else ''}" for name, times in runs)
        super().__init__(f"{what}\nafter:\n{steps}")
        self.path = path


@dataclass
class Search:
    """The states of one world that were tried, and those still to try."""

    limit: int
    seed: int = 1
    max_faults: int = 2
    max_edits: int = 2
    _ranks: dict[Key, Rank] = field(default_factory=dict)
    _came: dict[Key, tuple[Key | None, str]] = field(default_factory=dict)
    _next: dict[Key, Key | None] = field(default_factory=dict)
    _waiting: list[tuple[Rank, Key, World]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @property
    def reached(self) -> int:
        """The states that the invariants were asked of."""
        return len(self._came)

    @property
    def tried(self) -> int:
        """The states from which everything that can happen next was tried."""
        return len(self._next)

    def run(self, world: World) -> Search:
        """Reach `limit` states, or all there are. Raises CounterExample."""
        self._reach(world, None, "the user changes the image", (0, 0.0))
        while self._waiting and self.reached < self.limit:
            rank, key, current = heapq.heappop(self._waiting)
            if key not in self._next:
                self._try(key, current, rank)
        self._all_come_to_rest()
        return self

    def walk(self, world: World, steps: int) -> None:
        """One course with many deviations, and then without any to its rest. Raises CounterExample."""
        key = self._reach(world, None, "the user changes the image", (0, 0.0))
        for left in range(steps + PATIENCE, 0, -1):
            decision = decided(world.sim)
            move = self._default(world, decision)
            if left > PATIENCE and self._random.random() < DISTURBED:
                move = self._random.choice([*self._moves(world, decision), *self._stale(world, decision)])
            after = self._after(key, world, move) if move else world
            if left <= PATIENCE and canonical(after.sim) == canonical(world.sim):
                return self._rests(key, world)
            if move:
                world, key = after, self._step(after, key, move.name)
        raise self._counter_example(f"no rest within {PATIENCE} steps", key, "the default course goes on")

    def _reach(self, world: World, parent: Key | None, name: str, rank: Rank) -> Key:
        try:
            standing(world.sim, world.ghost)
        except Violation as broken:
            raise self._counter_example(str(broken), parent, name) from broken
        key = hash((canonical(world.sim), world.ghost))
        if key not in self._next and (key not in self._ranks or rank[0] < self._ranks[key][0]):
            self._came[key], self._ranks[key] = (parent, name), rank
            heapq.heappush(self._waiting, (rank, key, world))
        return key

    def _step(self, world: World, parent: Key, name: str) -> Key:
        """One step of a walk: its path is its own, whichever states it meets."""
        try:
            standing(world.sim, world.ghost)
        except Violation as broken:
            raise self._counter_example(str(broken), parent, name) from broken
        key = hash((canonical(world.sim), world.ghost, parent))
        self._came[key] = (parent, name)
        return key

    def _try(self, key: Key, world: World, rank: Rank) -> None:
        decision = decided(world.sim)
        default = self._default(world, decision)
        self._next[key] = None
        for move in self._moves(world, decision):
            usual = default is not None and move.name == default.name
            child = self._after(key, world, move)
            reached = self._reach(child, key, move.name, rank if usual else self._deviating(rank))
            if usual and reached != key:  # a look that finds nothing new is rest
                self._next[key] = reached
        if self._next[key] is None:
            self._rests(key, world)
        for move in self._stale(world, decision):
            self._reach(self._after(key, world, move), key, move.name, self._deviating(rank))

    def _deviating(self, rank: Rank) -> Rank:
        return (rank[0] + 1, self._random.random())

    def _after(self, key: Key, world: World, move: Move) -> World:
        child = world.fork()
        try:
            move.happens(child)
        except AssertionError as broken:
            raise self._counter_example(str(broken), key, move.name) from broken
        return child

    def _default(self, world: World, decision: Decision) -> Move | None:
        return next(self._usual(world, decision), None)

    def _usual(self, world: World, decision: Decision) -> Iterator[Move]:
        yield from operator_moves(decision)
        yield from cluster_moves(world.sim)
        wake = decision.plan.wake_after_s
        if wake is not None and wake < REST_S:
            yield from time_moves(world.sim, wake)

    def _moves(self, world: World, decision: Decision) -> Iterator[Move]:
        yield from operator_moves(decision)
        yield from cluster_moves(world.sim)
        yield from time_moves(world.sim, decision.plan.wake_after_s)
        if world.ghost.faults < self.max_faults:
            yield from faults(world.sim)
        if world.ghost.edits < self.max_edits:
            yield from people(world.sim)

    def _stale(self, world: World, decision: Decision) -> Iterator[Move]:
        """The operator decides, something else happens, and then its writes land."""
        if not decision.writes:
            return
        others = [*cluster_moves(world.sim)]
        if world.ghost.faults < self.max_faults:
            others += faults(world.sim)
        if world.ghost.edits < self.max_edits:
            others += people(world.sim)
        for move in others:
            yield Move(
                f"{move.name}, and the operator has not seen it in its pass", _meanwhile(move, decision)
            )

    def _rests(self, key: Key, world: World) -> None:
        try:
            resting(world.sim)
            later = world.fork()
            later.sim.tick(LONG_S)
            writes = decided(later.sim).writes
        except Violation as broken:
            raise self._counter_example(str(broken), key, "it comes to rest") from broken
        if writes:
            told = [f"{w.verb} {w.kind} {w.name}" for w in writes]
            raise self._counter_example(
                f"at rest, time alone makes it write: {told}", key, "much time passes"
            )

    def _all_come_to_rest(self) -> None:
        """Follow the default course from every state that was tried."""
        known: dict[Key, int] = {}
        for start in self._next:
            course, key = [], start
            while key is not None and key in self._next and key not in known and len(course) <= PATIENCE:
                course.append(key)
                key = self._next[key]  # type: ignore[assignment]
            steps = known.get(key, 0) if key is not None else 0
            for length, each in enumerate(reversed(course), 1):
                known[each] = steps + length
            if known.get(start, 0) > PATIENCE:
                raise self._counter_example(
                    f"no rest within {PATIENCE} steps", start, "the default course goes on"
                )

    def _counter_example(self, what: str, key: Key | None, last: str) -> CounterExample:
        path = [last]
        while key is not None:
            key, name = self._came[key]
            path.append(name)
        return CounterExample(what, path[::-1])


def _meanwhile(move: Move, decision: Decision):  # noqa: ANN202
    def both(world: World) -> None:
        move.happens(world)
        carry_out(world.sim, decision, judged=world.written)

    return both


def check(strategy: dict[str, Any], states: int, *, walks: int = 0, seed: int = 1) -> int:
    """All shapes of a strategy's world; gives how many states were reached. Raises CounterExample."""
    reached = 0
    for shape in SHAPES:
        search = Search(round(states * shape.share), seed=seed).run(world(strategy, shape))
        for _ in range(walks):
            search.walk(world(strategy, shape), WALK)
        reached += search.reached
    return reached


def main() -> None:
    """Check every strategy, and print what was reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=20_000, help="states to reach for each strategy")
    parser.add_argument("--walks", type=int, default=100, help="random walks for each shape of a world")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("strategies", nargs="*", default=[*STRATEGIES, *VARIANTS])
    asked = parser.parse_args()
    failures = 0
    for name in asked.strategies:
        begun = time.monotonic()
        try:
            reached = check(
                {**STRATEGIES, **VARIANTS}[name], asked.states, walks=asked.walks, seed=asked.seed
            )
            print(
                f"{name}: {reached} states, no promise broken, {time.monotonic() - begun:.0f} s", flush=True
            )
        except CounterExample as broken:
            failures += 1
            print(f"{name}: {broken}", flush=True)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
