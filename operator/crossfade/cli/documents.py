"""Reads YAML as kubectl does: a day or a time without quotes is the text that is written, as the API takes it."""

from __future__ import annotations

from typing import Any, Final

import yaml

TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe one makes dates of YAML 1.1, of which JSON knows nothing; Go's, which kubectl uses, leaves them texts."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own, less one)
        first: [each for each in resolvers if each[0] != TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def documents(text: str) -> list[Any]:
    """Give the documents of a file. Raises yaml.YAMLError."""
    return list(yaml.load_all(text, Loader=_Loader))
