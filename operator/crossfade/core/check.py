"""What users write into metrics, as questions: whether it can be used. The shell answers them; what follows is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What a text is written in."""

    CEL = "CEL"
    PROMQL = "PromQL"


class Result(StrEnum):
    """What a condition is asked of; ANY where only the answer of the source shows it."""

    NUMBER = "number"
    NUMBERS = "numbers"
    ANY = "any"


@dataclass(frozen=True)
class Check:
    """A text of a metric, and what it may name: equal ones are right or wrong alike, whoever wrote them.

    `arguments`: by name, sorted; a value is None where it is not known, or where it makes no difference. `result`: for a
    condition.
    """

    language: Language
    text: str
    arguments: tuple[tuple[str, str | None], ...] = ()
    result: Result = Result.ANY


Checked = Mapping[Check, str | None]
"""By check, what is wrong with it, "" where nothing is; None where nobody can say it now."""
