"""Reads EndpointSlices: which pods of which revision are ready behind a Service, and which still answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_PARTS_AFTER_ROLLOUT: Final = 3  # <revision>-<ReplicaSet's hash>-<random>


@dataclass(frozen=True)
class Endpoints:
    """Pods by revision: `ready` get new requests; `serving` answer, terminating ones included."""

    ready: Mapping[str, int]
    serving: Mapping[str, int]


def revision_in(pod: str, rollout: str, known: frozenset[str] = frozenset()) -> str:
    """The revision that a pod named `<rollout>-<revision>-<hash>-<random>` is of; "" for a pod that is none of ours.

    The API server cuts a pod's generated name after 58 characters, and with a long name the dash before the random
    part is lost: then only a `known` revision is believed.
    """
    rest = pod.removeprefix(f"{rollout}-")
    if rest == pod:
        return ""
    revision, *others = rest.split("-")
    return revision if revision in known or len(others) == _PARTS_AFTER_ROLLOUT - 1 else ""


def count(
    slices: Iterable[Mapping[str, Any]], rollout: str, known: frozenset[str] = frozenset()
) -> Endpoints:
    """Count each pod once, though a pod with two addresses is in two slices."""
    ready: set[str] = set()
    serving: set[str] = set()
    for endpoint in (each for one in slices for each in one.get("endpoints") or ()):
        pod = (endpoint.get("targetRef") or {}).get("name") or str(endpoint.get("addresses"))
        conditions = endpoint.get("conditions") or {}
        takes_new = conditions.get("ready") is not False and not conditions.get("terminating")
        if takes_new:
            ready.add(pod)
        answers = conditions.get("serving")
        if takes_new if answers is None else answers:
            serving.add(pod)
    return Endpoints(_by_revision(ready, rollout, known), _by_revision(serving, rollout, known))


def _by_revision(pods: Iterable[str], rollout: str, known: frozenset[str]) -> dict[str, int]:
    return dict(Counter(revision_in(pod, rollout, known) for pod in pods))
