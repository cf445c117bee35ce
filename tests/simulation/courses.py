"""Courses that show planted bugs, kept so that they are played again in seconds. Written anew, all or some, by

    cd tests && PYTHONPATH=../operator:. ../.venv/bin/python -m simulation.courses [PART OF A NAME]...

The usual course of a world goes without saying: what is kept is its deviations, by their number in the course.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from simulation.checker import opened, searched
from simulation.planted.bug import Bug, Patch
from simulation.planted.bugs import BUGS
from simulation.search import DECIDES, GOES_ON, RESTS, CounterExample, Move, Moves, Search
from simulation.shares import Outcome, Task

STATES = 2000
SEEDS = range(1, 4)
"""One of three searches of so many states must find a planted bug: fewer than `make test-all` looks at in each world."""

FEW = 100
"""A course that goes through a state that another one has reached too may not be played as it is told: then another is found."""

KEPT = Path(__file__).with_name("courses.json")
ANEW = "cd tests && PYTHONPATH=../operator:. ../.venv/bin/python -m simulation.courses"

Choice = Callable[[int, Moves], Move | None]
Course = dict[str, str]
"""The moves that are not the usual ones, by the number of the step, from 0."""


class Unplayable(LookupError):  # noqa: N818 -- an outcome
    """The world has changed: a move of a stored course cannot happen any more."""


def kept() -> dict[str, Course]:
    """All stored courses, by the name of the bug that each shows."""
    return json.loads(KEPT.read_text())  # type: ignore[no-any-return]


def found(bug: Bug, states: int = STATES) -> Iterator[Outcome]:
    """What searches with the bug planted come to, one for each seed; made as they are asked for."""
    for seed in SEEDS:
        with Patch.context() as patch:
            bug.plant(patch)
            outcome = searched(Task(bug.strategy, bug.world, states, bug.walks, seed))
        yield outcome


def replayed(bug: Bug, course: Mapping[str, str]) -> str:
    """The promise that a stored course breaks with the bug planted; "" where it breaks none. Raises Unplayable."""

    def choose(step: int, own: Moves) -> Move | None:
        name = course.get(str(step))
        move = own.named(name) if name else own.default
        if name and move is None:
            raise Unplayable(f"step {step}, {name!r}, cannot happen: {ANEW}")
        return move

    return _played(bug, max(map(int, course), default=-1) + 1, choose)


def recorded(bug: Bug, path: tuple[str, ...]) -> Course:
    """The deviations of a course that was found."""
    moves = path[1:-1] if path[-1] in {DECIDES, RESTS, GOES_ON} else path[1:]
    course: Course = {}

    def choose(step: int, own: Moves) -> Move | None:
        if own.default and own.default.name == moves[step]:
            return own.default
        course[str(step)] = moves[step]
        return own.named(moves[step])

    _played(bug, len(moves), choose)
    return course


def _played(bug: Bug, steps: int, choose: Choice) -> str:
    with Patch.context() as patch:
        bug.plant(patch)
        try:
            Search(0).follow(opened(bug.strategy, bug.world), steps, choose)
        except CounterExample as broken:
            return broken.promise
    return ""


def shown(bug: Bug) -> tuple[str, Course | None]:
    """A course that shows it, searched for, and played to be sure; the first that is found with few states, else with more."""
    if _shows(bug, {}):
        return bug.name, {}
    for outcome in itertools.chain(found(bug, FEW), found(bug)):
        if outcome.promise != bug.promise:
            continue
        course = recorded(bug, outcome.path)
        if _shows(bug, course):
            return bug.name, shortened(bug, course)
    return bug.name, None


def _shows(bug: Bug, course: Course) -> bool:
    try:
        return replayed(bug, course) == bug.promise
    except Unplayable:
        return False


def shortened(bug: Bug, course: Course) -> Course:
    """Without those of its deviations that it does not need: many at once are tried first."""
    size = len(course)
    while size:
        for chunk in _chunks([*course], size):
            less = {step: name for step, name in course.items() if step not in chunk}
            course = less if _shows(bug, less) else course
        size //= 2
    return course


def _chunks(steps: list[str], size: int) -> list[list[str]]:
    return [steps[at : at + size] for at in range(0, len(steps), size)]


def main(words: list[str]) -> None:
    """Search for those bugs whose name has one of the parts, or for all, and keep their courses."""
    courses = kept() if KEPT.exists() else {}
    chosen = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        for name, course in pool.imap_unordered(shown, chosen):
            print(f"{name}: {'nothing shows it' if course is None else course}", flush=True)
            if course is not None:
                courses[name] = course
                _keep(courses)


def _keep(courses: dict[str, Course]) -> None:
    known = (bug.name for bug in BUGS if bug.name in courses)
    KEPT.write_text("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(courses[n])}" for n in known) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
