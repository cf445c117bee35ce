"""Reads stored objects: every value that is read is one that the code can use, and what is not is as if it were absent.

A status, a Release or an action may have been written by another version, restored from a backup, or edited by hand. What
the schema lets through and the code cannot use (a day that no calendar has, a number that has no next one) would stop
every pass for ever, with an abort that waits behind it.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import ValidationError, create_model

from crossfade.api.base import Model

M = TypeVar("M", bound=Model)
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Read(Generic[M]):
    """What was read, and the paths of what could not be, in wire names. Example: `progress.startedAt`."""

    value: M
    lost: tuple[str, ...] = ()


def read(model: type[M], stored: Mapping[str, Any]) -> Read[M]:
    """Read `stored` less what cannot be used: the field where that is enough, else the object that needs the field.

    Raises ValidationError where the whole of it cannot be used.
    """
    lost: list[str] = []
    kept: Any = stored
    while True:
        try:
            return Read(model.model_validate(kept), tuple(lost))
        except ValidationError as error:
            places = {_place(kept, each["loc"]) for each in error.errors(include_url=False)}
            if () in places:
                raise
            kept = _without(kept, places)
            lost += sorted(map(_path, places))


def salvaged(
    model: type[M], stored: Mapping[str, Any], needed: Container[str], stand_in: Mapping[str, Any]
) -> M | None:
    """What can be used of `stored`, field by field and without the rules between fields; None where a `needed` one cannot.

    `stand_in`: what takes the place of a field that cannot be used. Others are as if they were absent.
    """
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        alone = _alone(model, name)
        for given in (each[alias] for each in (stored, stand_in) if alias in each):
            try:
                values[name] = getattr(alone.model_validate({alias: given}), name)
                break
            except ValidationError:
                if name in needed:
                    return None
        if name not in values and field.is_required():
            return None
    made: Any = model.model_construct(**values)
    return made if isinstance(made, model) else None


@cache
def _alone(model: type[Model], name: str) -> type[Model]:
    """A model of this field only."""
    field = model.model_fields[name]
    fields: dict[str, Any] = {name: (field.annotation, field)}
    return create_model(name, __base__=Model, **fields)


def _place(stored: Any, where: Iterable[str | int]) -> Place:
    """As far as there is something: a field that is missing is the fault of the object that lacks it."""
    place: Place = ()
    for part in where:
        there = (
            part in stored if isinstance(stored, dict) else isinstance(stored, list) and _has(stored, part)
        )
        if not there:
            break
        place, stored = (*place, part), stored[part]
    return place


def _has(items: list[Any], part: str | int) -> bool:
    return isinstance(part, int) and part < len(items)


def _without(stored: Any, places: Iterable[Place]) -> Any:
    """A copy without these places; of a list the last item goes first, so that the others stay where they are."""
    after = copy.deepcopy(stored)
    for place in sorted(places, key=_order, reverse=True):
        at = after
        for part in place[:-1]:
            at = at[part]
        del at[place[-1]]
    return after


def _order(place: Place) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in place]


def _path(place: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")
