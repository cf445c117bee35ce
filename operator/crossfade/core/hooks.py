"""Hooks: where a plan rests for them, and as what they are measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from crossfade.api.analysis import Metric
from crossfade.api.hooks import Hook
from crossfade.core.stages import GROW_FIRST, Exclusive, Gate, GateKind, Order, Stage

START: Final = "Start"
TRAFFIC: Final = "Traffic"
PROMOTE: Final = "Promote"
ROLLBACK: Final = "Rollback"

GATE: Final = (Gate(GateKind.HOOK),)
NAMES_LENGTH: Final = 60
JOB_EVERY_S: Final = 1
ASKED_EVERY_S: Final = 10
"""A webhook that says not yet, and not when, is asked so often."""
ROOM_S: Final = 60
"""Beside the time of two Jobs and of an earlier one that still runs."""


def before(hooks: Sequence[Hook], moment: str) -> tuple[Hook, ...]:
    """Those that hold a release at a moment."""
    return tuple(hook for hook in hooks if hook.before == moment)


def after(hooks: Sequence[Hook], moment: str) -> tuple[Hook, ...]:
    """Those that run once a moment is over."""
    return tuple(hook for hook in hooks if hook.after == moment)


def with_hooks(plan: list[Stage], hooks: Sequence[Hook], replicas: int) -> list[Stage]:
    """The plan with a rest at each moment that a hook is `before`."""
    return [
        each for index in range(len(plan)) for each in (*_rests(plan, hooks, index, replicas), plan[index])
    ]


def starting(hooks: Sequence[Hook], stable: int, order: Order = GROW_FIRST) -> list[Stage]:
    """The rest before the first pod."""
    asked = before(hooks, START)
    return [Stage(_name(START, asked), 0, stable, 0, order, GATE, hooks=asked)] if asked else []


def _rests(plan: Sequence[Stage], hooks: Sequence[Hook], index: int, replicas: int) -> Iterator[Stage]:
    """The rests that come just before a stage."""
    if index == 0:
        exclusive = isinstance(plan[0].order, Exclusive)
        yield from starting(hooks, replicas, Exclusive() if exclusive else GROW_FIRST)
    for moment, place in ((TRAFFIC, _first(plan, reaches=True)), (PROMOTE, _first(plan, reaches=False))):
        if index == place and (asked := before(hooks, moment)):
            yield _ready(plan, index, replicas, Stage(_name(moment, asked), 0, 0, 0, gates=GATE, hooks=asked))


def _first(plan: Sequence[Stage], *, reaches: bool) -> int:
    """The place of the first stage with any requests for the candidate, or with all."""
    found = (i for i, stage in enumerate(plan) if (stage.reaches if reaches else stage.weight == 100))
    return next(found, len(plan))


def _ready(plan: Sequence[Stage], index: int, replicas: int, rest: Stage) -> Stage:
    """The rest with the pods and requests of the stage before it; with none there, the next one's pods and no requests."""
    if index and plan[index - 1].candidate:
        return replace(plan[index - 1], name=rest.name, gates=rest.gates, analysis=None, hooks=rest.hooks)
    return replace(rest, candidate=plan[index].candidate, stable=replicas)


def _name(moment: str, asked: Sequence[Hook]) -> str:
    """How people know the rest. Example: `before Start: migrate`."""
    names = ", ".join(hook.name for hook in asked)
    return f"before {moment}: {names if len(names) <= NAMES_LENGTH else f'{len(asked)} hooks'}"


def measured(hook: Hook) -> Metric:
    """A hook as what is measured of it: one Job or one answer that decides; two Jobs that never started ask a person."""
    job = hook.job
    return Metric(
        name=hook.name,
        job=job,
        webhook=hook.webhook,
        interval_seconds=JOB_EVERY_S if job else ASKED_EVERY_S,
        count=1,
        max_seconds=ROOM_S + 3 * job.timeout_seconds if job else hook.max_seconds,
        no_data_limit=1,
    )
