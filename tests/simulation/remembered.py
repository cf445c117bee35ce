"""Answers about stored objects. They are never changed in place, and most steps leave them: each is asked about once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Answer = TypeVar("Answer")

KEPT = 20_000
"""Answers of one question that are kept before all are forgotten: a bound on memory, and no object comes back."""


def once_for_each(ask: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """`ask`, which depends on nothing but the object that it is given, is called once for each object."""
    known: dict[int, tuple[Any, Answer]] = {}

    @wraps(ask)
    def asked(stored: Any) -> Answer:
        found = known.get(id(stored))
        if found is not None and found[0] is stored:
            return found[1]
        if len(known) >= KEPT:
            known.clear()
        answer = ask(stored)
        known[id(stored)] = (stored, answer)
        return answer

    return asked
