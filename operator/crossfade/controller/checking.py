"""Says whether expressions and queries can be used, each text once: what was found stays true for as long as the operator runs."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from contextlib import suppress
from typing import Final, Protocol

from crossfade.core.check import Check, Checked, Language, Result
from crossfade.providers import promql
from crossfade.providers.expressions.conditions import (
    ANY,
    NUMBER,
    NUMBERS,
    Conditions,
    Kind,
    kind_of,
    value_of,
)
from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.placeholders import RESULT

KEPT: Final = 2048
"""Answers that are kept, the least used one going first."""

WITHIN_S: Final = 10.0
"""A pass waits no longer for answers: what is not known then holds nothing up, and is told when it is measured."""

_READS: Final = {Language.PROMQL: promql.read}
"""Who reads the queries of a language."""

_RESULTS: Final = {Result.NUMBER: NUMBER, Result.NUMBERS: NUMBERS, Result.ANY: ANY}

_Essence = tuple[Language, str, tuple[tuple[str, Kind], ...]]


class Checks(Protocol):
    """Whoever says whether texts can be used."""

    async def __call__(self, asked: Collection[Check]) -> Checked:
        """By check, what is wrong with it; "" where nothing is, None where nobody can say it now."""


async def nobody(asked: Collection[Check]) -> Checked:
    """For an operator that evaluates nothing."""
    return dict.fromkeys(asked)


class Checker:
    """One for the operator. Conditions are compiled in the other process, queries are read here."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._known: OrderedDict[_Essence, str] = OrderedDict()

    async def __call__(self, asked: Collection[Check]) -> Checked:
        """By check, what is wrong with it; "" where nothing is, None where nobody can say it now."""
        found: dict[Check, str | None] = dict.fromkeys(asked)
        with suppress(TimeoutError):
            async with asyncio.timeout(WITHIN_S):
                for check in asked:
                    found[check] = await self._checked(check)
        return found

    async def _checked(self, check: Check) -> str | None:
        kinds = _kinds(check)
        essence = check.language, check.text, tuple(sorted(kinds.items()))
        if essence not in self._known:
            why = _read(check) if check.language in _READS else await self._compiled(check, kinds)
            if why is None:
                return None
            self._known[essence] = why
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(essence)
        return self._known[essence]

    async def _compiled(self, check: Check, kinds: dict[str, Kind]) -> str | None:
        told = await self._conditions.refusal(check.text, kinds)
        if isinstance(told, SourceError):
            return None
        return told.why if told is not None else ""


def _read(check: Check) -> str:
    """What is wrong with a query, as far as its placeholders and quotes go."""
    found = _READS[check.language](check.text, [name for name, _ in check.arguments])
    return f"the query is wrong: {found.why}" if isinstance(found, Refused) else ""


def _kinds(check: Check) -> dict[str, Kind]:
    """By name, what a condition is asked with: an argument is a number or a text by how its value is written."""
    kinds = {name: ANY if value is None else kind_of(value_of(value)) for name, value in check.arguments}
    return {**kinds, RESULT: _RESULTS[check.result]} if check.language is Language.CEL else kinds
