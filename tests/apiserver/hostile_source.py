"""A source of measurements that misbehaves as the first part of its path says. It runs as `hostile_source.py PORT`.

Each of `WAYS` is asked as a Prometheus: POST /WAY/api/v1/query. GET /asked tells what was asked for, as `HOST WAY`, and how many
bytes of its answers were taken at most by one who asked.
"""

import asyncio
import json
import sys
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable

PORT = int(sys.argv[1]) if __name__ == "__main__" else 0
ELSEWHERE = "127.0.0.2"
"""This machine too, so that a request that follows a redirect is seen."""
LATE_S = 25
PART = b" " * 65_536
MUCH = 200 * 1024 * 1024
LINK_LOCAL = "http://169.254.169.254/latest/meta-data/"

Way = Callable[["asyncio.StreamWriter"], Awaitable[None]]

asked: Counter[str] = Counter()
taken: Counter[str] = Counter()


def number(value: str) -> bytes:
    """The answer of a Prometheus that has one."""
    sample = {"metric": {}, "value": [1_700_000_000, value]}
    document = {"status": "success", "data": {"resultType": "vector", "result": [sample]}}
    return json.dumps(document).encode()


def response(body: bytes, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """A whole answer; with another `length` its head promises more than there is."""
    told = {
        "Content-Type": "application/json",
        **{name.replace("_", "-"): said for name, said in headers.items()},
    }
    told["Content-Length"] = str(len(body) if length is None else length)
    lines = "".join(f"{name}: {said}\r\n" for name, said in told.items())
    return f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode() + body


def saying(whole: bytes) -> Way:
    """Answers that, at once."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(whole)

    return say


async def late(writer: asyncio.StreamWriter) -> None:
    """Answers well, and long after anybody waits for it."""
    await asyncio.sleep(LATE_S)
    writer.write(response(number("0.5")))


async def drip(writer: asyncio.StreamWriter) -> None:
    """Answers well, a byte each half second."""
    for byte in response(number("0.5")):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)


async def flood(writer: asyncio.StreamWriter) -> None:
    """200 MB of blanks; JSON may begin with them."""
    writer.write(response(b"", length=MUCH))
    sent = 0
    while sent < MUCH:
        writer.write(PART)
        await writer.drain()
        sent += len(PART)
        taken["flood"] = max(taken["flood"], sent)


async def endless_head(writer: asyncio.StreamWriter) -> None:
    """A header without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(MUCH // len(PART)):
        writer.write(PART.replace(b" ", b"x"))
        await writer.drain()


def bomb() -> bytes:
    """200 MB of blanks, packed into some 200 kB."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join([pack.compress(PART) for _ in range(MUCH // len(PART))]) + pack.flush()


async def nothing(writer: asyncio.StreamWriter) -> None:
    """Closes without a word."""


WAYS: dict[str, Way] = {
    "good": saying(response(number("0.5"))),
    "late": late,
    "drip": drip,
    "flood": flood,
    "bomb": saying(response(bomb(), Content_Encoding="gzip")),
    "elsewhere": saying(response(b"", "302 Found", Location=f"http://{ELSEWHERE}:{PORT}/good/api/v1/query")),
    "inward": saying(response(b"", "307 Temporary Redirect", Location=LINK_LOCAL)),
    "nan": saying(response(number("NaN"))),
    "html": saying(response(b"<!DOCTYPE html><title>Log in</title>", Content_Type="text/html")),
    "broken": saying(response(number("0.5")[:40])),
    "deep": saying(response(b"[" * 200 + b"]" * 200)),
    "cut": saying(response(number("0.5")[:40], length=5000)),
    "gone": nothing,
    "error": saying(response(b"out of order", "500 Internal Server Error", Content_Type="text/plain")),
    "head": endless_head,
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection with one request."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        said = dict(each.lower().split(": ", 1) for each in head.split("\r\n")[1:] if each)
        await reader.readexactly(int(said.get("content-length", "0")))
        way = head.split(" ", 2)[1].split("/")[1]
        if way == "asked":
            writer.write(response(json.dumps({"asked": asked, "taken": taken}).encode()))
        else:
            asked[f"{said['host']} {way}"] += 1
            await WAYS[way](writer)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # who asked is gone
    finally:
        writer.close()


async def main() -> None:
    """Serve for ever."""
    server = await asyncio.start_server(serve, ["127.0.0.1", ELSEWHERE], PORT)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
