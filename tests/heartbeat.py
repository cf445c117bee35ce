"""How late this machine is: a thread that wants to run every 100 ms for 5 ms, and writes down by how much it was late.

It takes a twentieth of a processor: one beats for the whole run, and one in each process that runs tests which are `quiet`.

A promise in seconds is held as it stands. A test that holds one and fails in seconds in which the heartbeat came late as well
is repeated once, and says so: then the machine may be what was slow, and not Crossfade.
"""

import threading
import time
from collections import deque

import pytest
from _pytest.runner import runtestprotocol

EVERY_S, WORKS_S = 0.1, 0.005
COUNTED = "counted"
KEPT = 36_000
"""An hour of beats."""
LATE_S = 0.2
"""Busy, and worth a repetition: a tenth of the shortest promise, 2 s."""


class Heartbeat:
    """Beats from its making on; `late_s` says how late it was."""

    def __init__(self) -> None:
        self._beats: deque[tuple[float, float]] = deque(maxlen=KEPT)
        threading.Thread(target=self._beat, daemon=True, name="heartbeat").start()

    def _beat(self) -> None:
        while True:
            began, worked = time.monotonic(), time.thread_time()
            time.sleep(EVERY_S)
            while time.thread_time() - worked < WORKS_S:
                pass
            took = time.monotonic() - began
            self._beats.append((began + took, took - EVERY_S - WORKS_S))

    def late_s(self, since: float) -> float:
        """The most by which a beat was late since then (monotonic seconds)."""
        return max((late for at, late in list(self._beats) if at >= since), default=0.0)

    def told(self, since: float) -> str:
        """How busy the machine was since then, in words; "" where it was not."""
        if (late_s := self.late_s(since)) < LATE_S:
            return ""
        share = sum(late for at, late in list(self._beats) if at >= since) / max(
            time.monotonic() - since, EVERY_S
        )
        return f"a busy machine: up to {late_s:.2f} s late, {100 * share:.0f} % of the time"


class Repeats:
    """A pytest plugin: what is marked `quiet` is tried again, once, where the machine was late the first time."""

    def __init__(self, heart: Heartbeat | None = None) -> None:
        self._heart = heart
        self.began = time.monotonic()

    @property
    def heart(self) -> Heartbeat:
        """Beats from the first time that somebody wants to know."""
        self._heart = self._heart or Heartbeat()
        return self._heart

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """As pytest does it, but that a first try in late seconds is no failure yet."""
        if item.get_closest_marker("quiet") is None:
            return None
        place = {"nodeid": item.nodeid, "location": item.location}
        item.ihook.pytest_runtest_logstart(**place)
        heart, began = self.heart, time.monotonic()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        late_s = heart.late_s(began)
        if late_s >= LATE_S and (failed := [each for each in reports if each.failed]):
            told = failed[0].longreprtext.strip().splitlines()[-1]
            item._initrequest()  # type: ignore[attr-defined]
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            said = (
                f"{item.nodeid} was tried again: the machine was {late_s:.2f} s late when it failed ({told})"
            )
            reports[-1].user_properties.append((COUNTED, said))
        for each in reports:
            item.ihook.pytest_runtest_logreport(report=each)
        item.ihook.pytest_runtest_logfinish(**place)
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """How busy the machine was, so that a figure is read with that in mind."""
        if told := self.heart.told(self.began):
            terminalreporter.write_line(told)
