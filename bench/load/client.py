"""Steady HTTP load whose every request leaves a record: when, how it ended, and who answered.

Two kinds of request, counted apart:

n   a new connection for each request, started by the clock (open loop): a slow or dead server
    does not make the next request wait, so the loss in a time is the loss that users would see
k   a few kept-alive connections, each with a request every 50 ms; one that the server closed
    between two requests is opened again and nothing is lost

A record is `<unix time of the start> <kind> <outcome> <version> <latency in ms>`, for example
`1764000000.123 n 200 v2 1.9`; those of a tenth of a second stand on one line, with `;` between them, since the way of a
line through a node's logs costs more than the request that it tells of. The outcome is the HTTP status, or `refused`, `reset`, `closed`
(mid-answer), `unreachable`, `timeout`. Lines starting with `#` tell of the run itself; the last
one is `# end`, so that a reader knows the record is whole.
"""

import argparse
import asyncio
import contextlib
import itertools
import signal
import socket
import struct
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass

FLUSH_EVERY_S = 0.1
A_LINE = 100  # records: a node's logs cut lines at 16 KB
# Closing with a reset leaves neither the pod's ports nor the node's connection table full of
# TIME_WAIT entries: 200/s would fill 28,000 ports in 140 s.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# Each connection takes the next port, so that none comes back within 4 minutes at 200/s. Ports that the
# kernel picks by chance come back at once, and the node still holds an entry for one that was refused up
# to 10 s ago: the new connection would follow it to the pod that refused, wherever the Service points by
# now (seen: answers of a version 3 s after it was out). Many users never share one address and port.
SOURCE_PORTS = itertools.cycle(range(10_000, 60_000))


@dataclass(frozen=True)
class Target:
    """Where the load goes: an address that was resolved once, and the request as bytes."""

    address: tuple[str, int]
    request: bytes
    timeout_s: float


class Recorder:
    """Collects the records and writes them out ten times a second."""

    def __init__(self) -> None:
        self.records: list[str] = []

    def add(self, at_s: float, kind: str, outcome: str, version: str, latency_s: float) -> None:
        self.records.append(f"{at_s:.3f} {kind} {outcome} {version} {latency_s * 1000:.1f}")

    def note(self, text: str) -> None:
        self.flush()
        sys.stdout.write(f"# {text}\n")
        sys.stdout.flush()

    def flush(self) -> None:
        while self.records:
            sys.stdout.write(";".join(self.records[:A_LINE]) + "\n")
            del self.records[:A_LINE]
        sys.stdout.flush()

    async def flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            self.flush()


def outcome_of(error: Exception) -> str:
    """The word for a request that got no answer."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, EOFError):
        return "closed"
    if isinstance(error, ConnectionError):
        return "reset"
    return "unreachable"


async def opened(target: Target) -> socket.socket:
    sock = socket.socket()
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bind_next_port(sock)
        await asyncio.get_running_loop().sock_connect(sock, target.address)
    except BaseException:
        sock.close()
        raise
    return sock


def bind_next_port(sock: socket.socket) -> None:
    """Give the connection the next source port that nobody holds."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for port in itertools.islice(SOURCE_PORTS, 100):
        with contextlib.suppress(OSError):
            sock.bind(("", port))
            return


async def asked(sock: socket.socket, request: bytes) -> tuple[str, str]:
    """One request on an open connection: the status and the answering version.

    Raises EOFError when the peer closes before the answer is whole.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, request)
    received = b""
    while not is_whole(received):
        chunk = await loop.sock_recv(sock, 4096)
        if not chunk:
            raise EOFError
        received += chunk
    return received[9:12].decode(), header(received, b"x-version") or "-"


def header(answer: bytes, name: bytes) -> str:
    head = answer.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip().decode()
    return ""


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(header(head, b"content-length") or 0)


async def new_connection_request(target: Target, recorder: Recorder) -> None:
    at_s, started = time.time(), time.perf_counter()
    version, sock = "-", None
    try:
        async with asyncio.timeout(target.timeout_s):
            sock = await opened(target)
            outcome, version = await asked(sock, target.request)
    except (OSError, EOFError) as error:
        outcome = outcome_of(error)
    finally:
        if sock:
            sock.close()
    recorder.add(at_s, "n", outcome, version, time.perf_counter() - started)


async def new_connections(target: Target, recorder: Recorder, rate_per_s: float) -> None:
    """Start requests by the clock, whatever became of the ones before."""
    loop = asyncio.get_running_loop()
    started, count = loop.time(), 0
    running: set[asyncio.Task[None]] = set()
    while True:
        task = loop.create_task(new_connection_request(target, recorder))
        running.add(task)
        task.add_done_callback(running.discard)
        count += 1
        await asyncio.sleep(started + count / rate_per_s - loop.time())


async def kept_connection(target: Target, recorder: Recorder, every_s: float) -> None:
    """Keep one connection busy for ever; open it again when it ended."""
    while True:
        at_s, started = time.time(), time.perf_counter()
        try:
            async with asyncio.timeout(target.timeout_s):
                sock = await opened(target)
        except OSError as error:
            recorder.add(at_s, "k", outcome_of(error), "-", time.perf_counter() - started)
            await asyncio.sleep(every_s)
            continue
        with contextlib.closing(sock):
            await requests_until_closed(sock, target, recorder, every_s)


async def requests_until_closed(
    sock: socket.socket, target: Target, recorder: Recorder, every_s: float
) -> None:
    while True:
        at_s, started = time.time(), time.perf_counter()
        version, failed = "-", False
        try:
            async with asyncio.timeout(target.timeout_s):
                outcome, version = await asked(sock, target.request)
        except (OSError, EOFError) as error:
            outcome, failed = outcome_of(error), True
        recorder.add(at_s, "k", outcome, version, time.perf_counter() - started)
        if failed or await closed_within(sock, every_s):
            return


async def closed_within(sock: socket.socket, wait_s: float) -> bool:
    """Wait until the next request is due, or less when the peer ends the connection."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            with contextlib.suppress(ConnectionError):
                await asyncio.get_running_loop().sock_recv(sock, 1)
            return True
    return False


def resolved(host: str, port: int, patience_s: float = 30) -> tuple[str, int]:
    """The first IPv4 address of a host; tries again while the name does not exist yet."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
            return str(found[0][4][0]), port
        except socket.gaierror:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


async def run(options: argparse.Namespace) -> None:
    host, _, port = options.target.partition(":")
    address = resolved(host, int(port or 80))
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: load\r\n\r\n".encode()
    target = Target(address, request, options.timeout_s)
    recorder = Recorder()
    recorder.note(
        f"begin {time.time():.3f} {address[0]}:{address[1]} rate={options.rate} kept={options.kept}"
    )
    work: list[Coroutine[None, None, None]] = [
        recorder.flush_for_ever(),
        new_connections(target, recorder, options.rate),
    ]
    work += [kept_connection(target, recorder, options.kept_every_s) for _ in range(options.kept)]
    tasks = [asyncio.create_task(each) for each in work]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, tasks[1].cancel)
    await asyncio.wait(tasks, timeout=options.seconds, return_when=asyncio.FIRST_COMPLETED)
    await settle(tasks, options.timeout_s)
    recorder.note(f"cpu {time.process_time():.2f}")
    recorder.note("end")
    recorder.flush()


async def settle(tasks: list[asyncio.Task[None]], timeout_s: float) -> None:
    """Stop starting requests, and let those under way end."""
    mine = {*tasks, asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    under_way = asyncio.all_tasks() - mine
    if under_way:
        await asyncio.wait(under_way, timeout=timeout_s + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Steady load on one HTTP service, one line per request.")
    parser.add_argument("target", help="HOST or HOST:PORT, resolved once at the start")
    parser.add_argument("--rate", type=float, default=200, help="new connections a second (default 200)")
    parser.add_argument("--kept", type=int, default=4, help="kept-alive connections (default 4)")
    parser.add_argument(
        "--kept-every-s", type=float, default=0.05, help="pause between requests on a kept connection"
    )
    parser.add_argument(
        "--seconds", type=float, default=120, help="stops by itself after this time (default 120)"
    )
    parser.add_argument(
        "--timeout-s", type=float, default=3, help="an answer later than this is lost (default 3)"
    )
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
