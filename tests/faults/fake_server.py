"""An API server in a few lines: remembers what reaches it, answers every request, and streams the events it is given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from faults.proxy import Proxy
from faults.upstream import Upstream

Event = dict[str, Any]

BOOKMARK: Event = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}


class FakeServer:
    """`reached` holds "METHOD path?query body" of each request; every watch streams what is told after it began."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self._watches: list[tuple[str, asyncio.Queue[Event | None]]] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.reached.append(f"{request.method} {request.raw_path} {(await request.read()).decode()}".strip())
        if "watch" in request.query:
            return await self._stream(request)
        status = 201 if request.method == "POST" else 200
        return web.json_response({"metadata": {"uid": "u1"}, "spec": {"replicas": 3}}, status=status)

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._watches.append((request.path.rpartition("/")[2], events))
        response = web.StreamResponse()
        await response.prepare(request)
        while (event := await events.get()) is not None:
            await response.write(json.dumps(event).encode() + b"\n")
        return response

    def tell(self, name: str, version: int, event: str = "MODIFIED", plural: str = "deployments") -> None:
        """Send an event of an object to all watches of its kind."""
        meta = {"name": name, "resourceVersion": str(version)}
        self.send({"type": event, "object": {"metadata": meta}}, plural)

    def send(self, event: Event | None, plural: str = "deployments") -> None:
        """Send an event as it is; None ends the watches."""
        for watched, events in self._watches:
            if watched == plural:
                events.put_nowait(event)


@asynccontextmanager
async def served(server: FakeServer) -> AsyncIterator[str]:
    """The server's address, while it serves."""
    runner = web.ServerRunner(web.Server(server.answer, handler_cancellation=True), shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Slept:
    """Stands in for asyncio.sleep and only remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)  # others have their turn


@asynccontextmanager
async def proxied(address: str, slept: Slept) -> AsyncIterator[Proxy]:
    """A proxy in front of an address, in this event loop."""
    proxy = Proxy(Upstream(address), slept)
    async with proxy.serving():
        yield proxy
