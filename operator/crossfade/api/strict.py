"""Reads what a person wrote: everything that is wrong with it, at once, by path, with what to write instead."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crossfade.api.base import Metadata, Model

M = TypeVar("M", bound=Model)
SAID_ELSEWHERE: Final = frozenset({"default_factory_not_called"})
"""Errors that only say that another field, which is reported, is wrong."""

Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, as `spec.strategy.canary.steps[1].weight`, and what to write instead."""

    path: str
    message: str

    def __str__(self) -> str:
        """Give one line for a terminal."""
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidObjectError(ValueError):
    """An object that the API server would refuse; `problems` has everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def parse_strict(cls: type[M], obj: object) -> M:
    """Read `obj` as the API server would with strict field validation: unknown fields and broken rules are errors.

    Raises InvalidObjectError with all problems. Metadata and the pod template may have fields that Crossfade does not
    read.
    """
    problems = (*_missing_header(cls, obj), *_model_problems(cls, obj))
    if problems:
        raise InvalidObjectError(problems)
    return cls.model_validate(obj)


def _missing_header(cls: type[Model], obj: object) -> tuple[Problem, ...]:
    """Name what every object needs; the models have defaults for it, for objects that are made in code."""
    if not isinstance(obj, Mapping) or "kind" not in cls.model_fields:
        return ()
    metadata = obj.get("metadata")
    named = isinstance(metadata, Mapping) and (metadata.get("name") or metadata.get("generateName"))
    required = {"apiVersion": "apiVersion" in obj, "kind": "kind" in obj, "metadata.name": bool(named)}
    return tuple(Problem(path, "is required") for path, there in required.items() if not there)


def _model_problems(cls: type[Model], obj: object) -> tuple[Problem, ...]:
    """Look twice, since pydantic does not come to the rules of a model in which a field is unknown."""
    wrong = [detail for detail in _errors(cls, obj, None) if detail["type"] not in SAID_ELSEWHERE]
    unknown = [detail for detail in _errors(cls, obj, "forbid") if detail["type"] == "extra_forbidden"]
    return tuple(_problem(cls, detail) for detail in (*wrong, *_of_closed(cls, unknown)))


def _errors(cls: type[Model], obj: object, extra: Literal["forbid"] | None) -> list[ErrorDetails]:
    try:
        cls.model_validate(obj, extra=extra, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _of_closed(cls: type[Model], unknown: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out what metadata and the pod template may have although Crossfade does not read it."""
    owners = [_owner(cls, detail["loc"]) for detail in unknown]
    return [detail for detail, owner in zip(unknown, owners, strict=True) if owner and not _is_open(owner)]


def _problem(cls: type[Model], detail: ErrorDetails) -> Problem:
    loc, owner = detail["loc"], _owner(cls, detail["loc"])
    if detail["type"] == "extra_forbidden":
        return Problem(_path(loc), f"is not a field{_did_you_mean(str(loc[-1]), _names(owner))}")
    if detail["type"] == "missing":
        return Problem(_path(loc), _requirement(owner, str(loc[-1])))
    wording = WORDINGS.get(detail["type"])
    return Problem(_path(loc), wording(detail) if wording else detail["msg"])


def _is_open(owner: type[Model]) -> bool:
    return owner.model_config.get("extra") == "allow" or issubclass(owner, Metadata)


def _requirement(owner: type[Model] | None, name: str) -> str:
    """Say that a field is needed, by the rule that the API server has for it where there is one."""
    rules = owner.rules if owner else ()
    said = [rule.message for rule in rules if rule.cel == f"has(self.{name})"]
    return said[0] if said else "is required"


def _owner(cls: type[Model], loc: Location) -> type[Model] | None:
    """Give the model that the last part of `loc` is, or would be, a field of."""
    owner: type[Model] | None = cls
    for part in loc[:-1]:
        if isinstance(part, str) and owner is not None:
            field = next((info for info in owner.model_fields.values() if info.alias == part), None)
            owner = _model_in(field.annotation) if field else None
    return owner


def _model_in(annotation: Any) -> type[Model] | None:
    """Find the one model inside `list[X]`, `X | None`, `Annotated[X, …]`."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def _names(owner: type[Model] | None) -> list[str]:
    return [info.alias or name for name, info in owner.model_fields.items()] if owner else []


def _path(loc: Location) -> str:
    """Write a location as the API server does: `spec.strategy.canary.steps[1].weight`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def _did_you_mean(wrong: str, right: list[str]) -> str:
    by_small = {name.lower(): name for name in right}
    close = difflib.get_close_matches(wrong.replace("_", "").lower(), by_small, n=1)
    if close:
        return f": did you mean {by_small[close[0]]}?"
    return f": there are {', '.join(right)}" if right else ": there are no fields here"


def _choice(detail: ErrorDetails) -> str:
    expected = detail["ctx"]["expected"].replace("'", "")
    options = expected.replace(" or ", ", ").split(", ")
    given = detail["input"]
    close = _did_you_mean(given, options) if isinstance(given, str) else ""
    hint = close if "did you mean" in close else ""
    return f"must be {expected}, not {given!r}{hint}"


def _too_many(detail: ErrorDetails) -> str:
    context = detail["ctx"]
    return f"has {context['actual_length']} items, but at most {context['max_length']} are allowed"


WORDINGS: dict[str, Callable[[ErrorDetails], str]] = {
    "literal_error": _choice,
    "greater_than_equal": lambda detail: f"must be at least {detail['ctx']['ge']}, not {detail['input']}",
    "less_than_equal": lambda detail: f"must be at most {detail['ctx']['le']}, not {detail['input']}",
    "int_type": lambda detail: f"must be a whole number, not {detail['input']!r}",
    "bool_type": lambda detail: f"must be true or false, not {detail['input']!r}",
    "string_type": lambda detail: f"must be a text, not {detail['input']!r}: put it in quotes",
    "list_type": lambda _detail: "must be a list",
    "dict_type": lambda _detail: "must be an object",
    "model_type": lambda _detail: "must be an object",
    "too_long": _too_many,
    "too_short": lambda detail: f"must have at least {detail['ctx']['min_length']} item",
    "string_too_long": lambda detail: f"has at most {detail['ctx']['max_length']} characters",
    "string_too_short": lambda detail: f"has at least {detail['ctx']['min_length']} character",
    "string_pattern_mismatch": lambda detail: (
        f"must match {detail['ctx']['pattern']}, not {detail['input']!r}"
    ),
}
