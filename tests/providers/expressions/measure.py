"""Print what the other process costs: to start, to keep, to ask; and what each hostile expression takes of it and of this one.

`PYTHONPATH=operator:tests:. python tests/providers/expressions/measure.py`
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import time
from pathlib import Path

from crossfade.providers.expressions.conditions import Conditions
from crossfade.providers.expressions.paths import Paths
from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.outcome import Refused
from providers.expressions.hostile import CONDITIONS

STARTS = 10
CHECKS = 2000
MB = 1024 * 1024


def status_kb(pid: int, what: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


async def starts() -> None:
    times, sizes = [], []
    for _ in range(STARTS):
        evaluator, began = Evaluator(), time.perf_counter()
        await Conditions(evaluator).check("result < 1", {"result": 0.5})
        times.append((time.perf_counter() - began) * 1000)
        pid = evaluator.pid or 0
        sizes.append((status_kb(pid, "VmRSS"), status_kb(pid, "RssAnon"), status_kb(pid, "VmSize")))
        await evaluator.close()
    rss, private, virtual = (statistics.median(each) / 1024 for each in zip(*sizes, strict=True))
    print(
        f"start to first answer   median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms of {STARTS}"
    )
    print(
        f"memory when ready       {rss:.0f} MiB resident, {private:.0f} MiB of it its own, {virtual:.0f} MiB of addresses"
    )


async def checks() -> None:
    evaluator, times = Evaluator(), []
    conditions = Conditions(evaluator)
    values = {"result": 0.02, "limit": 0.05}
    for _ in range(CHECKS):
        began = time.perf_counter()
        await conditions.check("result < limit && result >= 0", values)
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=100)
    print(f"one check, known        median {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms of {CHECKS}")
    began = time.perf_counter()
    for number in range(CHECKS):
        await conditions.check(f"result < limit && result >= {number}", values)
    print(f"one check, new          mean {(time.perf_counter() - began) * 1000 / CHECKS:.2f} ms of {CHECKS}")
    document = b"[" + b",".join([b'{"a": 1, "b": [1, 2]}'] * 45_000) + b"]"
    began = time.perf_counter()
    await Paths(evaluator).find("$[7].a", document)
    print(f"a path in {len(document) / MB:.1f} MiB     {(time.perf_counter() - began) * 1000:.0f} ms")
    print(f"memory after them       {status_kb(evaluator.pid or 0, 'VmRSS') / 1024:.0f} MiB resident")
    await evaluator.close()


async def hostile() -> None:
    print(
        "\n| hostile condition | bytes | told after, ms | next answer after, ms | this process grew, kB | told |"
    )
    print("|---|---|---|---|---|---|")
    for name, (expression, _) in CONDITIONS.items():
        evaluator = Evaluator()
        conditions = Conditions(evaluator)
        await conditions.check("result < 1", {"result": 0.5})
        before, began = status_kb(os.getpid(), "VmRSS"), time.perf_counter()
        told = await conditions.check(expression, {"result": 0.5})
        told_at = time.perf_counter()
        await conditions.check("result < 1", {"result": 0.5})
        next_at = time.perf_counter()
        grew = status_kb(os.getpid(), "VmRSS") - before
        why = told.why if isinstance(told, Refused) else str(told)
        print(
            f"| {name} | {len(expression)} | {(told_at - began) * 1000:.0f} | {(next_at - told_at) * 1000:.0f} | {grew} | {why} |"
        )
        await evaluator.close()


async def main() -> None:
    await starts()
    await checks()
    await hostile()
    print(
        f"\nthis process at most     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB resident"
    )


if __name__ == "__main__":
    asyncio.run(main())
