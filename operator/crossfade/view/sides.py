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


def no_pods(side: str, rollout: Object, releases: Sequence[Object], scope: str = "") -> str:
    """Say that no pod of that side is left, and for one that failed why, as its Release knows it.

    `scope` is what the command to type next needs in addition, such as `-n shop`.
    """
    revision, name = revision_on(side, rollout), rollout["metadata"]["name"]
    told = f"No pods of the {side} revision {revision} of Rollout '{name}' are left"
    if side != "failed":
        return f"{told}: `{f'crossfade status {name} {scope}'.rstrip()}` says why."
    failed = (rollout.get("status") or {}).get("failed") or {}
    mine = next((each for each in attempts(releases) if each.revision == revision and each.why), None)
    why = mine.why if mine else failed.get("message", "")
    where = f" (release {mine.number})" if mine else ""
    lines = [f"    {plain(line)}" for line in reversed(failed.get("lastLines") or ())]
    return "\n".join(
        [f"{told}, and their logs went with them{where}. Why it was taken back: {plain(why)}", *lines]
    )
