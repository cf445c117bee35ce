"""Measures what decisions ask for, beside the passes: an answer that takes long holds nothing up.

An answer is kept until a pass has stored what follows from it: so a pass that is cut off finds it again, and a process that
is ended asks anew for what was not stored. The core counts each window once, by its number.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from crossfade.controller.store import Key
from crossfade.core.measured import Answer, Ask, Down, Measured, Window, Wrong

log = logging.getLogger(__name__)


class Source(Protocol):
    """Whoever measures."""

    async def __call__(self, ask: Ask) -> Answer:
        """The answer; it takes a bounded time, and raises nothing that is expected."""


async def nobody(ask: Ask) -> Answer:  # noqa: ARG001 -- it is a Source
    """For an operator that measures nothing."""
    return Wrong("this operator measures nothing")


@dataclass
class _Open:
    """What is asked for one Rollout: tasks that run, and answers that no pass has stored yet."""

    tasks: dict[Window, asyncio.Task[None]] = field(default_factory=dict)
    answers: dict[Window, Measured] = field(default_factory=dict)


class Measuring:
    """One for the operator. `wake`: queue a Rollout, since an answer has come."""

    def __init__(self, source: Source, wake: Callable[[Key], None]) -> None:
        self._source = source
        self._wake = wake
        self._open: dict[tuple[Key, str], _Open] = {}

    def of(self, key: Key, uid: str) -> tuple[Measured, ...]:
        """The answers that have come for a Rollout."""
        known = self._open.get((key, uid))
        return tuple(known.answers.values()) if known is not None else ()

    def ask(self, key: Key, uid: str, asks: Iterable[Ask]) -> None:
        """After a pass that was carried out: what it has taken in is forgotten, and what it asks for begins."""
        wanted = {(each.window.run, each.window.metric): each for each in asks}
        known = self._open.pop((key, uid), _Open())
        known.answers = {
            w: each for w, each in known.answers.items() if _is_asked(w, wanted)
        }  # came meanwhile
        for window in known.answers:
            del wanted[window.run, window.metric]
        for window, task in list(known.tasks.items()):
            if _is_asked(window, wanted):
                del wanted[window.run, window.metric]
            else:
                task.cancel()
                del known.tasks[window]
        for each in wanted.values():
            known.tasks[each.window] = asyncio.create_task(self._measure(key, uid, each), name="measure")
        if known.tasks or known.answers:
            self._open[key, uid] = known

    def forget(self, key: Key) -> None:
        """The Rollout is gone."""
        for place in [each for each in self._open if each[0] == key]:
            for task in self._open.pop(place).tasks.values():
                task.cancel()

    def stop(self) -> None:
        """Nothing more is asked: before what it is asked with is closed."""
        for known in self._open.values():
            for task in known.tasks.values():
                task.cancel()
        self._open.clear()

    async def _measure(self, key: Key, uid: str, ask: Ask) -> None:
        try:
            answer = await self._source(ask)
        except Exception:
            log.exception("measuring %s of %s failed", ask.metric.name, key.name)
            answer = Down("the operator failed to ask: its log has the reason")
        known = self._open.get((key, uid))
        if known is not None and known.tasks.pop(ask.window, None) is not None:
            known.answers[ask.window] = Measured(ask.window, answer)
            self._wake(key)


def _is_asked(window: Window, wanted: Mapping[tuple[str, str], Ask]) -> bool:
    asked = wanted.get((window.run, window.metric))
    known = (window.definition, window.number)
    return asked is not None and (asked.window.definition, asked.window.number) == known
