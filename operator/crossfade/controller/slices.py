"""Reads EndpointSlices: which pods of which revision are ready behind a Service, and which still answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Endpoints:
    """Pods by revision: `ready` get new requests; `serving` answer, terminating ones included. `foreign`: names of ready ones of no revision."""

    ready: Mapping[str, int]
    serving: Mapping[str, int]
    foreign: tuple[str, ...] = ()


def revision_in(pod: str, rollout: str, known: frozenset[str]) -> str:
    """The revision that a pod named `<rollout>-<revision>-<hash>-<random>` is of; "" for a pod that is none of ours.

    Only a `known` revision is believed: the pods of a Deployment named `<rollout>-web` look just like ours. The API
    server cuts a long name after 58 characters, so what follows the revision is not looked at.
    """
    revision = pod.removeprefix(f"{rollout}-").partition("-")[0] if pod.startswith(f"{rollout}-") else ""
    return revision if revision in known else ""


def count(
    slices: Iterable[Mapping[str, Any]], rollout: str, known: frozenset[str], *, portless: bool = False
) -> Endpoints:
    """Count each pod once, though a pod with two addresses is in two slices.

    A slice without a port lists pods that lack every port that the Service names: nothing can connect to them, so they do
    not count. `portless`: the Service itself has no ports (a headless one may have none).
    """
    ready: set[str] = set()
    serving: set[str] = set()
    reached = (one for one in slices if one.get("ports") or portless)
    for endpoint in (each for one in reached for each in one.get("endpoints") or ()):
        pod = (endpoint.get("targetRef") or {}).get("name") or str(endpoint.get("addresses"))
        conditions = endpoint.get("conditions") or {}
        takes_new = conditions.get("ready") is not False and not conditions.get("terminating")
        if takes_new:
            ready.add(pod)
        answers = conditions.get("serving")
        if takes_new if answers is None else answers:
            serving.add(pod)
    foreign = tuple(sorted(pod for pod in ready if not revision_in(pod, rollout, known)))
    return Endpoints(_by_revision(ready, rollout, known), _by_revision(serving, rollout, known), foreign)


def endpoints_of(
    service: Mapping[str, Any], slices: Iterable[Mapping[str, Any]], rollout: str, known: frozenset[str]
) -> Endpoints:
    """Count the pods behind a Service, by its slices."""
    return count(slices, rollout, known, portless=not (service.get("spec") or {}).get("ports"))


def _by_revision(pods: Iterable[str], rollout: str, known: frozenset[str]) -> dict[str, int]:
    return dict(Counter(revision_in(pod, rollout, known) for pod in pods))
