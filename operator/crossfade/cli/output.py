"""What programs read: a value as JSON or as YAML."""

from __future__ import annotations

import json
from typing import Any

FORMATS = ("json", "yaml")


def written(value: Any, form: str) -> str:
    """Write a value of dicts, lists and scalars; without a newline at the end."""
    if form == "json":
        return json.dumps(value, indent=2)
    from crossfade.view.yaml_text import yaml_of  # noqa: PLC0415 -- imports yaml

    return yaml_of(value).rstrip("\n")


def streamed(value: Any, form: str) -> str:
    """Write one value of many that follow each other: a line of JSON, or a document of YAML."""
    return json.dumps(value) if form == "json" else f"---\n{written(value, form)}"
