"""The table of docs/roles.md: who may what, as people read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "roles.md"
HEAD = r"\| may \| of \|(?P<roles>.+)\|"


@dataclass(frozen=True)
class Right:
    """One cell of the table for one verb and one resource: whether the role may."""

    role: str
    verb: str
    resource: str
    granted: bool


def rights() -> list[Right]:
    """Every cell of the table, verb by verb and resource by resource."""
    return list(_cells())


def _cells() -> Iterator[Right]:
    head, _, *rows = _lines()
    roles = head[2:]
    for verbs, resources, *answers in rows:
        for role, answer in zip(roles, answers, strict=True):
            for verb in verbs.split(", "):
                for resource in resources.split(", "):
                    yield Right(role, verb, resource, {"yes": True, "no": False}[answer])


def _lines() -> list[list[str]]:
    table = re.search(rf"^{HEAD}\n(\|.+\|\n)+", PAGE.read_text(), re.MULTILINE)
    assert table, "docs/roles.md has its table"
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table[0].splitlines()]
