"""What pods say about their revision: crashes, causes that cannot heal, and a sentence for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crossfade.core.last_words import last_lines, plain, telling
from crossfade.core.observed import Exit, Pod, Side, Waiting

BAD_IMAGE = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""Reasons of a waiting container that no retry of the kubelet can change."""

PULL_FAILED = frozenset({"ErrImagePull", "ImagePullBackOff"})
"""The registry's answer is in the message: a registry that is down gives these too, and heals."""

REFUSED = (
    "not found",
    "manifest unknown",
    "does not exist",
    "access denied",
    "access to the resource is denied",
    "authorization failed",
    "unauthorized",
    "forbidden",
)
"""What registries answer where there is no such image, or none for us (containerd, CRI-O, distribution)."""

CANNOT_RUN = re.compile(
    r"runAsNonRoot|exec: .*(executable file not found|no such file or directory|permission denied)"
)
"""What is said of a container that the image or the template makes impossible, whatever the node (kubelet, runc)."""

KILLED = frozenset({137, 143})
"""Exit codes of SIGKILL and SIGTERM: a liveness probe that failed leaves one of these, and tells in an event."""

OOM = "OOMKilled"

NEVER_RAN = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons of an end at which nothing of the application ran: the node's runtime failed, seen on a busy node. The
kubelet tries again; where it never succeeds, the deadline tells."""


OTHERS = "*"
"""No pod's name: stands for all that are not named."""

MOST_NAMED = 999
"""So many pods are named at most, so that with `OTHERS` there are no more entries than the CRD takes."""


def ends_of(pods: Iterable[Pod]) -> dict[str, int]:
    """How often the containers of pods have ended, by pod. Where too many have, those that ended least count alike, as the most of them."""
    ends = sorted(((pod.ends, pod.name) for pod in pods if pod.ends), reverse=True)
    rest = {OTHERS: ends[MOST_NAMED][0]} if len(ends) > MOST_NAMED else {}
    return {**{name: count for count, name in ends[:MOST_NAMED]}, **rest}


def crashed(pods: Iterable[Pod], before: Mapping[str, int]) -> list[Pod]:
    """The pods whose containers ended more often than `before`, by name; one that is not named had not ended at all.

    Restarts are durable evidence, readiness is not: a container that crashed is ready again within a second. They are
    counted, since the times of two clocks cannot be compared. Deleted, evicted and preempted pods do not count, nor does
    an end that came with the node's.
    """
    others = before.get(OTHERS, 0)
    staying = (pod for pod in pods if not pod.leaving and pod.ends > before.get(pod.name, others))
    return [pod for pod in staying if any(_ran_and_ended(end) for end in pod.exits)]


def _ran_and_ended(end: Exit) -> bool:
    return end.reason not in NEVER_RAN and not end.by_node


def have_no_room(side: Side, pods: Iterable[Pod] | None) -> bool:
    """Whether the pods that a Deployment lacks cannot be scheduled, or made, and nothing else is wrong with them."""
    missing = [pod for pod in pods or () if not pod.ready and not pod.leaving]
    refused = bool(side.refusal) and side.replicas < side.desired
    return (refused or bool(missing)) and all(pod.unschedulable for pod in missing)


def when_crashed(culprits: Sequence[Pod], *, worker: bool = False) -> str:
    """Whether pods that crashed had served: what was never ready has had no request, whatever the release says.

    A `worker` gets none at all.
    """
    unready = sum(not pod.was_ready for pod in culprits)
    if not unready:
        many = len(culprits) > 1
        if worker:
            return f"crashed after {'they were' if many else 'it was'} ready"
        return f"crashed while {'they' if many else 'it'} served"
    if unready < len(culprits):
        return f"crashed, {unready} of them before {'they were' if unready > 1 else 'it was'} ready"
    return f"crashed before {'they were' if unready > 1 else 'it was'} ready"


def taken_by_node(pods: Iterable[Pod]) -> str:
    """Why pods are missing through no fault of their revision: evicted, or gone with their node; "" where none is."""
    for pod in pods:
        if pod.node_lost:
            return f"pod {pod.name} was taken by its node: {pod.node_lost}"
        if any(end.by_node for end in pod.exits) and not pod.ready:
            return f"pod {pod.name} went down with its node"
    return ""


def bad_images(pods: Iterable[Pod]) -> list[str]:
    """Sentences about containers whose image can never be pulled as it is named."""
    return _waits(pods, lambda waiting: waiting.reason in BAD_IMAGE)


def refused_images(pods: Iterable[Pod]) -> list[str]:
    """Sentences about images that their registry does not have or does not give: until someone pushes or allows."""
    return _waits(pods, _is_refused)


def impossible(pods: Iterable[Pod]) -> list[str]:
    """Sentences about containers that can never run as they are written: no such command, root where none may be."""
    staying = [pod for pod in pods if not pod.leaving]
    ends = ((pod, end) for pod in staying for end in pod.exits if _never_can(end))
    never = [f"pod {pod.name}: {_why_ended(end)}" for pod, end in ends]
    return [*_waits(staying, lambda waiting: bool(CANNOT_RUN.search(waiting.message))), *never]


def _never_can(end: Exit) -> bool:
    return end.reason in NEVER_RAN and bool(CANNOT_RUN.search(end.message))


def _is_refused(waiting: Waiting) -> bool:
    return waiting.reason in PULL_FAILED and any(text in waiting.message.lower() for text in REFUSED)


def _waits(pods: Iterable[Pod], which: Callable[[Waiting], bool]) -> list[str]:
    return [
        f"pod {pod.name}: {_reason(waiting)}"
        for pod in pods
        if not pod.leaving
        for waiting in pod.waiting
        if which(waiting)
    ]


@dataclass(frozen=True)
class Cause:
    """What is wrong with pods: one sentence, "" where nothing is, and what the container that it names wrote last.

    `pod`: the one that it speaks of, "" while that says nothing yet, and `container`: the one that failed or is not ready, "" where none has started.
    """

    sentence: str = ""
    last_lines: tuple[str, ...] = ()
    pod: str = ""
    container: str = ""


NO_CAUSE = Cause()


def main_cause(pods: Iterable[Pod]) -> Cause:
    """What is wrong with `pods`: the most telling cause, and how many pods share it, in the words of the first by name."""
    causes: dict[str, list[Pod]] = {}
    for pod in pods:
        if not pod.leaving and _cause(pod):
            causes.setdefault(_kind(pod), []).append(pod)
    if not causes:
        return NO_CAUSE
    kind = max(causes, key=lambda each: (_tells(causes[each]), len(causes[each]), each))
    alike = sorted(causes[kind], key=lambda pod: pod.name)
    others = f" (and {len(alike) - 1} more alike)" if len(alike) > 1 else ""
    first = alike[0]
    warned = next((_with_warning(pod) for pod in alike if pod.warning), _cause(first))
    known = first.name if first.started or says_why(first) else ""
    return Cause(f"pod {first.name}{others}: {warned}", _last_lines(first), known, _failed_container(first))


def _failed_container(pod: Pod) -> str:
    """The container that ended last, else the first that runs and is not ready."""
    end = _last_end(pod)
    return end.container if end is not None else next(iter(pod.unready), "")


def says_why(pod: Pod) -> bool:
    """Whether a pod that is not ready says more of it than just that."""
    return not pod.ready and bool(_own_words(pod) or pod.warning)


def _kind(pod: Pod) -> str:
    """What pods with the same cause have in common: not what each wrote, nor how often it was started again."""
    last = _last_end(pod)
    return _cause(pod) if last is None else f"container {last.container} {last.code} {last.reason}"


def _tells(alike: Sequence[Pod]) -> bool:
    """Whether they say more than that they are not ready: what has crashed explains what has not started."""
    return any(_own_words(pod) or pod.warning for pod in alike)


def _last_lines(pod: Pod) -> tuple[str, ...]:
    end = _last_end(pod)
    return tuple(last_lines(end.message)) if end is not None else ()


def _with_warning(pod: Pod) -> str:
    return f"{_own_words(pod) or _not_ready(pod)}: {plain(pod.warning)}"


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

    The first by name; it speaks for the others, as in `main_cause`.
    """
    return min((pod.name for pod in pods if not (pod.leaving or pod.ready) and _is_vague(pod)), default="")


def _is_vague(pod: Pod) -> bool:
    """Whether only an event can tell why: a probe that fails, a volume that is not there, a container that was killed."""
    last = _last_end(pod)
    return last.code in KILLED and last.reason != OOM if last else not _own_words(pod)


def _last_end(pod: Pod) -> Exit | None:
    """The newest end that the pod tells of; None where it tells of none.

    The runtime learns of an OOM kill beside the end itself, and misses it at times: then the one end says OOMKilled and
    the next, for the same cause, only 137. The one that knows is told.
    """
    last = max(pod.exits, key=lambda end: end.at, default=None)
    if last is None or last.code not in KILLED:
        return last
    oom = (end for end in pod.exits if end.container == last.container and end.reason == OOM)
    return next(oom, last)


def _not_ready(pod: Pod) -> str:
    return f"container {pod.unready[0]} is not ready" if pod.unready else "is not ready"


def _cause(pod: Pod) -> str:
    said = _own_words(pod)
    if said or pod.ready:
        return said
    if not pod.started:
        return "its containers have not started yet"
    which = f"container {pod.unready[0]} " if pod.unready else ""
    return f"{which}runs, but its readiness probe does not pass"


def _own_words(pod: Pod) -> str:
    """What the status of the pod says of the cause."""
    last = _last_end(pod)
    if last is not None:
        return _why_ended(last)
    if pod.waiting:
        return _reason(pod.waiting[0])
    return f"cannot be scheduled: {plain(pod.unschedulable)}" if pod.unschedulable else ""


def _why_ended(end: Exit) -> str:
    times = f", {end.restarts} restarts" if end.restarts > 1 else ", 1 restart" if end.restarts else ""
    said = "" if end.code in KILLED else telling(end.message)  # what was killed wrote nothing about that
    more = f": {said}" if said else ""
    return f"container {end.container} ended with exit code {end.code} ({end.reason or 'no reason'}{times}){more}"


def _reason(waiting: Waiting) -> str:
    more = f": {said}" if (said := plain(waiting.message)) else ""
    return f"container {waiting.container} cannot start: {waiting.reason}{more}"
