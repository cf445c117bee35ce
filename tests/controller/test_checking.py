"""Expressions and queries are checked once each, by the process that evaluates them and by what reads queries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from crossfade.controller.checking import KEPT, Checker, nobody
from crossfade.core.check import Check, Language, Result
from crossfade.providers.expressions.conditions import Conditions
from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.outcome import Refused, SourceError


@pytest.fixture
async def checker() -> AsyncIterator[Checker]:
    evaluator = Evaluator()
    yield Checker(Conditions(evaluator))
    await evaluator.close()


def condition(text: str, result: Result = Result.NUMBER, **arguments: str | None) -> Check:
    return Check(Language.CEL, text, tuple(sorted(arguments.items())), result)


def query(text: str, *names: str) -> Check:
    return Check(Language.PROMQL, text, tuple((name, None) for name in names))


async def said(checker: Checker, check: Check) -> str | None:
    return (await checker([check]))[check]


@pytest.mark.parametrize(
    "right",
    [
        condition("result < 0.05"),
        condition("result < most", most="0.1"),
        condition("result < most", most=None),
        condition("result.all(x, x < 1)", Result.NUMBERS),
        condition("result.all(x, x < 1)", Result.ANY),
        condition("result < 1", Result.ANY),
        query('errors{rev="{{candidate}}",queue="{{queue}}"}[{{window}}]', "queue"),
    ],
    ids=lambda each: each.text,
)
async def test_what_can_be_used_is_right(checker: Checker, right: Check) -> None:
    assert await said(checker, right) == ""


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (condition("result <"), "the condition is wrong at character 9: Syntax error"),
        (condition("result < limit"), "there is no limit here; there are result"),
        (condition("result < most", most="a lot"), "'<' does not go with a number and a text"),
        (condition("result.all(x, x < 1)"), "the condition is wrong at character"),
        (condition("result * 2.0"), "the condition gives a number, where true or false is needed"),
        (query('errors{rev="{{candidat}}"}'), "the query is wrong: at character 13: {{candidat}} is neither"),
        (query('errors{rev="{{candidate}}'), "the query is wrong: a quote in the query has no end"),
    ],
    ids=lambda each: each.text if isinstance(each, Check) else "",
)
async def test_what_cannot_be_used_is_told_in_the_compilers_words(
    checker: Checker, wrong: Check, why: str
) -> None:
    assert why in str(await said(checker, wrong))


class Counting(Conditions):
    """Answers as it is told, and counts."""

    def __init__(self, *answers: Refused | SourceError | None) -> None:
        super().__init__(Evaluator())
        self.answers = list(answers)
        self.asked: list[Mapping[str, str]] = []

    async def refusal(self, expression: str, kinds: Mapping[str, str]) -> Any:
        self.asked.append(kinds)
        return self.answers.pop(0) if self.answers else None


async def test_an_expression_is_compiled_once_whatever_the_values_of_its_arguments() -> None:
    conditions = Counting()
    checker = Checker(conditions)
    for most in ("1", "2", "1"):
        await said(checker, condition("result < most", most=most))
    assert conditions.asked == [{"most": "double", "result": "double"}]
    await said(checker, condition("result < most", most="a lot"))
    assert len(conditions.asked) == 2, "a text is another question"


async def test_what_cannot_be_said_now_is_asked_again_and_never_held_against_the_expression() -> None:
    checker = Checker(Counting(SourceError("it does not start"), Refused("the condition is wrong")))
    assert await said(checker, condition("result < 1")) is None
    assert await said(checker, condition("result < 1")) == "the condition is wrong"
    assert await nobody([condition("result < 1")]) == {condition("result < 1"): None}


async def test_the_answers_that_are_kept_are_bounded_and_the_used_ones_stay() -> None:
    conditions = Counting()
    checker = Checker(conditions)
    for number in range(KEPT):
        await said(checker, condition(f"result < {number}"))
    await checker([condition("result < 0"), condition("result < -1")])
    assert len(checker._known) == KEPT
    asked = len(conditions.asked)
    await checker([condition("result < 0")])
    assert len(conditions.asked) == asked
