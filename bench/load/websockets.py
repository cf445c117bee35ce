"""WebSockets, the kind s: connections that live until someone ends them."""

import asyncio
import base64
import contextlib
import os
import socket
import time

from .connections import Target, answer_to, opened, status, version
from .records import Recorder, outcome_of

PATH = "/socket"
CLOSE = 8
SWITCHED = "101"
AGAIN_AFTER_S = 0.2


class GoodbyeError(Exception):
    """The server ended it with a close frame."""


async def web_socket(target: Target, recorder: Recorder) -> None:
    """Keep one open for ever; open the next when it ended."""
    while True:
        await one_life(target, recorder)
        await asyncio.sleep(AGAIN_AFTER_S)


async def one_life(target: Target, recorder: Recorder) -> None:
    at_s, started = time.time(), time.perf_counter()
    outcome, said, sock = "", "-", None
    try:
        async with asyncio.timeout(target.timeout_s):
            sock = await opened(target)
            answer = await answer_to(sock, handshake(target))
        outcome, said = status(answer), version(answer)
        if outcome == SWITCHED:
            await listen(sock, answer.partition(b"\r\n\r\n")[2], target.timeout_s)
    except GoodbyeError:
        outcome = "goodbye"
    except (OSError, EOFError) as error:
        outcome = outcome_of(error)
    except asyncio.CancelledError:
        outcome = "open" if outcome == SWITCHED else ""
        raise
    finally:
        if sock:
            sock.close()
        if outcome:
            recorder.add(at_s, "s", outcome, said, time.perf_counter() - started)


def handshake(target: Target) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))
    return target.request(PATH, (*upgrade, ("Sec-WebSocket-Key", key)))


async def listen(sock: socket.socket, received: bytes, silence_s: float) -> None:
    """Take what the server says, until it ends; raises for the way in which it does."""
    while True:
        while (end := frame_end(received)) is not None:
            if received[0] & 0x0F == CLOSE:
                raise GoodbyeError
            received = received[end:]
        async with asyncio.timeout(silence_s):
            chunk = await asyncio.get_running_loop().sock_recv(sock, 4096)
        if not chunk:
            raise EOFError
        received += chunk


def frame_end(received: bytes) -> int | None:
    """Where the first frame ends, or None while it is not whole; a server's frames are never masked."""
    with contextlib.suppress(IndexError):
        size, at = received[1] & 0x7F, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(received[2:at])
        return at + size if len(received) >= at + size else None
    return None
