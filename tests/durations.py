"""How long each test and each part of a run took: kept in `.build/durations.json`, for the table and the next run's order.

    {"parts": {"unit": 81.2}, "tests": {"tests/core/test_plan.py::test_a": 0.02}}, in seconds

A copy stays in the cache, so that a fresh clone begins with its longest tests too.
"""

import json
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

RECORD = Path(__file__).parents[1] / ".build" / "durations.json"
CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
COPY = CACHE / "durations.json"
Record = dict[str, dict[str, float]]


def read() -> Record:
    """The record of this checkout, and what it lacks by the copy in the cache; empty where none can be read."""
    record: Record = {"parts": {}, "tests": {}}
    for each in (COPY, RECORD):
        with suppress(OSError, ValueError):
            found: Record = json.loads(each.read_text())
            for kind, known in record.items():
                known.update(found.get(kind, {}))
    return record


def write(record: Record) -> None:
    """Keep the record, and its copy; a reader never sees half of one."""
    for path in (RECORD, COPY):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(record, indent=0, sort_keys=True))
        fresh.replace(path)


class Clock:
    """A pytest plugin for the process that hands out the tests, or for the only one."""

    def __init__(self) -> None:
        self.known = read()["tests"]
        self.seen: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Setup, call and teardown count alike: all of them keep a process busy."""
        self.seen[report.nodeid] += report.duration  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        """Take this run's times into the record, beside those of tests that did not run now."""
        record = read()
        record["tests"].update({test: round(took, 2) for test, took in self.seen.items()})
        write(record)


def register(config: Any) -> None:
    """Have the times of this run recorded, once, whatever number of processes run its tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Clock(), "durations")
