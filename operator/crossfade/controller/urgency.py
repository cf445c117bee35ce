"""Which Rollouts are looked at before others: those that are to go back, then those that lose pods, then those that are asked."""

from __future__ import annotations

from collections.abc import Container
from enum import IntEnum

from crossfade.controller.drops import Drops
from crossfade.controller.seen import revision_of_deployment
from crossfade.controller.store import Key, Raw, Store


class Rank(IntEnum):
    """The smaller, the sooner."""

    ABORTED = 0
    """An Abort waits for its answer, or requests are on their way back to stable."""
    LOSING = 1
    """Ready pods went away that should be there, and no pass has taken it into account."""
    ASKED = 2
    """Another action waits for its answer."""
    USUAL = 3


def rank(store: Store, drops: Drops, key: Key) -> Rank:
    """How urgent a Rollout is, by what the store has of it now."""
    asked = {_asks(action) for action in store.children("RolloutAction", key) if not action.get("status")}
    progress = ((store.rollout(key) or {}).get("status") or {}).get("progress") or {}
    if "Abort" in asked or progress.get("rollbackReason"):
        return Rank.ABORTED
    dropped = drops.fresh(key)
    if dropped and any(_lacks(each, dropped) for each in store.children("Deployment", key)):
        return Rank.LOSING
    return Rank.ASKED if asked else Rank.USUAL


def _asks(action: Raw) -> str:
    return str((action.get("spec") or {}).get("action", ""))


def _lacks(deployment: Raw, dropped: Container[str]) -> bool:
    """Whether pods are missing in a revision that dropped: one that was scaled down drops too, and lacks none."""
    ready = (deployment.get("status") or {}).get("readyReplicas", 0)
    return revision_of_deployment(deployment) in dropped and bool(
        ready < deployment["spec"].get("replicas", 1)
    )
