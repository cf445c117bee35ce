"""Conditions in CEL over what was measured: `result`, a number or a list of numbers, and the template's arguments by their names.

NaN, infinity and empty lists are no data: the expression is not asked about them, so that none can take them for a success.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.outcome import Failed, NoData, Refused, SourceError

LONGEST: Final = 1024
"""Characters of an expression."""
LONGEST_TEXT: Final = 1024
MOST_NUMBERS: Final = 10_000
MOST_VALUES: Final = 64

Value = float | bool | str | list[float]
Kind = str
NUMBER: Final[Kind] = "double"
NUMBERS: Final[Kind] = "list"
TEXT: Final[Kind] = "string"
TRUTH: Final[Kind] = "bool"
ANY: Final[Kind] = "dyn"
"""What is not known before it is measured, or given: nothing that is done with it is wrong yet."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
_TAKEN: Final = frozenset(
    [
        *(
            "as",
            "break",
            "const",
            "continue",
            "else",
            "false",
            "for",
            "function",
            "if",
            "import",
            "in",
            "let",
        ),
        *("loop", "null", "package", "namespace", "return", "true", "var", "void", "while"),
    ]
)


def value_of(text: str) -> Value:
    """An argument as a condition knows it: a number or true and false where it is written as one, else a text."""
    if text in ("true", "false"):
        return text == "true"
    return float(text) if _NUMBER.fullmatch(text) else text


def kind_of(value: Value) -> Kind:
    """What a condition takes a value for."""
    return {bool: TRUTH, str: TEXT, list: NUMBERS}.get(type(value), NUMBER)


class Conditions:
    """Compiles and evaluates conditions, in the other process."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    async def refusal(self, expression: str, kinds: Mapping[str, Kind]) -> Refused | SourceError | None:
        """Compile and check the types, for when a template is seen; None where it is a condition. `kinds`: of `result` and arguments."""
        if why := _unaskable(expression) or _unnamed(kinds):
            return Refused(why)
        reply = await self._ask({"do": "compile", "expression": expression, "types": dict(kinds)}, expression)
        return None if isinstance(reply, bool) else reply

    async def check(self, expression: str, values: Mapping[str, Value]) -> bool | Failed:
        """Whether it holds for these values; else why that cannot be said."""
        if why := _unaskable(expression) or _unnamed(values) or _too_much(values):
            return Refused(why)
        if (empty := _no_data(values)) is not None:
            return empty
        return await self._ask({"do": "check", "expression": expression, "values": dict(values)}, expression)

    async def _ask(self, question: Mapping[str, object], expression: str) -> bool | Refused | SourceError:
        reply = await self._evaluator.ask(question, expression)
        if isinstance(reply, Refused | SourceError):
            return Refused(f"the condition {reply.why}") if isinstance(reply, Refused) else reply
        match reply:
            case {"value": bool() as value}:
                return value
            case {"refused": str() as why}:
                return Refused(f"the condition {why}")
        return SourceError("the process that evaluates conditions answered with nonsense")


def _unaskable(expression: str) -> str:
    if not expression.strip():
        return "the condition is empty: write one, as result < 0.05"
    return (
        f"the condition has more than {LONGEST} characters: make it shorter"
        if len(expression) > LONGEST
        else ""
    )


def _unnamed(names: Mapping[str, object]) -> str:
    wrong = next((each for each in names if not _NAME.fullmatch(each) or each in _TAKEN), None)
    if wrong is not None:
        return f"a condition can know no value by the name {wrong!r}: use letters, digits and _, and no word of CEL's own"
    return f"a condition has at most {MOST_VALUES} values" if len(names) > MOST_VALUES else ""


def _too_much(values: Mapping[str, Value]) -> str:
    for name, value in values.items():
        if isinstance(value, list) and len(value) > MOST_NUMBERS:
            return f"{name} has more than {MOST_NUMBERS} numbers: measure fewer points"
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            return f"{name} has more than {LONGEST_TEXT} characters: make it shorter"
    return ""


def _no_data(values: Mapping[str, Value]) -> NoData | None:
    for name, value in values.items():
        numbers = value if isinstance(value, list) else [value]
        if not numbers:
            return NoData(f"{name} has no numbers, so the condition was not asked")
        if any(isinstance(each, float) and not math.isfinite(each) for each in numbers):
            return NoData(f"{name} is not a number, so the condition was not asked")
    return None
