"""HTTP/1.1, the kinds n, k and u: new connections, kept ones, and users with cookie jars."""

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Coroutine

from .connections import Target, answer_to, asked, closed_within, headers, opened, status, version
from .records import Recorder, outcome_of


async def by_the_clock(rate_per_s: float, start: Callable[[], Coroutine[None, None, None]]) -> None:
    """Start requests by the clock, whatever became of the ones before; when cancelled, let those under way end."""
    loop = asyncio.get_running_loop()
    started, count = loop.time(), 0
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            task = loop.create_task(start())
            running.add(task)
            task.add_done_callback(running.discard)
            count += 1
            await asyncio.sleep(started + count / rate_per_s - loop.time())
    finally:
        await asyncio.gather(*running)


async def new_connections(target: Target, recorder: Recorder, rate_per_s: float) -> None:
    request = target.request()
    await by_the_clock(rate_per_s, lambda: new_connection_request(target, recorder, request))


async def new_connection_request(target: Target, recorder: Recorder, request: bytes) -> None:
    at_s, started = time.time(), time.perf_counter()
    outcome, answer = await answered(target, request)
    recorder.add(at_s, "n", outcome, version(answer), time.perf_counter() - started)


async def answered(target: Target, request: bytes) -> tuple[str, bytes]:
    """One request on a connection of its own: how it ended, and the answer, empty where there was none."""
    sock = None
    try:
        async with asyncio.timeout(target.timeout_s):
            sock = await opened(target)
            answer = await answer_to(sock, request)
    except (OSError, EOFError) as error:
        return outcome_of(error), b""
    finally:
        if sock:
            sock.close()
    return status(answer), answer


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
    request = target.request()
    while True:
        at_s, started = time.time(), time.perf_counter()
        said, failed = "-", False
        try:
            async with asyncio.timeout(target.timeout_s):
                outcome, said = await asked(sock, request)
        except (OSError, EOFError) as error:
            outcome, failed = outcome_of(error), True
        recorder.add(at_s, "k", outcome, said, time.perf_counter() - started)
        if failed or await closed_within(sock, every_s):
            return


class User:
    """One user, who brings back whatever cookies an answer gave."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.jar: dict[str, str] = {}

    async def ask(self, target: Target, recorder: Recorder) -> None:
        at_s, started = time.time(), time.perf_counter()
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        request = target.request(headers=(("Cookie", cookies),) if cookies else ())
        outcome, answer = await answered(target, request)
        for each in headers(answer, b"set-cookie"):
            self.keep(each)
        recorder.add(at_s, "u", outcome, version(answer), time.perf_counter() - started, self.number)

    def keep(self, cookie: str) -> None:
        """Put a Set-Cookie header into the jar; one that is to end at once goes out of it."""
        pair, *attributes = cookie.split(";")
        name, _, value = pair.strip().partition("=")
        if "max-age=0" in (each.strip().lower() for each in attributes):
            self.jar.pop(name, None)
        else:
            self.jar[name] = value


async def users(target: Target, recorder: Recorder, count: int, rate_per_s: float) -> None:
    """So many users, each asking in turn."""
    turns = itertools.cycle([User(number) for number in range(count)])
    await by_the_clock(rate_per_s, lambda: next(turns).ask(target, recorder))
