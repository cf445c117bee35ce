"""The other process as the operator has it: one question at a time, each within its limits, and a new process where one was ended.

Measured here (`tests/providers/expressions/measure.py` prints it). The process is made by exec, so no thread or lock of the operator's
goes into it, and it gets no environment: there may be secrets in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from crossfade.providers.expressions.frames import BrokenFrameError, Message, packed, read_reply
from crossfade.providers.outcome import Refused, SourceError

_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from crossfade.providers.expressions.worker import main; main(int(sys.argv[2]), float(sys.argv[3]))"
)
REMEMBERED: Final = 256
"""Expressions that were ended and are remembered, with the document that they were for, so that each costs its time once."""
REMEMBERED_S: Final = 600.0

_MEMORY: Final = "needs more memory than an expression may have: make it simpler"
_TIME: Final = "takes longer than an expression may: make it simpler"
_DIED: Final = "brought down the process that evaluates it: make it simpler"
_STARVED: Final = "the process that evaluates expressions gets no processor time: look at the operator's CPU limit, and at its node"
_BY_TIMERS: Final = (-signal.SIGPROF, -signal.SIGXCPU)


@dataclass(frozen=True)
class Bounds:
    """What an expression may take, and how many may wait. Memory in bytes, beyond what the process needs when it is idle.

    `within_s` is by the clock on the wall, from question to answer. Processor time ends what computes; so where the clock ends it, the
    machine had no time for it, and that is not held against the expression.
    """

    headroom: int = 96 * 1024 * 1024
    cpu_s: float = 0.5
    within_s: float = 5.0
    ready_within_s: float = 20.0
    waiting: int = 64


class GoneError(Exception):
    """The other process ended without an answer. `status`: its exit status, below 0 for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(f"ended with {status}")
        self.status = status


class NotStartedError(Exception):
    """The other process did not come up in time, or ended before it was ready."""


class Evaluator:
    """Asks the other process. One for the operator; the process begins with the first question."""

    def __init__(self, bounds: Bounds | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._bounds, self._now = bounds or Bounds(), now
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = self._number = 0
        self._ended: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    @property
    def pid(self) -> int | None:
        """The other process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def ask(
        self, question: Message, expression: str, payload: bytes = b""
    ) -> Message | Refused | SourceError:
        """Give the reply, Refused where the expression had to be ended, SourceError where nothing can be said now."""
        key = hashlib.sha256(expression.encode(errors="replace") + b"\0" + payload).digest()
        if why := self._ended_before(key):
            return Refused(why)
        if self._waiting >= self._bounds.waiting:
            return SourceError(
                f"{self._waiting} expressions wait to be evaluated already: this one must be asked later"
            )
        self._waiting += 1
        try:
            async with self._turn:
                self._number += 1
                return await self._asked(packed({**question, "number": self._number}, payload), key)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the other process."""
        await self._end()

    async def _asked(self, message: bytes, key: bytes) -> Message | Refused | SourceError:
        try:
            process = await self._running()
            reply = await self._exchange(process, message)
        except NotStartedError:
            return SourceError(
                "the process that evaluates expressions does not start: look at the operator's memory limit"
            )
        except TimeoutError:
            await self._end()
            return SourceError(_STARVED)
        except GoneError as error:
            return self._gone(error.status, key)
        except BaseException:
            await self._end()  # in the middle of a question: its answer must not become the next one's
            raise
        if reply.get("spent"):
            await self._end()
            return self._remember(key, _MEMORY)
        return reply

    async def _exchange(self, process: asyncio.subprocess.Process, message: bytes) -> Message:
        async with asyncio.timeout(self._bounds.within_s):
            with contextlib.suppress(ConnectionError):  # it is gone: the answer says so
                _pipes(process)[0].write(message)
                await _pipes(process)[0].drain()
            reply = await self._reply(process)
        if reply.get("number") != self._number:
            await self._end()
            raise GoneError(0)
        return reply

    async def _reply(self, process: asyncio.subprocess.Process) -> Message:
        try:
            return await read_reply(_pipes(process)[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            status = await process.wait()
        except BrokenFrameError:
            status = 0
        await self._end()
        raise GoneError(status)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._end()
        try:
            async with asyncio.timeout(self._bounds.ready_within_s):
                process = await self._start()
                await self._reply(process)
        except (OSError, GoneError) as error:
            await self._end()
            raise NotStartedError from error
        return process

    async def _start(self) -> asyncio.subprocess.Process:
        bounds = self._bounds
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-IBS", "-c", _PROGRAM, _path(), str(bounds.headroom), str(bounds.cpu_s)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"MALLOC_ARENA_MAX": "1"},
            cwd="/",
            start_new_session=True,
        )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        _pipes(process)[0].close()
        await process.wait()

    def _gone(self, status: int, key: bytes) -> Refused | SourceError:
        if status in _BY_TIMERS:
            return self._remember(key, _TIME)
        if status == -signal.SIGKILL:
            return SourceError(
                "the process that evaluates expressions was killed from outside: look at the operator's memory limit"
            )
        return self._remember(key, _DIED)

    def _remember(self, key: bytes, why: str) -> Refused:
        self._ended[key] = (self._now(), why)
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        return Refused(why)

    def _ended_before(self, key: bytes) -> str:
        at, why = self._ended.get(key, (0.0, ""))
        if why and self._now() - at >= REMEMBERED_S:
            del self._ended[key]
            return ""
        return why


def _path() -> str:
    """Where the operator finds modules: that process looks there and nowhere else, whatever PYTHONPATH says."""
    return json.dumps([os.path.abspath(each) for each in sys.path if each])  # noqa: PTH100 -- text, as sys.path is


def _pipes(process: asyncio.subprocess.Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    return process.stdin, process.stdout
