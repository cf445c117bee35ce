"""HTTP/2 with prior knowledge, the kind h: many requests at once on each of a few connections.

Only what a client needs that asks for one small page. The version is read from the page, which is JSON.
"""

import asyncio
import contextlib
import itertools
import json
import socket
import struct
import time

from .connections import Target, opened
from .hpack import request_headers, status_of
from .http1 import by_the_clock
from .records import Recorder, outcome_of

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS = 1, 2, 3
REFUSED_STREAM, CANCEL = 7, 8
MOST = 2**31 - 1  # of bytes that may be sent to us: more than a load is ever long


class NotTakenError(ConnectionError):
    """The server says that it has not begun with a request, so that it may be asked again."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Answer:
    """What has arrived of the answer to one request."""

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = ""
        self.body = b""

    @property
    def version(self) -> str:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return str(json.loads(self.body)["version"])
        return "-"

    def fail(self, error: Exception) -> None:
        if not self.whole.done():
            self.whole.set_exception(error)

    def end(self) -> None:
        if not self.whole.done():
            self.whole.set_result(None)


class Connection:
    """One connection, and the answers that are awaited on it by their stream."""

    def __init__(self, sock: socket.socket, headers: bytes) -> None:
        self.sock = sock
        self.headers = headers
        self.awaited: dict[int, Answer] = {}
        self.next_stream = 1
        self.most = 100  # at once: until the server says how many, as many as the standard wants it to take
        self.freed = asyncio.Event()
        self.leaving = False
        self.reading = asyncio.create_task(self._read())

    async def room(self) -> None:
        """Wait until the server takes one more, or no more at all: one too many would end the connection."""
        while len(self.awaited) >= self.most and not self.leaving:
            self.freed.clear()
            await self.freed.wait()
        if self.leaving:
            raise NotTakenError

    def ask(self) -> Answer:
        """Send the request; the answer arrives later."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        answer = self.awaited[stream] = Answer(stream)
        self._send(frame(HEADERS, END_STREAM | END_HEADERS, stream, self.headers))
        return answer

    def give_up(self, answer: Answer) -> None:
        """Tell the server that nobody waits any more."""
        if self.awaited.pop(answer.stream, None):
            self._send(frame(RST_STREAM, 0, answer.stream, struct.pack(">I", CANCEL)))
            self.freed.set()

    def greet(self) -> None:
        """What a client says first."""
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, ENABLE_PUSH, 0)
        window = struct.pack(">I", MOST - 65_535)
        self._send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
        self._send(frame(WINDOW_UPDATE, 0, 0, window))

    def _send(self, data: bytes) -> None:
        """All at once: what is asked for is small, and a full buffer means that nobody reads any more."""
        try:
            if self.sock.send(data) < len(data):
                self._end(TimeoutError())
        except OSError as error:
            self._end(error)

    async def _read(self) -> None:
        loop, received = asyncio.get_running_loop(), b""
        try:
            while chunk := await loop.sock_recv(self.sock, 65_536):
                received += chunk
                while len(received) >= 9 and len(received) >= 9 + (size := int.from_bytes(received[:3])):
                    kind, flags, stream = struct.unpack(">BBI", received[3:9])
                    self._take(kind, flags, stream & MOST, received[9 : 9 + size])
                    received = received[9 + size :]
            self._end(EOFError())
        except OSError as error:
            self._end(error)
        finally:
            self.sock.close()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            told = dict(struct.iter_unpack(">HI", payload))
            self.most = told.get(MAX_CONCURRENT_STREAMS, self.most)
            self._send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self._send(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self._leave(int.from_bytes(payload[:4]) & MOST)
        elif stream in self.awaited:
            self._answer(kind, flags, stream, payload)
        self.freed.set()

    def _answer(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        answer = self.awaited[stream]
        if kind == RST_STREAM:
            refused = int.from_bytes(payload) == REFUSED_STREAM
            del self.awaited[stream]
            answer.fail(NotTakenError() if refused else ConnectionResetError())
            return
        if kind in (HEADERS, DATA) and flags & PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        if kind == HEADERS:
            answer.status = answer.status or status_of(payload[5:] if flags & PRIORITY else payload)
        elif kind == DATA:
            answer.body += payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            del self.awaited[stream]
            answer.end()

    def _leave(self, last_stream: int) -> None:
        """The server takes no more; those after the last one that it took were never begun."""
        self.leaving = True
        for stream in [stream for stream in self.awaited if stream > last_stream]:
            self.awaited.pop(stream).fail(NotTakenError())

    def _end(self, error: Exception) -> None:
        self.leaving = True
        for answer in self.awaited.values():
            answer.fail(error)
        self.awaited.clear()
        self.freed.set()
        self.reading.cancel()  # which closes the socket: nobody may wait for one that is closed


class Line:
    """One place for a connection: opened when it is needed, and anew when the server takes no more."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.connection: Connection | None = None
        self.opening = asyncio.Lock()

    async def ready(self) -> Connection:
        async with self.opening:
            if self.connection is None or self.connection.leaving:
                self.connection = Connection(await opened(self.target), request_headers(self.target))
                self.connection.greet()
            return self.connection

    async def ask(self) -> tuple[str, str]:
        """One request, asked again only where the server says that it did not begin with it."""
        while True:
            connection = await self.ready()
            with contextlib.suppress(NotTakenError):
                await connection.room()
                answer = connection.ask()
                try:
                    await answer.whole
                finally:
                    connection.give_up(answer)
                return answer.status, answer.version


async def requests(target: Target, recorder: Recorder, rate_per_s: float, connections: int) -> None:
    """Requests by the clock, over the connections in turn."""
    turns = itertools.cycle([Line(target) for _ in range(connections)])
    await by_the_clock(rate_per_s, lambda: request(next(turns), recorder))


async def request(line: Line, recorder: Recorder) -> None:
    at_s, started = time.time(), time.perf_counter()
    version = "-"
    try:
        async with asyncio.timeout(line.target.timeout_s):
            outcome, version = await line.ask()
    except (OSError, EOFError) as error:
        outcome = outcome_of(error)
    recorder.add(at_s, "h", outcome, version, time.perf_counter() - started)
