"""Every mark of ours on what belongs to a Rollout, corrupted one at a time: read from the objects, nothing is listed.

For each label, annotation, owner and selector that we wrote: taken away, and pointing to somebody else. For each field
of the status: taken away, and with another value. And each object deleted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from crossfade.api.labels import LABEL_OWNER_UID, PREFIX
from crossfade.api.status import RolloutStatus
from mutation.seen import Object, Seen

OTHER_UID = "0b5e55ed-0000-4000-8000-00000000dead"
OTHER = "other"
LONG_AGO, LATER = "2001-02-03T04:05:06.000Z", "2101-02-03T04:05:06.000Z"

Change = Callable[[Object], Object | None]


@dataclass(frozen=True)
class Corruption:
    """What becomes of one object; None: it is gone. `harms`: requests are lost by the deed itself, until it is put right."""

    kind: str
    name: str
    what: str
    change: Change
    harms: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.what}"


def corruptions(seen: Seen, bystander: Object | None = None) -> Iterator[Corruption]:
    """All of them, for what is there. `bystander`: another Rollout; without an owner that is there, an object is collected."""
    theirs = bystander["metadata"] if bystander else {"name": OTHER, "uid": OTHER_UID}
    rollout = seen.rollout["metadata"]["name"]
    tables = {"Deployment": seen.deployments, "Service": seen.services, "Release": seen.releases}
    for kind, table in tables.items():
        for name, obj in table.items():
            for what, change in (*_of_marks(obj, theirs), *_of_spec(kind, obj)):
                yield Corruption(kind, name, what, change, harms=what.startswith(("selector", "scaled to 0")))
            yield Corruption(kind, name, "deleted", lambda _: None, harms=kind != "Release")
    for what, change in _of_status(seen.status):
        yield Corruption("Rollout", rollout, what, change)


def _of_marks(obj: Object, theirs: Object) -> Iterator[tuple[str, Change]]:
    meta = obj["metadata"]
    for field in ("labels", "annotations"):
        for key in [key for key in meta.get(field) or {} if key.startswith(PREFIX)]:
            other = theirs["uid"] if key == LABEL_OWNER_UID else OTHER
            yield f"{key} taken away", _set(("metadata", field), key, None)
            yield f"{key} changed", _set(("metadata", field), key, other)
    if meta.get("ownerReferences"):
        yield "owner taken away", _set(("metadata",), "ownerReferences", [])
        yield "owner changed", lambda changed: _owned_by(theirs, changed)


def _owned_by(theirs: Object, obj: Object) -> Object:
    after = copy.deepcopy(obj)
    after["metadata"]["ownerReferences"][0] |= {"name": theirs["name"], "uid": theirs["uid"]}
    return after


def _of_spec(kind: str, obj: Object) -> Iterator[tuple[str, Change]]:
    spec = obj["spec"]
    if kind == "Deployment":
        yield "scaled to 0", _set(("spec",), "replicas", 0)
        yield "scaled up", _set(("spec",), "replicas", spec["replicas"] + 5)
        yield "minReadySeconds changed", _set(("spec",), "minReadySeconds", 77)
    if kind == "Service":
        yield "ports changed", _set(("spec",), "ports", [{"port": 99, "targetPort": 99, "protocol": "TCP"}])
        yield "selector emptied", _set(("spec",), "selector", {"nobody": "has-this"})
        for key in spec["selector"]:
            yield f"selector {key} taken away", _set(("spec", "selector"), key, None)
            yield f"selector {key} changed", _set(("spec", "selector"), key, OTHER)


def _of_status(status: Object) -> Iterator[tuple[str, Change]]:
    """What the API server would store; of all that does not parse, one."""
    yield "status wiped", lambda obj: {key: each for key, each in obj.items() if key != "status"}
    yield "status.release is no number", _set(("status",), "release", "many")
    for path, value in _leaves(status):
        where = ".".join(map(str, path))
        others = () if path[-1] == "lastTransitionTime" else _others(value)  # never earlier than it was
        for other in (None, *others):
            change = _set(("status", *path[:-1]), path[-1], other)
            if _parses((change({"status": status}) or {})["status"]):
                yield f"status.{where} {'taken away' if other is None else f'is {other!r}'}", change


def _parses(status: Object) -> bool:
    try:
        RolloutStatus.model_validate(status)
    except ValidationError:
        return False
    return True


def _leaves(at: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every field that holds a value, and every object in it as a whole."""
    if path and not isinstance(path[-1], int):
        yield path, at
    if isinstance(at, dict):
        for key, each in at.items():
            yield from _leaves(each, (*path, key))
    elif isinstance(at, list):
        for index, each in enumerate(at):
            yield from _leaves(each, (*path, index))


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (0, value + 1, 10_000)
    elif isinstance(value, str) and value[:2] == "20" and value.endswith("Z"):
        yield from (LONG_AGO, LATER)
    elif isinstance(value, str):
        yield OTHER
    elif isinstance(value, list):
        yield []


def _set(path: tuple[Any, ...], key: Any, value: Any) -> Change:
    """Another value at a place; None takes it away."""

    def change(obj: Object) -> Object:
        after = copy.deepcopy(obj)
        at = after
        for part in path:
            at = at[part]
        if value is None:
            del at[key]
        else:
            at[key] = value
        return after

    return change
