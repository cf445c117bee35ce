"""What pods say about their revision: crashes, causes that cannot heal, and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from crossfade.core.observed import Exit, Pod, Waiting

FINAL = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""Reasons of a waiting container that no retry of the kubelet can change. ErrImagePull is not among them: a
registry that is down gives it too, and heals."""


NEVER_RAN = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons of an end at which nothing of the application ran: the node's runtime failed, seen on a busy node. The
kubelet tries again; where it never succeeds, the deadline tells."""


def crashed(pods: Iterable[Pod], since: datetime) -> list[Pod]:
    """The pods with a container that ended after `since`; deleted, evicted and preempted ones do not count.

    Restarts are durable evidence, readiness is not: a container that crashed is ready again within a second.
    Ends are stored in whole seconds, so `since` is taken down to its second.
    """
    start = since.replace(microsecond=0)
    return [pod for pod in pods if not pod.leaving and any(_ran_and_ended(end, start) for end in pod.exits)]


def _ran_and_ended(end: Exit, since: datetime) -> bool:
    return end.at >= since and end.reason not in NEVER_RAN


def final_causes(pods: Iterable[Pod]) -> list[str]:
    """Sentences about containers that will never start as they are."""
    return [
        _why_waiting(pod, waiting)
        for pod in pods
        if not pod.leaving
        for waiting in pod.waiting
        if waiting.reason in FINAL
    ]


def told(pods: Iterable[Pod]) -> str:
    """One sentence on what is wrong with `pods`: the most telling cause, and how many pods share it; or ""."""
    causes: dict[str, list[str]] = {}
    for pod in pods:
        cause = "" if pod.leaving else _cause(pod)
        if cause:
            causes.setdefault(cause, []).append(pod.name)
    if not causes:
        return ""
    cause, names = max(causes.items(), key=lambda item: (len(item[1]), item[0]))
    others = f" (and {len(names) - 1} more alike)" if len(names) > 1 else ""
    return f"pod {min(names)}{others}: {cause}"


def _cause(pod: Pod) -> str:
    if pod.exits:
        return _why_ended(max(pod.exits, key=lambda end: end.at))
    if pod.waiting:
        return _reason(pod.waiting[0])
    if pod.unschedulable:
        return f"cannot be scheduled: {pod.unschedulable}"
    return "" if pod.ready else "runs, but its readiness probe does not pass"


def _why_ended(end: Exit) -> str:
    times = f", {end.restarts} restarts" if end.restarts > 1 else ", 1 restart" if end.restarts else ""
    more = f": {end.message.strip()}" if end.message.strip() else ""
    return f"container {end.container} ended with exit code {end.code} ({end.reason or 'no reason'}{times}){more}"


def _why_waiting(pod: Pod, waiting: Waiting) -> str:
    return f"pod {pod.name}: {_reason(waiting)}"


def _reason(waiting: Waiting) -> str:
    more = f": {waiting.message.strip()}" if waiting.message.strip() else ""
    return f"container {waiting.container} cannot start: {waiting.reason}{more}"
