# ruff: noqa: INP001 -- a script beside the page that it writes
"""Writes the lists of phases, conditions, reasons and events in words.md from `crossfade.api`.

    python docs/conditions.py

A test fails when the page says something else than the code.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
API = HERE.parent / "operator" / "crossfade" / "api"
SOURCES = (API / "conditions.py", API / "events.py")
PAGE = HERE / "words.md"
BEGIN = "<!-- from crossfade.api.conditions and events, by docs/conditions.py -->"
END = "<!-- end -->"
TITLES = {"Phase": "Phases", "ConditionType": "Conditions", "Reason": "Reasons", "EventReason": "Events"}


def lists() -> str:
    """The lists as Markdown tables."""
    modules = [ast.parse(source.read_text()) for source in SOURCES]
    classes = [node for module in modules for node in module.body if isinstance(node, ast.ClassDef)]
    return "\n".join(line for node in classes for line in _table(node))


def _table(node: ast.ClassDef) -> Iterator[str]:
    events = node.name == "EventReason"
    yield f"### {TITLES[node.name]}\n"
    yield (
        "| word | type | when | what to do |\n|---|---|---|---|"
        if events
        else "| word | meaning |\n|---|---|"
    )
    for word, told in _members(node):
        cells = _event_cells(told) if events else [_line(told)]
        yield f"| `{word}` | {' | '.join(cells)} |"
    yield ""


def _event_cells(told: str) -> list[str]:
    """`Warning: when.`, an empty line, and what to do."""
    when, todo = told.split("\n\n")
    kind, _, rest = _line(when).partition(": ")
    return [kind, rest[0].upper() + rest[1:], _line(todo)]


def _line(text: str) -> str:
    return " ".join(text.split())


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Each member with the string that stands under it."""
    for member, told in zip(node.body, node.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(told, ast.Expr):
            yield ast.literal_eval(member.value), str(ast.literal_eval(told.value))


def rewritten(page: str) -> str:
    """The page with the lists as the code has them now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{lists()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
