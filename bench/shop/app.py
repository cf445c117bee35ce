"""A small shop that tells its version, stops at once when told to, and misbehaves on request.

It is the application under load in the tests, the bench and the demo. It has no graceful shutdown
on purpose: SIGTERM ends it in the middle of whatever it does, so every request that a rollout
sends to a pod on its way out is seen as lost.

GET /            200 and `{"version": ..., "pod": ...}`, also as the header X-Version
GET /socket      a WebSocket that says the same every half second, until someone ends it
GET /served      200 and how many answers of / this pod gave
GET /healthz     200 once it is ready, 503 before, or for ever with NEVER_READY
POST /crash      exits with code 42, now or at the unix time `?at=`; the restarted container serves
POST /unready    /healthz answers 503 for `?seconds=`, while / goes on answering

Environment: VERSION; PORT (8080); ERRORS=1 (every answer of / is a 500); ERROR_PERCENT (so many of them are, at random);
ERRORS_AFTER_S (only so many seconds after its first answer); SLOW_MS (each answer of / takes so much longer); NEVER_READY=1;
START_DELAY_S (ready that many seconds after the start); CRASH_AFTER_SERVING_S (exits with code 42
that many seconds after the first answer of /).
"""

import asyncio
import base64
import hashlib
import os
import random
import signal
import socket
import time
from typing import NoReturn

CRASH_EXIT_CODE = 42
MAX_HEAD_BYTES = 16_384
SAID_EVERY_S = 0.5
WEB_SOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
REASONS = {
    200: "OK",
    202: "Accepted",
    404: "Not Found",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def crash() -> NoReturn:
    """End the process as a crash does: without a word to the open connections."""
    os._exit(CRASH_EXIT_CODE)


class Shop:
    """What the shop answers; connections only carry it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.version = env.get("VERSION", "unknown")
        self.pod = env.get("HOSTNAME") or socket.gethostname()
        self.error_percent = 100.0 if env.get("ERRORS") == "1" else float(env.get("ERROR_PERCENT") or 0)
        self.errors_after_s = float(env.get("ERRORS_AFTER_S") or 0)
        self.slow_s = float(env.get("SLOW_MS") or 0) / 1000
        self.first_answer_at = 0.0
        self.never_ready = env.get("NEVER_READY") == "1"
        self.ready_at = time.monotonic() + float(env.get("START_DELAY_S") or 0)
        self.crash_after_serving_s = float(env.get("CRASH_AFTER_SERVING_S") or 0)
        self.served = 0

    def answer(self, method: str, target: str) -> bytes:
        """The whole response to one request, head and body."""
        path, _, query = target.partition("?")
        if path == "/":
            return self._front_page()
        if path == "/healthz":
            return self._health()
        if path == "/served":
            return self._response(200, f'{{"served": {self.served}}}')
        if method == "POST" and path == "/crash":
            return self._crash(float(query.removeprefix("at=") or 0))
        if method == "POST" and path == "/unready":
            self.ready_at = time.monotonic() + float(query.removeprefix("seconds="))
            return self._response(202, "unready")
        return self._response(404, "no such page")

    def _front_page(self) -> bytes:
        self.served += 1
        if self.served == 1 and self.crash_after_serving_s:
            asyncio.get_running_loop().call_later(self.crash_after_serving_s, crash)
        self.first_answer_at = self.first_answer_at or time.monotonic()
        ailing = time.monotonic() - self.first_answer_at >= self.errors_after_s
        fails = ailing and random.random() * 100 < self.error_percent
        return self._response(500 if fails else 200, self.told())

    def told(self) -> str:
        """Who answers, as JSON."""
        return f'{{"version": "{self.version}", "pod": "{self.pod}"}}'

    def switched(self, key: str) -> bytes:
        """The answer to a WebSocket's handshake with this key."""
        accepted = base64.b64encode(hashlib.sha1(key.encode() + WEB_SOCKET).digest()).decode()  # noqa: S324
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accepted}\r\nX-Version: {self.version}\r\n\r\n"
        ).encode()

    def frame(self) -> bytes:
        """One WebSocket message; it is shorter than the 126 bytes from which on its length is written otherwise."""
        text = self.told()[:125].encode()
        return bytes([0x81, len(text)]) + text

    def _health(self) -> bytes:
        if self.never_ready or time.monotonic() < self.ready_at:
            return self._response(503, "not ready")
        return self._response(200, "ready")

    def _crash(self, at_unix_s: float) -> bytes:
        # The answer has to leave first, so "now" is a moment later.
        wait_s = max(at_unix_s - time.time(), 0.02)
        asyncio.get_running_loop().call_later(wait_s, crash)
        return self._response(202, "crashing")

    def _response(self, status: int, body: str) -> bytes:
        return (
            f"HTTP/1.1 {status} {REASONS[status]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-Version: {self.version}\r\n\r\n{body}"
        ).encode()


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection, or a WebSocket from its handshake on; requests have no body."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.received = b""
        self.transport: asyncio.Transport
        self.next_word: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        if self.next_word:
            self.next_word.cancel()

    def data_received(self, data: bytes) -> None:
        if self.next_word:
            return  # nothing that a WebSocket's client says matters here
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            self._respond(head.decode("latin-1"))
        if len(self.received) > MAX_HEAD_BYTES:
            self.transport.close()

    def _respond(self, head: str) -> None:
        method, target, *_ = (*head.partition("\r\n")[0].split(" "), "/")
        key = header(head, "sec-websocket-key")
        if key and target == "/socket":
            self.transport.write(self.shop.switched(key))
            self._say()
            return
        answer, closes = self.shop.answer(method, target), "\r\nconnection: close" in head.lower()
        if self.shop.slow_s and target == "/":
            asyncio.get_running_loop().call_later(self.shop.slow_s, self._answer, answer, closes)
        else:
            self._answer(answer, closes)

    def _answer(self, answer: bytes, closes: bool) -> None:
        self.transport.write(answer)
        if closes:
            self.transport.close()

    def _say(self) -> None:
        self.transport.write(self.shop.frame())
        self.next_word = asyncio.get_running_loop().call_later(SAID_EVERY_S, self._say)


def header(head: str, name: str) -> str:
    """One header of a request, empty where it is missing."""
    pairs = (line.partition(":") for line in head.split("\r\n")[1:])
    return next((value.strip() for key, _, value in pairs if key.lower() == name), "")


async def serve() -> None:
    """Serve until the process is told to stop."""
    loop = asyncio.get_running_loop()
    shop = Shop(dict(os.environ))
    loop.add_signal_handler(signal.SIGTERM, os._exit, 0)
    port = int(os.environ.get("PORT", "8080"))
    host = os.environ.get("HOST", "0.0.0.0")  # noqa: S104 - a pod's network is its own
    server = await loop.create_server(lambda: Connection(shop), host, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
