"""Which revisions a Rollout has, as far as the store knows: no other word in a pod's name is taken for one."""

from __future__ import annotations

from crossfade.controller.seen import revision_of_deployment
from crossfade.controller.store import Key, Store


def known_revisions(store: Store, key: Key) -> frozenset[str]:
    """The revisions of its Deployments and of its Releases: pods outlive a Deployment that somebody deletes."""
    made = {revision_of_deployment(each) for each in store.children("Deployment", key)}
    recorded = {str((each.get("spec") or {}).get("revision", "")) for each in store.children("Release", key)}
    return frozenset(made | recorded) - {""}
