"""Whether a release would have its turn now: releases under way, counted against the limits of a policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossfade.api.policy_rules import Concurrency
from crossfade.core.policy.matched import Place
from crossfade.view.selected import labels_of, namespace_of

Object = Mapping[str, Any]


def place_of(limits: Concurrency, mine: Object, matching: Sequence[Object], queued: int) -> Place:
    """Give where a release of `mine` would stand. `matching`: the Rollouts that the policy is about; `queued`: how many wait.

    What waits already goes first, unless `spec.priority` says otherwise: the place is the last one.
    """
    under_way = [each for each in matching if _under_way(each) and not _same(each, mine)]
    for limit, counted, where in _limits(limits, mine, under_way):
        if len(counted) >= limit:
            return Place(granted=False, place=queued + 1, active=len(counted), limit=limit, where=where)
    return Place(granted=True)


def _limits(
    limits: Concurrency, mine: Object, under_way: Sequence[Object]
) -> Iterator[tuple[int, Sequence[Object], str]]:
    if limits.max_active is not None:
        yield limits.max_active, under_way, "in the cluster"
    if limits.max_active_per_namespace is not None:
        place = namespace_of(mine)
        yield (
            limits.max_active_per_namespace,
            [each for each in under_way if namespace_of(each) == place],
            f"in namespace {place}",
        )
    if limits.per_label is not None:
        key = limits.per_label.key
        value = labels_of(mine).get(key)
        words = f"with {key}={value}" if value is not None else f"without label {key}"
        yield (
            limits.per_label.max_active,
            [each for each in under_way if labels_of(each).get(key) == value],
            words,
        )


def _under_way(rollout: Object) -> bool:
    return bool((rollout.get("status") or {}).get("progress"))


def _same(one: Object, other: Object) -> bool:
    return (namespace_of(one), one["metadata"]["name"]) == (namespace_of(other), other["metadata"]["name"])
