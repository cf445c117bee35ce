"""Values that a schema of crds/ lets through, as strategies of hypothesis: also those that nobody would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st

CRDS: Final = Path(__file__).parents[1] / "crds"

TIMES: Final = (
    "2026-01-31T11:59:58Z",
    "2026-01-31T12:00:00.123Z",
    "2026-01-31T12:01:30.000001Z",
    "2026-01-31T14:00:00.123456789+02:00",
    "1970-01-01T00:00:00Z",
    "2999-12-31T23:59:59-23:59",
    "2026-11-25t10:00:00z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999Z",
    "2026-06-30T23:59:60Z",
    "2026-01-31T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-01-31T12:00:00+99:99",
)
"""What is RFC 3339, or was taken for it by an API server: more than the pattern of today lets through."""

SMALL, LARGE = -(2**63), 2**63 - 1


def schema_of(plural: str, part: str) -> dict[str, Any]:
    """The schema of `spec` or `status` of a kind."""
    crd = yaml.safe_load((CRDS / f"{plural}.yaml").read_text())
    found: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
    return found


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value that `schema` lets through; every field may be absent."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return _ANYTHING
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _MAKERS[schema["type"]](schema)


def _object(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    fields = {name: values(each) for name, each in schema.get("properties", {}).items()}
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in needed},
        optional={name: each for name, each in fields.items() if name not in needed},
    )


def _array(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A few items; a list whose items have keys also as long as may be, and full of what nobody knows."""
    keys, most = schema.get("x-kubernetes-list-map-keys"), schema["maxItems"]
    if keys is None:
        return st.lists(values(schema["items"]), max_size=3)
    few = st.lists(values(schema["items"]), max_size=3, unique_by=lambda item: tuple(map(item.get, keys)))
    full = values(schema["items"]).map(
        lambda item: [{**item, **dict.fromkeys(keys, f"Other{number}")} for number in range(most)]
    )
    return few | full


def _integer(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum", SMALL), schema.get("maximum", LARGE)
    return st.sampled_from([least, most]) | st.integers(max(least, -3), min(most, 6))


def _number(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)


def _string(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return st.sampled_from(TIMES)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True).filter(
            lambda text: len(text) <= schema["maxLength"]
        )
    least, most = schema.get("minLength", 0), schema.get("maxLength", 20)
    longest = st.just("x" * most) if most <= 2048 else st.nothing()
    return st.text(min_size=least, max_size=min(most, 20)) | longest


_MAKERS: Final = {
    "object": _object,
    "array": _array,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": lambda _: st.booleans(),
}
_ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-3, LARGE) | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=2)
        | st.dictionaries(
            st.sampled_from(["metadata", "labels", "spec", "containers", "name", "image"]), inside, max_size=3
        )
    ),
    max_leaves=6,
)
