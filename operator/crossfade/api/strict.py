"""Reads what a person wrote: everything that is wrong with it, at once, by path, with what to write instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crossfade.api.base import Metadata, Model
from crossfade.api.wording import did_you_mean, worded

M = TypeVar("M", bound=Model)
SAID_ELSEWHERE: Final = frozenset({"default_factory_not_called"})
"""Errors that only say that another field, which is reported, is wrong."""

Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, as `spec.strategy.canary.steps[1].weight`, and what to write instead.

    `is_unknown`: there is no such field, in this version.
    """

    path: str
    message: str
    is_unknown: bool = field(default=False, compare=False)

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
        return Problem(
            _path(loc), f"is not a field{did_you_mean(str(loc[-1]), _names(owner))}", is_unknown=True
        )
    if detail["type"] == "missing":
        return Problem(_path(loc), _requirement(owner, str(loc[-1])))
    return Problem(_path(loc), worded(detail))


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
