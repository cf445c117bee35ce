"""Workers run passes until they are told to stop; each outcome leads to its own next time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from controller.fakes import error
from crossfade.controller.leader import Lost
from crossfade.controller.metrics import Metrics
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key
from crossfade.controller.workers import WORKERS, Stale, Workers

A, B = Key("ns", "a"), Key("ns", "b")


@asynccontextmanager
async def working(
    run: Callable[[Key], Awaitable[float | None]], queue: KeyedQueue[Key]
) -> AsyncIterator[Workers]:
    workers = Workers(queue, run, Metrics())
    workers.start()
    try:
        yield workers
    finally:
        assert await workers.stop(within_s=5)


async def test_a_key_added_during_its_pass_is_run_again_and_never_beside_itself() -> None:
    running, most, passes, done = 0, 0, 0, asyncio.Event()

    async def run(key: Key) -> float | None:
        nonlocal running, most, passes
        running, passes = running + 1, passes + 1
        most = max(most, running)
        if passes == 1:
            workers.add(key)
        await asyncio.sleep(0)
        running -= 1
        if passes == 2:
            done.set()
        return None

    async with working(run, KeyedQueue()) as workers:
        workers.add(A)
        await asyncio.wait_for(done.wait(), 5)
    assert (passes, most) == (2, 1)


async def test_several_rollouts_are_worked_on_side_by_side() -> None:
    all_there, here = asyncio.Event(), 0

    async def run(_key: Key) -> float | None:
        nonlocal here
        here += 1
        if here == WORKERS:
            all_there.set()
        await all_there.wait()
        return None

    async with working(run, KeyedQueue()) as workers:
        for number in range(WORKERS):
            workers.add(Key("ns", str(number)))
        await asyncio.wait_for(all_there.wait(), 5)


@pytest.mark.parametrize(
    ("failure", "level"),
    [
        (Stale("moved on"), None),
        (Lost("the Lease was not renewed for 4 s"), None),
        (error(500, "InternalError"), "WARNING"),
        (RuntimeError("a bug"), "ERROR"),
    ],
    ids=["the world moved on", "the process ends and says so itself", "the server refused", "a mistake"],
)
async def test_a_pass_that_fails_is_repeated_and_told_of(
    failure: Exception, level: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    passes, again = 0, asyncio.Event()

    async def run(_key: Key) -> float | None:
        nonlocal passes
        passes += 1
        if passes == 1:
            raise failure
        again.set()
        return None

    with caplog.at_level(logging.INFO):
        async with working(run, KeyedQueue(jitter=lambda: 0.0)) as workers:
            workers.add(A)
            await asyncio.wait_for(again.wait(), 5)
    assert [record.levelname for record in caplog.records] == ([level] if level else [])


async def test_a_pass_says_when_to_look_again() -> None:
    passes, again = 0, asyncio.Event()

    async def run(_key: Key) -> float | None:
        nonlocal passes
        passes += 1
        if passes == 3:
            again.set()
        return 0.0 if passes < 3 else None

    async with working(run, KeyedQueue()) as workers:
        workers.add(A)
        await asyncio.wait_for(again.wait(), 5)
    assert passes == 3


async def test_stopping_begins_nothing_new_and_lets_running_passes_end() -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), []

    async def run(key: Key) -> float | None:
        begun.set()
        await go_on.wait()
        ended.append(key)
        return None

    workers = Workers(KeyedQueue(), run, Metrics())
    workers.start()
    workers.add(A)
    await begun.wait()
    stopping = asyncio.create_task(workers.stop(within_s=5))
    await asyncio.sleep(0)
    workers.add(B)
    go_on.set()
    assert await stopping
    assert ended == [A]


async def test_a_pass_that_does_not_end_in_time_is_told_of() -> None:
    begun = asyncio.Event()

    async def run(_key: Key) -> float | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    workers = Workers(KeyedQueue(), run, Metrics())
    workers.start()
    workers.add(A)
    await begun.wait()
    assert not await workers.stop(within_s=0)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_where_somebody_else_may_write_running_passes_are_cut_off_and_nothing_is_begun_or_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun: list[Key] = []
    first, ended = asyncio.Event(), asyncio.Event()

    async def run(key: Key) -> float | None:
        begun.append(key)
        first.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async with working(run, KeyedQueue()) as workers:
        workers.add(A)
        await asyncio.wait_for(first.wait(), 5)
        assert not await workers.stop(within_s=0)
        workers.add(B)
        await asyncio.wait_for(ended.wait(), 5)
    assert begun == [A]
    assert caplog.records == []
