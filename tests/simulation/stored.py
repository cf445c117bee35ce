"""How the simulated API server keeps objects: never changed in place, so that a cluster forks cheaply."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from crossfade.core.observed import Identity

Object = dict[str, Any]


class Refused(Exception):  # noqa: N818 -- an outcome, as the shell calls it
    """The API server's no: a conflict, an object in the way, or none at all."""


def identity(stored: Mapping[str, Any]) -> Identity:
    """Which stored object, and which version of it, this is."""
    return Identity(stored["metadata"]["uid"], stored["metadata"]["resourceVersion"])


def merged(live: Mapping[str, Any], change: Mapping[str, Any]) -> Object:
    """`live` with the fields of `change`; selectors and lists are replaced as a whole."""
    after = dict(live)
    for key, value in change.items():
        deep = isinstance(value, dict) and key != "selector" and isinstance(live.get(key), dict)
        after[key] = merged(live[key], value) if deep else value
    return after


def patched(live: Mapping[str, Any], operations: list[dict[str, Any]]) -> Object:
    """`live` after a JSON Patch of `test`, `replace`, `add` and `remove`. Raises Refused where a test fails."""
    after = copy.deepcopy(dict(live))
    for op in operations:
        *path, last = (
            part.replace("~1", "/").replace("~0", "~") for part in op["path"].strip("/").split("/")
        )
        target: Any = after
        for part in path:
            target = target[int(part) if isinstance(target, list) else part]
        if isinstance(target, list):
            _patch_list(target, op, last)
        elif op["op"] == "test":
            _test(target.get(last), op)
        elif op["op"] == "remove":
            del target[last]
        else:
            target[last] = copy.deepcopy(op["value"])
    return after


def _patch_list(target: list[Any], op: dict[str, Any], last: str) -> None:
    index = len(target) if last == "-" else int(last)
    if op["op"] == "test":
        _test(target[index] if index < len(target) else None, op)
    elif op["op"] == "remove":
        del target[index]
    elif op["op"] == "add":
        target.insert(index, copy.deepcopy(op["value"]))
    else:
        target[index] = copy.deepcopy(op["value"])


def _test(found: Any, op: dict[str, Any]) -> None:
    if found != op["value"]:
        raise Refused(op)


def versioned(stored: Mapping[str, Any], version: int, **metadata: Any) -> Object:
    """`stored` under a new resourceVersion."""
    return {**stored, "metadata": {**stored["metadata"], **metadata, "resourceVersion": str(version)}}
