"""What docs/architecture.md names is there, and the way that it describes is the one that the code takes."""

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from types import ModuleType

from crossfade.core import decide, stepper

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
README = (ROOT / "README.md").read_text()
PROSE = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
NAMED = sorted(set(re.findall(r"`([^`\n]+)`", PROSE)))
FOLDERS = (ROOT, ROOT / "operator" / "crossfade")
SOURCES = {"crossfade": ROOT / "operator" / "crossfade", "simulation": ROOT / "tests" / "simulation"}
MODULES = [
    ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
    for package, folder in SOURCES.items()
    for path in folder.rglob("*.py")
    if path.stem != "__main__"
]
FILES = [name for name in NAMED if "/" in name or name.endswith((".py", ".toml"))]
FILES = [name for name in FILES if " " not in name]
FUNCTIONS = [name for name in NAMED if re.fullmatch(r"[a-z]\w*(\.\w+)+", name) and name not in FILES]


def test_the_page_names_files_and_functions() -> None:
    """Else the tests below would have nothing to look at."""
    assert len(FILES) > 15
    assert len(FUNCTIONS) > 50


def test_every_file_that_is_named_exists() -> None:
    assert [name for name in FILES if not any((folder / name).exists() for folder in FOLDERS)] == []


def test_every_function_that_is_named_exists_in_one_module_only() -> None:
    found = {name: _found(name) for name in FUNCTIONS}
    assert {name: modules for name, modules in found.items() if len(modules) != 1} == {}


def test_no_function_is_named_without_its_module() -> None:
    """A bare name would be looked for by nobody."""
    assert [name for name in NAMED if name.endswith("()") or re.fullmatch(r"_\w+", name)] == []


def test_the_walk_from_a_template_to_the_selector_has_four_hops() -> None:
    hops = re.findall(r"^\| (\d) \| `([\w.]+)` \|", PAGE, re.MULTILINE)
    assert [number for number, _ in hops] == ["1", "2", "3", "4"]
    assert {name for _, name in hops} <= _called_by(decide) | _called_by(stepper)


def test_the_life_of_an_event_has_about_ten_lines() -> None:
    life = PAGE.split("## The life of an event")[1].split("\n## ")[0]
    assert len(re.findall(r"^\d+\. ", life, re.MULTILINE)) <= 10


def test_the_readme_leads_here() -> None:
    assert "(docs/architecture.md)" in README.split("## Layout")[1].split("\n## ")[0]


def test_public_functions_say_what_they_promise() -> None:
    trees = [ast.parse(path.read_text()) for path in (ROOT / "operator").rglob("*.py")]
    functions = [
        n for t in trees for n in ast.walk(t) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    public = [one for one in functions if not one.name.startswith("_")]
    silent = [one.name for one in public if not ast.get_docstring(one)]
    assert len(silent) <= len(public) * 0.05, f"without a docstring: {silent}"


def _found(name: str) -> list[str]:
    """The modules in which it is, by the end of their names."""
    parts = name.split(".")
    splits = [(".".join(parts[:i]), parts[i:]) for i in range(1, len(parts))]
    return [
        module
        for module in MODULES
        for ending, rest in splits
        if f".{module}".endswith(f".{ending}") and _has(importlib.import_module(module), rest)
    ]


def _has(holder: ModuleType | type, rest: list[str]) -> bool:
    """Whether it is defined there; a name that a module only imports is another one's."""
    first, *more = rest
    if isinstance(holder, ModuleType) and first not in _defined(holder):
        return False
    if not more:
        return hasattr(holder, first) or first in getattr(holder, "__annotations__", {})
    return _has(getattr(holder, first), more)


@cache
def _defined(module: ModuleType) -> set[str]:
    body = ast.parse(inspect.getsource(module)).body
    functions = {n.name for n in body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    targets = (t for n in body if isinstance(n, ast.Assign) for t in n.targets)
    annotated = (n.target for n in body if isinstance(n, ast.AnnAssign))
    return functions | {t.id for t in (*targets, *annotated) if isinstance(t, ast.Name)}


def _called_by(module: ModuleType) -> set[str]:
    """The functions of others that it calls, or asks once of a situation, each by the module that defines it."""
    tree = ast.parse(inspect.getsource(module))
    whence = {
        alias.name: str(node.module).split(".")[-1]
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    asked = [n.args[0] for n in calls if isinstance(n.func, ast.Attribute) and n.func.attr == "once"]
    called = [*asked, *(n.func for n in calls)]
    named = {f"{whence[f.id]}.{f.id}" for f in called if isinstance(f, ast.Name) and f.id in whence}
    return named | {ast.unparse(f) for f in called if isinstance(f, ast.Attribute)}
