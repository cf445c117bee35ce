"""The other process: reads questions from its standard input, answers on its standard output, and can do little else.

Before it reads the first one it limits itself: memory (RLIMIT_AS) to what it has when it is ready and a fixed amount more, processor time
for each question (ITIMER_PROF, whose signal ends it, and RLIMIT_CPU behind it, for all questions together), no files, no core dumps; it
offers itself first where the kernel is short of memory. It ends with the operator, since its standard input does.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from crossfade.providers.expressions.cel import Cel
from crossfade.providers.expressions.frames import Message, read_question, reply
from crossfade.providers.expressions.jsonpath import Paths
from crossfade.providers.expressions.told import RefusedExpressionError, UnreadableDocumentError

Ask = Callable[[Message, bytes], Any]

CPU_BEHIND_S: Final = 2
"""Seconds of processor time behind the timer's: whole ones are all that RLIMIT_CPU knows."""


def main(headroom: int, cpu_s: float) -> None:
    """Answer questions until there are no more. `headroom`: bytes beyond what is in use when ready; `cpu_s`: for each question."""
    cel, paths = Cel(), Paths()
    asks: dict[str, Ask] = {
        "check": lambda ask, _: cel.check(ask["expression"], ask["values"]),
        "compile": lambda ask, _: cel.compiled(ask["expression"], ask["types"]),
        "find": lambda ask, document: paths.find(ask["path"], document),
        "path": lambda ask, _: paths.compiled(ask["path"]),
    }
    cel.check("result < 1", {"result": 0.5})
    limit(headroom)
    questions, replies = sys.stdin.buffer, sys.stdout.buffer
    _send(replies, {"ready": True})
    while (question := read_question(questions)) is not None:
        budget(cpu_s)
        answer = _answer(asks, *question)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _send(replies, {**answer, "number": question[0].get("number")})
        if answer.get("spent"):
            return  # memory in pieces is not given back: the next question finds a new process


def limit(headroom: int) -> None:
    """Take away what no expression needs."""
    most = in_use() + headroom
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for each in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(each, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as mine:  # noqa: PTH123
        mine.write("1000")


def budget(cpu_s: float) -> None:
    """Begin to count the processor time of a question."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + cpu_s) + CPU_BEHIND_S, hard))
    signal.setitimer(signal.ITIMER_PROF, cpu_s)


def in_use() -> int:
    """Bytes of address space that this process has."""
    with open("/proc/self/statm", "rb") as mine:  # noqa: PTH123
        return int(mine.read().split()[0]) * resource.getpagesize()


def _answer(asks: dict[str, Ask], ask: Message, payload: bytes) -> Message:
    try:
        answer = {"value": asks[ask["do"]](ask, payload)}
        json.dumps(answer)
    except RefusedExpressionError as error:
        return {"refused": str(error)}
    except UnreadableDocumentError as error:
        return {"unreadable": str(error)}
    except RecursionError:
        return {"refused": "is nested too deeply: make it simpler"}
    except MemoryError:
        return {"spent": True}
    return answer


def _send(stream: BinaryIO, message: Message) -> None:
    stream.write(reply(message))
    stream.flush()
