"""How late the event loop is, measured all the time: the sign of life that the Lease is kept by, and what bounds the work.

A burst of changes queues more passes than a core can work off at once. Each that begins makes all else later: an abort, a probe, the
end of another pass. So the lag says how many may run beside each other: half as many while it is above `HIGH_S`, one more each time
that it is below `LOW_S`. What is most urgent (a rollback) does not wait for one of these to end: `FOR_URGENT` more may run for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

EVERY_S: Final = 0.1
HIGH_S: Final = 0.25
"""Half of what the loop may be late."""
LOW_S: Final = 0.05
FOR_URGENT: Final = 2
"""A pass takes seconds where the API server is busy; a burst of rollbacks is bounded too."""
TOLD_S: Final = 1.0
TOLD_AGAIN_S: Final = 60.0


class Pulse:
    """Beats in the main event loop. `beat` is called each time; `note` is told the lag in seconds; `urgent` says whether what is most
    urgent waits.
    """

    def __init__(
        self,
        most: int,
        beat: Callable[[], None],
        note: Callable[[float], None],
        urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        self._most = most
        self._urgent = urgent
        self._beat = beat
        self._note = note
        self._allowed = float(most)
        self._running = 0
        self._freed = asyncio.Event()
        self._told_s = float("-inf")

    @property
    def allowed(self) -> int:
        """How many passes may run beside each other now; one at least, and more for what is urgent."""
        return max(1, int(self._allowed)) + (FOR_URGENT if self._urgent() else 0)

    def look(self) -> None:
        """Something waits anew: it may be urgent."""
        if self._running < self.allowed:
            self._freed.set()

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(EVERY_S)
            self._beat()
            self.felt(max(0.0, time.monotonic() - began_s - EVERY_S))

    def felt(self, lag_s: float) -> None:
        """Take in one measured lag."""
        self._note(lag_s)
        if lag_s > HIGH_S:
            self._allowed = max(1.0, self._allowed / 2)
        elif lag_s < LOW_S:
            self._allowed = min(self._most, self._allowed + 1)
        self.look()
        now_s = time.monotonic()
        if lag_s > TOLD_S and now_s - self._told_s > TOLD_AGAIN_S:
            self._told_s = now_s
            log.warning(
                "the event loop is %.1f s late: %d passes run beside each other now", lag_s, self.allowed
            )

    async def __aenter__(self) -> None:
        """Begin a pass as soon as one more may run."""
        while self._running >= self.allowed:
            self._freed.clear()
            await self._freed.wait()
        self._running += 1

    async def __aexit__(self, *_: object) -> None:
        """It has ended."""
        self._running -= 1
        self._freed.set()
