"""The words for what is wrong: pydantic's errors said for someone who writes YAML."""

import difflib
import re
from collections.abc import Callable
from typing import Final

from pydantic_core import ErrorDetails


def worded(detail: ErrorDetails) -> str:
    """Say what is wrong and what to write instead; an error that is not known here keeps pydantic's words."""
    wording = WORDINGS.get(detail["type"])
    return wording(detail) if wording else detail["msg"]


UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION: Final = re.compile(r"(\d{1,6})\s*([smhd])")

ELSEWHERE: Final = {
    "match": "a step of a canary: write `canary: {steps: [{match: [{header: {name: x-group, exact: beta}}]}]}`",
    "mirror": "a step of a canary: write `canary: {steps: [{mirror: 10%}]}`",
    "sticky": "a canary: write `canary: {sticky: true, steps: [{weight: 5}]}`",
}
"""Fields of one strategy that people write into others."""


def did_you_mean(wrong: str, right: list[str]) -> str:
    """Give the end of a sentence that names the closest of `right`, where else it belongs, or all of them."""
    by_small = {name.lower(): name for name in right}
    small = wrong.replace("_", "").lower()
    whole = [name for name in by_small if small and name.endswith(small)]
    if wrong in ELSEWHERE and not whole:
        return f": {wrong} belongs to {ELSEWHERE[wrong]}"
    close = whole or difflib.get_close_matches(small, by_small, n=1)
    if close:
        return f": did you mean {by_small[close[0]]}?"
    return f": there are {', '.join(right)}" if right else ": there are no fields here"


def _choice(detail: ErrorDetails) -> str:
    expected = detail["ctx"]["expected"].replace("'", "")
    options = expected.replace(" or ", ", ").split(", ")
    given = detail["input"]
    close = did_you_mean(given, options) if isinstance(given, str) else ""
    hint = close if "did you mean" in close else ""
    seconds, name = _seconds(given), str(detail["loc"][-1]) if detail["loc"] else ""
    if seconds is not None and name == "pause":
        hint = f": for a time write pauseSeconds: {seconds}"
    return f"must be {expected}, not {_shown(given)}{hint}"


def _whole(detail: ErrorDetails) -> str:
    """A number; where seconds are written as people say them, which number that is."""
    given, name = detail["input"], str(detail["loc"][-1]) if detail["loc"] else ""
    seconds = _seconds(given) if name.endswith("Seconds") else None
    hint = f": write {name}: {seconds}" if seconds is not None else ""
    return f"must be a whole number, not {_shown(given)}{hint}"


def _seconds(given: object) -> int | None:
    """What `90s`, `5m` or `1h` are in seconds; None for anything else."""
    found = DURATION.fullmatch(given.strip()) if isinstance(given, str) else None
    return int(found[1]) * UNITS[found[2]] if found else None


def _shown(given: object) -> str:
    """A value as people wrote it, in a sentence."""
    if isinstance(given, dict | list):
        return "an object" if isinstance(given, dict) else "a list"
    words = {"None": "null", "True": "true", "False": "false"}
    return words.get(repr(given), repr(given))


def _quotes(given: object) -> str:
    """What makes a text of a number or of yes and no."""
    return "" if isinstance(given, dict | list) or given is None else ": put it in quotes"


def _too_many(detail: ErrorDetails) -> str:
    context = detail["ctx"]
    return f"has {context['actual_length']} items, but at most {context['max_length']} are allowed"


WORDINGS: Final[dict[str, Callable[[ErrorDetails], str]]] = {
    "literal_error": _choice,
    "greater_than_equal": lambda detail: f"must be at least {detail['ctx']['ge']}, not {detail['input']}",
    "less_than_equal": lambda detail: f"must be at most {detail['ctx']['le']}, not {detail['input']}",
    "int_type": _whole,
    "bool_type": lambda detail: f"must be true or false, not {_shown(detail['input'])}",
    "string_type": lambda detail: f"must be a text, not {_shown(detail['input'])}{_quotes(detail['input'])}",
    "list_type": lambda _detail: "must be a list",
    "dict_type": lambda _detail: "must be an object",
    "model_type": lambda _detail: "must be an object",
    "too_long": _too_many,
    "too_short": lambda detail: f"must have at least {detail['ctx']['min_length']} item",
    "string_too_long": lambda detail: f"has at most {detail['ctx']['max_length']} characters",
    "string_too_short": lambda detail: f"has at least {detail['ctx']['min_length']} character",
    "string_pattern_mismatch": lambda detail: (
        f"must match {detail['ctx']['pattern']}, not {_shown(detail['input'])}"
    ),
}
