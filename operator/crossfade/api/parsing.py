"""Reads JSON that others wrote, however deep it is nested.

The API server takes objects of ten thousand levels, and Python's parser gives up before a thousand: one such Rollout would
end every list and every watch that brings it, and with them the operator of everybody else (seen).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

PARSED_LEVELS: Final = 200
KEPT_LEVELS: Final = 100
"""Of an object, whatever it came in: less than what is parsed of a list or of a watch's line, where it is one of many."""

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)


def parsed(text: str | bytes) -> Any:
    """The value of `text`; where it is nested too deep to be parsed, null stands for what lies below PARSED_LEVELS.

    Raises ValueError where it is no JSON.
    """
    try:
        return json.loads(text)
    except RecursionError:
        whole = text if isinstance(text, str) else text.decode()
        return json.loads("".join(_shallow(whole)))


def _shallow(text: str) -> Iterator[str]:
    """The parts of `text` that are not too deep, and null between them."""
    depth, end = 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            depth += 1
            if depth == PARSED_LEVELS + 1:
                yield text[end : token.start()]
        elif token[0] in "}]":
            depth -= 1
            if depth == PARSED_LEVELS:
                yield "null"
                end = token.end()
    if depth <= PARSED_LEVELS:  # else it never ends, and is no JSON without it either
        yield text[end:]
