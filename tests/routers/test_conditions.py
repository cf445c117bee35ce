"""Expressions mean the same to a router that looks for them anywhere (Traefik) and to one that wants a full match (Envoy)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.api.traffic import Match, Valued
from crossfade.routers.conditions import Condition, combined, condition_of, cookie_header

TOKEN = st.from_regex(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,8}", fullmatch=True)
VALUE = st.from_regex(
    r"[!#-+\--:<-\[\]-~]{1,8}", fullmatch=True
)  # RFC 6265: no blank, quote, comma, semicolon, backslash


def meets(header: dict[str, str] | object, value: str) -> bool:
    expression = header["value"]  # type: ignore[index]
    found = re.search(expression, value) is not None
    assert found == (re.fullmatch(expression, value) is not None)
    return found


@given(TOKEN, VALUE, st.lists(st.tuples(TOKEN, VALUE), max_size=3), st.integers(0, 3))
def test_a_cookie_is_found_wherever_it_stands(
    name: str, value: str, others: list[tuple[str, str]], place: int
) -> None:
    pairs = [each for each in others if each[0] != name]
    header = cookie_header(name, re.escape(value))
    without = "; ".join(f"{key}={other}" for key, other in pairs)
    pairs.insert(place, (name, value))
    assert meets(header, "; ".join(f"{key}={other}" for key, other in pairs))
    assert not meets(header, without)


@pytest.mark.parametrize(
    "cookies",
    [
        "xcrossfade-shop=7-stable",
        "crossfade-shop=7-stables",
        "crossfade-shop=17-stable",
        "a=crossfade-shop=7-stable",
    ],
)
def test_a_cookie_that_only_looks_like_it_is_not_it(cookies: str) -> None:
    assert not meets(cookie_header("crossfade-shop", re.escape("7-stable")), cookies)


def test_a_cookie_is_found_without_blanks_between_too() -> None:
    assert meets(cookie_header("crossfade-shop", re.escape("7-stable")), "a=b;crossfade-shop=7-stable;c=d")


@given(TOKEN, VALUE)
def test_what_is_escaped_is_plain_ascii_that_re2_knows(name: str, value: str) -> None:
    """RE2 takes a backslash before any ASCII punctuation for that character; before a letter or digit it means more."""
    expression = cookie_header(name, re.escape(value))["value"].removeprefix(r"^(.*;\s*)?")
    assert not re.search(r"\\[A-Za-z0-9]", expression)


def test_a_regular_expression_must_fit_the_whole_value() -> None:
    header = condition_of(Match(header=Valued(name="x-group", regex="beta|gamma"))).headers[0]
    assert meets(header, "gamma")
    assert not meets(header, "betamax")


def test_a_cookie_with_an_expression_takes_either() -> None:
    header = condition_of(Match(cookie=Valued(name="group", regex="beta|gamma"))).headers[0]
    assert meets(header, "a=b; group=gamma")
    assert not meets(header, "group=delta")


def test_all_that_one_match_names_must_be_so() -> None:
    condition = condition_of(
        Match(
            header=Valued(name="x-group", exact="beta"),
            cookie=Valued(name="group", exact="beta"),
            query=Valued(name="try", exact="1"),
        )
    )
    assert [each["name"] for each in condition.headers] == ["x-group", "Cookie"]
    assert condition.query == ({"type": "Exact", "name": "try", "value": "1"},)


def test_a_condition_that_is_there_already_is_not_said_twice() -> None:
    header = {"type": "Exact", "name": "x-group", "value": "beta"}
    there = {"headers": [{"name": "X-Group", "value": "beta"}]}
    assert combined(there, Condition((header,))) == there


def test_query_parameters_differ_by_case() -> None:
    there = {"queryParams": [{"name": "Try", "value": "1"}]}
    more = Condition(query=({"type": "Exact", "name": "try", "value": "2"},))
    assert len(combined(there, more)["queryParams"]) == 2


def test_more_than_sixteen_headers_are_refused() -> None:
    there = {"headers": [{"name": f"x-{index}", "value": "1"} for index in range(16)]}
    with pytest.raises(ValueError, match="17 headers"):
        combined(there, Condition(({"type": "Exact", "name": "x", "value": "1"},)))
