"""Going back to an earlier release: which ones can be gone back to, and what belongs into Git afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crossfade.view.attempts import Attempt, said

Object = Mapping[str, Any]


def refusal(rollout: Object, attempt: Attempt) -> str:
    """Say why nothing can go back to this release; empty where it can.

    A release under way can only be given up for what is stable: that is what its pods are kept for.
    """
    status, what = rollout.get("status") or {}, f"Release {attempt.number}"
    if attempt.revision == (status.get("stable") or {}).get("revision"):
        return (
            "" if status.get("progress") else f"{what} (revision {attempt.revision}) is what serves already."
        )
    if not attempt.completed:
        ended = f"ended as {attempt.outcome}" if attempt.outcome else "has not ended"
        return f"{what} {ended}: only a release that completed can be gone back to."
    if status.get("progress"):
        return f"Release {status.get('release', 0)} is under way: abort it first, then undo."
    return ""


def goal(rollout: Object, known: Sequence[Attempt]) -> Attempt | None:
    """Give the release that an Undo without a number goes back to; None where none is kept. `known`: newest first.

    While a release is under way that is stable's; at rest it is the completed one before that nobody has undone.
    """
    status = rollout.get("status") or {}
    stable = (status.get("stable") or {}).get("revision")
    if status.get("progress"):
        return newest_of(stable or "", known)
    earlier = (newest_of(revision, known) for revision in status.get("completed") or () if revision != stable)
    return next((each for each in earlier if each is not None and each.undone is None), None)


def warning(attempt: Attempt, now: datetime) -> str:
    """Say that this release was undone before, and why; empty where it was not."""
    if attempt.undone is None:
        return ""
    return f"Release {attempt.number} was taken back before: {said(attempt.undone, now)}."


def newest_of(revision: str, known: Sequence[Attempt]) -> Attempt | None:
    """Give the newest completed release of a revision; `known` is newest first."""
    return next((each for each in known if each.completed and each.revision == revision), None)
