"""Runs the parts of `make test` or `make test-all` one after the other, and prints what took how long.

    python tests/run.py lint unit kind

Each part is a target of the Makefile. A part that fails lets the others run, but for those that the others need. Ends with
1 where a part failed.
"""

import subprocess
import sys
import time

from durations import RECORD, read, write

NEEDED = {"lint", "up"}
"""Where one of these fails nothing that follows would say more."""
SLOWEST = 15
CHANGED = 10
WORTH_S = 2.0
"""A difference of less is the machine's."""


def main(parts: list[str]) -> int:
    """Run them, keep their times, print the tables; the exit code."""
    before, took, failed = read(), {}, []
    for part in parts:
        start = time.monotonic()
        if subprocess.run(["make", "--no-print-directory", part], check=False).returncode:
            failed.append(part)
        took[part] = round(time.monotonic() - start, 1)
        record = read()
        record["parts"][part] = took[part]
        write(record)
        if NEEDED & {*failed}:
            break
    print("\n".join(lines(before, took)))
    print(f"failed: {', '.join(failed)}" if failed else f"all of {', '.join(parts)} passed")
    return 1 if failed else 0


def lines(before: dict[str, dict[str, float]], took: dict[str, float]) -> list[str]:
    """The tables: parts, the slowest tests, and what became faster or slower since the last run."""
    tests, known = read()["tests"], before["tests"]
    now = {test: each for test, each in tests.items() if known.get(test) != each}
    parts = [(part, each, before["parts"].get(part)) for part, each in took.items()]
    total = ("sum", sum(took.values()), sum(last for *_, last in parts if last) or None)
    slowest = sorted(now, key=lambda test: -now[test])[:SLOWEST]
    moved = [test for test in now if test in known and abs(now[test] - known[test]) >= WORTH_S]
    moved.sort(key=lambda test: -abs(now[test] - known[test]))
    return [
        *table("part", [*parts, total]),
        *table(f"the slowest {SLOWEST} tests", [(test, now[test], known.get(test)) for test in slowest]),
        *table("what changed most", [(test, now[test], known[test]) for test in moved[:CHANGED]]),
        f"all times: {RECORD}",
    ]


def table(head: str, rows: list[tuple[str, float, float | None]]) -> list[str]:
    """Rows of a name, its seconds now, and those of the last run."""
    if not rows:
        return []
    shown = [
        f"{now:8.1f} s  {'(new)' if last is None else f'({last:.1f} s before)':20}{name}"
        for name, now, last in rows
    ]
    return ["", f"{head}:", *shown]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
