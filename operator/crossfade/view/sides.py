"""The sides of a Rollout whose pods can be looked at: which revision is meant, and what to say when no pod is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossfade.view.attempts import attempts
from crossfade.view.plain import plain

Object = Mapping[str, Any]


def revision_on(side: str, rollout: Object) -> str:
    """Give the revision that is `candidate`, `stable` or `failed`; "" where there is none."""
    status = rollout.get("status") or {}
    return str((status.get(side) or {}).get("revision", ""))


def likeliest(rollout: Object, with_pods: Sequence[str]) -> str:
    """Give the side that is asked for by default: what is under way, else what failed while it has pods, else stable."""
    status = rollout.get("status") or {}
    if status.get("progress") and revision_on("candidate", rollout):
        return "candidate"
    return "failed" if revision_on("failed", rollout) in set(with_pods) else "stable"


def no_such_side(side: str, rollout: Object) -> str:
    """Say that nothing is on that side."""
    reasons = {
        "candidate": "no release is under way",
        "failed": "its last release has not failed",
        "stable": "no revision has completed yet",
    }
    return f"Rollout '{rollout['metadata']['name']}' has no {side} revision: {reasons[side]}."


def kept_log(releases: Sequence[Object], revision: str, number: int | None = None) -> tuple[int, Object]:
    """The newest release of a revision that keeps the log of a failure, or the one of that number; with the log, empty where it has none."""
    mine = [each for each in releases if (each.get("spec") or {}).get("revision") == revision]
    logs = {int(each["spec"]["number"]): (each.get("status") or {}).get("failedLog") or {} for each in mine}
    if number is not None:
        return number, logs.get(number, {})
    return max(((n, log) for n, log in logs.items() if log), default=(0, {}), key=lambda pair: pair[0])


def no_pods(side: str, revision: str, rollout: Object, releases: Sequence[Object], scope: str = "") -> str:
    """That no pod of that side is left and no log was kept, and for one that failed why, as its Release knows it.

    `scope` is what the command to type next needs in addition, such as `-n shop`.
    """
    name = rollout["metadata"]["name"]
    if side in {"candidate", "stable"}:
        gone = f"No pods of the {side} revision {revision} of Rollout '{name}' are left"
        return f"{gone}: `{f'crossfade status {name} {scope}'.rstrip()}` says why."
    failed = (rollout.get("status") or {}).get("failed") or {}
    failed = failed if failed.get("revision") == revision else {}
    number = int(side.rsplit(maxsplit=1)[-1]) if side != "failed" else None
    known = [each for each in attempts(releases) if each.revision == revision]
    mine = next((each for each in known if each.why and number in {None, each.number}), None)
    why = mine.why if mine else failed.get("message", "")
    where = f" (release {mine.number})" if mine else ""
    last = (mine.last_lines if mine else ()) or failed.get("lastLines") or ()
    note = kept_log(releases, revision, number)[1].get("note", "")
    lines = [f"    {plain(line)}" for line in reversed(last)]
    gone = f"No pods of revision {revision} of Rollout '{name}' are left, and its release keeps no log{where}"
    return "\n".join(
        [
            f"{gone}{f': {plain(note)}' if note else ''}. Why it ended: {plain(why)}",
            *lines,
            f"If the cluster sends its logs to a log store, look there for pods named {name}-{revision}-*.",
        ]
    )
