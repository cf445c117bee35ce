"""A Kubernetes Job as a measurement: what is made, and what its status and its pods say it came to.

The result is the last line of the first container's termination message, which the kubelet keeps in the pod's status: so no right to
read logs is needed, in which secrets may stand. Source of the words in a Job's status: Kubernetes' API reference, batch/v1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossfade.providers.outcome import Refused
from crossfade.providers.placeholders import Hole, missing, pieces
from crossfade.providers.said import shortened

KEPT_S: Final = 86_400
"""A Job that has ended is kept for a day, so that people can read its log."""
DEADLINE: Final = "DeadlineExceeded"
NAME_LENGTH: Final = 63
MAX_LINE: Final = 200
NODES: Final = frozenset({"StartError", "ContainerCannotRun", "ContainerStatusUnknown"})
"""What the kubelet says of a container that its runtime could not start, or of which it lost sight."""
DISRUPTED: Final = {
    "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}
"""A pod that a drain, an eviction or a preemption took is made again, and does not count as a failure."""

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What the Job is for. `owner`: its owner reference; `labels`: on it and its pod; `identity`: the same for the same question."""

    owner: Raw
    labels: Mapping[str, str]
    name: str
    identity: str
    timeout_s: int
    retries: int


@dataclass(frozen=True)
class Ended:
    """How it ended. `good`: by its exit code; `line`: the result line, "" where there is none; `told`: in a few words."""

    good: bool
    line: str
    told: str


@dataclass(frozen=True)
class Unstarted:
    """It has failed or its time is over, and no container of it had started."""

    why: str


def name_of(wanted: Wanted) -> str:
    """The Job's name: the same for the same question, so that whoever asks again finds the Job that runs."""
    digest = hashlib.sha256(wanted.identity.encode()).hexdigest()[:10]
    return f"{wanted.name[: NAME_LENGTH - 11].rstrip('-.')}-{digest}"


def filled(template: Raw, values: Mapping[str, str]) -> dict[str, Any] | Refused:
    """The pod template with each placeholder in its texts filled in."""
    refused: list[Refused] = []

    def fill(text: str) -> str:
        found = pieces(text, values.keys())
        wrong = found if isinstance(found, Refused) else missing(found, values)
        if wrong is not None or isinstance(found, Refused):
            refused.append(wrong or Refused(""))
            return text
        return "".join(values[each.name] if isinstance(each, Hole) else each for each in found)

    done: dict[str, Any] = _each_text(template, fill)
    return refused[0] if refused else done


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(each, change) for key, each in value.items()}
    return [_each_text(each, change) for each in value] if isinstance(value, Sequence) else value


def manifest(wanted: Wanted, template: Raw) -> dict[str, Any]:
    """The Job to make: it ends by itself within its time, and goes a day later."""
    meta = template.get("metadata") or {}
    spec = {"restartPolicy": "Never", **template["spec"]}
    spec["containers"] = [
        {"terminationMessagePolicy": "FallbackToLogsOnError", **each} for each in spec["containers"]
    ]
    labels = {**(meta.get("labels") or {}), **wanted.labels}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name_of(wanted),
            "labels": dict(wanted.labels),
            "ownerReferences": [dict(wanted.owner)],
        },
        "spec": {
            "backoffLimit": wanted.retries,
            "activeDeadlineSeconds": wanted.timeout_s,
            "ttlSecondsAfterFinished": KEPT_S,
            **({"podFailurePolicy": DISRUPTED} if spec["restartPolicy"] == "Never" else {}),
            "template": {"metadata": {**meta, "labels": labels}, "spec": spec},
        },
    }


def is_over(job: Raw) -> bool:
    """Whether it runs no more."""
    return any(_condition(job, name) for name in ("Complete", "Failed"))


def has_started(pods: Iterable[Raw]) -> bool:
    """Whether a container of it runs or has run."""
    return any(
        "running" in state or "terminated" in state
        for pod in pods
        for state in _states(pod)
        if not _of_node(state)
    )


def _of_node(state: Raw) -> str:
    """Why the node could not start a container, or does not know how it ended: nothing that the container did; "" else."""
    end = state.get("terminated") or {}
    return str(end.get("message") or end["reason"]) if end.get("reason") in NODES else ""


def outcome(job: Raw, pods: Sequence[Raw], *, started: bool, timeout_s: int) -> Ended | Unstarted | None:
    """What it came to; None while it runs. `started`: whether a container of it was ever seen to run."""
    line = _line(pods)
    if _condition(job, "Complete"):
        return Ended(good=True, line=line, told=_told("exit code 0", line))
    failed = _condition(job, "Failed")
    if failed is None:
        return None
    node = _node(pods)
    if node and not started and not has_started(pods):
        return Unstarted(f"its node could not start it: {shortened(node)}")
    if failed.get("reason") != DEADLINE:
        code = _exit_code(pods)
        what = f"exit code {code}" if code is not None else str(failed.get("message") or "it failed")
        return Ended(good=False, line=line, told=_told(what, line))
    if started or has_started(pods):
        return Ended(good=False, line=line, told=_told(f"it did not end within {timeout_s} s", line))
    return Unstarted(f"no container of it started within {timeout_s} s{_waits(pods)}")


def _node(pods: Sequence[Raw]) -> str:
    return next(
        (why for pod in _newest_first(pods) for state in _states(pod) if (why := _of_node(state))), ""
    )


def _told(what: str, line: str) -> str:
    return f"{what}: {shortened(line)}" if line else what


def _condition(job: Raw, name: str) -> Raw | None:
    conditions = (job.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == name and each["status"] == "True"), None)


def _states(pod: Raw) -> list[Raw]:
    status = pod.get("status") or {}
    return [each.get("state") or {} for each in status.get("containerStatuses") or []]


def _newest_first(pods: Sequence[Raw]) -> list[Raw]:
    return sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)


def _ends(pods: Sequence[Raw]) -> list[Raw]:
    """How containers ended, the newest pod's first container first."""
    return [
        state["terminated"] for pod in _newest_first(pods) for state in _states(pod) if "terminated" in state
    ]


def _exit_code(pods: Sequence[Raw]) -> int | None:
    codes = [int(end.get("exitCode", 0)) for end in _ends(pods)]
    return next((code for code in codes if code), None)


def _line(pods: Sequence[Raw]) -> str:
    messages = (str(end.get("message") or "").strip() for end in _ends(pods)[:1])
    return next((message.splitlines()[-1].strip()[:MAX_LINE] for message in messages if message), "")


def _waits(pods: Sequence[Raw]) -> str:
    """What the newest pod waits for, in the kubelet's or the scheduler's words."""
    for pod in _newest_first(pods):
        for state in _states(pod):
            if waiting := state.get("waiting"):
                return f": {waiting.get('reason', '')} {shortened(str(waiting.get('message', '')))}".rstrip()
        conditions = (pod.get("status") or {}).get("conditions") or []
        unscheduled = (
            each for each in conditions if each["type"] == "PodScheduled" and each["status"] == "False"
        )
        for each in unscheduled:
            return f": {shortened(str(each.get('message', '')))}"
    return ""


def digest_of(what: Raw) -> str:
    """A text that differs where what is asked differs."""
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:10]
