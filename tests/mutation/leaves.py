"""Every value that a field of a Rollout's spec may be changed to, read from the schema in crds/: nothing is listed here.

In the manner of Acto: for each field its smallest, its largest, its default and its absence, each word of an
enumeration, and values that are not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CRD: Final = Path(__file__).parents[2] / "crds" / "rollouts.yaml"
ABSENT: Final = "(absent)"
MEASURED: Final = frozenset(
    {
        "analysis",
        "bakeAnalysis",
        "hooks",
        "strategy.blueGreen.beforeSwitch",
        "strategy.canary.steps[].analysis",
    }
)
"""What is measured or run is not walked: at rest it shows nowhere in the cluster. tests/core/test_analysis.py and test_hooks.py
have what it decides."""
_FINEST: Final = 0.1
"""Of numbers that are not whole."""


@dataclass(frozen=True)
class Leaf:
    """One field: its path below spec, with `[]` for an item of a list and `{}` for a value of a map."""

    path: str
    schema: dict[str, Any]
    required: bool


@dataclass(frozen=True)
class Value:
    """One value for one field. `kind` says which of its values; `allowed` is what the field's own schema says."""

    kind: str
    value: Any
    allowed: bool = True


def leaves() -> list[Leaf]:
    """All fields of the spec that hold a value of their own, and all lists and optional objects."""
    crd = yaml.safe_load(CRD.read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return [leaf for leaf in _walk(schema, "", required=True) if leaf.path]


def _walk(schema: dict[str, Any], path: str, *, required: bool) -> Iterator[Leaf]:
    if path in MEASURED:
        return
    yield Leaf(path, schema, required)
    for name, each in schema.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        yield from _walk(each, below, required=name in schema.get("required", ()))
    if "items" in schema:
        yield from _walk(schema["items"], f"{path}[]", required=True)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _walk(schema["additionalProperties"], f"{path}{{}}", required=False)


def values(leaf: Leaf) -> list[Value]:
    """The values of one field; an object that must be there has none of its own."""
    found = [*_words(leaf.schema), *_numbers(leaf.schema), *_texts(leaf.schema), *_others(leaf.schema)]
    if "default" in leaf.schema:
        found.append(Value("default", leaf.schema["default"]))
    if not leaf.path.endswith("[]"):
        found.append(Value("absent", ABSENT, allowed=not leaf.required))
    return found


def _words(schema: dict[str, Any]) -> Iterator[Value]:
    """Each word of an enumeration, and one that is none of them."""
    for word in schema.get("enum", ()):
        yield Value(f"word {word}", word)
    if "enum" in schema:
        yield Value("invalid word", f"{schema['enum'][0]}s", allowed=False)
    if schema.get("type") == "boolean":
        yield Value("true", True)
        yield Value("false", False)
        yield Value("invalid text", "yes", allowed=False)


def _numbers(schema: dict[str, Any]) -> Iterator[Value]:
    if "minimum" not in schema:
        return
    low, high = schema["minimum"], schema["maximum"]
    if schema.get("exclusiveMinimum"):
        yield Value("invalid bound", low, allowed=False)
        low += _FINEST
    yield Value("min", low)
    yield Value("max", high)
    yield Value("invalid below", low - 1, allowed=False)
    yield Value("invalid above", high + 1, allowed=False)
    if "x-kubernetes-int-or-string" not in schema:
        yield Value("invalid text", str(low + 1), allowed=False)


def _texts(schema: dict[str, Any]) -> Iterator[Value]:
    if "maxLength" not in schema or "enum" in schema:
        return
    low, most = max(schema.get("minLength", 0), 1 if "pattern" in schema else 0), schema["maxLength"]
    samples = (
        ("a" * low, "a" * most, "a" * (most + 1), "Not it!"),
        ("1%", "100%", "1000%", "101%"),
        ("0s", "99999ms" * 4, "99999ms" * 4 + "s", "1d"),
    )
    pattern = schema.get("pattern", "")
    shortest, longest, longer, other = next(each for each in samples if re.search(pattern, each[0]))
    yield Value("shortest", shortest)
    yield Value("longest", longest)
    yield Value("invalid longer", longer, allowed=False)
    if pattern:
        yield Value("invalid form", other, allowed=False)
    elif schema.get("minLength"):
        yield Value("invalid shorter", "", allowed=False)


def _others(schema: dict[str, Any]) -> Iterator[Value]:
    """Lists and maps of the fewest and the most members; which ones is the table's to say."""
    if schema.get("type") == "array":
        yield from _sized(schema.get("minItems", 0), schema["maxItems"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _sized(0, schema["maxProperties"])


def _sized(fewest: int, most: int) -> Iterator[Value]:
    yield Value("fewest", Members(fewest))
    yield Value("most", Members(most))
    yield Value("invalid more", Members(most + 1), allowed=False)
    if fewest:
        yield Value("invalid fewer", Members(fewest - 1), allowed=False)


@dataclass(frozen=True)
class Members:
    """So many members of a list or a map, each different from the others."""

    count: int
