"""What pods say about their revision: crashes, causes that cannot heal, and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
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
    causes: dict[str, list[Pod]] = {}
    for pod in pods:
        cause = "" if pod.leaving else _cause(pod)
        if cause:
            causes.setdefault(cause, []).append(pod)
    if not causes:
        return ""
    cause, alike = max(causes.items(), key=lambda item: (len(item[1]), item[0]))
    others = f" (and {len(alike) - 1} more alike)" if len(alike) > 1 else ""
    warned = next((f"is not ready: {pod.warning.strip()}" for pod in alike if pod.warning), cause)
    return f"pod {min(pod.name for pod in alike)}{others}: {warned}"


def not_pulled(pods: Iterable[Pod]) -> str:
    """Why pods that only pull images have not got them, or cannot be scheduled; "" where none says so.

    A container of theirs that has ended says nothing: its image was there, and it was never meant to run.
    """
    for pod in pods:
        if pod.waiting or pod.unschedulable:
            return f"pod {pod.name}: {_own_words(replace(pod, exits=()))}"
    return ""


def silent(pods: Iterable[Pod]) -> str:
    """The pod whose events are worth reading: it is not ready, and does not say why itself; "" where there is none.

    The first by name; it speaks for the others, as in `told`.
    """
    return min((pod.name for pod in pods if not (pod.leaving or pod.ready or _own_words(pod))), default="")


def _cause(pod: Pod) -> str:
    said = _own_words(pod)
    if said or pod.ready:
        return said
    return (
        "runs, but its readiness probe does not pass"
        if pod.started
        else "its containers have not started yet"
    )


def _own_words(pod: Pod) -> str:
    """What the status of the pod says of the cause."""
    if pod.exits:
        return _why_ended(max(pod.exits, key=lambda end: end.at))
    if pod.waiting:
        return _reason(pod.waiting[0])
    return f"cannot be scheduled: {pod.unschedulable}" if pod.unschedulable else ""


def _why_ended(end: Exit) -> str:
    times = f", {end.restarts} restarts" if end.restarts > 1 else ", 1 restart" if end.restarts else ""
    more = f": {end.message.strip()}" if end.message.strip() else ""
    return f"container {end.container} ended with exit code {end.code} ({end.reason or 'no reason'}{times}){more}"


def _why_waiting(pod: Pod, waiting: Waiting) -> str:
    return f"pod {pod.name}: {_reason(waiting)}"


def _reason(waiting: Waiting) -> str:
    more = f": {waiting.message.strip()}" if waiting.message.strip() else ""
    return f"container {waiting.container} cannot start: {waiting.reason}{more}"
