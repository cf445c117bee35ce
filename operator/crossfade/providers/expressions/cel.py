"""CEL as Kubernetes has it: strictly typed, and numbers of both kinds can be compared (`result < 5`).

The C++ library's checker allows no comparison of a double with an int, which its evaluator can do; so the four comparisons are declared
anew, with the overloads that Kubernetes turns on. Only the worker's process imports this.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from cel_expr_python import cel

from crossfade.providers.expressions.told import RefusedExpressionError

KEPT: Final = 256
"""Compiled expressions that are kept, the least used one going first."""

_ALIKE: Final = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")
_COMPARED: Final = (*((each, each) for each in _ALIKE), ("double", "int"), ("int", "double"))
_OPERATORS: Final = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_TYPES: Final = {"double": "a number", "int": "a whole number", "string": "a text", "bool": "true or false"}
_MIXABLE: Final = ("+", "-", "*", "/", "==", "!=")
_POSSIBLE: Final = ("BOOL", "DYN")
"""Of what is not known only the value shows whether it is true or false."""
_SAID: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_OVERLOAD: Final = re.compile(
    r"found no matching overload for '([^']*)' applied to '(?:([^']*)\.)?\(([^']*)\)'"
)
_UNKNOWN: Final = re.compile(r"undeclared reference to '([^']*)'")

Types = tuple[tuple[str, str], ...]


class Cel:
    """Compiles and evaluates. A type is `double`, `list`, `bool`, `string`, or `dyn` for any; a list holds numbers."""

    def __init__(self) -> None:
        self._environments: OrderedDict[Types, Any] = OrderedDict()
        self._expressions: OrderedDict[tuple[str, Types], Any] = OrderedDict()

    def check(self, expression: str, values: Mapping[str, Any]) -> bool:
        """Whether it holds. Raises RefusedExpressionError."""
        values = {name: _value(value) for name, value in values.items()}
        compiled = self._compiled(
            expression, tuple(sorted((name, _type(value)) for name, value in values.items()))
        )
        try:
            found = compiled.eval(data=values)
        except RuntimeError as error:
            raise RefusedExpressionError(_failure(str(error))) from None
        value = found.value() if found.type() == cel.Type.BOOL else found
        if not isinstance(value, bool):
            raise RefusedExpressionError(_failure(str(value.value())))
        return value

    def compiled(self, expression: str, types: Mapping[str, str]) -> bool:
        """True. Raises RefusedExpressionError where it cannot be compiled, or can give no bool."""
        self._compiled(expression, tuple(sorted(types.items())))
        return True

    def _compiled(self, expression: str, types: Types) -> Any:
        key = (expression, types)
        if key not in self._expressions:
            self._expressions[key] = self._compile(expression, types)
        return _kept(self._expressions, key)

    def _compile(self, expression: str, types: Types) -> Any:
        try:
            compiled = self._environment(types).compile(expression)
        except RuntimeError as error:
            raise RefusedExpressionError(explained(str(error), [name for name, _ in types])) from None
        kind = str(compiled.return_type().name())
        if kind not in _POSSIBLE:
            raise RefusedExpressionError(
                f"gives {_kind(kind.lower())}, where true or false is needed: compare it with something"
            )
        return compiled

    def _environment(self, types: Types) -> Any:
        if types not in self._environments:
            self._environments[types] = cel.NewEnv(config=cel.NewEnvConfigFromYaml(_config(types)))
        return _kept(self._environments, types)


def explained(said: str, names: list[str]) -> str:
    """The compiler's first complaint, with its place, in our words where it is one that people often meet."""
    match = _SAID.search(said)
    if match is None or "recursion" in said:
        return (
            "is nested too deeply, or too long: make it simpler" if "recursion" in said else "cannot be read"
        )
    line, column, complaint = int(match[1]), int(match[2]), match[3]
    place = f"at character {column}" if line <= 1 else f"in line {line}, at character {column}"
    return f"is wrong {place}: {_complaint(complaint, names)}"


def _complaint(text: str, names: list[str]) -> str:
    if unknown := _UNKNOWN.search(text):
        return f"there is no {unknown[1]} here; there are {', '.join(names)}"
    if overload := _OVERLOAD.search(text):
        return _mismatch(overload[1], overload[3])
    return text.partition(" expecting")[0].replace("<EOF>", "the end")


def _mismatch(function: str, types: str) -> str:
    what = function.strip("_@").replace("_", " ")
    kinds = [each.strip() for each in types.split(",")]
    is_mixed = what in _MIXABLE and {"double", "int"} <= set(kinds)
    hint = "; write a whole number with a point, as 5.0" if is_mixed else ""
    return f"'{what}' does not go with {' and '.join(map(_kind, kinds))}{hint}"


def _kind(name: str) -> str:
    listed = re.fullmatch(r"list[(<](.*)[)>]", name)
    return f"a list of {_kind(listed[1]).partition(' ')[2]}s" if listed else _TYPES.get(name, f"a {name}")


def _failure(said: str) -> str:
    if "budget" in said:
        return "goes over too many elements: make it simpler"
    text = re.sub(r" \[[A-Z_]+\]$", "", re.sub(r"^[A-Z_]+: ", "", said))
    return f"cannot be evaluated: {text}"


def _config(types: Types) -> str:
    variables = "".join(_variable(name, kind) for name, kind in types)
    excluded = "".join(f'    - name: "{each}"\n' for each in _OPERATORS)
    functions = "".join(_function(operator, name) for operator, name in _OPERATORS.items())
    return f"name: conditions\nvariables:\n{variables}stdlib:\n  exclude_functions:\n{excluded}functions:\n{functions}"


def _variable(name: str, kind: str) -> str:
    item = "    params:\n      - type_name: double\n" if kind == "list" else ""
    return f'  - name: "{name}"\n    type_name: "{kind}"\n{item}'


def _function(operator: str, name: str) -> str:
    overloads = "".join(
        f'      - id: "{name}_{left}_{right}"\n        args:\n          - type_name: "{left}"\n'
        f'          - type_name: "{right}"\n        return:\n          type_name: bool\n'
        for left, right in _COMPARED
    )
    return f'  - name: "{operator}"\n    overloads:\n{overloads}'


def _value(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    return [float(each) for each in value] if isinstance(value, list) else float(value)


def _type(value: Any) -> str:
    return {bool: "bool", str: "string", list: "list"}.get(type(value), "double")


def _kept(cache: OrderedDict[Any, Any], key: Any) -> Any:
    cache.move_to_end(key)
    while len(cache) > KEPT:
        cache.popitem(last=False)
    return cache[key]
