"""Reads the routers' own metrics: to which Services they were seen to send requests, and when last.

A route's status says that it was read, and not that the proxies follow. Their counters do. They are read only while
somebody asks, by one request a second for all Rollouts together, beside the passes: a proxy that is down or slow holds
nothing up. What does not answer says nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import socket
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiohttp
from yarl import URL

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
WITHIN_S: Final = 1.0
"""A proxy that answers later says nothing."""
PATIENCE_S: Final = 0.1
"""A pass waits so long for what is being read; a healthy proxy beside it answers within 30 ms (measured)."""
FRESH_S: Final = 3.0
"""What was read longer ago says nothing of now."""
LONGEST: Final = 8 * 1024 * 1024
"""Bytes of one answer: Traefik has about 2 kB for each Service, method and status code (measured: 375 kB for 190)."""
CHUNK: Final = 64 * 1024
ADDRESSES: Final = 64
KEPT_S: Final = 120.0
"""A counter that is gone is remembered so long: twice the longest settle time."""

Counts = dict[str, float]

_COUNTER = re.compile(
    rb"^(?:traefik_service_requests_total\{(?:[^}]*,)?service|envoy_cluster_upstream_rq(?:_total)?\{(?:[^}]*,)?envoy_cluster_name)"
    rb'="([^"]*)"[^}]*\} ([0-9.eE+]+)',
    re.MULTILINE,
)
_TRAEFIK = re.compile(r"[a-z]+route-(.+)@kubernetesgateway")


def counted(text: bytes, counts: Counts) -> None:
    """Add the requests of whole lines, by what the router calls its backend; all status codes and methods together."""
    for name, count in _COUNTER.findall(text):
        key = name.decode(errors="replace")
        counts[key] = counts.get(key, 0.0) + float(count)


def is_of(backend: str, namespace: str, service: str) -> bool:
    """Whether a router means the Service of that namespace by the name of a backend.

    Both parts may have dashes in them, so a name is never split: it begins with the route's namespace, which is the
    Service's, and ends with both and a number. Envoy has one backend for each Service with `mergeBackends`.
    """
    if backend.startswith(f"service/{namespace}/{service}/"):
        return True
    named = _TRAEFIK.fullmatch(backend)
    if named is None or not named[1].startswith(f"{namespace}-"):
        return False
    rest, _, index = named[1].rpartition("-")
    return index.isdecimal() and rest.endswith(f"-svc-{namespace}-{service}")


class Counters:
    """What was counted last, and when each count last grew. `now`: monotonic."""

    def __init__(self) -> None:
        self._last: dict[str, Counts] = {}
        self._grew_at: dict[str, float] = {}

    def note(self, address: str, counts: Counts, now: float) -> None:
        """One proxy has told its counts. A count that is new may have grown just now; one that fell began anew."""
        before = self._last.get(address, {})
        for name, count in counts.items():
            was = before.get(name)
            if was is None or (count != was and count > 0):
                self._grew_at[name] = now
        self._last[address] = counts

    def keep(self, addresses: Collection[str], now: float) -> None:
        """Forget the proxies that are gone, and the counters that nobody has told of for long."""
        self._last = {each: counts for each, counts in self._last.items() if each in addresses}
        told = {name for counts in self._last.values() for name in counts}
        self._grew_at = {n: at for n, at in self._grew_at.items() if n in told or now - at < KEPT_S}

    def grew_at(self, namespace: str, service: str) -> float | None:
        """When a router was last seen to send it a request; None where none knows the Service."""
        part = f"{namespace}-{service}-"  # a cheap question before the exact one: there are thousands
        other = f"/{namespace}/{service}/"
        named = ((name, at) for name, at in self._grew_at.items() if part in name or other in name)
        return max((at for name, at in named if is_of(name, namespace, service)), default=None)


@dataclass(frozen=True)
class Proxy:
    """One address behind a URL."""

    url: SplitResult
    address: str

    @property
    def target(self) -> URL:
        """The URL at this address."""
        port, path = self.url.port or 80, self.url.path or "/metrics"
        return URL.build(scheme="http", host=self.address, port=port, path=path, query_string=self.url.query)


class RouterMetrics:
    """The metrics of all proxies that these URLs lead to: each address of a host is one."""

    def __init__(self, urls: Collection[str], now: Callable[[], float] = time.monotonic) -> None:
        self._urls = [urlsplit(url) for url in urls]
        self._now = now
        self._counters = Counters()
        self._reading: asyncio.Task[None] | None = None
        self._began_at = self._ended_at = self._read_at = -math.inf
        self._is_first = True
        self._silent: Mapping[str, str] = {}

    async def quiet_s(self, namespace: str, services: Collection[str]) -> dict[str, float | None]:
        """By Service, for how many seconds no request was seen to be sent to it; None where nobody knows.

        0 while the first answer is on its way.
        """
        if not self._is_reading and self._now() - self._began_at >= EVERY_S:
            self._began_at = self._now()
            self._is_first = self._began_at - self._ended_at > FRESH_S
            self._reading = asyncio.create_task(self._read(self._began_at), name="router metrics")
        if self._reading is not None and self._is_reading:
            await asyncio.wait({self._reading}, timeout=PATIENCE_S)
        return {service: self._quiet_s(namespace, service) for service in services}

    @property
    def _is_reading(self) -> bool:
        return self._reading is not None and not self._reading.done()

    def _quiet_s(self, namespace: str, service: str) -> float | None:
        now = self._now()
        if now - self._read_at > FRESH_S:
            return 0.0 if self._is_first and self._is_reading else None
        grew_at = self._counters.grew_at(namespace, service)
        return None if grew_at is None else max(0.0, self._read_at - grew_at)

    async def _read(self, began_at: float) -> None:
        """Ask every proxy once. What was seen to grow did so before its answer, what stood still did so when asked."""
        until, silent = asyncio.get_running_loop().time() + WITHIN_S, dict[str, str]()
        proxies = [each for url in self._urls for each in await _proxies(url, until, silent)]
        unresolved = bool(silent)
        async with aiohttp.ClientSession(
            auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            asked = await asyncio.gather(*(self._ask(session, each, until, silent) for each in proxies))
        if not unresolved:
            self._counters.keep({str(each.target) for each in proxies}, self._now())
        if any(asked):
            self._read_at = began_at
        self._ended_at = self._now()
        self._tell(silent)

    async def _ask(
        self, session: aiohttp.ClientSession, proxy: Proxy, until: float, silent: dict[str, str]
    ) -> bool:
        """Note what one proxy tells; gives whether it did."""
        try:
            async with asyncio.timeout_at(until):
                counts = await _told(session, proxy)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            silent[str(proxy.target)] = _why(error)
            return False
        self._counters.note(str(proxy.target), counts, self._now())
        return True

    def _tell(self, silent: Mapping[str, str]) -> None:
        """Say once who does not answer, and once that all do again."""
        for place, why in silent.items():
            if place not in self._silent:
                log.warning(
                    "the router's metrics at %s say nothing, and pods wait for time alone: %s", place, why
                )
        if self._silent and not silent:
            log.info("the router's metrics answer again")
        self._silent = silent


async def _proxies(url: SplitResult, until: float, silent: dict[str, str]) -> list[Proxy]:
    """One for each address of the host: a Service without a cluster IP has those of all its pods."""
    try:
        async with asyncio.timeout_at(until):
            found = await asyncio.get_running_loop().getaddrinfo(
                url.hostname, url.port or 80, type=socket.SOCK_STREAM
            )
    except (OSError, ValueError) as error:
        silent[url.geturl()] = _why(error)
        return []
    return [Proxy(url, address) for address in sorted({str(each[4][0]) for each in found})[:ADDRESSES]]


async def _told(session: aiohttp.ClientSession, proxy: Proxy) -> Counts:
    """What one proxy has counted. Raises ClientError, OSError, TimeoutError, and ValueError where the answer is of no use."""
    headers, counts = {"Host": proxy.url.netloc, "Accept-Encoding": "identity"}, Counts()
    async with session.get(proxy.target, headers=headers, allow_redirects=False) as answer:
        if answer.status != HTTPStatus.OK:
            raise ValueError(f"it answers with {answer.status}")
        size, rest = 0, b""
        async for part in answer.content.iter_chunked(CHUNK):
            size += len(part)
            if size > LONGEST:
                raise ValueError(f"it has more than {LONGEST // 1024 // 1024} MB")
            whole, _, rest = (rest + part).rpartition(b"\n")
            counted(whole, counts)
        counted(rest, counts)
    return counts


def _why(error: Exception) -> str:
    return (
        f"no answer within {WITHIN_S:g} s" if isinstance(error, TimeoutError) else str(error) or repr(error)
    )
