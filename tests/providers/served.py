"""A real server on this machine for a test, and a way to ask it: loopback is allowed as it is written, by its address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from crossfade.providers.allowed import allow_list
from crossfade.providers.fetch import Fetch, Limits
from crossfade.providers.resolve import LookUp

HERE = "127.0.0.1"
BRIEF = Limits(within_s=0.2)
"""For sources that do not answer: as long as a test may wait."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """Serve every request by this handler; gives the URL, without a path."""
    app = web.Application(client_max_size=1024**2)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HERE, 0)
        await site.start()
        yield f"http://{HERE}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(handler: Handler, look_up: LookUp | None = None) -> AsyncIterator[tuple[Fetch, str]]:
    """A server, and a Fetch that may ask it."""
    async with served(handler) as url, Fetch(allow_list([url]), look_up=look_up) as fetch:
        yield fetch, url


def answers(text: str | bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Handler:
    """A handler that always answers the same."""
    body = text if isinstance(text, bytes) else text.encode()

    async def handler(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers={"Content-Type": kind, **named})

    return handler
