"""Promises that the product is known to break, each by one course, until that is fixed: no seed may fail a run by them.

A course is kept as those of planted bugs are (`courses.py`), and a test plays it: one that breaks nothing any more is to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simulation.planted.bug import Bug


class Hole(NamedTuple):
    """What is broken, where, by which moves, and why that is not fixed yet."""

    strategy: str
    world: str
    promise: str
    course: Mapping[str, str]
    why: str

    @property
    def bug(self) -> Bug:
        """The product as it is: nothing is planted."""
        return Bug(lambda _: None, self.strategy, self.world, self.promise)

    def is_met_by(self, strategy: str, world: str, promise: str, path: Iterable[str]) -> bool:
        """Whether a course goes through all its moves, in this order, and ends in the same."""
        moves = iter(path)
        same = (strategy, world, promise) == (self.strategy, self.world, self.promise)
        return same and all(move in moves for move in self.course.values())


HOLES = (
    Hole(
        "blueGreen",
        "a slow router, metered",
        "no pod goes that may get requests",
        {
            "4": "a pod of 84a2182511 is evicted",
            "9": "a pod of 84a2182511 is gone",
            "14": "a pod of f2f5e39347 fails",
            "19": "1 s passes",
            "25": "1 s pass",
            "32": "somebody asks for Abort",
        },
        "issue 21: on the rollback the pod that replaces an evicted one goes before the proxies have left it",
    ),
)
