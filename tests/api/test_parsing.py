"""JSON of any depth is read: what is too deep to be parsed is as if it were null."""

import json
from typing import Any

import pytest

from crossfade.api.parsing import PARSED_LEVELS, parsed


def depth(value: Any) -> int:
    levels = 0
    while isinstance(value, dict | list):
        value, levels = next(iter(value.values() if isinstance(value, dict) else value), None), levels + 1
    return levels


@pytest.mark.parametrize(("opens", "shuts"), [('{"a":', "}"), ("[", "]"), ('{"]}\\"":[', "]}")])
def test_what_lies_too_deep_is_null_and_all_beside_it_is_read(opens: str, shuts: str) -> None:
    deep = opens * 9_900 + '"\\"{["' + shuts * 9_900
    read = parsed(f'{{"before": "{{[\\\\", "deep": {deep}, "after": {deep}, "end": [1]}}'.encode())
    assert (read["before"], read["end"]) == ("{[\\", [1])
    assert depth(read["deep"]) == depth(read["after"]) == PARSED_LEVELS - 1


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}], "c": "x"}, "text", 1, [], {}])
def test_everything_else_is_read_as_it_is(value: Any) -> None:
    assert parsed(json.dumps(value)) == value


def test_what_is_no_json_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        parsed("[" * 9_900)
    with pytest.raises(ValueError):
        parsed("{")
