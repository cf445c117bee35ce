"""YAML that is read back as the very object that was written, by any reader."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crossfade.view.yaml_text import ordered, yaml_of

texts = st.text() | st.text("ab \n\t\r\x85\u2028\ufeff:#'\"-?|>&*!%@`")
scalars = st.none() | st.booleans() | st.integers() | texts
objects = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(objects)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    assert yaml.safe_load(yaml_of(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "7341e58",
        "08",
        "0o17",
        "0x1f",
        "1_000",
        "12",
        "-1",
        "+5",
        ".5",
        "1.10",
        "12:30:00",
        "2026-01-31",
        "y",
        "N",
    ],
)
def test_a_text_that_another_reader_takes_for_a_number_or_a_truth_is_quoted(text: str) -> None:
    assert yaml_of({"value": text}) == f'value: "{text}"\n'


@pytest.mark.parametrize("text", ["true", "no", "null", "~", ""])
def test_a_text_that_yaml_itself_takes_for_something_else_is_quoted(text: str) -> None:
    assert yaml_of({"value": text}) == f"value: '{text}'\n"


@pytest.mark.parametrize("text", ["shop:1.4.2", "250m", "64Mi", "25%", "abc123"])
def test_plain_words_stay_plain(text: str) -> None:
    assert yaml_of({"value": text}) == f"value: {text}\n"


def test_keys_are_in_one_order_whatever_the_order_they_came_in() -> None:
    one = {"image": "a", "name": "app", "env": [{"value": "1", "name": "X"}]}
    other = {"name": "app", "env": [{"name": "X", "value": "1"}], "image": "a"}
    assert yaml_of(one) == yaml_of(other) == 'name: app\nenv:\n- name: X\n  value: "1"\nimage: a\n'


def test_the_order_of_lists_is_kept() -> None:
    assert ordered([3, 1, 2]) == [3, 1, 2]


def test_a_script_is_written_line_by_line() -> None:
    assert yaml_of({"args": ["set -e\nexec shop\n"]}) == "args:\n- |\n  set -e\n  exec shop\n"


def test_what_occurs_twice_is_written_twice() -> None:
    probe = {"httpGet": {"port": 80}}
    assert "&" not in yaml_of({"livenessProbe": probe, "readinessProbe": probe})


def test_a_long_command_line_is_not_folded() -> None:
    assert len(yaml_of({"command": "word " * 60 + "end"}).splitlines()) == 1
