"""What a JSONPath leads to. In this process, without limits."""

from __future__ import annotations

from typing import Any

import pytest

from crossfade.providers.expressions.jsonpath import Paths
from crossfade.providers.expressions.told import RefusedExpressionError, UnreadableDocumentError

DOCUMENT = b"""{"data": {"rate": 0.25, "text": "7", "none": null, "yes": true, "nan": NaN, "list": [1, 2, 3],
 "zones": [{"name": "a", "bad": 1}, {"name": "b", "bad": 2}], "long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}"""
PATHS = Paths()


@pytest.mark.parametrize(
    ("path", "several", "found"),
    [
        ("$.data.rate", False, [0.25]),
        ("$['data']['text']", False, ["7"]),
        ("$.data.none", False, [None]),
        ("$.data.yes", False, [True]),
        ("$.data.list", True, [1, 2, 3]),
        ("$.data.list[-1]", False, [3]),
        ("$.data.zones[*].bad", True, [1, 2]),
        ("$.data.zones[?@.name == 'b'].bad", True, [2]),
        ("$.data.zones[?search(@.name, '[ab]')].bad", True, [1, 2]),
        ("$..bad", True, [1, 2]),
        ("$.nothing", False, []),
        ("$.data.zones[0]", False, [["an object"]]),
        ("$.data.zones", True, [["an object"], ["an object"]]),
        ("$.data.long", False, [["a long text"]]),
    ],
)
def test_a_path_leads_to_values(path: str, several: bool, found: list[Any]) -> None:
    assert PATHS.find(path, DOCUMENT) == (several, found)


@pytest.mark.parametrize(
    "path", ["$.list[*]", "$.list", "$..[0]", "$.list[0:1]", "$.list[?@ > 0]", "$['list'][0,1]"]
)
def test_a_path_that_may_lead_to_several_means_several_also_where_there_is_one(path: str) -> None:
    assert PATHS.find(path, b'{"list": [7]}') == (True, [7])


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("data.rate", "is no JSONPath at character 1: "),
        ("$.data[", "is no JSONPath at character 8: unbalanced brackets"),
        ("$.a[?length(@) == 'x' &&]", "is no JSONPath at character 25: "),
        ("$.a[?nothing(@)]", "is no JSONPath at character 6: function 'nothing' is not defined"),
    ],
)
def test_what_is_no_path_says_where(path: str, says: str) -> None:
    with pytest.raises(RefusedExpressionError) as told:
        PATHS.compiled(path)
    assert str(told.value).startswith(says)


def test_a_path_to_too_many_values_is_refused() -> None:
    assert len(PATHS.find("$[*]", b"[" + b"1," * 999 + b"1]")[1]) == 1000
    for path in ("$[*]", "$"):
        with pytest.raises(RefusedExpressionError, match="more than 1000 values"):
            PATHS.find(path, b"[" + b"1," * 1000 + b"1]")


@pytest.mark.parametrize("document", [b"{", b"<p>", b"[" * 100 + b"]" * 100])
def test_what_is_no_json_or_too_deep_says_so(document: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match="sends"):
        PATHS.find("$", document)
