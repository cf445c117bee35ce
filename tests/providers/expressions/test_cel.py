"""Conditions in CEL: what holds, and what the sentence is where one is wrong. In this process, without limits."""

from __future__ import annotations

from typing import Any

import pytest

from crossfade.providers.expressions.cel import Cel
from crossfade.providers.expressions.told import RefusedExpressionError

CEL = Cel()


@pytest.mark.parametrize(
    ("expression", "values", "holds"),
    [
        ("result < 5", {"result": 4.9}, True),
        ("result < 5", {"result": 5.0}, False),
        ("result <= 5 && result >= -1", {"result": 5.0}, True),
        ("0 < result", {"result": 0.0}, False),
        ("result < limit", {"result": 1.0, "limit": 2}, True),
        ("result * 100.0 < 5", {"result": 0.03}, True),
        ("result == 5.0", {"result": 5.0}, True),
        ("mode == 'strict' ? result < 1 : result < 10", {"result": 5.0, "mode": "strict"}, False),
        ("strict || result < 10", {"result": 50.0, "strict": True}, True),
        ("result.all(x, x < 5)", {"result": [1.0, 4.9]}, True),
        ("result.exists(x, x > limit)", {"result": [1.0, 4.9], "limit": 5.0}, False),
        ("size(result) > 1 && result[0] < 5", {"result": [1.0, 9.0]}, True),
        ("size(result.filter(x, x > 2)) * 2 < size(result)", {"result": [1.0, 1.0, 9.0]}, True),
        ("zone.startsWith('eu-')", {"result": 1.0, "zone": "eu-1"}, True),
    ],
)
def test_a_condition_holds_or_not(expression: str, values: dict[str, Any], holds: bool) -> None:
    assert CEL.check(expression, values) is holds


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("reslt < 5", "is wrong at character 1: there is no reslt here; there are limit, result"),
        (
            "result * 2 < 5",
            "is wrong at character 8: '*' does not go with a number and a whole number; write a whole number with a point, as 5.0",
        ),
        (
            "result == 5",
            "is wrong at character 8: '==' does not go with a number and a whole number; write a whole number with a point, as 5.0",
        ),
        ("result < 'a'", "is wrong at character 8: '<' does not go with a number and a text"),
        ("result <", "is wrong at character 9: Syntax error: mismatched input 'the end'"),
        (
            "result < 1 &&\n  reslt > 0",
            "is wrong in line 2, at character 3: there is no reslt here; there are limit, result",
        ),
        ("result.size() > 1", "is wrong at character 12: 'size' does not go with a number"),
        ("system('rm')", "is wrong at character 7: there is no system here; there are limit, result"),
        ("result", "gives a number, where true or false is needed: compare it with something"),
        ("[result]", "gives a list of numbers, where true or false is needed: compare it with something"),
        ("'a'", "gives a text, where true or false is needed: compare it with something"),
        ("", "is wrong at character 1: Syntax error: mismatched input 'the end'"),
    ],
)
def test_a_wrong_one_is_told_with_its_place_when_it_is_compiled(expression: str, says: str) -> None:
    with pytest.raises(RefusedExpressionError) as told:
        CEL.compiled(expression, {"result": "double", "limit": "double"})
    assert str(told.value) == says


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("result[7] > 1", "cannot be evaluated: Index error: index=7 size=2"),
        ("1 / 0 == 1", "cannot be evaluated: divide by zero"),
        ("int('a') == 1", "cannot be evaluated: cannot convert string to int"),
        ("'a'.matches('(')", "cannot be evaluated: invalid regular expression: missing ): ("),
    ],
)
def test_what_fails_while_it_is_evaluated_is_no_success(expression: str, says: str) -> None:
    with pytest.raises(RefusedExpressionError) as told:
        CEL.check(expression, {"result": [1.0, 2.0]})
    assert str(told.value).startswith(says)


def test_many_expressions_and_many_kinds_of_values_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossfade.providers.expressions.cel.KEPT", 4)
    cel = Cel()
    for number in range(10):
        assert cel.check(f"result < {number}", {"result": -1.0, f"a{number}": 1.0})
    assert len(cel._expressions) == len(cel._environments) == 4
