"""Runs passes: a few at a time, never two of one key, each with a time limit, each outcome counted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from contextlib import nullcontext
from typing import Final, Generic, Protocol, TypeVar

from crossfade.cluster import ApiError
from crossfade.controller.leader import Lost
from crossfade.controller.logs import about
from crossfade.controller.metrics import Metrics
from crossfade.controller.pulse import Pulse
from crossfade.controller.queue import KeyedQueue

log = logging.getLogger(__name__)

WORKERS: Final = 16
"""A pass waits for the API server most of its time (20 to 30 ms a write, measured): so many fill one core."""
PASS_LIMIT_S: Final = 120.0


class Placed(Hashable, Protocol):
    """What can be worked on: an object by its place."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def name(self) -> str:
        """Its name."""


K = TypeVar("K", bound=Placed)
Pass = Callable[[K], Awaitable[float | None]]
"""One pass; gives the seconds after which to look again, None: only when something changes."""


class Stale(Exception):  # noqa: N818 -- nothing is wrong: the world moved on, and the pass is to be repeated
    """What a pass saw is no longer so."""


class Workers(Generic[K]):
    """So many workers on one queue. `add` may be called from anywhere in the event loop. `metrics` None: nothing is counted."""

    def __init__(
        self,
        queue: KeyedQueue[K],
        run_pass: Pass[K],
        metrics: Metrics | None,
        count: int = WORKERS,
        pulse: Pulse | None = None,
    ) -> None:
        self._queue = queue
        self._run_pass = run_pass
        self._metrics = metrics
        self._count = count
        self._pulse = pulse
        self._changed = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work; before kopf begins, which ends every task that is younger than itself."""
        self._tasks = [asyncio.create_task(self._work(), name=f"worker {n}") for n in range(self._count)]

    async def stop(self, within_s: float) -> bool:
        """Begin nothing new, let running passes end, and cut off those that have not; whether all did in time."""
        self._stopping = True
        self._changed.set()
        if not self._tasks:
            return True
        _, late = await asyncio.wait(self._tasks, timeout=within_s)
        for task in late:
            task.cancel()
        return not late

    def add(self, key: K) -> None:
        """Queue a key, and wake a worker."""
        self._queue.add(key, time.monotonic())
        self._wake()

    def add_after(self, key: K, delay_s: float) -> None:
        """Queue a key in some seconds; the earliest of several times counts."""
        self._queue.add_after(key, delay_s, time.monotonic())
        self._changed.set()

    def _wake(self) -> None:
        self._changed.set()
        if self._pulse:
            self._pulse.look()

    async def _work(self) -> None:
        while not self._stopping:
            async with self._pulse or nullcontext():
                worked = await self._next()
            if not (worked or self._stopping):
                await self._wait()

    async def _next(self) -> bool:
        """Work on the next key; whether there was one. What is most urgent is chosen when it may begin, and not before."""
        taken = None if self._stopping else self._queue.take(time.monotonic())
        if taken is None:
            return False
        key, waited_s = taken
        if self._metrics:
            self._metrics.queue_wait.observe(waited_s)
        with about(key.namespace, key.name):
            await self._work_on(key)
        return True

    async def _wait(self) -> None:
        """Wait for a key or for the next timer; nothing is awaited between `take` and `clear`, so none is missed."""
        self._changed.clear()
        due_s = self._queue.next_due_s()
        limit_s = None if due_s is None else max(0.0, due_s - time.monotonic())
        try:
            async with asyncio.timeout(limit_s):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _work_on(self, key: K) -> None:
        started_s, result = time.monotonic(), "error"
        try:
            async with asyncio.timeout(PASS_LIMIT_S):
                again_s = await self._run_pass(key)
            result = "success"
        except Stale as why:
            result = "stale"
            log.debug("repeating the pass: %s", why)
        except ApiError as error:
            log.warning(
                "the API server refused: %s", error, extra={"code": error.status, "reason": error.reason}
            )
        except Lost as why:
            log.debug("the pass ends with this process: %s", why)  # which says so itself, once
        except Exception:
            log.exception("the pass failed")
        finally:
            now_s = time.monotonic()
            if self._metrics:
                self._metrics.passed(result, now_s - started_s)
            if result == "success":
                if again_s is not None:
                    self._queue.add_after(key, again_s, now_s)
                self._queue.done(key, now_s)
            elif result == "stale":
                self._queue.failed(
                    key, now_s, first_s=0.0
                )  # what is there was read anew: no need to wait once
            else:
                self._queue.failed(key, now_s)
            self._wake()
