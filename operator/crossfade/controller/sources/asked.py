"""From what a source of numbers gives to an answer: good, bad or neither by the metric's conditions, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping

from crossfade.api.analysis import Metric
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Down, Nothing, Valued, Wrong
from crossfade.providers.expressions.conditions import Conditions, Value, value_of
from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError


async def judged(means: Means, ask: Ask, found: Outcome) -> Answer:
    """The answer to a window, by `success` and `failure`."""
    if not isinstance(found, Number | Numbers):
        return failed(found)
    result: Value = found.value if isinstance(found, Number) else list(found.values)
    values = {**{name: value_of(text) for name, text in ask.arguments.items()}, "result": result}
    good = await _holds(means.conditions, ask.metric.success, values)
    bad = await _holds(means.conditions, ask.metric.failure, values)
    for told in (good, bad):
        if not isinstance(told, bool | None):
            return failed(told)
    return _valued(found, _good(good is True, bad is True, ask.metric))


def _valued(found: Number | Numbers, good: bool | None) -> Valued:
    """With several, the last one: of a range the newest. What the source said beside it is told too, its first line."""
    value, many = (found.value, 1) if isinstance(found, Number) else (found.values[-1], len(found.values))
    note = f" ({found.notes[0]})" if found.notes else ""
    more = f", the last of {many}," if many > 1 else ""
    return Valued(value, good, f"{value:g}{note}{more}" if note or more else "")


async def _holds(
    conditions: Conditions, condition: str | None, values: Mapping[str, Value]
) -> bool | Outcome | None:
    return None if condition is None else await conditions.check(condition, values)


def _good(good: bool, bad: bool, metric: Metric) -> bool | None:
    """`failure` decides before `success`; where only one is written, its contrary is the other."""
    if bad:
        return False
    if good or metric.success is None:
        return True
    return False if metric.failure is None else None


def failed(told: Outcome) -> Answer:
    """Why there is no answer, by what follows from it."""
    if isinstance(told, NoData):
        return Nothing(told.why)
    if isinstance(told, SourceError):
        return Down(told.why, told.retry_after_s or 0.0)
    return Wrong(
        told.why if isinstance(told, Refused) else f"it gives {type(told).__name__}, and one number is wanted"
    )
