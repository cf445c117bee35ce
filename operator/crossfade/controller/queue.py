"""Which Rollout is worked on next: a key waits once, is never worked twice at a time, and backs off on its own.

What is more urgent (an abort, pods that went away) is taken before all that is less, however many Rollouts change at once;
and no namespace takes another's turn, however much is urgent in it (`turns`).

Pure: time comes in as an argument, so that its rules are tested without waiting. `workers` runs it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from crossfade.controller.turns import Turns

FIRST_BACK_OFF_S: Final = 0.2
LAST_BACK_OFF_S: Final = 60.0
_DOUBLINGS: Final = 11  # 0.2 s · 2^9 is past the last one
_SPARE: Final = 100
"""Timers that were overtaken and stay until then: a Rollout that is edited ten times a second sets one each time, and some
run for a day."""

K = TypeVar("K", bound=Hashable)


class KeyedQueue(Generic[K]):
    """Keys to work on.

    `jitter` gives factors around 1, so that failures of many keys do not beat in time; `rank` says how urgent a key is
    when it begins to wait, and when it is added again: the smaller, the sooner. `group` is whose it is: groups are served
    in turn. `limit`: so many keys of one group are worked on at most while another group has any.
    """

    def __init__(
        self,
        jitter: Callable[[], float] = lambda: 1.0,
        rank: Callable[[K], int] = lambda _key: 0,
        group: Callable[[K], Hashable] = lambda _key: None,
        limit: int | None = None,
    ) -> None:
        self._jitter = jitter
        self._rank = rank
        self._waiting = Turns[K](group, limit)
        self._working: dict[K, float] = {}  # key -> since when it is worked on
        self._again: set[K] = set()  # added while worked on
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = 0
        self._failures: dict[K, int] = {}
        self._taken_s = float("-inf")  # when a key was taken last

    def add(self, key: K, now_s: float) -> None:
        """Have `key` worked on as soon as possible: once, however often it is added; one that waits may become urgent."""
        if key in self._working:
            self._again.add(key)
        else:
            self._waiting.add(key, self._rank(key), now_s)

    def add_after(self, key: K, delay_s: float, now_s: float) -> None:
        """Have `key` worked on in `delay_s` at the latest; the earliest of several wins."""
        due_s = now_s + max(0.0, delay_s)
        if due_s < self._due.get(key, float("inf")):
            self._due[key] = due_s
            self._order += 1
            heapq.heappush(self._heap, (due_s, self._order, key))
            if len(self._heap) > 2 * len(self._due) + _SPARE:
                self._heap = [each for each in self._heap if self._due.get(each[2]) == each[0]]
                heapq.heapify(self._heap)

    def take(self, now_s: float) -> tuple[K, float] | None:
        """The key to work on now and the seconds it waited; None where there is none. `done` or `failed` must follow.

        Taking a key drops its timer: the pass that begins says when to look again.
        """
        self._promote(now_s)
        taken = self._waiting.take()
        if taken is None:
            return None
        key, since_s = taken
        self._taken_s = now_s
        self._working[key] = now_s
        self._due.pop(key, None)
        return key, now_s - since_s

    def done(self, key: K, now_s: float) -> None:
        """The pass ended well: the key's back-off begins anew."""
        self._failures.pop(key, None)
        self._finish(key, now_s)

    def failed(self, key: K, now_s: float, *, first_s: float = FIRST_BACK_OFF_S) -> float:
        """The pass failed: it is repeated after `first_s`, then 0.2 s, 0.4 s … 60 s; gives the seconds.

        A key that is added meanwhile does not wait.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = min(failures + 1, _DOUBLINGS)
        back_off_s = min(LAST_BACK_OFF_S, FIRST_BACK_OFF_S * float(1 << max(0, failures - 1)))
        delay_s = (back_off_s if failures else first_s) * self._jitter()
        self.add_after(key, delay_s, now_s)
        self._finish(key, now_s)
        return delay_s

    def next_due_s(self) -> float | None:
        """When the next timer runs out; None where none runs."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def stands_since_s(self) -> float | None:
        """Since when a key is worked on, or since when keys wait and none is taken, whichever is longer.

        Not since when a key waits: with thousands of others before it, it may wait long while all is well.
        """
        waits_s = min(self._waiting.since_s(), default=None)
        stands = [] if waits_s is None else [max(waits_s, self._taken_s)]
        return min([*stands, *self._working.values()], default=None)

    def is_urgent(self, now_s: float) -> bool:
        """Whether a key of the most urgent rank, 0, waits."""
        self._promote(now_s)
        return self._waiting.how_many(0) > 0

    def __len__(self) -> int:
        """Keys that wait to be worked on now."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """How many keys are being worked on."""
        return len(self._working)

    def _promote(self, now_s: float) -> None:
        while (due_s := self.next_due_s()) is not None and due_s <= now_s:
            _, _, key = heapq.heappop(self._heap)
            del self._due[key]
            self.add(key, due_s)

    def _finish(self, key: K, now_s: float) -> None:
        del self._working[key]
        self._waiting.finished(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key, now_s)
