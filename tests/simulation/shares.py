"""How the states of a strategy are shared among its worlds, so that as many as were asked for are explored.

Few states are spent where something was found: of the worlds in which nothing ever was, a sample is searched, another one
by each seed. From `WHOLE` states on, all are.

Some worlds have fewer states than their share: for what they leave, the largest world that has more is searched once more,
and further. No share hangs on which search ends first, so that a run can be repeated exactly.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

from simulation.planted.bugs import BUGS
from simulation.worlds import STRATEGIES, Case, cases

WHOLE = 20_000
"""With so many states of a strategy each world is searched."""

SAMPLED = 0.5
"""Of the worlds in which nothing was found, so many are searched else."""

WALKS = 6
"""Walks in each world where each is searched; fewer with fewer states."""

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
    """What a search came to. `promise`: the one that is broken, `broken` the course that breaks it, and `path` its moves.

    `seconds` are of the processor, `memory_mb` the most that the process ever had.
    """

    task: Task
    explored: int = 0
    reached: int = 0
    seconds: float = 0.0
    memory_mb: int = 0
    promise: str = ""
    broken: str = ""
    path: tuple[str, ...] = ()

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
    walks: int | None = None
    seed: int = 1
    world: str | None = None
    _left: list[Case] = field(default_factory=list)
    _under_way: int = 0
    _ended: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        every, chosen = cases(self.strategy), self._chosen()
        named = [case for case in every if case.name == self.world] if self.world else chosen
        whole = sum(case.share for case in chosen)
        self._left = sorted(
            (replace(case, share=case.share / whole) for case in named), key=lambda case: -case.share
        )

    def _chosen(self) -> list[Case]:
        """The worlds that are searched."""
        lot = random.Random(f"{self.strategy} {self.seed}")
        fertile = {each.world for each in BUGS if each.strategy == self.strategy}
        drawn = [(case, lot.random() < SAMPLED) for case in cases(self.strategy)]
        return [case for case, is_drawn in drawn if is_drawn or case.name in fertile or self.states >= WHOLE]

    @property
    def outcomes(self) -> list[Outcome]:
        """The last one of each world."""
        return [*self._ended.values()]

    def next(self) -> Task | None:
        """The next search; None where there is none, or none before another one has ended."""
        if self._left:
            case = self._left.pop(0)
            task = Task(self.strategy, case.name, math.ceil(self.states * case.share), self._walks, self.seed)
        elif self._under_way or not self._missing:
            return None
        else:
            largest = max(
                (o for o in self.outcomes if not o.exhausted), key=lambda o: (o.explored, o.task.case)
            )
            task = replace(largest.task, states=largest.task.states + self._missing, walks=0)
        self._under_way += 1
        return task

    def end(self, outcome: Outcome) -> None:
        """A search has ended."""
        self._under_way -= 1
        self._ended[outcome.task.case] = outcome

    @property
    def _walks(self) -> int:
        return math.ceil(WALKS * min(1, self.states / WHOLE)) if self.walks is None else self.walks

    @property
    def _missing(self) -> int:
        """States that were asked for and not explored, though some world has more; none once a promise is broken."""
        stuck = all(o.exhausted for o in self.outcomes)
        if stuck or self.world or any(o.broken for o in self.outcomes):
            return 0
        return max(0, self.states - sum(o.explored for o in self.outcomes))
