"""HTTP/1.1 by asyncio's own streams: one request at a time on a connection, answers whole or as they come."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from crossfade.wire.kubeconfig import Access

CONNECT_WITHIN_S: Final = 10
HEAD_BYTES: Final = 64 * 1024
CHUNK_BYTES: Final = 64 * 1024


class BrokenAnswerError(OSError):
    """The connection ended in the middle of an answer, or what came is no HTTP."""


@dataclass
class Answer:
    """The head of an answer; its body is read by `body` or `lines`, once."""

    status: int
    headers: Mapping[str, str]
    reader: asyncio.StreamReader

    async def body(self) -> bytes:
        """Read all of it."""
        return b"".join([part async for part in self._parts()])

    async def lines(self) -> AsyncIterator[bytes]:
        """Give each line as soon as it has come."""
        rest = b""
        async for part in self._parts():
            *whole, rest = (rest + part).split(b"\n")
            for line in whole:
                yield line
        if rest:
            yield rest

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            if "chunked" in self.headers.get("transfer-encoding", ""):
                while size := int((await self.reader.readline()).split(b";")[0], 16):
                    yield await self.reader.readexactly(size)
                    await self.reader.readline()
                await self.reader.readline()
            elif "content-length" in self.headers:
                yield await self.reader.readexactly(int(self.headers["content-length"]))
            else:
                while part := await self.reader.read(CHUNK_BYTES):
                    yield part
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise BrokenAnswerError("the connection ended in the middle of an answer") from error


@dataclass
class Connection:
    """One connection; `used` once an answer has come over it, so that the server may have closed it since."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: bool = False

    async def ask(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Send a request and read the head of its answer; a header may come several times."""
        head = [f"{method} {target} HTTP/1.1", *(f"{key}: {value}" for key, value in headers)]
        if body:
            head.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await self.writer.drain()
        try:
            first, *rest = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = (line.partition(":") for line in rest if line)
            named: dict[str, str] = {}
            for key, _, value in fields:  # a field that comes several times is one, with commas between
                name = key.strip().lower()
                named[name] = f"{named[name]}, {value.strip()}" if name in named else value.strip()
            return Answer(int(first.split(" ")[1]), named, self.reader)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            raise BrokenAnswerError(
                "the server closed the connection, or what answers there is no HTTP"
            ) from error

    def close(self) -> None:
        """Close it, whatever state it is in."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.close()


@dataclass
class Server:
    """Connections to one server; those that are idle are used again."""

    access: Access
    idle: list[Connection] = field(default_factory=list)
    _context: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        """Host and port, as a request names them."""
        return urlsplit(self.access.server).netloc

    @property
    def root(self) -> str:
        """The path that all paths begin with; some servers stand behind a gateway that serves many."""
        return urlsplit(self.access.server).path

    async def connection(self, *, fresh: bool = False) -> Connection:
        """Give an idle connection, else a new one."""
        if self.idle and not fresh:
            return self.idle.pop()
        parts = urlsplit(self.access.server)
        secure = parts.scheme == "https"
        async with asyncio.timeout(CONNECT_WITHIN_S):
            reader, writer = await asyncio.open_connection(
                parts.hostname,
                parts.port or (443 if secure else 80),
                ssl=self._secured() if secure else None,
                limit=HEAD_BYTES,
            )
        return Connection(reader, writer)

    def close(self) -> None:
        """Close all that are idle."""
        for each in self.idle:
            each.close()
        self.idle.clear()

    def _secured(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = context_of(self.access)
        return self._context


def context_of(access: Access) -> ssl.SSLContext:
    """Trust the authority of the kubeconfig alone, the system's where it names none, and show the client's certificate."""
    trusted = access.authority.decode() or None
    context = ssl.create_default_context(cadata=trusted)
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate:
        _show(context, access.certificate + b"\n" + access.key)
    return context


def _show(context: ssl.SSLContext, pem: bytes) -> None:
    """OpenSSL takes a certificate from a file only; this one is there for a moment, for nobody else to read."""
    handle, path = tempfile.mkstemp()
    try:
        os.write(handle, pem)
        os.close(handle)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)  # noqa: PTH108 -- pathlib costs 10 ms here
