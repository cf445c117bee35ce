"""What the checker remembers of a path, and the operator does not know."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from simulation.way import Way

KEPT = 50


class Ghost(NamedTuple):
    """The past of a world, as far as a promise hangs on it.

    `calm`: nobody but the operator has touched anything that could cost a pod since the release began, and it has not
    failed; `well`: nothing has failed at all, whatever people have asked for; `least`: the fewest replicas that were ever
    asked for; `missing`: the most pods that a strategy let be missing; `scaled`: the replicas were changed; `replanned`:
    the strategy was; `slow_s`: seconds that have passed while something was due; `absent`: no operator ran for long.
    `condemned`: revisions with a verdict that nobody has forgiven; `blamed`: those that something has happened to which
    speaks against them, `taken`: those that a node has taken a pod of. `stable`: the revision that completed last, `proved`: those that completed and served, newest
    first. `entered`: the version at which the present stage began. `back`: since when the release under way was given up. `dark`: since when no pod of the release under way or of stable answers, `dark_s`: how long that lasted. `way`: how far the release under way may have come. `served`: pods that served in the last state.
    """

    calm: bool = True
    well: bool = True
    least: int = 10_000
    missing: int = 0
    scaled: bool = False
    replanned: bool = False
    condemned: frozenset[str] = frozenset()
    blamed: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    stable: str = ""
    proved: tuple[str, ...] = ()
    served: int = 0
    edits: int = 0
    faults: int = 0
    way: Way | None = None
    slow_s: float = 0.0
    absent: bool = False
    entered: int = 0
    back: datetime | None = None
    dark: datetime | None = None
    dark_s: float = 0.0

    def seen_at(self, now: datetime) -> tuple[object, ...]:
        """What tells it from another one, at that time; how slow it was shows in what has become of it."""
        return self[:COMPARED], self.way.seen_at(now) if self.way else None

    def completed(self, revision: str, *, served: bool) -> Ghost:
        """A revision is the stable one now; it has proved itself where it has served."""
        others = tuple(each for each in self.proved if each != revision)
        proved = (revision, *others)[:KEPT] if served else self.proved
        return self._replace(stable=revision, proved=proved)


COMPARED = Ghost._fields.index("way")
"""Fields before that one tell two pasts apart; those after it show in what has become of the world."""
