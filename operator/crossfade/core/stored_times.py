"""Every time that the memory stores, and what it may say: no start lies ahead, whatever became of the clock that wrote it.

A clock may jump, and the next leader's may be another one. A start that lies ahead would hold a release, or let it pass unmeasured, until
that moment has come. So each pass takes such a start for this moment: what was to follow it follows later, and never not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args

from crossfade.api.base import WEEK_SECONDS, Model, Time
from crossfade.api.status import RolloutStatus
from crossfade.core.moments import moment_of, text_of

AnyModel = TypeVar("AnyModel", bound=Model)

HOUR_S: Final = 3_600.0

AHEAD: Final = MappingProxyType[str, float](
    {
        "Progress.until": float("inf"),  # told to people, and worked out anew in each pass
        "MetricStatus.again_at": HOUR_S,  # the longest Retry-After that is heeded
        "Bypass.until": WEEK_SECONDS,  # the longest that may be asked for; its policy may allow less
        "ActionEntry.until": WEEK_SECONDS,  # the same, in the record
        "Restarted.at": float("inf"),  # the mark that pods carry: another one would replace them all again
    }
)
"""The times that may lie ahead, as `Model.field`, and by how many seconds. All others are starts or ends, and do not."""


def in_the_past(memory: RolloutStatus, now: datetime) -> RolloutStatus:
    """The memory with each time that lies ahead taken for `now`, or for as far ahead as it may lie; this very one where none does."""
    return _bounded(memory, now, text_of(now))


def _bounded(model: AnyModel, now: datetime, text: str) -> AnyModel:
    changes: dict[str, Any] = {}
    for name, ahead_s in _times(type(model)).items():
        before = getattr(model, name)
        after: Any = (
            [_at_most(each, ahead_s, now, text) for each in before]
            if isinstance(before, list)
            else _at_most(before, ahead_s, now, text)
        )
        if after != before:
            changes[name] = after
    for name in _parts(type(model)):
        before = getattr(model, name)
        after = _within(before, now, text)
        if after is not before:
            changes[name] = after
    return model.model_copy(update=changes) if changes else model


def _at_most(at: str | None, ahead_s: float, now: datetime, text: str) -> str | None:
    if at is None or ahead_s == float("inf") or _is_over(at, text):
        return at
    latest = now + timedelta(seconds=ahead_s)
    return text_of(latest) if moment_of(at) > latest else at


def _within(value: Any, now: datetime, text: str) -> Any:
    if isinstance(value, Model):
        return _bounded(value, now, text)
    after = [_bounded(each, now, text) for each in value or ()]
    return after if any(one is not other for one, other in zip(after, value or (), strict=True)) else value


def _is_over(at: str, now: str) -> bool:
    """Whether it is an earlier second, without reading it as a date: a pass looks at some hundred of them."""
    return at.endswith("Z") and at[:19] < now[:19]


@cache
def _times(kind: type[Model]) -> Mapping[str, float]:
    fields = kind.model_fields.items()
    return {name: AHEAD.get(f"{kind.__name__}.{name}", 0.0) for name, each in fields if _is_time(each)}


@cache
def _parts(kind: type[Model]) -> tuple[str, ...]:
    """The fields that are models with times, or lists of such."""
    return tuple(
        name
        for name, each in kind.model_fields.items()
        if any(_times(part) or _parts(part) for part in _models(each.annotation))
    )


def _is_time(field: Any) -> bool:
    return Time in {field.annotation, *get_args(field.annotation)} or (
        field.annotation is str and any(data in field.metadata for data in get_args(Time)[1:])
    )


def _models(annotation: Any) -> list[type[Model]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, Model) else []
    return [found for each in get_args(annotation) for found in _models(each)]
