"""What a measurement came to, as a value: numbers, or why there are none. Nothing here can be read as a success by absence.

Who asks again, when, and how often is decided elsewhere: `NoData` may have data a moment later, `SourceError` is no fault of the
candidate's, and `Refused` stays so until a person changes something.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

SAME_WITHIN: Final = 1e-6
"""Two sums of the same series may differ by rounding, by this part of them."""


@dataclass(frozen=True)
class Number:
    """One number, always finite. `notes`: what the source said beside it, each a line."""

    value: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _finite(self.value)


@dataclass(frozen=True)
class Numbers:
    """The numbers of a range, oldest first, at least one, all finite. `missing`: how many points of the range had none."""

    values: tuple[float, ...]
    missing: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("no numbers are no measurement: say NoData")
        _finite(*self.values)


@dataclass(frozen=True)
class Counts:
    """How many of `total` events were bad: 0 <= bad <= total, total above 0."""

    bad: float
    total: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _finite(self.bad, self.total)
        if not 0 <= self.bad <= self.total or self.total == 0:
            raise ValueError(f"{self.bad:g} of {self.total:g} are no counts")


MOST: Final = 1e12
"""Events of one window: a million a second for eleven days."""

Labels = tuple[str, ...]
"""A value for each label by which series are told apart; "" where a series has it not."""


@dataclass(frozen=True)
class Table:
    """A number for each of several series, at least one, all finite. `empty`: which series had none (NaN)."""

    values: Mapping[Labels, float]
    empty: frozenset[Labels] = frozenset()

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("no numbers are no measurement: say NoData")
        _finite(*self.values.values())


@dataclass(frozen=True)
class CountsTable:
    """Counts of each of several series, at least one."""

    values: Mapping[Labels, Counts]


@dataclass(frozen=True)
class NoData:
    """The source answered, and had nothing: no series, NaN, a division by zero, no events."""

    why: str


@dataclass(frozen=True)
class SourceError:
    """The source is down, slow, or answers what cannot be read. `retry_after_s`: what it asked for."""

    why: str
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Refused:
    """It is wrong as it is written, or not allowed: asking again changes nothing."""

    why: str


Failed = NoData | SourceError | Refused
Outcome = Number | Numbers | Counts | Failed

_WORST_FIRST: Final = (Refused, SourceError, NoData)


def number(value: float, what: str, notes: tuple[str, ...] = ()) -> Number | NoData:
    """Give the number, or NoData where it is none. `what`: what gave it, as the sentence begins."""
    if math.isnan(value):
        return NoData(f"{what} is NaN: nothing divided by nothing, most often no requests in the window")
    if math.isinf(value):
        return NoData(
            f"{what} is infinite: something divided by nothing, most often no requests in the window"
        )
    return Number(value, notes)


def counts(bad: Outcome, total: Outcome) -> Outcome:
    """Put two measurements together as counts; what failed of either is told, the worst first."""
    failed = _worst((bad, total))
    if failed is not None:
        return failed
    if not isinstance(bad, Number) or not isinstance(total, Number):
        return Refused("bad and total need one number each: write queries that give one")
    return _counted(bad, total)


def counts_table(bad: Table | Failed, total: Table | Failed) -> CountsTable | Failed:
    """Put two tables together as counts, by their labels; a series without data or events in either is left out.

    One that only `total` has, had no bad events, as it would be by `sum(…)` over all of them; NaN is not that. One that only
    `bad` has, tells of labels that are not the same: all of `total` would be without bad events then.
    """
    failed = _worst((bad, total))
    if failed is not None or not isinstance(bad, Table) or not isinstance(total, Table):
        return failed or NoData("bad and total were not both measured")
    unknown = [key for key in total.values if key not in bad.empty]
    pairs = {key: counts(Number(bad.values.get(key, 0.0)), Number(total.values[key])) for key in unknown}
    stray = next((key for key in bad.values if key not in total.values.keys() | total.empty), None)
    if stray is not None:
        return Refused(f"bad has a number for {_named(stray)} and total has none: give both the same labels")
    for key, told in pairs.items():
        if isinstance(told, Refused | SourceError):
            return replace(told, why=f"{_named(key)}: {told.why}")
    found = {key: told for key, told in pairs.items() if isinstance(told, Counts)}
    return CountsTable(found) if found else NoData("there were no events in the window")


def _named(key: Labels) -> str:
    return " ".join(part or "the series without the label" for part in key)


def _counted(bad: Number, total: Number) -> Outcome:
    if bad.value < 0 or total.value < 0:
        return SourceError(
            f"{bad.value:g} bad of {total.value:g}: a count is below zero; count with counters"
        )
    if total.value == 0:
        return NoData("there were no events in the window")
    if total.value > MOST:
        return Refused(f"{total.value:g} events in one window are none that can be: does total count events?")
    if bad.value > total.value * (1 + SAME_WITHIN):
        return Refused(
            f"{bad.value:g} bad of {total.value:g}: more bad ones than all; let total count what bad counts, and the others"
        )
    return Counts(min(bad.value, total.value), total.value, (*bad.notes, *total.notes))


def _worst(outcomes: Iterable[object]) -> Failed | None:
    failed = [each for each in outcomes if isinstance(each, Failed)]
    return min(failed, key=lambda each: _WORST_FIRST.index(type(each)), default=None)


def _finite(*values: float) -> None:
    if not all(map(math.isfinite, values)):
        raise ValueError("NaN and infinity are no measurement: say NoData")
