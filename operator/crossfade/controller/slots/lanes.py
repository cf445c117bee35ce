"""Who is next where slots of several limits are needed at once, and nobody who is held up by one of them holds up others.

A `Pool` has the slots of one limit. Rollouts that need slots of the same pools stand in one lane: none of them passes another, so only
the first of a lane matters. A lane stands at one pool that is full; as soon as that has room it is looked at again, and goes to another
full pool, or its first one is next. So what comes free is looked at by those alone who stood there, however many wait elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from crossfade.controller.slots.line import Line, Order


@dataclass(eq=False, slots=True)
class Pool:
    """The slots of one limit. `taken` may be more than `limit`: the way back takes one too, and a limit may come later.

    `where`: what it counts, in words. `waiting`: all who need one. `parked`: the first of each lane that stands here.
    """

    limit: int
    where: str
    taken: int = 0
    waiting: Line = field(default_factory=Line)
    parked: Line = field(default_factory=Line)

    @property
    def is_full(self) -> bool:
        """Whether nobody may be let in."""
        return self.taken >= self.limit


@dataclass(eq=False, slots=True)
class _Lane:
    """Rollouts that need the same. `head`: its first one, as it is known in the line `at` that the lane stands in."""

    needs: tuple[Pool, ...]
    ready: Line = field(default_factory=Line)
    at: Line | None = None
    head: Order | None = None


class Lanes:
    """Those that nothing but a limit keeps waiting."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[Pool, ...], _Lane] = {}
        self._heads: dict[Order, _Lane] = {}
        self._new = Line()
        """The first of each lane that has not been looked at since it came, or since its former first one went."""

    def add(self, needs: tuple[Pool, ...], order: Order) -> None:
        """Let one wait for slots of these pools."""
        lane = self._lanes.setdefault(needs, _Lane(needs))
        lane.ready.add(order)
        self._stand(lane, lane.at if lane.at is not None else self._new)

    def discard(self, needs: tuple[Pool, ...], order: Order) -> None:
        """Let one go that waits for slots of these pools."""
        lane = self._lanes[needs]
        lane.ready.discard(order)
        self._stand(lane, lane.at)
        if not lane.ready:
            del self._lanes[needs]

    def next(self, freed: Iterable[Pool]) -> Order | None:
        """Who may be let in now, first come first; None where nobody may. `freed`: pools that may have room since the last time."""
        lines = [self._new, *(pool.parked for pool in freed if not pool.is_full)]
        while (head := min((line.first for line in lines if line), default=None)) is not None:
            lane = self._heads[head]
            full = next((pool for pool in lane.needs if pool.is_full), None)
            if full is None:
                return head
            self._stand(lane, full.parked)
        return None

    def __len__(self) -> int:
        """How many lanes there are."""
        return len(self._lanes)

    def _stand(self, lane: _Lane, at: Line | None) -> None:
        """Have a lane stand in a line, by the first one that it has now; in none where it is empty."""
        if lane.at is not None and lane.head is not None:
            lane.at.discard(lane.head)
            del self._heads[lane.head]
        lane.at, lane.head = (at, lane.ready.first) if lane.ready else (None, None)
        if lane.at is not None and lane.head is not None:
            lane.at.add(lane.head)
            self._heads[lane.head] = lane
