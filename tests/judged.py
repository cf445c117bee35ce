"""What an admission policy answers, evaluated here as an API server does: variables lazily, each once, in their order.

The texts are the manifest's own. Of what API servers add to CEL only `sum` is used, and a check of rights, which is a value here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from crossfade.core.policy.admission import Manifest
from crossfade.core.policy.selection import MAY_BYPASS

NAMES = ("object", "oldObject", "params", "namespaceObject", "variables", "mayBypass")
INTS = cel.Type.List(cel.Type.INT)
SUM = cel.FunctionDecl(
    "sum",
    [
        cel.Overload("list_sum", return_type=cel.Type.INT, parameters=[INTS], is_member=True, impl=sum),
    ],
)


@cache
def _environment() -> Any:
    extensions = [ext_strings.ExtStrings(), ext_optional.ExtOptional()]
    names = dict.fromkeys(NAMES, cel.Type.DYN)
    return cel.NewEnv(variables=names, extensions=extensions, functions=[SUM])


@cache
def _compiled(expression: str) -> Any:
    return _environment().compile(expression.replace(MAY_BYPASS, "mayBypass"))


class CannotSayError(Exception):
    """An expression that gives no value."""


def value(expression: str, data: Mapping[str, Any]) -> Any:
    """What it gives. Raises CannotSayError."""
    try:
        found = _compiled(expression).eval(data=dict(data))
    except RuntimeError as error:
        raise CannotSayError(str(error)) from None
    if found.type() == cel.Type.ERROR:
        raise CannotSayError(str(found.value()))
    return found.plain_value()


class Asked:
    """One request, as an admission policy sees it, by one RolloutPolicy."""

    def __init__(self, policy: Manifest, data: Mapping[str, Any], *, may_bypass: bool = False) -> None:
        self._spec = policy["spec"]
        given = {"oldObject": None, "namespaceObject": {"metadata": {}}, **data}
        self._data = {**given, "mayBypass": may_bypass, "variables": {}}

    @property
    def matches(self) -> bool:
        """Whether it is judged at all."""
        return all(value(each["expression"], self._data) for each in self._spec["matchConditions"])

    def variable(self, name: str) -> Any:
        """What one of its variables comes to."""
        return value(f"variables.{name}", self._with_variables())

    def annotation(self, key: str) -> str:
        """What it writes into the audit log under that key; "" is nothing."""
        said = {each["key"]: each["valueExpression"] for each in self._spec["auditAnnotations"]}
        return str(value(said[key], self._with_variables()))

    def refusals(self) -> list[str]:
        """What each validation that does not hold says; none where it does not match."""
        return list(self._refusals()) if self.matches else []

    def messages(self) -> list[str]:
        """The messages of the validations that do not hold, where they are texts; none where it does not match."""
        data = self._with_variables()
        wrong = (each for each in self._spec["validations"] if not value(each["expression"], data))
        return [each["message"] for each in wrong] if self.matches else []

    def _refusals(self) -> Iterator[str]:
        data = self._with_variables()
        for each in self._spec["validations"]:
            if not value(each["expression"], data):
                yield value(each["messageExpression"], data)

    def _with_variables(self) -> dict[str, Any]:
        """A variable that gives no value is one that nobody may ask for; in an API server it is lazy."""
        known: dict[str, Any] = {}
        for each in self._spec["variables"]:
            try:
                known[each["name"]] = value(each["expression"], {**self._data, "variables": known})
            except CannotSayError:
                continue
        return {**self._data, "variables": known}
