# ruff: noqa: INP001 -- a script beside the page that it writes
"""Writes the lists of phases, conditions and reasons in operations.md from `crossfade.api.conditions`.

    python docs/conditions.py

A test fails when the page says something else than the code.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parent / "operator" / "crossfade" / "api" / "conditions.py"
PAGE = HERE / "operations.md"
BEGIN = "<!-- from crossfade.api.conditions, by docs/conditions.py -->"
END = "<!-- end -->"
TITLES = {"Phase": "Phases", "ConditionType": "Conditions", "Reason": "Reasons"}


def lists(source: str) -> str:
    """The three lists as Markdown tables."""
    return "\n".join(
        table for node in ast.parse(source).body if isinstance(node, ast.ClassDef) for table in _table(node)
    )


def _table(node: ast.ClassDef) -> Iterator[str]:
    yield f"### {TITLES[node.name]}\n"
    yield "| word | meaning |\n|---|---|"
    for word, meaning in _members(node):
        yield f"| `{word}` | {meaning} |"
    yield ""


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Each member with the string that stands under it."""
    for member, told in zip(node.body, node.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(told, ast.Expr):
            yield ast.literal_eval(member.value), " ".join(str(ast.literal_eval(told.value)).split())


def rewritten(page: str, source: str) -> str:
    """The page with the lists as the code has them now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{lists(source)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(), SOURCE.read_text()))
