"""Answers the kubelet's probes and Prometheus, on two ports.

/livez is 200 while restarting would not help: 503 where a pass or a key hangs, or where a watch is dead though
kopf takes it for alive. /readyz is 200 while this process works or stands by. /metrics is on a port of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key
from crossfade.controller.workers import PASS_LIMIT_S

log = logging.getLogger(__name__)

SLICE: Final = 200
"""So many figures are written before anything else gets its turn: a millisecond or two."""
PAUSE_S: Final = 0.002

STUCK_S: Final = PASS_LIMIT_S + 30
"""A pass ends by itself after PASS_LIMIT_S; what is older than this hangs."""


class Health:
    """What ails this process: no sentence means nothing."""

    def __init__(self, queue: KeyedQueue[Key], behind: Callable[[], str]) -> None:
        self._queue = queue
        self._behind = behind
        self.ready = False

    def complaints(self, now_s: float) -> Iterable[str]:
        """What a restart would help against, one sentence each; none where all is well. `now_s`: monotonic."""
        since_s = self._queue.stands_since_s()
        if since_s is not None and now_s - since_s > STUCK_S:
            yield f"a Rollout was worked on, or none was taken up, for {now_s - since_s:.0f} s"
        if self._behind():
            yield f"the watch of {self._behind()} does not bring what is there"


@contextlib.asynccontextmanager
async def serving(
    health: Health, registry: CollectorRegistry, host: str | None, health_port: int, metrics_port: int
) -> AsyncIterator[None]:
    """Serve both ports on `host` (None: all addresses) for the length of the block."""

    async def livez(_: web.Request) -> web.Response:
        """503 where a restart would help."""
        complaints = list(health.complaints(time.monotonic()))
        for each in complaints:  # the kubelet shows nobody what a probe answers
            log.error("not well, and the kubelet will start this process anew: %s", each)
        return _verdict(complaints)

    async def readyz(_: web.Request) -> web.Response:
        """200 while it works or stands by."""
        return _verdict([] if health.ready else ["not connected to the API server yet"])

    async def metrics(_: web.Request) -> web.Response:
        """All figures, as Prometheus reads them."""
        body = await asyncio.to_thread(written, registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    probes, figures = web.Application(), web.Application()
    probes.add_routes([web.get("/livez", livez), web.get("/readyz", readyz)])
    figures.add_routes([web.get("/metrics", metrics)])
    async with _site(probes, host, health_port), _site(figures, host, metrics_port):
        yield


@dataclass(frozen=True)
class _Part:
    """Some figures of one kind, as a registry of their own."""

    of: Metric

    def collect(self) -> Iterable[Metric]:
        yield self.of


def written(registry: CollectorRegistry) -> bytes:
    """All figures in Prometheus' text format, in a thread of their own, and in slices: a thread that only computes makes the event loop
    wait 5 ms for each of its turns, and with thousands of Rollouts that lasts for seconds.
    """
    parts = list[bytes]()
    for family in registry.collect():
        for start in range(0, max(1, len(family.samples)), SLICE):
            part = copy.copy(family)
            part.samples = family.samples[start : start + SLICE]
            text = generate_latest(_Part(part))
            parts += (
                [text] if not start else [each for each in text.splitlines(True) if not each.startswith(b"#")]
            )
            time.sleep(PAUSE_S)
    return b"".join(parts)


def _verdict(complaints: list[str]) -> web.Response:
    return web.Response(status=503 if complaints else 200, text="; ".join(complaints) or "ok")


@contextlib.asynccontextmanager
async def _site(application: web.Application, host: str | None, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
