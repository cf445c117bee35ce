"""Measurements are made beside the passes; an answer is kept until what follows from it is stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from crossfade.api.analysis import BuiltIn, Errors, Metric
from crossfade.controller.measuring import Measuring
from crossfade.controller.store import Key
from crossfade.core.measured import Answer, Ask, Both, Down, Nothing, Part, Window

KEY, UID = Key("demo", "shop"), "u1"
BOTH = Both("demo", Part("v2", "shop-v2", "shop-canary"), Part("v1", "shop-v1", "shop"))
METRIC = Metric(name="errors", built_in=BuiltIn(errors=Errors()))


def ask(number: int, metric: str = "errors", until: str = "2026-01-31T12:00:10Z") -> Ask:
    return Ask(Window("step 1", metric, number, until, 10), METRIC, BOTH)


class Scripted:
    """Measures when it is let, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Window] = []
        self.let = asyncio.Event()
        self.let.set()
        self.fails = False

    async def __call__(self, ask: Ask) -> Answer:
        self.asked.append(ask.window)
        await self.let.wait()
        if self.fails:
            raise RuntimeError("a mistake")
        return Nothing(f"window {ask.window.number}")


class Bench:
    def __init__(self) -> None:
        self.source = Scripted()
        self.woken: list[Key] = []
        self.measuring = Measuring(self.source, self.woken.append)

    async def settled(self) -> list[int]:
        """The numbers of the windows that are answered, once all that can be is."""
        for _ in range(5):
            await asyncio.sleep(0)
        return [each.window.number for each in self.measuring.of(KEY, UID)]


async def test_an_answer_wakes_the_rollout_and_is_kept_until_a_pass_has_stored_what_follows() -> None:
    bench = Bench()
    bench.measuring.ask(KEY, UID, [ask(1)])
    assert await bench.settled() == [1]
    assert bench.woken == [KEY]
    assert await bench.settled() == [1], "a pass that was cut off finds it again"
    bench.measuring.ask(KEY, UID, [])
    assert await bench.settled() == []


async def test_what_is_asked_for_in_every_pass_is_measured_once() -> None:
    bench = Bench()
    bench.source.let.clear()
    for until in ("2026-01-31T12:00:10Z", "2026-01-31T12:00:20Z"):
        bench.measuring.ask(KEY, UID, [ask(1, until=until)])
        await bench.settled()
    bench.source.let.set()
    assert await bench.settled() == [1]
    assert len(bench.source.asked) == 1


async def test_an_answer_that_comes_while_a_pass_runs_is_not_lost_and_not_asked_for_again() -> None:
    bench = Bench()
    bench.measuring.ask(KEY, UID, [ask(1)])
    await bench.settled()
    bench.measuring.ask(KEY, UID, [ask(1)])  # of a pass that began before
    assert await bench.settled() == [1]
    assert len(bench.source.asked) == 1


async def test_what_is_not_asked_for_any_more_is_given_up() -> None:
    bench = Bench()
    bench.source.let.clear()
    bench.measuring.ask(KEY, UID, [ask(1), ask(1, "slow")])
    await bench.settled()
    bench.measuring.ask(KEY, UID, [ask(1, "slow")])
    bench.source.let.set()
    assert await bench.settled() == [1]
    assert [each.window.metric for each in bench.measuring.of(KEY, UID)] == ["slow"]


async def test_a_metric_that_was_edited_meanwhile_is_asked_for_anew() -> None:
    bench = Bench()
    bench.source.let.clear()
    for definition in ("before", "after"):
        asked = ask(1)
        edited = replace(asked, window=replace(asked.window, definition=definition))
        bench.measuring.ask(KEY, UID, [edited])
        await bench.settled()
    bench.source.let.set()
    assert await bench.settled() == [1]
    assert [each.window.definition for each in bench.measuring.of(KEY, UID)] == ["after"]


async def test_an_error_is_asked_for_again_when_the_core_says() -> None:
    bench = Bench()
    bench.measuring.ask(KEY, UID, [ask(1)])
    await bench.settled()
    bench.measuring.ask(KEY, UID, [])  # told as an error: not due yet
    bench.measuring.ask(KEY, UID, [ask(1, until="2026-01-31T12:00:30Z")])
    assert await bench.settled() == [1]
    assert [each.until for each in bench.source.asked] == ["2026-01-31T12:00:10Z", "2026-01-31T12:00:30Z"]


async def test_a_mistake_of_a_source_is_an_error_of_the_source_and_ends_nothing() -> None:
    bench = Bench()
    bench.source.fails = True
    bench.measuring.ask(KEY, UID, [ask(1)])
    await bench.settled()
    (found,) = bench.measuring.of(KEY, UID)
    assert isinstance(found.answer, Down)


async def test_one_rollout_does_not_see_what_another_of_the_same_name_was_told() -> None:
    bench = Bench()
    bench.measuring.ask(KEY, UID, [ask(1)])
    await bench.settled()
    assert bench.measuring.of(KEY, "u2") == ()
    bench.measuring.forget(KEY)
    assert bench.measuring.of(KEY, UID) == ()


def test_a_window_is_told_apart_by_all_that_it_is() -> None:
    assert replace(ask(1), metric=METRIC).window == ask(1).window != ask(2).window
