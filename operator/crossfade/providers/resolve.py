"""Names become addresses here, and those are checked and connected to: a name that leads elsewhere a moment later leads nowhere."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from crossfade.providers.address import address_refusal

AT_ONCE: Final = 16
"""Names looked up at once. In threads of their own: names that hang must not hold up the API server's."""
MOST: Final = 16
"""Addresses of one name that are tried."""

LookUp = Callable[[str, int], Awaitable[list[str]]]
"""From host and port to addresses, as text. Raises OSError."""


class ForbiddenAddressError(OSError):
    """A name leads to an address that is not connected to. Its text is a whole sentence."""


class CheckedResolver(AbstractResolver):
    """aiohttp connects to what this gives, and to nothing else."""

    def __init__(self, look_up: LookUp | None = None) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="names of sources")
        self._look_up = look_up or self._by_system

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of the name, all of them harmless. Raises OSError, ForbiddenAddressError where one is not."""
        found = [ipaddress.ip_address(each) for each in await self._look_up(host, port)]
        for address in found:
            if why := address_refusal(address, named=True):
                raise ForbiddenAddressError(f"the name {host} leads to {why}, which is never asked")
        wanted = [each for each in found if family in (socket.AF_UNSPEC, _family(each.version))]
        if not wanted:
            raise OSError("the name has no address")
        return [_result(host, port, str(each), _family(each.version)) for each in wanted[:MOST]]

    async def close(self) -> None:
        """Wait for nobody: a look-up that hangs ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _by_system(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(each[4][0]).partition("%")[0] for each in found]


def _family(version: int) -> socket.AddressFamily:
    return socket.AF_INET6 if version == 6 else socket.AF_INET


def _result(host: str, port: int, address: str, family: socket.AddressFamily) -> ResolveResult:
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )
