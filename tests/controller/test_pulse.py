"""How late the event loop is bounds how many passes run beside each other, and tells the Lease that it lives."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from crossfade.controller.pulse import FOR_URGENT, HIGH_S, LOW_S, Pulse
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key
from crossfade.controller.workers import Workers


class Told:
    def __init__(self) -> None:
        self.lags: list[float] = []

    def pulse(self, most: int = 16) -> Pulse:
        return Pulse(most, lambda: None, self.lags.append)


def test_a_late_loop_halves_how_many_may_run_and_a_free_one_lets_one_more_run() -> None:
    pulse = Told().pulse()
    allowed = []
    for lag_s in [HIGH_S * 2] * 6 + [LOW_S / 2] * 3:
        pulse.felt(lag_s)
        allowed.append(pulse.allowed)
    assert allowed == [8, 4, 2, 1, 1, 1, 2, 3, 4]


def test_a_loop_in_between_changes_nothing() -> None:
    pulse = Told().pulse()
    pulse.felt((LOW_S + HIGH_S) / 2)
    assert pulse.allowed == 16


async def test_no_more_passes_begin_than_may_run_and_each_end_lets_one_begin() -> None:
    pulse, running, most = Told().pulse(2), 0, 0

    async def run() -> None:
        nonlocal running, most
        async with pulse:
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    async with asyncio.timeout(5):
        await asyncio.gather(*(run() for _ in range(20)))
    assert most == 2


async def test_what_is_urgent_does_not_wait_for_the_end_of_passes_that_are_not() -> None:
    queue = KeyedQueue[Key](rank=lambda key: 0 if key.namespace == "urgent" else 3)
    pulse = Pulse(1, lambda: None, lambda _: None, lambda: queue.is_urgent(time.monotonic()))
    begun, count, end = list[str](), asyncio.Semaphore(0), asyncio.Event()

    async def run(key: Key) -> None:
        begun.append(key.namespace)
        count.release()
        await end.wait()

    async def begin(more: int) -> None:
        async with asyncio.timeout(10):
            for _ in range(more):
                await count.acquire()

    workers = Workers(queue, run, None, pulse=pulse)
    workers.start()
    workers.add(Key("usual", "works"))
    await begin(1)
    for name in ("usual", *["urgent"] * (FOR_URGENT + 1)):
        workers.add(Key(name, str(len(queue))))
    await begin(FOR_URGENT)
    for _ in range(20):
        await asyncio.sleep(0)
    assert begun == ["usual", *["urgent"] * FOR_URGENT]
    end.set()
    await begin(2)
    assert begun[-2:] == ["urgent", "usual"]
    assert await workers.stop(within_s=10)


async def test_it_beats_and_tells_each_lag() -> None:
    beats, lags = asyncio.Event(), list[float]()
    beating = asyncio.create_task(Pulse(16, beats.set, lags.append).run())
    for _ in range(2):
        await asyncio.wait_for(beats.wait(), 10)
        beats.clear()
    beating.cancel()
    assert lags
    assert min(lags) >= 0


def test_a_loop_that_is_late_by_seconds_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    pulse = Told().pulse()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            pulse.felt(2.0)
    assert [each.message for each in caplog.records] == [
        "the event loop is 2.0 s late: 8 passes run beside each other now"
    ]
