"""Whether a revision is gone to its last pod, for strategies under which two must never run at once (recreate).

What the watch told may be older than our own last write, where its reply was lost or another process made it: so
before the one revision starts, the Deployment of the other and its pods are read.
"""

from __future__ import annotations

from collections.abc import Collection

from crossfade.core import manifests
from crossfade.core.observed import Side
from crossfade.core.plan import Look
from crossfade.core.situation import Situation


def unread(s: Situation, revisions: Collection[str]) -> Look | None:
    """What must be read before it is known whether they are gone; None where all was."""
    pods = frozenset(revision for revision in revisions if s.pods(revision) is None)
    names = {manifests.deployment_name(s, revision) for revision in revisions}
    deployments = frozenset(names - s.seen.found.deployments.keys())
    return Look(pods=pods, deployments=deployments) if pods or deployments else None


def gone(s: Situation, revision: str) -> bool:
    """Whether nothing of it runs, or could start: as seen, and as read. What was not read may run."""
    if runs(s.side(revision)) or unread(s, {revision}):
        return False
    read = s.seen.found.deployments[manifests.deployment_name(s, revision)]
    return s.pods(revision) == () and (read is None or not read.ours or not runs(read))


def runs(side: Side) -> bool:
    """Whether pods of a Deployment may exist: also where its status is of a time before its present spec."""
    return bool(side.desired or side.replicas or not side.current)
