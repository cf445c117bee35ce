"""What somebody may make of the note of a route on the canary Service: every place of it changed, and worse.

The note is JSON in an annotation, so whoever may edit the Service may write anything there. Read from a note as it is, as
`corruptions.py` does with other marks: nothing is listed of its fields.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mutation.seen import Object

OTHER_ROUTE: Final = "theirs"
OTHER_SERVICE: Final = "evil"
DEEP: Final = 5_000
"""Levels that Python's parser gives up before."""
_DIGITS: Final = 5_000
"""More than Python makes a number of."""


@dataclass(frozen=True)
class Note:
    """`text` in the place of the note; None: there is none. `believed`: its weights are others, which might be true."""

    what: str
    text: str | None
    believed: bool = False

    def __str__(self) -> str:
        return self.what


def notes(text: str) -> Iterator[Note]:
    """All of them, made from one that is well."""
    yield Note("taken away", None)
    yield from _no_note(text)
    told = json.loads(text)
    yield from _of_another_place(told)
    yield from _of_other_rules(told)
    for path, value in _places(told):
        where = ".".join(map(str, path))
        yield Note(f"{where} taken away", _json(_with(told, path)), believed=path[-1] == "weight")
        for each in _others(value):
            believed = (
                path[-1] == "weight"
                and type(each) is int
                and (each == 7 or (path[-2:] == (1, "weight") and each == 0))
            )
            yield Note(f"{where} is {_short(each)}", _json(_with(told, path, each)), believed)


def _no_note(text: str) -> Iterator[Note]:
    yield Note("cut off", text[:-7])
    yield Note("empty", "")
    yield Note("no JSON", "before")
    yield Note("huge", text[:-1] + ',"more":"' + "x" * 200_000 + '"}')
    yield Note("nested too deep", "[" * DEEP)
    yield Note("nested too deep and closed", "[" * DEEP + "]" * DEEP)
    yield Note("nested too deep inside", text[:-1] + ',"more":' + "[" * DEEP + "]" * DEEP + "}")
    yield Note("twice", text + text)
    for each in ("NaN", "1e999", "null", "[]", "{}", '"before"', '"\\ud800"'):
        yield Note(f"the whole is {each}", each)


def _of_another_place(told: Object) -> Iterator[Note]:
    """Another route, or something that is no route, or not here."""
    for name in (
        OTHER_ROUTE,
        "../../other/httproutes/theirs",
        "..",
        ".",
        "other/theirs",
        "Theirs",
        "x" * 300,
    ):
        yield Note(f"of route {_short(name)}", _json({**told, "name": name}))
    for kind in ("GRPCRoute", "TCPRoute", "Service", "Secret", "Rollout", "httproutes"):
        yield Note(f"of a {kind}", _json({**told, "kind": kind}))
    yield Note("of another namespace", _json({**told, "namespace": "other"}))
    yield Note("of a rule that is not there", _json({**told, "rule": "none"}))


def _of_other_rules(told: Object) -> Iterator[Note]:
    """What the rules never were."""
    (key, was), *_ = told["before"].items()
    stable, *others = was["backendRefs"]
    evil = {**stable, "name": OTHER_SERVICE, "weight": 1_000_000}
    made: dict[str, Object] = {
        "with somebody else's backend": {**was, "backendRefs": [stable, evil]},
        "with somebody else's backend alone": {**was, "backendRefs": [evil]},
        "with a backend of another namespace": {
            **was,
            "backendRefs": [stable, {**evil, "namespace": "other"}],
        },
        "without the others": {**was, "backendRefs": [stable]},
        "without stable": {**was, "backendRefs": others or [evil]},
        "with the canary Service": {
            **was,
            "backendRefs": [stable, {**stable, "name": f"{stable['name']}-canary"}],
        },
        "with a filter": {
            **was,
            "filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "evil.example"}}],
        },
        "with a spoiled filter": {**was, "filters": [{"type": "RequestMirror", "requestMirror": "x"}]},
        "with a spoiled filter of a reference": {
            **was,
            "backendRefs": [{**stable, "filters": [{"type": "RequestMirror", "requestMirror": 7}]}, *others],
        },
        "with filters that are none": {**was, "backendRefs": [{**stable, "filters": 7}, *others]},
        "with a port that is none": {**was, "backendRefs": [{**stable, "port": "http"}, *others]},
        "with a field that does not exist": {**was, "backendRefs": [{**stable, "more": 1}, *others]},
        "with weights of nothing": {
            **was,
            "backendRefs": [{**each, "weight": 0} for each in was["backendRefs"]],
        },
        "with a weight that is NaN": {
            **was,
            "backendRefs": [{**each, "weight": math.nan} for each in was["backendRefs"]],
        },
        "with a weight of a billion": {**was, "backendRefs": [{**stable, "weight": 10**9}, *others]},
        "with seventeen references": {**was, "backendRefs": [*([stable] * 17), *others]},
    }
    for what, rule in made.items():
        yield Note(f"a rule {what}", _json({**told, "before": {**told["before"], key: rule}}))
    for index in ("-1", "99", "9" * _DIGITS, "٠", "²", "", "0.0", "00"):
        yield Note(f"the rule is number {_short(index)}", _json({**told, "before": {index: was}}))
    yield Note("rules beyond count", _json({**told, "before": {str(i): was for i in range(300)}}))


def _places(at: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if path:
        yield path, at
    entries = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
    for key, each in entries:
        yield from _places(each, (*path, key))


def _others(value: Any) -> Iterator[Any]:
    odd: tuple[Any, ...] = (
        None,
        True,
        -1,
        0,
        7,
        10**9,
        1.5,
        math.nan,
        "other",
        [],
        {},
        [[]],
        ["x"],
        {"x": 1},
    )
    yield from (each for each in odd if each != value or type(each) is not type(value))


def _with(told: Object, path: tuple[Any, ...], *value: Any) -> Object:
    """The note with another value at a place; with none it is taken away."""
    after = copy.deepcopy(told)
    at: Any = after
    for part in path[:-1]:
        at = at[part]
    if value:
        at[path[-1]] = value[0]
    else:
        del at[path[-1]]
    return after


def _json(told: Object) -> str:
    return json.dumps(told)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 40 else f"{text[:20]}… ({len(text)})"
