"""The process ends in order and starts again where there are other kinds to be watched, and in no other case."""

import asyncio
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from controller.fakes import FakeCluster, error
from crossfade.controller import __main__ as main
from crossfade.controller import process
from crossfade.controller.kinds import Changed, Kinds
from crossfade.controller.options import parse
from crossfade.controller.process import START_AGAIN, Lost
from crossfade.controller.store import Store


async def ended(why: Exception | None = None) -> asyncio.Task[None]:
    """A part that has ended, by that error."""

    async def end() -> None:
        if why is not None:
            raise why

    task = asyncio.ensure_future(end())
    await asyncio.wait({task})
    return task


class Bench:
    """A process that watches HTTPRoutes, of which some parts have ended."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.cluster.kinds = {"HTTPRoute": "v1"}
        self.kinds = Kinds(self.cluster, Store(), None)

    async def told(self, *, kinds: Exception | None = None, watches: Exception | None = None) -> str:
        await self.kinds.begin()
        self.later()
        runs: asyncio.Task[None] = asyncio.ensure_future(asyncio.Event().wait())  # type: ignore[arg-type]
        parts: Any = SimpleNamespace(kinds=self.kinds)
        tasks = [await ended(why) if why else runs for why in (kinds, watches)]
        told = await process._changed(parts, *tasks)
        runs.cancel()
        return told

    def later(self) -> None:
        """What happens after the start."""


async def test_where_another_kind_came_that_is_why_it_ends() -> None:
    assert await Bench().told(kinds=Changed("came TCPRoute")) == "came TCPRoute"


async def test_where_a_watch_ends_kopf_because_its_kind_went_that_is_why() -> None:
    class Gone(Bench):
        def later(self) -> None:
            self.cluster.kinds = {}

    assert "went HTTPRoute v1" in await Gone().told(watches=RuntimeError("404"))


async def test_where_kopf_ends_for_any_other_reason_it_does_not_start_again() -> None:
    assert await Bench().told(watches=RuntimeError("403")) == ""
    assert await Bench().told() == ""


async def test_where_the_server_does_not_say_it_ends_as_it_would_have() -> None:
    class Away(Bench):
        def later(self) -> None:
            self.cluster.refuse("DISCOVER", "gateway.networking.k8s.io", error(503, "ServiceUnavailable"))

    assert await Away().told(watches=RuntimeError("503")) == ""


class Left(BaseException):
    """Where the process would be gone."""


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (0, ("exit", 0)),
        (1, ("exit", 1)),
        (Lost("the Lease"), ("exit", 1)),
        (START_AGAIN, ("exec", [sys.executable, "-m", "crossfade.controller", "--no-lease"])),
    ],
    ids=["told to stop", "a part ended", "the Lease is lost", "other kinds"],
)
async def test_it_starts_again_by_the_command_that_started_it(
    monkeypatch: pytest.MonkeyPatch, outcome: int | Exception, left: tuple[str, Any]
) -> None:
    seen: list[tuple[str, Any]] = []

    async def run(_: object) -> int:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def leave(how: str, what: Any) -> None:
        seen.append((how, what))
        raise Left

    monkeypatch.setattr(main, "run", run)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "crossfade.controller", "--no-lease"])
    monkeypatch.setattr(os, "_exit", lambda code: leave("exit", code))
    monkeypatch.setattr(os, "execv", lambda _path, command: leave("exec", command))
    monkeypatch.setattr("logging.shutdown", lambda: None)
    with pytest.raises(Left):
        await main._run_and_leave(parse(["--no-lease"]))
    assert seen == [left]
