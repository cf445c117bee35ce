"""Connections to the one address that the load goes to, and requests on them."""

import asyncio
import contextlib
import itertools
import socket
import struct
import time
from dataclasses import dataclass

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
    """Where the load goes: an address that was resolved once, and what every request says.

    `host` may be another name than the address came from: a gateway finds its route by it.
    """

    address: tuple[str, int]
    host: str
    path: str
    headers: tuple[tuple[str, str], ...]
    timeout_s: float

    def request(self, path: str = "", headers: tuple[tuple[str, str], ...] = ()) -> bytes:
        """A GET as HTTP/1.1 writes it; another path than the target's and more headers where they are given."""
        lines = [f"GET {path or self.path} HTTP/1.1", f"Host: {self.host}", "User-Agent: load"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


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


async def answer_to(sock: socket.socket, request: bytes) -> bytes:
    """One request on an open connection: the whole answer.

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
    return received


async def asked(sock: socket.socket, request: bytes) -> tuple[str, str]:
    """One request on an open connection: the status and the answering version."""
    answer = await answer_to(sock, request)
    return status(answer), version(answer)


def status(answer: bytes) -> str:
    return answer[9:12].decode()


def version(answer: bytes) -> str:
    return header(answer, b"x-version") or "-"


def header(answer: bytes, name: bytes) -> str:
    """The first header of a name, or nothing."""
    return next(iter(headers(answer, name)), "")


def headers(answer: bytes, name: bytes) -> list[str]:
    """Every header of a name."""
    pairs = (line.partition(b":") for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n"))
    return [value.strip().decode() for key, _, value in pairs if key.lower() == name]


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(header(head, b"content-length") or 0)


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
