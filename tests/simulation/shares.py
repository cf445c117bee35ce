"""How the states of a strategy are shared among its worlds, so that as many as were asked for are explored.

Some worlds have fewer states than their share: what they leave goes to those that come later. The world with the largest
share comes last. Where it leaves some too, the largest world that has more is searched once more, and further.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from simulation.worlds import STRATEGIES, Case, cases

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

    @property
    def exhausted(self) -> bool:
        """Whether the search has ended before it had as many states as it might: there are no more."""
        return not self.broken and self.explored < self.task.states

    def __str__(self) -> str:
        """A line of the table, or the counter-example."""
        if self.broken:
            return f"{self.task.name}  {self.broken}"
        rate = self.explored / max(0.001, self.seconds)
        return (
            f"{self.task.name}{self.explored:>10,} states explored{self.reached:>12,} reached"
            f"{self.seconds:>7.0f} s{rate:>6.0f}/s{self.memory_mb:>6} MB"
        )


@dataclass
class Shares:
    """The worlds of one strategy that are still to be searched, and what came of those that were."""

    strategy: str
    states: int
    walks: int = 0
    seed: int = 1
    world: str | None = None
    _left: list[Case] = field(default_factory=list)
    _under_way: int = 0
    _spare: int = 0
    _ended: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = [case for case in cases(self.strategy) if self.world in {None, case.name}]
        self._left = sorted(named, key=lambda case: case.share)

    @property
    def outcomes(self) -> list[Outcome]:
        """The last one of each world."""
        return [*self._ended.values()]

    def next(self) -> Task | None:
        """The next search; None where there is none, or none before another one has ended."""
        if self._left:
            task = self._first_of_those_left()
        elif self._under_way or not self._missing:
            return None
        else:
            largest = max((o for o in self.outcomes if not o.exhausted), key=lambda o: o.explored)
            task = replace(largest.task, states=largest.task.states + self._missing, walks=0)
        self._under_way += 1
        return task

    def _first_of_those_left(self) -> Task:
        whole = sum(case.share for case in self._left)
        case = self._left.pop(0)
        more = math.floor(self._spare * case.share / whole)
        self._spare -= more
        return Task(self.strategy, case.name, self._share(case) + more, self.walks, self.seed)

    def _share(self, case: Case) -> int:
        return math.ceil(self.states * case.share)

    def end(self, outcome: Outcome) -> None:
        """A search has ended: what it leaves of its share is for the others."""
        self._under_way -= 1
        if not outcome.broken:
            self._spare += outcome.task.states - outcome.explored
        self._ended[outcome.task.case] = outcome

    @property
    def _missing(self) -> int:
        """States that were asked for and not explored, though some world has more; none once a promise is broken."""
        stuck = all(o.exhausted for o in self.outcomes)
        if stuck or self.world or any(o.broken for o in self.outcomes):
            return 0
        return max(0, self.states - sum(o.explored for o in self.outcomes))
