"""A model checker of the core: it tries what may happen to small worlds, and prints how many states it explored.

    PYTHONPATH=operator:tests python -m simulation.checker --states 20000

`search.py` says how a world is searched, `worlds.py` which worlds there are, `moves.py` what may happen in them, and
`invariants.py` what must hold.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulation.search import CounterExample, Search
from simulation.worlds import STRATEGIES, Case, cases

TOLD_EVERY_S = 30
"""Between two words of a search that takes long."""

WIDTH = max(len(case.name) for name in STRATEGIES for case in cases(name))


@dataclass(frozen=True)
class Task:
    """One world to search: `states` to explore, and `walks` to take beside."""

    strategy: str
    case: str
    states: int
    walks: int
    seed: int = 1

    @property
    def name(self) -> str:
        """Strategy and world, in columns."""
        return f"{self.strategy:<10}{self.case:<{WIDTH}}"


@dataclass(frozen=True)
class Outcome:
    """What a search came to. `promise`: the one that is broken, and `broken` the course that breaks it.

    `seconds` are of the processor, `memory_mb` the most that the process ever had.
    """

    task: Task
    explored: int = 0
    reached: int = 0
    seconds: float = 0.0
    memory_mb: int = 0
    promise: str = ""
    broken: str = ""

    def __str__(self) -> str:
        """A line of the table, or the counter-example."""
        if self.broken:
            return f"{self.task.name}  {self.broken}"
        rate = self.explored / max(0.001, self.seconds)
        return (
            f"{self.task.name}{self.explored:>10,} states explored{self.reached:>12,} reached"
            f"{self.seconds:>7.0f} s{rate:>6.0f}/s{self.memory_mb:>6} MB"
        )


def searched(task: Task, *, told: bool = False) -> Outcome:
    """Search one world; with `told` a long search says how far it is."""
    begun, said = time.process_time(), time.monotonic()

    def outcome(search: Search) -> Outcome:
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        seconds = time.process_time() - begun
        return Outcome(task, search.explored, search.reached, seconds, memory_mb)

    def tell(search: Search) -> None:
        nonlocal said
        if told and time.monotonic() - said >= TOLD_EVERY_S:
            said = time.monotonic()
            print(f"… {outcome(search)}", flush=True)

    search = Search(task.states, seed=task.seed, tell=tell)
    try:
        with without_collection():
            world = _case(task).begin()
            search.run(world)
            for _ in range(task.walks):
                search.walk(world)
    except CounterExample as broken:
        return Outcome(task, promise=broken.promise, broken=str(broken))
    return outcome(search)


@contextmanager
def without_collection() -> Iterator[None]:
    """No search for garbage in cycles: there is none (measured), and looking for it takes half of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _case(task: Task) -> Case:
    return next(case for case in cases(task.strategy) if case.name == task.case)


def tasks(strategy: str, states: int, *, walks: int = 0, seed: int = 1) -> list[Task]:
    """All worlds of a strategy, with their shares of `states`."""
    return [
        Task(strategy, case.name, math.ceil(states * case.share), walks, seed) for case in cases(strategy)
    ]


def told_search(task: Task) -> Outcome:
    """A search that says how far it is, for another process."""
    return searched(task, told=True)


def run(wanted: list[Task], jobs: int) -> Iterator[Outcome]:
    """The outcomes as they come; each search has a process of its own, so that its memory goes with it."""
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(told_search, wanted)


def main() -> None:
    """Check every strategy, and print what was explored."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=20_000, help="states to explore for each strategy")
    parser.add_argument("--walks", type=int, default=20, help="random walks in each world")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="searches side by side")
    parser.add_argument("--world", help="only the worlds of this name")
    parser.add_argument("strategies", nargs="*", default=list(STRATEGIES))
    asked = parser.parse_args()
    wanted = [
        task
        for name in asked.strategies
        for task in tasks(name, asked.states, walks=asked.walks, seed=asked.seed)
        if asked.world in {None, task.case}
    ]
    raise SystemExit(report(run(wanted, asked.jobs)))


def report(outcomes: Iterator[Outcome]) -> int:
    """Print each outcome and the sums; 1 where a promise is broken."""
    begun, ended = time.monotonic(), []
    for outcome in outcomes:
        print(outcome, flush=True)
        ended.append(outcome)
    for name in STRATEGIES:
        mine = [o for o in ended if o.task.strategy == name]
        if mine:
            print(
                f"{name:<10}{'all ' + str(len(mine)) + ' worlds':<{WIDTH}}{sum(o.explored for o in mine):>10,}"
                f" states explored{sum(o.reached for o in mine):>12,} reached"
            )
    failed = sum(bool(o.broken) for o in ended)
    print(f"{failed or 'no'} promises broken, in {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
