"""Objects as YAML that people read and Kubernetes reads back as the very same object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from crossfade.api.printable import printable

NUMBER_LIKE = re.compile(r"^[-+]?[.\d][\da-fA-FxXoO_.:+-]*$")
"""What another YAML reader than ours may take for a number: kubectl reads a plain `1e3` or `08` as one."""

WORDS_OF_OTHERS = frozenset({"y", "Y", "n", "N"})
"""Plain words that YAML 1.1 has for true and false, and that the writer leaves unquoted."""

BREAKS_OF_OTHERS = re.compile("[\r\x85\u2028\u2029\ufeff]")
"""Characters that end a line to some readers: only quoted are they safe."""

FIRST = ("apiVersion", "kind", "metadata", "name", "namespace", "key", "weight")
"""Keys that say what something is stand before those that say how it is."""


class _Writer(yaml.SafeDumper):
    """Block style throughout, texts of several lines as they are, and no anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        """Write each value out in full."""
        return True


def _text(writer: _Writer, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    quoted = (
        BREAKS_OF_OTHERS.search(value) or printable(value) != value
    )  # what a terminal is shown instead is YAML's too
    if NUMBER_LIKE.match(value) or value in WORDS_OF_OTHERS or quoted:
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Writer.add_representer(str, _text)


def yaml_of(value: Any) -> str:
    """Write a value of dicts, lists and scalars as YAML, with its keys in one stable order, ending with a newline."""
    text: str = yaml.dump(
        ordered(value),
        Dumper=_Writer,
        sort_keys=False,
        width=1000,
        allow_unicode=True,
        default_flow_style=False,
    )
    return text


def ordered(value: Any) -> Any:
    """Give the same value with the keys of every object in one order: what it is first, then by the alphabet."""
    if isinstance(value, Mapping):
        return {key: ordered(value[key]) for key in sorted(value, key=_place)}
    if isinstance(value, list | tuple):
        return [ordered(each) for each in value]
    return value


def _place(key: str) -> tuple[int, str]:
    return (FIRST.index(key) if key in FIRST else len(FIRST), key)
