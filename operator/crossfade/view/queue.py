"""The queues of policies that limit how many releases run at once. Reads raw objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from crossfade.view.ages import age
from crossfade.view.attempts import images
from crossfade.view.plain import plain
from crossfade.view.policies import Waiting, policies, short
from crossfade.view.times import time_of

Object = Mapping[str, Any]
TITLES = ("PLACE", "NAMESPACE", "NAME", "PRIORITY", "WAITS", "IMAGE")
GAP = "  "

HELD: Final = re.compile(
    r"policy (?P<policy>\S+), rule concurrency: (?P<active>\d+) of \d+ releases? (?:is|are) under way .*?; "
    r"place (?P<place>\d+) in the queue"
)
"""The sentence of `core/policy/queue`, in the message of a Rollout that waits."""


@dataclass(frozen=True)
class Wants:
    """One Rollout that waits for its turn. `priority` None and `image` "": nobody has read the Rollout."""

    namespace: str
    rollout: str
    place: int
    since: datetime | None
    priority: int | None = None
    image: str = ""


@dataclass(frozen=True)
class Queue:
    """The queue of one policy: how many of its releases are under way, its limits as they are written, and who waits, the next one first."""

    policy: str
    active: int
    limits: Mapping[str, Any]
    waiting: tuple[Wants, ...]


def queues(
    stored: Iterable[Object], rollouts: Iterable[Object], now: datetime, only: str | None = None
) -> list[Queue]:
    """Give those of the policies with `concurrency`, by name. `only`: a namespace, whose Rollouts alone are told, each with its place.

    A policy's status follows some seconds later, so those that say themselves that they wait are told too.
    """
    rollouts = list(rollouts)
    theirs = {each.policy: each for each in told_by(rollouts)}
    known = {(each["metadata"].get("namespace", ""), each["metadata"]["name"]): each for each in rollouts}
    found = ((each, each.rules.get("concurrency")) for each in policies(stored, now))
    return [
        _with(
            Queue(each.name, each.active, limits, tuple(_wanting(each.queued, known, only))),
            theirs.get(each.name),
        )
        for each, limits in found
        if limits
    ]


def _with(queue: Queue, told: Queue | None) -> Queue:
    """The queue that a policy tells, with those of `told` who are missing in it."""
    there = {(each.namespace, each.rollout) for each in queue.waiting}
    more = [each for each in told.waiting if (each.namespace, each.rollout) not in there] if told else []
    if told is None or not more:
        return queue
    return replace(queue, active=max(queue.active, told.active), waiting=_in_order([*queue.waiting, *more]))


def told_by(rollouts: Iterable[Object]) -> list[Queue]:
    """Give the queues as those tell them that wait in them: for who may not read policies."""
    found: dict[str, list[tuple[int, Wants]]] = {}
    for each in rollouts:
        status = each.get("status") or {}
        held = HELD.search(plain(status.get("message", ""))) if status.get("waitingSince") else None
        if held:
            meta, since = each["metadata"], time_of(status["waitingSince"])
            wants = Wants(meta.get("namespace", ""), meta["name"], int(held["place"]), since, *_of(each))
            found.setdefault(held["policy"], []).append((int(held["active"]), wants))
    return [
        Queue(policy, max(active for active, _ in told), {}, _in_order(wants for _, wants in told))
        for policy, told in sorted(found.items())
    ]


def as_lines(found: Iterable[Queue], now: datetime) -> Iterator[str]:
    """Say it in lines: a headline for each policy, and a table of who waits."""
    for i, queue in enumerate(found):
        if i:
            yield ""
        limits = f" ({short(queue.limits)})" if queue.limits else ""
        yield f"policy {queue.policy}: {queue.active} under way, {len(queue.waiting)} waiting{limits}"
        cells = [TITLES, *(_cells(each, now) for each in queue.waiting)] if queue.waiting else []
        widths = [max(len(line[column]) for line in cells) for column in range(len(TITLES))] if cells else []
        for line in cells:
            yield "  " + GAP.join(c.ljust(width) for c, width in zip(line, widths, strict=True)).rstrip()


def _wanting(
    queued: Iterable[Waiting], known: Mapping[tuple[str, str], Object], only: str | None
) -> tuple[Wants, ...]:
    told = (
        Wants(
            each.namespace,
            each.rollout,
            each.place,
            each.since,
            *_of(known.get((each.namespace, each.rollout))),
        )
        for each in queued
        if only in (None, each.namespace)
    )
    return _in_order(told)


def _in_order(waiting: Iterable[Wants]) -> tuple[Wants, ...]:
    return tuple(sorted(waiting, key=lambda each: each.place))


def _of(rollout: Object | None) -> tuple[int | None, str]:
    """Its priority, and what it wants to release; a template that is elsewhere is not told."""
    if rollout is None:
        return None, ""
    spec = rollout.get("spec") or {}
    return spec.get("priority", 0), plain(", ".join(images(spec.get("template") or {})))


def _cells(each: Wants, now: datetime) -> tuple[str, ...]:
    priority = "-" if each.priority is None else str(each.priority)
    return (
        str(each.place),
        each.namespace,
        each.rollout,
        priority,
        age(each.since, now) or "-",
        each.image or "-",
    )
