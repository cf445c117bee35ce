"""A watch on its way through the proxy: events can be held back and let go, and the stream can be ended in any way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, Callable
from typing import Final

from aiohttp import web

from faults.asked import Asked

EXPIRED: Final = (
    b'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,'
    b'"reason":"Expired","message":"too old resource version"}}\n'
)


class Stream:
    """One watch. `holds` tells of which objects (kind, name) events are held back; bookmarks have no name.

    All but `run` is synchronous and to be called in the event loop, so that no event slips between two of them.
    """

    def __init__(self, asked: Asked, response: web.StreamResponse, holds: Callable[[str, str], bool]) -> None:
        self.asked = asked
        self._response = response
        self._holds = holds
        self._out: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._held: list[bytes] = []
        self._cut = False
        self._stalled = False

    async def run(self, lines: AsyncIterable[bytes]) -> bool:
        """Pass the server's lines on until the stream ends; whether it was cut."""
        reading = asyncio.create_task(self._read(lines))
        try:
            while (line := await self._out.get()) is not None:
                await self._response.write(line)
        finally:
            reading.cancel()
        return self._cut

    async def _read(self, lines: AsyncIterable[bytes]) -> None:
        try:
            async for line in lines:
                if self._stalled:
                    continue
                if self._holds(self.asked.kind, _name_of(line)):
                    self._held.append(line)
                else:
                    self._out.put_nowait(line)
            self._out.put_nowait(None)
        except Exception:  # noqa: BLE001 -- however the server's side ends, so ends this one
            self.cut()

    def release(self) -> None:
        """Let go what was held back, in the order in which it came."""
        for line in self._held:
            self._out.put_nowait(line)
        self._held.clear()

    def expire(self) -> None:
        """End it with ERROR 410."""
        self._out.put_nowait(EXPIRED)
        self._out.put_nowait(None)

    def stall(self) -> None:
        """Bring nothing any more, bookmarks included, and stay open: a dead connection that nobody has noticed."""
        self._stalled = True

    def cut(self) -> None:
        """End it in the middle, without the end of the body."""
        self._cut = True
        self._out.put_nowait(None)

    @property
    def held(self) -> int:
        """How many events wait to be let go."""
        return len(self._held)


def _name_of(line: bytes) -> str:
    meta = json.loads(line).get("object", {}).get("metadata", {})
    return str(meta.get("name", ""))
