"""Changes that the operator's watches do not bring: made while they are cut, by deletion or by another of the same name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.kube import Kube, Object, wait_for
from crossfade.controller.naming import ROUTE_KINDS
from crossfade.controller.store import WATCHED
from faults.lane import Lane
from faults.rules import Drop, Expire

_GIVEN_ANEW = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")


@contextmanager
def unseen(lane: Lane, *, forgotten: bool) -> Iterator[None]:
    """Watches are cut for the length of the block and begin anew afterwards.

    `forgotten`: the server does not know any more what they missed (ERROR 410), so that deletions are told by nobody.
    """
    away = lane.proxy.inject(Drop(), verb="watch", times=None)
    lane.proxy.cut_watches()
    wait_for("the end of all watches", lambda: not lane.proxy.watching())
    yield
    if forgotten:
        for kind in (*WATCHED, *ROUTE_KINDS):
            lane.proxy.inject(Expire(), verb="watch", kind=kind)
    lane.proxy.lift(away)


def delete(kube: Kube, kind: str, namespace: str, name: str) -> Object:
    """Delete an object and wait until it is gone; what it was."""
    was = kube.get(kind, namespace, name)
    assert was is not None
    kube.delete(kind, namespace, name)
    wait_for(f"the end of {kind} {name}", lambda: kube.get(kind, namespace, name) is None)
    return was


def remake(kube: Kube, kind: str, namespace: str, name: str) -> None:
    """Delete an object and make it again, as a restored backup does: all the same but its UID."""
    was = delete(kube, kind, namespace, name)
    meta = {key: value for key, value in was["metadata"].items() if key not in _GIVEN_ANEW}
    spec = {key: value for key, value in was["spec"].items() if key not in {"clusterIP", "clusterIPs"}}
    made = kube.create({"apiVersion": was["apiVersion"], "kind": was["kind"], "metadata": meta, "spec": spec})
    assert made["metadata"]["uid"] != was["metadata"]["uid"]
