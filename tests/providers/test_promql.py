"""A value that is filled into a query can never change what the query asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.providers.outcome import Refused
from crossfade.providers.promql import Query, literally, quoted, read

VALUES = {
    "candidate": "shop-canary",
    "stable": "shop",
    "service": "shop.v1",
    "namespace": "web",
    "window": "60s",
    "status": "5..",
    "limit": "0.5",
    "odd": "a\"} or vector(1) #\\\n`'",
}
ARGUMENTS = ("status", "limit", "odd", "missing")


def filled(text: str) -> str | Refused:
    query = read(text, ARGUMENTS)
    assert isinstance(query, Query), query
    return query.filled(VALUES)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("up", "up"),
        ('rate(a{s="{{candidate}}"}[{{window}}])', 'rate(a{s="shop-canary"}[60s])'),
        ("a{s=\"{{ stable }}\",n='{{namespace}}'}", "a{s=\"shop\",n='web'}"),
        ('a{s="{{service}}"}', 'a{s="shop.v1"}'),
        ('a{s=~"{{service}}-.+"}', 'a{s=~"shop\\\\.v1-.+"}'),
        ("a{s!~ `{{service}}-.+`}", "a{s!~ `shop\\.v1-.+`}"),
        ('a{code=~"{{status}}"}', 'a{code=~"5.."}'),
        ("a > {{limit}}", "a > 0.5"),
        ('a{s="{{odd}}"}', 'a{s="a\\"} or vector(1) #\\\\\\n`\'"}'),
        ("a{s='{{odd}}'}", "a{s='a\"} or vector(1) #\\\\\\n`\\''}"),
        ('a{b="\\"{{stable}}"}', 'a{b="\\"shop"}'),
        ('a{b="x"} # it\'s {{window}}\n+ b{c="{{stable}}"}', 'a{b="x"} # it\'s 60s\n+ b{c="shop"}'),
    ],
)
def test_each_placeholder_is_filled_in_as_its_place_can_hold_it(text: str, query: str) -> None:
    assert filled(text) == query


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'a{s="{{canary}}"}',
            "at character 6: {{canary}} is neither one of ours nor an argument of the template; there are ",
        ),
        ('a{s="{{}}"}', "at character 6: {{…}} is neither"),
        ('a{s="{{stable"}', "a {{ has no }} behind it"),
        ("a{s={{stable}}}", 'at character 5: {{stable}} stands outside of quotes: write "{{stable}}"'),
        ('a{s="{{stable}}}', "a quote in the query has no end"),
        ("", "between 1 and 8192 characters"),
        ("a" * 8193, "between 1 and 8192 characters"),
    ],
)
def test_what_is_wrong_is_told_when_the_template_is_read(text: str, says: str) -> None:
    refused = read(text, ARGUMENTS)
    assert isinstance(refused, Refused)
    assert refused.why.startswith(says) or says in refused.why


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "a > {{odd}}",
            "at character 5: {{odd}} stands outside of quotes, where only a number or a duration may",
        ),
        ("a[{{status}}]", "at character 3: {{status}} stands outside of quotes"),
        ("a{s=`{{odd}}`}", "the value of {{odd}} has a ` in it"),
        ('a{s="{{missing}}"}', "there is no value for {{missing}}"),
    ],
)
def test_a_value_that_its_place_cannot_hold_is_refused(text: str, says: str) -> None:
    refused = filled(text)
    assert isinstance(refused, Refused)
    assert refused.why.startswith(says)


def ends_of_string(text: str, quote: str) -> list[int]:
    """Where a string of PromQL that begins before this text ends, by Go's rules."""
    ends, escaped = [], False
    for at, each in enumerate(text):
        if each == quote and not escaped:
            ends.append(at)
        escaped = each == "\\" and not escaped
    return ends


@given(st.text(), st.sampled_from("\"'"))
def test_no_value_ends_the_string_that_it_stands_in(value: str, quote: str) -> None:
    text = quoted(value, quote)
    assert ends_of_string(text + quote, quote) == [len(text)]
    assert "\n" not in text


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_a_literal_matches_just_itself(value: str) -> None:
    import re  # noqa: PLC0415 -- the test's own, to compare with

    assert re.fullmatch(literally(value), value)
    assert value == "" or not re.fullmatch(literally(value), value + "x")
