"""Whether a revision has no pods left: asked where two must never run at once (recreate), and by what goes for good.

What the watch told may be older than our own last write, where its reply was lost or another process made it: so
before the one revision starts, the Deployment of the other and its pods are read.
"""

from __future__ import annotations

from collections.abc import Collection

from crossfade.core import manifests
from crossfade.core.observed import Side
from crossfade.core.plan import ReadRequest
from crossfade.core.situation import Situation


def may_run(side: Side) -> bool:
    """Whether pods of a Deployment may exist: also where its status is of a time before its present spec."""
    return bool(side.desired or side.replicas or not side.current)


def are_left(side: Side) -> bool:
    """The same, and whether pods still end that were told to go: they run until they have."""
    return may_run(side) or bool(side.terminating)


def unread(s: Situation, revisions: Collection[str]) -> ReadRequest | None:
    """What must be read before it is known whether they have pods left; None where all was, or where some surely have."""
    if any(may_run(s.side(revision)) for revision in revisions):
        return None
    pods = frozenset(revision for revision in revisions if s.pods(revision) is None)
    names = {manifests.deployment_name(s, revision) for revision in revisions}
    deployments = frozenset(names - s.seen.found.deployments.keys())
    return ReadRequest(pods=pods, deployments=deployments) if pods or deployments else None


def none_left(s: Situation, revision: str) -> bool:
    """Whether no pod of it runs, or could start: as seen, and as read. What was not read may run.

    A pod that has ended runs no more, though its object stays: an eviction leaves it so.
    """
    if may_run(s.side(revision)) or unread(s, {revision}):
        return False
    read = s.seen.found.deployments[manifests.deployment_name(s, revision)]
    left = [pod for pod in s.pods(revision) or () if not pod.ended]
    return not left and (read is None or not read.ours or not may_run(read))
