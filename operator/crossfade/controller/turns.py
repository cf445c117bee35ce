"""Whose turn it is: urgent keys before others, and the groups (namespaces) in turn, whatever one of them asks for.

Each group has a clock that counts the keys it was given. The group whose clock shows the least is next; a key that is less
urgent waits as if its clock showed `HEAD_START` more for each rank. So an abort goes before a hundred other groups whose
keys can wait, and a group with 3,000 aborts has used up its head start after a few `HEAD_START` of them: from then on it gets
every second turn beside one other group, every tenth beside nine, also of those whose keys can wait. (Known as start-time
fair queueing.) Within a group the more urgent key is first, and of two equal ones the one that waits longer.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

HEAD_START: Final = 8
"""About as many passes as a release needs from its abort until stable serves alone."""

K = TypeVar("K", bound=Hashable)


@dataclass
class _Group(Generic[K]):
    """One group's keys, by rank, each with since when it waits; and its clock."""

    clock: int
    order: int = 0  # of two groups with the same clock, the one that came first
    waiting: dict[int, OrderedDict[K, float]] = field(default_factory=dict)

    def rank(self) -> int:
        return min(self.waiting)

    def score(self) -> tuple[int, int]:
        return self.clock + HEAD_START * self.rank(), self.order


class Turns(Generic[K]):
    """The keys that wait. A group is remembered only until its clock is no ahead of the others, or nothing waits."""

    def __init__(self, group: Callable[[K], Hashable], limit: int | None = None) -> None:
        self._group = group
        self._limit = limit
        self._groups: dict[Hashable, _Group[K]] = {}
        self._ranks: dict[K, int] = {}
        self._by_rank: Counter[int] = Counter()
        self._heap: list[
            tuple[tuple[int, int], Hashable]
        ] = []  # old scores are left in it until they come up
        self._busy: Counter[Hashable] = Counter()
        self._clock = 0
        self._order = 0

    def add(self, key: K, rank: int, since_s: float) -> None:
        """Have `key` wait; one that waits already keeps its time, and may become more urgent."""
        present = self._ranks.get(key)
        if present is not None and present <= rank:
            return
        name = self._group(key)
        group = self._groups.setdefault(name, _Group(self._clock))
        if not group.waiting:
            group.clock = max(group.clock, self._clock)
        before = group.rank() if group.waiting else None
        if present is not None:
            since_s = self._removed(group, key, present)
            self._by_rank[present] -= 1
        group.waiting.setdefault(rank, OrderedDict())[key] = since_s
        self._ranks[key] = rank
        self._by_rank[rank] += 1
        if group.rank() != before:  # else it keeps its place
            self._push(name, group)

    def take(self) -> tuple[K, float] | None:
        """The key whose turn it is, and since when it waits; None where none may be taken. `finished` must follow."""
        held: list[tuple[tuple[int, int], Hashable]] = []
        taken = None
        while self._heap and taken is None:
            entry = heapq.heappop(self._heap)
            group = self._groups.get(entry[1])
            if group is None or not group.waiting or group.score() != entry[0]:
                continue
            if self._has_enough(entry[1]):
                held.append(entry)
            else:
                taken = self._taken(entry[1], group)
        for entry in held:
            heapq.heappush(self._heap, entry)
        return taken

    def finished(self, key: K) -> None:
        """The key is not worked on any more."""
        name = self._group(key)
        self._busy[name] -= 1
        if not self._busy[name]:
            del self._busy[name]

    def since_s(self) -> Iterator[float]:
        """Since when each key waits."""
        for group in self._groups.values():
            for keys in group.waiting.values():
                yield from keys.values()

    def how_many(self, rank: int) -> int:
        """How many keys of this rank wait."""
        return self._by_rank[rank]

    def __len__(self) -> int:
        """How many keys wait."""
        return len(self._ranks)

    def _taken(self, name: Hashable, group: _Group[K]) -> tuple[K, float]:
        rank = group.rank()
        key = next(iter(group.waiting[rank]))
        since_s = self._removed(group, key, rank)
        del self._ranks[key]
        self._by_rank[rank] -= 1
        self._busy[name] += 1
        self._clock = max(self._clock, group.clock)
        group.clock += 1
        if group.waiting:
            self._push(name, group)
        if not self._ranks:  # nobody waits, so nobody is ahead of anybody
            self._groups.clear()
            self._heap.clear()
            self._clock = self._order = 0
        return key, since_s

    def _has_enough(self, name: Hashable) -> bool:
        """Whether one more key of the group would leave too little for others that are there."""
        full = self._limit is not None and self._busy[name] >= self._limit
        return full and (
            len(self._busy) > 1 or any(g.waiting for other, g in self._groups.items() if other != name)
        )

    def _push(self, name: Hashable, group: _Group[K]) -> None:
        self._order += 1
        group.order = self._order
        heapq.heappush(self._heap, (group.score(), name))

    @staticmethod
    def _removed(group: _Group[K], key: K, rank: int) -> float:
        since_s = group.waiting[rank].pop(key)
        if not group.waiting[rank]:
            del group.waiting[rank]
        return since_s
