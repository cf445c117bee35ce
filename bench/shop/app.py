"""A small shop that tells its version, stops at once when told to, and misbehaves on request.

It is the application under load in the tests, the bench and the demo. It has no graceful shutdown
on purpose: SIGTERM ends it in the middle of whatever it does, so every request that a rollout
sends to a pod on its way out is seen as lost.

GET /            200 and `{"version": ..., "pod": ...}`, also as the header X-Version
GET /healthz     200 once it is ready, 503 before, or for ever with NEVER_READY
POST /crash      exits with code 42, now or at the unix time `?at=`; the restarted container serves
POST /unready    /healthz answers 503 for `?seconds=`, while / goes on answering

Environment: VERSION; PORT (8080); ERRORS=1 (every answer of / is a 500); NEVER_READY=1;
START_DELAY_S (ready that many seconds after the start); CRASH_AFTER_SERVING_S (exits with code 42
that many seconds after the first answer of /).
"""

import asyncio
import os
import signal
import socket
import time
from typing import NoReturn

CRASH_EXIT_CODE = 42
MAX_HEAD_BYTES = 16_384
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
        self.errors = env.get("ERRORS") == "1"
        self.never_ready = env.get("NEVER_READY") == "1"
        self.ready_at = time.monotonic() + float(env.get("START_DELAY_S") or 0)
        self.crash_after_serving_s = float(env.get("CRASH_AFTER_SERVING_S") or 0)
        self.served = False

    def answer(self, method: str, target: str) -> bytes:
        """The whole response to one request, head and body."""
        path, _, query = target.partition("?")
        if path == "/":
            return self._front_page()
        if path == "/healthz":
            return self._health()
        if method == "POST" and path == "/crash":
            return self._crash(float(query.removeprefix("at=") or 0))
        if method == "POST" and path == "/unready":
            self.ready_at = time.monotonic() + float(query.removeprefix("seconds="))
            return self._response(202, "unready")
        return self._response(404, "no such page")

    def _front_page(self) -> bytes:
        if not self.served:
            self.served = True
            if self.crash_after_serving_s:
                asyncio.get_running_loop().call_later(self.crash_after_serving_s, crash)
        status = 500 if self.errors else 200
        return self._response(status, f'{{"version": "{self.version}", "pod": "{self.pod}"}}')

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
    """One keep-alive HTTP/1.1 connection; requests have no body."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            self._respond(head.decode("latin-1"))
        if len(self.received) > MAX_HEAD_BYTES:
            self.transport.close()

    def _respond(self, head: str) -> None:
        method, target, *_ = (*head.partition("\r\n")[0].split(" "), "/")
        self.transport.write(self.shop.answer(method, target))
        if "\r\nconnection: close" in head.lower():
            self.transport.close()


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
