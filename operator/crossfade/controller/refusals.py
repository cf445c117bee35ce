"""What the API server refused of one Rollout's writes: told to the core, and asked for again from time to time.

A quota, a policy or a rule of the server says no to one object and to no other, so what does not need it goes on. It says
no again until somebody changes something, mostly elsewhere: only asking again finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crossfade.core.plan import Write

FIRST_S: Final = 5.0
LAST_S: Final = 30.0
_SOONEST_S: Final = 1.0
_DOUBLINGS: Final = 3  # 5 s, 10 s, 20 s, then 30 s


@dataclass(frozen=True)
class Refusal:
    """One write that was refused: in the server's words, of which generation of the Rollout, when, and how often."""

    write: Write
    message: str
    generation: int
    at: datetime
    times: int = 1

    def left_s(self, now: datetime) -> float:
        """Seconds until it is asked for again; a clock that was set back holds nothing up."""
        wait_s = min(LAST_S, FIRST_S * float(1 << min(self.times - 1, _DOUBLINGS)))
        passed_s = (now - self.at).total_seconds()
        return max(0.0, wait_s - passed_s) if passed_s >= 0 else 0.0

    def is_of(self, write: Write, generation: int) -> bool:
        """Whether `write` is the same again: neither the Rollout's spec nor the object's has changed."""
        return (self.write.verb, _spec(self.write), self.generation) == (write.verb, _spec(write), generation)


class Refusals:
    """The refused writes of one Rollout that are still asked for, one for each object."""

    def __init__(self) -> None:
        self._refused: dict[tuple[str, str], Refusal] = {}

    def told(self) -> Mapping[str, str]:
        """The server's words by object, as in `Observed.refused`."""
        return {f"{kind}/{name}": refusal.message for (kind, name), refusal in self._refused.items()}

    def keep(self, asked: Iterable[Write]) -> None:
        """Forget what is not asked for any more."""
        verbs = {(_place(write), write.verb) for write in asked}
        self._refused = {p: r for p, r in self._refused.items() if (p, r.write.verb) in verbs}

    def waits(self, write: Write, generation: int, now: datetime) -> bool:
        """Whether that very write was refused, and it is too early to ask again."""
        known = self._refused.get(_place(write))
        return known is not None and known.is_of(write, generation) and known.left_s(now) > 0

    def note(self, write: Write, message: str, generation: int, now: datetime) -> bool:
        """Remember a refusal; gives whether that is news."""
        known = self._refused.get(_place(write))
        times = known.times + 1 if known and known.is_of(write, generation) else 1
        self._refused[_place(write)] = Refusal(write, message, generation, now, times)
        return known is None or known.message != message

    def forget(self, write: Write) -> None:
        """That object was written."""
        self._refused.pop(_place(write), None)

    def left_s(self, now: datetime) -> float | None:
        """Seconds until a pass is to ask for one of them again; None where there is none.

        Never 0: one that is due already and was not asked for stands behind another that is needed.
        """
        left = (max(_SOONEST_S, refusal.left_s(now)) for refusal in self._refused.values())
        return min(left, default=None)


def _place(write: Write) -> tuple[str, str]:
    return write.kind, write.name


def _spec(write: Write) -> Any:
    """What is asked of the object's spec; a status or a deletion asks nothing of it."""
    return write.body.get("spec") if isinstance(write.body, Mapping) else write.body
