"""A model checker of the core: it tries what may happen to small worlds, and prints how many states it explored.

    cd tests && PYTHONPATH=../operator:. ../.venv/bin/python -m simulation.checker --states 20000

What it tries first of all that may happen depends on a seed, which is that of the commit: another one finds something else. The
same seed, states and strategy repeat a run exactly. That the checker
is not blind is proved by bugs that are planted (`planted/`), and by the courses that show them (`courses.py`).

`search.py` says how a world is searched, `shares.py` how far, `worlds.py` which worlds there are, and `moves.py`, `people.py` and `mishaps.py` what may
happen in them. What must hold is in `invariants.py` and `rules_*.py`: it follows from the spec (`asked.py`), from what the cluster shows
(`shown.py`, `weights.py`), and from how far that lets a release go (`way.py`), never from what the operator plans. A route is carried out by a router of its own (`router.py`), and what is measured is answered when a source likes (`measuring.py`).
What policies rightly hold is in `held.py`, and who decides about them in `admins.py`. The operator is real but for its requests: its
store, observer and latch are in `shell.py` and `sight.py`, its passes in `passes.py`.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import multiprocessing
import resource
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from simulation.moves import World
from simulation.search import CounterExample, Search
from simulation.shares import WALKS, WIDTH, Outcome, Shares, Task
from simulation.worlds import STRATEGIES, cases

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "operator/crossfade/core"
REPEATED = "cd tests && PYTHONPATH=../operator:. ../.venv/bin/python -m simulation.checker"
SEEDS = 10_000
"""A seed is below it: short enough to be told."""

TOLD_EVERY_S = 60
"""Between two words of a search that takes long."""


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
            print(f"… {outcome(search)}, of {task.states:,}", flush=True)

    search = Search(task.states, seed=task.seed, tell=tell)
    try:
        with without_collection():
            world = opened(task.strategy, task.case)
            search.run(world)
            for _ in range(task.walks):
                search.walk(world)
    except CounterExample as broken:
        return Outcome(task, promise=broken.promise, broken=str(broken), path=tuple(broken.path))
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


def opened(strategy: str, name: str) -> World:
    """A world from its beginning on."""
    return next(case for case in cases(strategy) if case.name == name).begin()


def told_search(task: Task) -> Outcome:
    """A search that says how far it is, for another process: garbage goes with that."""
    gc.disable()
    return searched(task, told=True)


def run(wanted: list[Shares], jobs: int) -> Iterator[Outcome]:
    """The outcomes as they come; each search has a process of its own, so that its memory goes with it."""
    ended: SimpleQueue[Outcome | BaseException] = SimpleQueue()
    by_strategy = {shares.strategy: shares for shares in wanted}
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        under_way = 0
        while True:
            while under_way < jobs and (task := _next(wanted)):
                pool.apply_async(told_search, (task,), callback=ended.put, error_callback=ended.put)
                under_way += 1
            if not under_way:
                return
            outcome = ended.get()
            if isinstance(outcome, BaseException):
                raise outcome
            under_way -= 1
            by_strategy[outcome.task.strategy].end(outcome)
            yield outcome


def _next(wanted: list[Shares]) -> Task | None:
    return next((task for shares in wanted if (task := shares.next())), None)


def seed_of_the_tree() -> int:
    """That of the commit; outside of git, of what the core says."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False
    ).stdout
    core = (path.read_bytes() for path in sorted(CORE.rglob("*.py")))
    return int(head.strip() or hashlib.sha256(b"".join(core)).hexdigest(), 16) % SEEDS


def main() -> None:
    """Check every strategy, and print what was explored."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=20_000, help="states to explore for each strategy")
    parser.add_argument(
        "--walks", type=int, help=f"random walks in each world; {WALKS}, or fewer with fewer states"
    )
    parser.add_argument("--seed", type=int, default=seed_of_the_tree(), help="that of the commit by default")
    parser.add_argument("--jobs", type=int, default=2, help="searches side by side")
    parser.add_argument("--only", metavar="STRATEGY", help=f"one of {', '.join(STRATEGIES)}")
    parser.add_argument("--world", help="only the worlds of this name, with their usual share of the states")
    asked = parser.parse_args()
    chosen = [name for name in STRATEGIES if asked.only in {None, name}]
    if not chosen:
        parser.error(f"there is no strategy {asked.only}: take one of {', '.join(STRATEGIES)}")
    worlds = dict.fromkeys(case.name for name in chosen for case in cases(name))
    if asked.world and asked.world not in worlds:
        parser.error(f"there is no world {asked.world!r}: take one of {', '.join(map(repr, worlds))}")
    print(f"seed {asked.seed}; to repeat: {REPEATED} {_options(asked)}", flush=True)
    wanted = [Shares(name, asked.states, asked.walks, asked.seed, asked.world) for name in chosen]
    raise SystemExit(report(wanted, run(wanted, asked.jobs)))


def _options(asked: argparse.Namespace) -> str:
    """What to ask for to have the same again."""
    told = {name: getattr(asked, name) for name in ("seed", "states", "walks", "only", "world")}
    return " ".join(
        f"--{name} {shlex.quote(str(value))}" for name, value in told.items() if value is not None
    )


def report(wanted: list[Shares], outcomes: Iterator[Outcome]) -> int:
    """Print each outcome and the sums; 1 where a promise is broken."""
    begun, failed = time.monotonic(), 0
    for outcome in outcomes:
        print(f"{outcome}{', all there are' if outcome.exhausted else ''}", flush=True)
        failed += bool(outcome.broken)
    for shares in wanted:
        mine = shares.outcomes
        if mine:
            print(
                f"{shares.strategy:<10}{f'{len(mine)} of {len(cases(shares.strategy))} worlds':<{WIDTH}}"
                f"{sum(o.explored for o in mine):>10,} states explored{sum(o.reached for o in mine):>12,} reached"
            )
    print(f"{failed or 'no'} promises broken, in {time.monotonic() - begun:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    main()
