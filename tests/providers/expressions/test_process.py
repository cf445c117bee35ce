"""Whatever an expression does, the operator goes on: its memory is flat, the answer is a sentence in time, the next one works."""

from __future__ import annotations

import asyncio
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossfade.providers.expressions import process
from crossfade.providers.expressions.conditions import LONGEST, NUMBER, NUMBERS, Conditions
from crossfade.providers.expressions.paths import Found, Paths
from crossfade.providers.expressions.process import Bounds, Evaluator
from crossfade.providers.outcome import NoData, Refused, SourceError
from providers.expressions.hostile import CONDITIONS, PATHS

GROWTH = 16 * 1024 * 1024
"""Bytes that the operator may have more after an expression; what they want is a thousand times that."""
IN_TIME_S = 10.0
"""For a machine that does much else: the bound is 0.2 s of processor time, and a new process takes a moment."""
BOUNDS = Bounds(cpu_s=0.2)
"""Tests wait for less; all else is as it is for users."""


@pytest.fixture
async def evaluator() -> AsyncIterator[Evaluator]:
    evaluator = Evaluator(BOUNDS)
    yield evaluator
    await evaluator.close()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def of_process(pid: int, file: str) -> str:
    return Path(f"/proc/{pid}/{file}").read_text()


def of_time(sentence: str) -> str:
    """The same where what needs too much memory meets its bound of time first: getting memory takes some, on a busy machine more."""
    return sentence.replace(
        "needs more memory than an expression may have", "takes longer than an expression may"
    )


def nested(value: Any, levels: int) -> Any:
    return [nested(value, levels - 1), 1] if levels else value


@pytest.mark.parametrize("name", CONDITIONS)
async def test_a_hostile_condition_is_told_in_time_and_the_next_one_works(
    name: str, evaluator: Evaluator
) -> None:
    expression, sentence = CONDITIONS[name]
    conditions = Conditions(evaluator)
    assert await conditions.check("result < 1", {"result": 0.5}) is True
    before, began = resident(), time.monotonic()
    assert await conditions.check(expression, {"result": 0.5}) in {
        Refused(sentence),
        Refused(of_time(sentence)),
    }
    assert await conditions.check("result < 1", {"result": 1.5}) is False
    assert time.monotonic() - began < IN_TIME_S
    assert resident() - before < GROWTH


@pytest.mark.parametrize("name", PATHS)
async def test_a_hostile_path_is_told_in_time_and_the_next_one_works(name: str, evaluator: Evaluator) -> None:
    document = json.dumps(nested(["a" * 40 + "b"] * 5, 40)).encode()
    before, began = resident(), time.monotonic()
    told = await Paths(evaluator).find(PATHS[name], document)
    assert isinstance(told, Refused)
    assert told.why.startswith("the path ")
    assert await Paths(evaluator).find("$[0]", b"[1]") == Found((1,))
    assert time.monotonic() - began < IN_TIME_S
    assert resident() - before < GROWTH


@pytest.mark.parametrize(
    "name", ["a long text looked through a thousand times", "a text made ten times longer nine times"]
)
async def test_a_condition_that_was_ended_costs_its_time_once(name: str, evaluator: Evaluator) -> None:
    expression, sentence = CONDITIONS[name]
    conditions = Conditions(evaluator)
    await conditions.check(expression, {"result": 0.5})
    assert evaluator.pid is None
    assert await conditions.check(expression, {"result": 0.7}) == Refused(sentence)
    assert evaluator.pid is None, "no process was made for it"


async def test_a_path_that_was_ended_over_one_document_is_followed_in_another(evaluator: Evaluator) -> None:
    """Else a source could have everybody refused who has the same path."""
    path = PATHS["a regular expression that goes back and forth"]
    hostile = json.dumps(["a" * 40 + "b"]).encode()
    assert isinstance(await Paths(evaluator).find(path, hostile), Refused)
    assert evaluator.pid is None
    assert isinstance(await Paths(evaluator).find(path, hostile), Refused)
    assert evaluator.pid is None, "no process was made for it"
    assert await Paths(evaluator).find(path, b'["aac"]') == Found(("aac",), several=True)


async def test_after_a_while_it_is_tried_again() -> None:
    now = 0.0
    evaluator = Evaluator(Bounds(cpu_s=0.05), now=lambda: now)
    conditions = Conditions(evaluator)
    expression, sentence = CONDITIONS["a long text looked through a thousand times"]
    await conditions.check(expression, {"result": 0.5})
    now = 600.0
    assert await conditions.check(expression, {"result": 0.5}) == Refused(sentence)
    assert await conditions.check("result < 1", {"result": 0.5}) is True
    await evaluator.close()


async def test_where_a_machine_has_no_time_for_it_that_is_not_held_against_the_expression() -> None:
    evaluator = Evaluator(Bounds(within_s=0.2))
    conditions = Conditions(evaluator)
    assert await conditions.check("result < 1", {"result": 0.5}) is True
    assert evaluator.pid is not None
    os.kill(evaluator.pid, signal.SIGSTOP)
    told = await conditions.check("result < 1", {"result": 0.5})
    assert isinstance(told, SourceError)
    assert "gets no processor time" in told.why
    evaluator._bounds = Bounds()
    assert await conditions.check("result < 1", {"result": 0.5}) is True
    await evaluator.close()


async def test_conditions_asked_at_once_are_answered_each_with_its_own(evaluator: Evaluator) -> None:
    conditions = Conditions(evaluator)
    asked = [conditions.check(f"result < {n}", {"result": 20.5}) for n in range(40)]
    assert await asyncio.gather(*asked) == [n > 20 for n in range(40)]


async def test_more_than_a_number_of_them_do_not_wait() -> None:
    evaluator = Evaluator(Bounds(waiting=3))
    conditions = Conditions(evaluator)
    told = await asyncio.gather(*(conditions.check("result < 1", {"result": 0.5}) for _ in range(5)))
    assert told[:3] == [True, True, True]
    assert (
        told[3:]
        == [SourceError("3 expressions wait to be evaluated already: this one must be asked later")] * 2
    )
    await evaluator.close()


async def test_one_that_nobody_waits_for_any_more_leaves_no_answer_to_the_next(evaluator: Evaluator) -> None:
    conditions = Conditions(evaluator)
    assert await conditions.check("result < 1", {"result": 0.5}) is True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await conditions.check(
                CONDITIONS["a long text looked through a thousand times"][0], {"result": 0.5}
            )
    assert await conditions.check("result < 1", {"result": 1.5}) is False


async def test_one_that_is_given_up_while_the_process_starts_leaves_no_answer_to_the_next(
    evaluator: Evaluator,
) -> None:
    conditions = Conditions(evaluator)
    asked = asyncio.create_task(conditions.check("result < 1", {"result": 0.5}))
    while evaluator.pid is None:  # noqa: ASYNC110 -- nothing tells of it
        await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await conditions.check("result < 1", {"result": 1.5}) is False
    assert await conditions.check("result < 1", {"result": 0.5}) is True


async def test_a_process_that_is_killed_from_outside_is_no_fault_of_the_expression(
    evaluator: Evaluator,
) -> None:
    conditions = Conditions(evaluator)
    assert await conditions.check("result < 1", {"result": 0.5}) is True
    assert evaluator.pid is not None
    os.kill(evaluator.pid, signal.SIGSTOP)
    asked = asyncio.create_task(conditions.check("result < 1", {"result": 0.5}))
    await asyncio.sleep(0)
    os.kill(evaluator.pid, signal.SIGKILL)
    told = await asked
    assert isinstance(told, SourceError)
    assert "killed from outside" in told.why
    assert await conditions.check("result < 1", {"result": 0.5}) is True


async def test_it_knows_nothing_of_the_operators_environment_and_files(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOKEN", "hunter22")
    (tmp_path / "open").write_text("x")
    with (tmp_path / "open").open():
        await Conditions(evaluator).check("result < 1", {"result": 0.5})
        assert evaluator.pid is not None
        assert "hunter22" not in of_process(evaluator.pid, "environ")
        assert len(os.listdir(f"/proc/{evaluator.pid}/fd")) == 3  # noqa: PTH208 -- of a pid


async def test_it_finds_modules_where_the_operator_does_and_nowhere_else(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An image has its modules on PYTHONPATH, which that process does not read."""
    (tmp_path / "cel_expr_python.py").write_text(
        "raise ImportError('another one, which the operator would find too')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert await Conditions(evaluator).check("result < 1", {"result": 0.5}) is True
    await evaluator.close()
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(await Conditions(evaluator).check("result < 1", {"result": 0.5}), SourceError)


async def test_it_is_limited_and_offers_itself_first_where_memory_is_short(evaluator: Evaluator) -> None:
    await Conditions(evaluator).check("result < 1", {"result": 0.5})
    assert evaluator.pid is not None
    address_space, _ = resource.prlimit(evaluator.pid, resource.RLIMIT_AS)
    processor, _ = resource.prlimit(evaluator.pid, resource.RLIMIT_CPU)
    assert 96 * 1024**2 < address_space < 256 * 1024**2
    assert processor < 10
    for each in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        assert resource.prlimit(evaluator.pid, each) == (0, 0)
    assert of_process(evaluator.pid, "oom_score_adj").strip() == "1000"


async def test_it_ends_when_the_operator_is_gone() -> None:
    """As when the operator is killed: nobody ends it, and its standard input closes."""
    program = (
        "import asyncio, sys\n"
        "from crossfade.providers.expressions.conditions import Conditions\n"
        "from crossfade.providers.expressions.process import Evaluator\n"
        "import os\n"
        "async def main():\n"
        "    evaluator = Evaluator()\n"
        "    await Conditions(evaluator).check('result < 1', {'result': 0.5})\n"
        "    print(evaluator.pid, flush=True)\n"
        "    os._exit(1)\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    pid = int(done.stdout)
    async with asyncio.timeout(10):
        while _runs(pid):  # noqa: ASYNC110 -- the kernel sets no Event
            await asyncio.sleep(0)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; sys.exit(3)", SourceError),
        ("import sys; sys.stdout.write('HTTP/1.1 400 no')", SourceError),
        ("import nothing_that_there_is", SourceError),
    ],
)
async def test_a_process_that_does_not_start_is_told(
    program: str, told: type, monkeypatch: pytest.MonkeyPatch, evaluator: Evaluator
) -> None:
    monkeypatch.setattr(process, "_PROGRAM", program)
    answer = await Conditions(evaluator).check("result < 1", {"result": 0.5})
    assert answer == told(
        "the process that evaluates expressions does not start: look at the operator's memory limit"
    )


BROUGHT_DOWN = Refused("the condition brought down the process that evaluates it: make it simpler")
READY = (
    "import sys, os, struct, json, signal\n"
    "def say(message):\n"
    "    text = message if isinstance(message, bytes) else json.dumps(message).encode()\n"
    "    sys.stdout.buffer.write(struct.pack('>I', len(text)) + text); sys.stdout.buffer.flush()\n"
    "say({'ready': True})\n"
    "length = struct.unpack('>I', sys.stdin.buffer.read(4))[0]\n"
    "number = json.loads(sys.stdin.buffer.read(length))['number']\n"
)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (
            "say({'value': 'True', 'number': number})",
            SourceError("the process that evaluates conditions answered with nonsense"),
        ),
        (
            "say({'value': 1, 'number': number})",
            SourceError("the process that evaluates conditions answered with nonsense"),
        ),
        (
            "say({'number': number})",
            SourceError("the process that evaluates conditions answered with nonsense"),
        ),
        (
            "say(b'cos\\nsystem')",
            Refused("the condition brought down the process that evaluates it: make it simpler"),
        ),
        (
            "sys.stdout.buffer.write(b'\\xff' * 99999)",
            Refused("the condition brought down the process that evaluates it: make it simpler"),
        ),
        ("say({'value': True, 'number': number - 1})", BROUGHT_DOWN),
        ("say({'value': True})", BROUGHT_DOWN),
        ("os.abort()", Refused("the condition brought down the process that evaluates it: make it simpler")),
        (
            "os.kill(os.getpid(), signal.SIGXCPU)",
            Refused("the condition takes longer than an expression may: make it simpler"),
        ),
    ],
)
async def test_a_process_in_the_hands_of_an_expression_can_say_nothing_that_counts(
    then: str, told: object, monkeypatch: pytest.MonkeyPatch, evaluator: Evaluator
) -> None:
    monkeypatch.setattr(process, "_PROGRAM", READY + then)
    assert await Conditions(evaluator).check("result < 1", {"result": 0.5}) == told


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [], [1.0, math.nan], [math.nan]])
async def test_what_is_no_data_is_not_asked_about(value: Any, evaluator: Evaluator) -> None:
    assert isinstance(await Conditions(evaluator).check("true", {"result": value}), NoData)
    assert evaluator.pid is None


@pytest.mark.parametrize(
    ("expression", "values", "says"),
    [
        (" ", {"result": 1.0}, "the condition is empty"),
        ("result<1" + " " * LONGEST, {"result": 1.0}, "more than 1024 characters"),
        ("true", {"a-b": 1.0}, "no value by the name 'a-b'"),
        ("true", {"namespace": "x"}, "no value by the name 'namespace'"),
        ("true", {"result": [1.0] * 10_001}, "more than 10000 numbers"),
        ("true", {"a": "x" * 1025}, "a has more than 1024 characters"),
        ("true", {f"a{n}": 1.0 for n in range(65)}, "at most 64 values"),
    ],
)
async def test_what_is_too_long_is_not_asked(
    expression: str, values: dict[str, Any], says: str, evaluator: Evaluator
) -> None:
    told = await Conditions(evaluator).check(expression, values)
    assert isinstance(told, Refused)
    assert says in told.why
    assert evaluator.pid is None


async def test_a_wrong_condition_is_told_when_its_template_is_seen(evaluator: Evaluator) -> None:
    conditions = Conditions(evaluator)
    assert await conditions.refusal("result < limit", {"result": NUMBER, "limit": NUMBER}) is None
    assert await conditions.refusal("result.all(x, x < 1)", {"result": NUMBERS}) is None
    assert await conditions.refusal("reslt < 1", {"result": NUMBER}) == Refused(
        "the condition is wrong at character 1: there is no reslt here; there are result"
    )


async def test_a_wrong_path_is_told_when_its_template_is_seen(evaluator: Evaluator) -> None:
    paths = Paths(evaluator)
    assert await paths.refusal("$.a[0]") is None
    assert await paths.refusal("$.a[") == Refused(
        "the path is no JSONPath at character 5: unbalanced brackets"
    )
    assert await paths.refusal("$" + "a" * 512) == Refused("a path has between 1 and 512 characters")
    assert await paths.find("$.a", b"{") == SourceError("sends what is no JSON, or breaks off in it")


def test_the_operators_own_process_imports_nothing_of_it() -> None:
    program = (
        "import sys, crossfade.providers.expressions.conditions, crossfade.providers.web, crossfade.providers.prometheus\n"
        "print([each for each in ('cel_expr_python', 'jsonpath_rfc9535', 'regex') if each in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[]"
