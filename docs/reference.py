# ruff: noqa: INP001 -- a script beside the page that it writes
"""Writes reference.md, every field of every kind, from the models in `crossfade.api`.

    PYTHONPATH=operator python docs/reference.py

A test fails when the page says something else than the models.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossfade.api.base import RULES
from crossfade.api.crd import KINDS, Kind, root_schema

PAGE = Path(__file__).parent / "reference.md"
HEAD = """# Reference: every field

For those who write manifests. This page is made from the models by `docs/reference.py`; `kubectl explain cf.spec` says the
same. What the words in a status mean is in [words.md](words.md).

An object has a section of its own. A field's section is named by its path. `integer or string` is a number of pods or a
share such as `25%`, or a port's number or name.
"""
PARTS = ("spec", "status")

Schema = dict[str, Any]


def page() -> str:
    """The whole page."""
    told: dict[str, str] = {}
    return "\n".join([HEAD, *(line for kind in KINDS for line in _kind(kind, told))])


def _kind(kind: Kind, told: dict[str, str]) -> Iterator[str]:
    schema = root_schema(kind.model)
    short = ", ".join(f"`{name}`" for name in kind.short_names)
    yield f"## {kind.model.__name__}\n"
    yield f"Short names: {short}.\n"
    yield f"{schema['description']}\n"
    yield from _rules(schema)
    for part in (each for each in PARTS if each in schema["properties"]):
        yield from _object(kind.model.__name__, part, schema["properties"][part], told)


def _object(kind: str, path: str, schema: Schema, told: dict[str, str]) -> Iterator[str]:
    """The section of an object, and then those of the objects in it. `told`: where one with the same fields stands already."""
    key, here = json.dumps({**schema, "description": ""}, sort_keys=True), f"{kind} `{path}`"
    if told.setdefault(key, here) != here:
        yield f"### {here}\n"
        yield f"{schema.get('description', '')} The same fields as {told[key]}.\n"
        return
    fields: dict[str, Schema] = schema["properties"]
    needed = schema.get("required", [])
    yield f"### {kind} `{path}`\n"
    yield f"{schema.get('description', '')}\n"
    if fields:
        yield "| field | type | default | what it is |\n|---|---|---|---|"
    for name, field in fields.items():
        yield f"| `{name}` | {_type(field)} | {_default(field, needed=name in needed)} | {_told(field)} |"
    yield ""
    yield from _rules(schema)
    for name, field in fields.items():
        inner = field.get("items", field)
        if inner.get("properties"):
            yield from _object(kind, f"{path}.{name}" + ("[]" if "items" in field else ""), inner, told)


def _rules(schema: Schema) -> Iterator[str]:
    rules = schema.get(RULES, [])
    if rules:
        yield "What the API server refuses:\n"
        yield from (f"- {_line(rule['message'])}" for rule in rules)
        yield ""


def _type(field: Schema) -> str:
    if field.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in field:
        return " or ".join(f"`{value}`" if value else "empty" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}s"
    if field["type"] == "string" and field.get("format") == "date-time":
        return "time"
    return str(field["type"])


def _default(field: Schema, *, needed: bool) -> str:
    if needed:
        return "needed"
    value = field.get("default")
    if value is None or value in ("", {}, []):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _told(field: Schema) -> str:
    """The description; of an object that has a section of its own the first sentence."""
    text = _line(field.get("description") or field.get("items", {}).get("description", ""))
    has_section = bool(field.get("properties"))
    return re.split(r"(?<=[.:]) (?=[A-Z])", text)[0] if has_section else text


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
