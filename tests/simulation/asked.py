"""What a spec asks of a release, read from the spec alone: its resting points, and its limits on the way.

Nothing here knows how the operator plans: it is written from the documents of the five strategies, so that a wrong plan
is told from the right one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from simulation.remembered import once_for_each

Spec = Mapping[str, Any]


class Share(Enum):
    """Which requests the candidate may get."""

    NONE = 0
    SOME = 1  # its share of the pods behind one selector
    ALL = 2


class Gate(NamedTuple):
    """What must hold at a point before the next one: a person, or a time; neither where the point itself does.

    `analysis`: what must be measured and pass besides, as the spec says it.
    """

    person: bool = False
    seconds: int = 0
    analysis: Mapping[str, Any] | None = None


class Point(NamedTuple):
    """One resting point: at most so many pods of the candidate, and at least so many of stable.

    `weight`: the percent of the requests that is wanted. `pulled`, `gone`: recreate's two conditions. `groups`: some
    requests meet the candidate whatever the weight is, `copies`: percent of them that are copied to it; both by a route.
    """

    candidate: int
    stable: int
    weight: float
    share: Share
    gate: Gate = Gate()
    pulled: bool = False
    gone: bool = False
    groups: bool = False
    copies: int = 0


@once_for_each
def points(spec: Spec) -> tuple[Point, ...]:
    """From one revision to the next, in order. Where no replicas are wanted: those of one."""
    n, bake = spec["replicas"] or 1, Gate(seconds=spec.get("bakeSeconds", 30))
    (name, strategy), *_ = spec["strategy"].items()
    if name == "canary" and is_routed(spec):
        return tuple(_routed_canary(strategy, n, bake))
    return tuple(_POINTS[name](strategy, n, bake))


def _recreate(strategy: Spec, n: int, bake: Gate) -> Iterator[Point]:
    if strategy.get("pullFirst", True):
        yield Point(0, n, 0, Share.NONE, pulled=True)
    yield Point(0, 0, 0, Share.SOME, gone=True)
    yield Point(n, 0, 100, Share.SOME, bake)


def _rolling(strategy: Spec, n: int, bake: Gate) -> Iterator[Point]:
    """The last `maxSurge` old pods stay until the bake is over, so a batch does not take them either."""
    warm, done = min(_rolls(strategy, n)[0], n), 0
    for batch in strategy.get("batches", ()):
        done = min(n, done + max(1, _pods(batch["replicas"], n, up=True)))
        gate = Gate() if done == n else _gate(batch)  # a batch that replaces the last pod may be left out
        yield Point(done, max(n - done, warm), round(100 * done / n), Share.SOME, gate)
    yield Point(n, warm, 100, Share.SOME)
    yield Point(n, warm, 100, Share.ALL, bake)
    yield Point(n, 0, 100, Share.ALL)


def _blue_green(strategy: Spec, n: int, bake: Gate) -> Iterator[Point]:
    preview = min(strategy.get("previewReplicas", n), n)
    manual = strategy.get("promote", "Automatic") == "Manual"
    shown = bool(strategy.get("previewMatch") or strategy.get("previewHostnames"))
    gate = Gate(manual, strategy.get("promoteAfterSeconds", 0), strategy.get("beforeSwitch"))
    yield Point(preview, n, 0, Share.NONE, gate, groups=shown)
    grows, *rest = _whole(n, bake)
    yield from (grows, *rest) if "previewReplicas" in strategy else rest


def _canary(strategy: Spec, n: int, bake: Gate) -> Iterator[Point]:
    surge, last = _canary_surge(strategy, n), n
    for step in strategy["steps"]:
        if step["weight"] < 100:
            new, last = _split(step["weight"], n, surge)
            yield Point(new, last, step["weight"], Share.SOME, _gate(step))
        else:
            yield Point(n, last, 100, Share.ALL, _gate(step))
    yield Point(n, last, 100, Share.ALL, bake)
    yield Point(n, 0, 100, Share.ALL)


def _routed_canary(strategy: Spec, n: int, bake: Gate) -> Iterator[Point]:
    """A route splits exactly: the candidate has pods for its weight, and stable keeps all of its own, unless it is dynamic."""
    weight, stable = 0.0, n
    for step in strategy["steps"]:
        weight = step.get("weight", weight)
        if weight == 100:
            yield Point(n, stable, 100, Share.ALL, _gate(step))
            break
        stable = max(1, _pods_for(100 - weight, n)) if strategy.get("dynamicStable") else n
        groups, copies = bool(step.get("match")), int(step.get("mirror", "0%").removesuffix("%"))
        gets = Share.SOME if weight or groups or copies else Share.NONE
        pods = min(n, step.get("candidateReplicas", max(1, _pods_for(weight, n))))
        yield Point(pods, stable, weight, gets, _gate(step), groups=groups, copies=copies)
    yield Point(n, stable, 100, Share.ALL, bake)
    yield Point(n, 0, 100, Share.ALL)


def _pods_for(weight: float, n: int) -> int:
    return math.ceil(round(weight * n, 6) / 100)


def _split(weight: int, n: int, surge: int) -> tuple[int, int]:
    """Pods of both, of each at least one, that come closest to a weight; of equally close ones the fewest."""
    choices = [
        (abs(new / (new + old) - weight / 100), new + old, new, old)
        for new in range(1, n + surge)
        for old in range(1, n + surge)
        if max(n, 2) <= new + old <= n + surge
    ]
    _, _, new, old = min(choices)
    return new, old


def _big_bang(_: Spec, n: int, bake: Gate) -> Iterator[Point]:
    yield from _whole(n, bake)


def _whole(n: int, bake: Gate) -> Iterator[Point]:
    """All new pods beside the old ones, then all requests at once, and the old ones go at last."""
    yield Point(n, n, 0, Share.NONE)
    yield Point(n, n, 100, Share.ALL, bake)
    yield Point(n, 0, 100, Share.ALL)


_POINTS = {
    "recreate": _recreate,
    "rolling": _rolling,
    "blueGreen": _blue_green,
    "canary": _canary,
    "bigBang": _big_bang,
}


def _gate(part: Spec) -> Gate:
    return Gate(part.get("pause") == "Manual", part.get("pauseSeconds") or 0, part.get("analysis"))


# --- limits ---------------------------------------------------------------------------------------------


def is_routed(spec: Spec) -> bool:
    """Whether a route shares the requests: it is left alone by recreate and rolling."""
    return "traffic" in spec and "service" in spec and not {"recreate", "rolling"} & {*spec["strategy"]}


NOWHERE = "nowhere"
"""A port that no container has."""


def is_wrong(spec: Spec) -> bool:
    """Whether the Service is to send requests to that port: then nothing begins, and what serves goes on."""
    return any(port.get("targetPort") == NOWHERE for port in (spec.get("service") or {}).get("ports", ()))


def is_exclusive(spec: Spec) -> bool:
    """Whether two revisions must never run at once."""
    return "recreate" in spec["strategy"]


def may_be_missing(spec: Spec, replicas: int | None = None) -> int:
    """Pods that may be missing from the replicas while they are exchanged; recreate has none of its own."""
    n = spec["replicas"] if replicas is None else replicas
    rolling = spec["strategy"].get("rolling")
    return 0 if rolling is None else min(n, _rolls(rolling, n)[1])


def may_crash(spec: Spec) -> int:
    """Pods of the candidate that may crash while they serve, before it has failed."""
    return may_be_missing(spec) if "rolling" in spec["strategy"] else spec["replicas"] // 10


def most_pods(spec: Spec, replicas: int) -> int:
    """How many pods of all revisions a release may ask for, while it goes forward."""
    strategy = spec["strategy"]
    if "rolling" in strategy:
        return replicas + _rolls(strategy["rolling"], replicas)[0]
    if "canary" in strategy and not is_routed(spec):
        return replicas + _canary_surge(strategy["canary"], replicas)
    return 2 * replicas


def _rolls(rolling: Spec, n: int) -> tuple[int, int]:
    """Surge and unavailability in pods. Where both are nothing, one may be missing, or no pod could be replaced."""
    surge = _pods(rolling.get("maxSurge", "25%"), n, up=True)
    missing = min(n, _pods(rolling.get("maxUnavailable", 0), n, up=False))
    return (surge, missing) if surge or missing else (0, 1)


def _canary_surge(canary: Spec, n: int) -> int:
    """One more at least: the share of a step could not be met else."""
    return max(1, _pods(canary.get("maxSurge", "25%"), n, up=True))


def _pods(amount: int | str, n: int, *, up: bool) -> int:
    if isinstance(amount, int):
        return amount
    exact = int(amount.removesuffix("%")) * n / 100
    return math.ceil(exact) if up else math.floor(exact)
