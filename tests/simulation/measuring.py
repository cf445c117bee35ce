"""What the shell has asked to be measured and what has come of it, and the answers that a source may give.

Where a world measures, each question stays open until an answer comes as a move of its own. The answer is offered to the
passes until one was carried out to its end, as `controller/measuring.py` does it; a process that ends forgets both.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossfade.api.analysis import Metric
from crossfade.controller.measuring import _is_asked
from crossfade.core.measured import Answer, Ask, Compared, Down, Measured, Nothing, Valued, Window, Wrong
from crossfade.core.moments import moment_of
from crossfade.core.observed import Template
from crossfade.judge.counts import Counts
from simulation.remembered import once_for_each

Asks = tuple[Ask, ...]
Templates = Mapping[tuple[str, bool], Template]
Entry = Mapping[str, Any]
"""What the status says of one metric of one run."""


@dataclass(frozen=True)
class Answered(Measured):
    """An answer, and the question that it was given to: the core does not see that."""

    ask: Ask = field(compare=False)


def opened(plan: Iterable[Ask], still: Asks, came: tuple[Measured, ...]) -> tuple[Asks, tuple[Measured, ...]]:
    """The questions that are open after a pass that was carried out, and the answers that none has stored yet.

    `plan`: what the pass asks for; `still` and `came`: what was open, and what had come by then.
    """
    wanted = {(each.window.run, each.window.metric): each for each in plan}
    kept = tuple(each for each in came if _is_asked(each.window, wanted))
    for each in kept:
        del wanted[each.window.run, each.window.metric]
    going = tuple(each for each in still if _is_asked(each.window, wanted))
    for ask in going:
        del wanted[ask.window.run, ask.window.metric]
    return (*going, *wanted.values()), kept


# --- answers --------------------------------------------------------------------------------------------

NO_DATA, DOWN, WRONG = Nothing("it is NaN"), Down("connection refused"), Wrong("its query is wrong")
WORDS: dict[str, Callable[[Metric], Answer]] = {
    "good": lambda m: (
        Compared(Counts(0, 20_000), Counts(200, 20_000)) if m.built_in else Valued(0.5, good=True)
    ),
    "bad": lambda m: (
        Compared(Counts(50, 1000), Counts(10, 10_000)) if m.built_in else Valued(2.0, good=False)
    ),
    "neither good nor bad": lambda m: (
        Compared(Counts(0, 20), Counts(0, 200)) if m.built_in else Valued(1.0, good=None)
    ),
    "no data": lambda _: NO_DATA,
    "that it is down": lambda _: DOWN,
    "that it cannot be asked": lambda _: WRONG,
}
"""What a source may answer, in words. One window of a comparison decides by itself."""


def answers(told: str, ask: Ask) -> Answered:
    """An answer to a question."""
    return Answered(ask.window, WORDS[told](ask.metric), ask)


def is_good(answer: Answer) -> bool:
    """Whether it lets a metric pass that asks for one measurement."""
    if isinstance(answer, Compared):
        return answer.candidate.total > 1000 and not answer.candidate.bad
    return isinstance(answer, Valued) and answer.good is True


def is_bad(answer: Answer) -> bool:
    """Whether it speaks against the candidate."""
    return (isinstance(answer, Compared) and bool(answer.candidate.bad)) or (
        isinstance(answer, Valued) and answer.good is False
    )


# --- what is measured, read from the spec and the templates ---------------------------------------------


@once_for_each
def written(metric: Metric) -> str:
    """A metric as it is written: another text is another metric."""
    return metric.model_dump_json(exclude_defaults=True)


def metrics_of(analysis: Mapping[str, Any], templates: Templates) -> dict[str, Metric] | None:
    """What an analysis asks for, by name: its own metrics before those of its templates; None where one is missing."""
    named = [(ref["name"], ref.get("cluster", False)) for ref in analysis.get("templates", ())]
    if any(templates.get(name) is None for name in named):
        return None
    own = [Metric.model_validate(each) for each in analysis.get("metrics", ())]
    theirs = [metric for name in named for metric in templates[name].spec.metrics]
    return {metric.name: metric for metric in reversed([*own, *theirs])}


def entries(status: Mapping[str, Any]) -> dict[tuple[str, str], Entry]:
    """What a status says of each metric, by run and name."""
    return {(each["run"], each["metric"]): each for each in status.get("measurements") or ()}


# --- when two states are the same -----------------------------------------------------------------------


def seen_at(
    asks: Asks | None, came: tuple[Measured, ...], last: Measured | None, templates: Templates, now: datetime
) -> Hashable:
    """What is open and what has come, with ages in place of times."""
    if asks is None:
        return ()
    answered = tuple([(_window(each.window, now), each.answer, _metric(each)) for each in came])
    again = (_window(last.window, now), last.answer, _metric(last)) if last else None
    named = tuple([(name, template.model_dump_json()) for name, template in templates.items()])
    return tuple(_asked(asks, now)), answered, again, named


def _asked(asks: Asks, now: datetime) -> Iterator[Hashable]:
    return ((_window(each.window, now), written(each.metric)) for each in asks)


def _window(window: Window, now: datetime) -> Hashable:
    age = round((now - moment_of(window.until)).total_seconds(), 2)
    return window.run, window.metric, window.number, min(40.0, age), window.seconds


def _metric(answered: Measured) -> str:
    return written(answered.ask.metric) if isinstance(answered, Answered) else ""
