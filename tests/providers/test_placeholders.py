"""Placeholders are found where they stand, and arguments have names that every place can hold."""

import pytest

from crossfade.providers.expressions.conditions import Value, value_of
from crossfade.providers.outcome import Refused
from crossfade.providers.placeholders import OURS, Hole, argument_refusal, missing, pieces


def test_a_text_is_cut_at_its_placeholders() -> None:
    assert pieces("a{{stable}}{{ window }}b", OURS) == ("a", Hole("stable", 1), Hole("window", 11), "b")
    assert pieces("a { b } }} c", OURS) == ("a { b } }} c",)
    assert pieces("", OURS) == ()


@pytest.mark.parametrize("name", ["limit", "max_rate", "_a", "A1"])
def test_these_are_names_of_arguments(name: str) -> None:
    assert argument_refusal(name) == ""


@pytest.mark.parametrize("name", [*OURS, "result", "", "1a", "a-b", "a.b", "a b", "ä", "a" * 64])
def test_these_are_none(name: str) -> None:
    assert argument_refusal(name)


def test_the_first_one_without_a_value_is_told() -> None:
    assert missing([Hole("b", 0), "x", Hole("a", 1)], {"b": ""}) == Refused(
        "there is no value for {{a}}: give the argument one"
    )
    assert missing(["x", Hole("a", 1)], {"a": "1"}) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", 0.05),
        ("-3", -3.0),
        ("1e-3", 0.001),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("5..", "5.."),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1_000", "1_000"),
        ("", ""),
        (" 1", " 1"),
    ],
)
def test_an_argument_is_a_number_where_it_is_written_as_one(text: str, value: Value) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)
