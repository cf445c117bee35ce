"""Answers about stored objects. They are never changed in place, and most steps leave them: each is asked about once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Generic, TypeVar

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


class Answers(Generic[Answer]):
    """Answers to one question about several objects at once, by which objects they are.

    They are kept beside the answer, so that no other object takes the place of one of them.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: dict[Hashable, tuple[Answer, object]] = {}

    def of(self, stored: tuple[object, ...], ask: Callable[[], Answer], values: Hashable = None) -> Answer:
        """What `ask` gives, which depends on nothing but the objects in `stored` and on `values`."""
        key = (values, *map(id, stored))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._kept:
                self._known.clear()
            found = self._known[key] = (ask(), stored)
        return found[0]


def once_for_all(ask: Callable[..., Answer]) -> Callable[..., Answer]:
    """`ask`, which depends on nothing but the objects that it is given, is called once for the same of them."""
    answers: Answers[Answer] = Answers()

    @wraps(ask)
    def asked(*stored: Any) -> Answer:
        return answers.of(stored, lambda: ask(*stored))

    return asked
