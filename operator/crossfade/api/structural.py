"""Turns a pydantic JSON schema into the structural schema that a CustomResourceDefinition takes.

Pure: dict in, dict out. Whatever it does not know is an error and not a guess, since the API server drops silently
what it does not understand.
"""

from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]

KEPT: Final = frozenset(
    {
        "type",
        "description",
        "enum",
        "format",
        "pattern",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "required",
        "x-kubernetes-validations",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    }
)
DROPPED: Final = frozenset({"title", "uniqueItems", "$defs"})
"""Titles repeat names. The API server forbids `uniqueItems`, whose cost is quadratic: use a list map instead."""


EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class UnknownConstructError(ValueError):
    """A model uses something that has no counterpart in a structural schema; the message says where."""


def structural(schema: Schema) -> Schema:
    """Give the structural form of `schema`, with every `$ref` inlined. Raises UnknownConstructError."""
    return _convert(schema, schema.get("$defs", {}), "$", ())


def _convert(node: Schema, defs: Schema, path: str, inside: tuple[str, ...]) -> Schema:
    if "$ref" in node:
        return _inline(node, defs, path, inside)
    if "anyOf" in node:
        return _convert(_one_branch(node, path), defs, path, inside)
    out: Schema = {}
    for key, value in node.items():
        out.update(_keyword(key, value, path))
    if "properties" in node:
        fields = node["properties"].items()
        out["properties"] = {name: _convert(field, defs, f"{path}.{name}", inside) for name, field in fields}
    if "items" in node:
        out["items"] = _convert(node["items"], defs, f"{path}[]", inside)
    if isinstance(node.get("additionalProperties"), dict):
        out["additionalProperties"] = _map_value(node["additionalProperties"], defs, f"{path}.*", inside)
    return out


def _map_value(node: Schema, defs: Schema, path: str, inside: tuple[str, ...]) -> Schema:
    """Let a value of a map be null where the model takes one; a field that is null was left out, and needs no word."""
    nullable = {"nullable": True} if {"type": "null"} in node.get("anyOf", ()) else {}
    return _convert(node, defs, path, inside) | nullable


def _keyword(key: str, value: Any, path: str) -> Schema:
    """Give what one keyword becomes; those that hold schemas are converted by the caller."""
    if key in DROPPED or key in ("properties", "items"):
        return {}
    if key in KEPT:
        return {key: _paragraphs(value) if key == "description" else value}
    if key == "const":
        return {"enum": [value]}
    if key == "default":
        # A null is no value to the API server, and an empty list or text would be written into every stored object.
        return {} if value in EMPTY else {key: value}
    if key in ("exclusiveMinimum", "exclusiveMaximum"):
        return {key.removeprefix("exclusive").lower(): value, key: True}
    if key == "additionalProperties":
        return {"x-kubernetes-preserve-unknown-fields": True} if value is True else {}
    raise UnknownConstructError(f"{path}: the keyword {key!r} has no structural form")


def _inline(node: Schema, defs: Schema, path: str, inside: tuple[str, ...]) -> Schema:
    """Replace a reference by what it names; what is written beside it (a field's own description) wins."""
    name = node["$ref"].removeprefix("#/$defs/")
    if name in inside:
        raise UnknownConstructError(f"{path}: {' → '.join((*inside, name))} contains itself")
    if name not in defs:
        raise UnknownConstructError(f"{path}: {node['$ref']} points nowhere")
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return _convert({**defs[name], **beside}, defs, path, (*inside, name))


def _one_branch(node: Schema, path: str) -> Schema:
    """Join `anyOf` to one schema: the branch that is not null, or an integer or a string."""
    beside = {key: value for key, value in node.items() if key != "anyOf"}
    branches = [branch for branch in node["anyOf"] if branch != {"type": "null"}]
    if len(branches) == 1:
        return {**branches[0], **beside}
    if [branch.get("type") for branch in branches] != ["integer", "string"]:
        raise UnknownConstructError(f"{path}: only X | None and int | str have a structural form")
    bounds = {key: value for branch in branches for key, value in branch.items() if key != "type"}
    # Bounds of numbers do not touch strings and the other way round, so both can stand side by side.
    return {"x-kubernetes-int-or-string": True, **bounds, **beside}


def _paragraphs(text: str) -> str:
    """Join the lines of each paragraph, since `kubectl explain` wraps by itself; indented examples stay as they are."""
    return "\n".join(_joined(text.strip().splitlines()))


def _joined(lines: list[str]) -> Iterator[str]:
    paragraph: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith("  "):
            paragraph.append(line.strip())
            continue
        if paragraph:
            yield " ".join(paragraph)
            paragraph = []
        yield line.rstrip()
    if paragraph:
        yield " ".join(paragraph)
