"""A queue that knows everybody's place in it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple


class Order(NamedTuple):
    """By what a Rollout has its place: the higher priority, then who has waited longer, then the older one, then the name.

    `behind`: the priority, negative. `created`: as the API server writes it. No two Rollouts have the same.
    """

    behind: int
    since: datetime
    created: str
    namespace: str
    name: str


class Line:
    """Orders, the first one first. A place is found in O(log n); one that comes or goes moves the references behind it."""

    __slots__ = ("_orders",)

    def __init__(self) -> None:
        self._orders: list[Order] = []

    def add(self, order: Order) -> None:
        """Let one in; it must not be in it."""
        insort(self._orders, order)

    def discard(self, order: Order) -> None:
        """Let one go, where it is in it."""
        at = bisect_left(self._orders, order)
        if self._orders[at : at + 1] == [order]:
            del self._orders[at]

    @property
    def first(self) -> Order:
        """Whose turn is next. IndexError where nobody waits."""
        return self._orders[0]

    def place(self, order: Order) -> int:
        """The place of one that is in it, or comes: 1 is next."""
        return bisect_left(self._orders, order) + 1

    def __iter__(self) -> Iterator[Order]:
        """All of them, the first one first."""
        return iter(self._orders)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._orders)
