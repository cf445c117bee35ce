"""What a measurement came to, as a value: numbers, or why there are none. Nothing here can be read as a success by absence.

Who asks again, when, and how often is decided elsewhere: `NoData` may have data a moment later, `SourceError` is no fault of the
candidate's, and `Refused` stays so until a person changes something.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
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


def _counted(bad: Number, total: Number) -> Outcome:
    if bad.value < 0 or total.value < 0:
        return SourceError(
            f"{bad.value:g} bad of {total.value:g}: a count is below zero; count with counters"
        )
    if total.value == 0:
        return NoData("there were no events in the window")
    if bad.value > total.value * (1 + SAME_WITHIN):
        return Refused(
            f"{bad.value:g} bad of {total.value:g}: more bad ones than all; let total count what bad counts, and the others"
        )
    return Counts(min(bad.value, total.value), total.value, (*bad.notes, *total.notes))


def _worst(outcomes: Iterable[Outcome]) -> Failed | None:
    failed = [each for each in outcomes if isinstance(each, Failed)]
    return min(failed, key=lambda each: _WORST_FIRST.index(type(each)), default=None)


def _finite(*values: float) -> None:
    if not all(map(math.isfinite, values)):
        raise ValueError("NaN and infinity are no measurement: say NoData")
