"""A proxy between a client and the API server, in which anything can be made to go wrong, and which logs every request.

    with running(Upstream.of(kubeconfig)) as proxy:
        proxy.inject(CutReply(), verb="create", kind="Deployment")    # the first one: carried out, answer lost
        proxy.inject(Refuse(503), times=None)                         # everything, until heal()
        proxy.cut_watches("Deployment")

Plain HTTP on 127.0.0.1 towards the client, TLS towards a real API server. It runs in a thread of its own; all that
is not `async` may be called from any thread, and has happened when it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from yarl import URL

from faults import asked as asking
from faults.answers import Answer, hang_up, passable, refusal
from faults.asked import Asked
from faults.record import Record
from faults.rules import CutReply, Delay, Drop, Expire, Fault, Hold, Refuse, Rule, Then, Where
from faults.stream import EXPIRED, Stream
from faults.upstream import Upstream

T = TypeVar("T")

CLOSED_WITHIN_S = 10
LOOKS_EVERY_S = 0.05
LONGEST_LINE = 2**20
"""An event is one line; aiohttp's own limit of 128 KiB is smaller than the largest Deployment."""


class Proxy:
    """One proxy; `log` holds every request but those of watches that still run."""

    def __init__(
        self, upstream: Upstream, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._upstream = upstream
        self._sleep = sleep
        self._loop: asyncio.AbstractEventLoop
        self._session: aiohttp.ClientSession
        self._rules: list[Rule] = []
        self._holds: list[Where] = []
        self._streams: set[Stream] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.log: list[Record] = []
        self.address = ""
        """Where clients reach it."""

    # What goes wrong

    def inject(
        self,
        fault: Fault,
        *,
        verb: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
        after: int = 0,
        times: int | None = 1,
    ) -> Rule:
        """Strike the next `times` requests that fit, once `after` of them have passed. The first rule to strike wins.

        A watch is struck when it begins; the ones that run already are reached by the methods below.
        """
        rule = Rule(fault, Where(verb, kind, name, subresource), after, times)
        return self._in_loop(lambda: self._rules.append(rule) or rule)

    def lift(self, rule: Rule) -> None:
        """Strike no more by that rule."""
        self._in_loop(lambda: self._rules.remove(rule))

    def cut_watches(self, kind: str | None = None) -> int:
        """End running watches in the middle; how many. The client may begin new ones."""
        return self._in_loop(lambda: sum(stream.cut() is None for stream in self._of(kind)))

    def expire_watches(self, kind: str | None = None) -> int:
        """End running watches with ERROR 410; how many."""
        return self._in_loop(lambda: sum(stream.expire() is None for stream in self._of(kind)))

    def stall_watches(self, kind: str | None = None) -> int:
        """Let running watches bring nothing any more and stay open; how many. New ones are well."""
        return self._in_loop(lambda: sum(stream.stall() is None for stream in self._of(kind)))

    def hold_events(self, kind: str | None = None, name: str | None = None) -> None:
        """Keep events back, of new watches too; the streams stay open, and their client sees nothing wrong."""
        self._in_loop(lambda: self._holds.append(Where(kind=kind, name=name)))

    def release_events(self) -> int:
        """Let all that was kept back go, in order; how many events. Nothing is held any more."""
        return self._in_loop(self._release)

    def heal(self) -> None:
        """Let everything pass from now on."""
        self._in_loop(self._rules.clear)
        self.release_events()

    # What is seen

    def writes(self, name: str | None = None) -> list[Record]:
        """The writes so far, in the order in which they came; `name` is a shell pattern."""
        where = Where(verb="write", name=name)
        return [each for each in self.log if where.fits(each.asked)]

    def watching(self, kind: str | None = None) -> int:
        """How many watches run."""
        return self._in_loop(lambda: len(self._of(kind)))

    def held(self) -> int:
        """How many events are kept back."""
        return self._in_loop(lambda: sum(stream.held for stream in self._streams))

    # How it works

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve on a free port of 127.0.0.1 for the length of the block."""
        self._loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(ssl=self._upstream.tls or True, limit=0)
        limit = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with aiohttp.ClientSession(
            connector=connector, timeout=limit, auto_decompress=False, read_bufsize=LONGEST_LINE
        ) as self._session:
            server = web.Server(self._answer, handler_cancellation=True)
            runner = web.ServerRunner(server, shutdown_timeout=0)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield
            finally:
                await runner.cleanup()
                await self._ended()

    async def _ended(self) -> None:
        """Let go of the server's connections: what a client has left is still under way there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _in_loop(self, act: Callable[[], T]) -> T:
        """Do it in the event loop, so that nothing happens in between, and wait for it."""
        with contextlib.suppress(RuntimeError):
            if asyncio.get_running_loop() is self._loop:
                return act()

        async def acted() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result()

    def _of(self, kind: str | None) -> list[Stream]:
        return [stream for stream in self._streams if kind in {None, stream.asked.kind}]

    def _is_held(self, kind: str, name: str) -> bool:
        asked = Asked("GET", "watch", kind, name=name)
        return any(hold.fits(asked) for hold in self._holds)

    def _release(self) -> int:
        self._holds.clear()
        released = sum(stream.held for stream in self._streams)
        for stream in self._streams:
            stream.release()
        return released

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        asked = asking.read(request.method, request.path, request.query, request.content_type, body)
        fault = next((rule.fault for rule in list(self._rules) if rule.strikes(asked)), None)
        if asked.verb == "watch":
            return await self._noted(self._watch(request, asked, fault))
        # A client that goes away must not take back what was asked: the server has it already.
        return await asyncio.shield(self._noted(self._pass_on(request, body, asked, fault)))

    def _noted(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pass_on(
        self, request: web.BaseRequest, body: bytes, asked: Asked, fault: Fault | None
    ) -> web.StreamResponse:
        at_s = time.monotonic()
        answer = await self._carried_out(request, body, fault)
        if isinstance(fault, Then):
            fault.happens()
        name = type(fault).__name__ if fault else ""
        self.log.append(Record(asked, answer.status if answer else 0, name, at_s, time.monotonic()))
        return await self._told(request, answer, fault)

    async def _carried_out(self, request: web.BaseRequest, body: bytes, fault: Fault | None) -> Answer | None:
        """What the server answered; None where it was not asked, or is not there."""
        if isinstance(fault, Drop | Refuse):
            return None
        if isinstance(fault, Delay):
            await self._sleep(fault.seconds)
        while isinstance(fault, Hold) and not fault.let_go.is_set():
            await self._sleep(LOOKS_EVERY_S)
        try:
            async with self._ask(request, body) as answer:
                return Answer(answer.status, passable(answer.headers), await answer.read())
        except aiohttp.ClientError:
            return None

    def _ask(self, request: web.BaseRequest, body: bytes) -> Any:
        url = URL(self._upstream.server + request.raw_path, encoded=True)
        headers = passable(request.headers)
        return self._session.request(request.method, url, headers=headers, data=body or None)

    async def _told(
        self, request: web.BaseRequest, answer: Answer | None, fault: Fault | None
    ) -> web.StreamResponse:
        if isinstance(fault, Refuse):
            return refusal(fault)
        lost = fault == CutReply(0) or (isinstance(fault, Then) and not fault.answers)
        if answer is None or lost:
            return hang_up(request)
        if isinstance(fault, CutReply):
            response = web.StreamResponse(status=answer.status, headers=answer.headers)
            response.content_length = len(answer.body)
            await response.prepare(request)
            await response.write(answer.body[: fault.body_bytes])
            return hang_up(request)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _watch(self, request: web.BaseRequest, asked: Asked, fault: Fault | None) -> web.StreamResponse:
        at_s, status, name = time.monotonic(), 0, type(fault).__name__ if fault else ""
        try:
            if isinstance(fault, Refuse):
                return refusal(fault)
            if isinstance(fault, Expire):
                return web.Response(body=EXPIRED, content_type="application/json")
            if isinstance(fault, Delay):
                await self._sleep(fault.seconds)
            elif fault is not None:
                return hang_up(request)
            async with self._ask(request, b"") as answer:
                status = answer.status
                if status != HTTPStatus.OK:
                    headers = passable(answer.headers)
                    return web.Response(status=status, headers=headers, body=await answer.read())
                return await self._streamed(request, asked, answer)
        except aiohttp.ClientError:
            return hang_up(request)
        finally:
            self.log.append(Record(asked, status, name, at_s, time.monotonic()))

    async def _streamed(self, request: web.BaseRequest, asked: Asked, answer: Any) -> web.StreamResponse:
        response = web.StreamResponse(headers=passable(answer.headers))
        stream = Stream(asked, response, self._is_held)
        await response.prepare(request)
        self._streams.add(stream)
        try:
            if await stream.run(answer.content):
                return hang_up(request)
        finally:
            self._streams.discard(stream)
        return response


@contextlib.contextmanager
def running(upstream: Upstream) -> Iterator[Proxy]:
    """A proxy in a thread of its own, for tests that are not asynchronous."""
    proxy, up, over = Proxy(upstream), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with proxy.serving():
            up.set()
            await over.wait()
        await connections_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="fault proxy", daemon=True)
    thread.start()
    if not up.wait(10):
        raise RuntimeError("the proxy did not start within 10 s")
    try:
        yield proxy
    finally:
        proxy._in_loop(over.set)
        thread.join(2 * CLOSED_WITHIN_S)


async def connections_closed() -> None:
    """Wait until this loop has no connection left.

    TLS ones close some turns later, when the server has answered; one that is still open when the loop ends would be
    found, and told as an error, in the middle of another test.
    """
    selector: Any = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    for _ in range(CLOSED_WITHIN_S * 100):
        if len(selector.get_map()) <= 1:  # the loop's own pipe
            return
        await asyncio.sleep(0.01)
