"""When two states of a world are the same: names, versions and old times do not matter, ages do as far as they count."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

from simulation.cluster import Sim
from simulation.pods import SimPod
from simulation.remembered import once_for_each
from simulation.stored import Object

OLD_S = 40
"""Longer than any time that counts in the checked worlds: older is the same as so old."""

NEVER_COUNTS = {
    "startedAt",
    "releaseStartedAt",
    "until",
    "at",
    "observedGeneration",
    "release",
    "number",
    "name",
    "uid",
}
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT")
_NAMES = re.compile(r"-rs-\d+")


def canonical(sim: Sim) -> Hashable:
    """Equal for clusters that can do the same from now on."""
    return (
        _user(sim.rollout["spec"]),
        _memory(sim),
        sim.status.get("observedGeneration") == sim.rollout["metadata"]["generation"],
        _pods(sim),
        tuple(_deployment(sim.deployments[name]) for name in sorted(sim.deployments)),
        tuple((name, _service(sim, name)) for name in sorted(sim.services)),
        tuple(_release(r) for r in sim.releases.values()),
        _actions(sim),
        tuple(sorted((r, min(4.0, (sim.now - at).total_seconds())) for r, (at, _) in sim.dropped.items())),
        tuple((place, _unseen(sim, place[0], old)) for place, old in sorted(sim.unseen.items())),
        tuple(p.ready for p in sim.pull_pods),
        sim.broken,
        tuple(sorted((r, min(3.0, (sim.now - at).total_seconds())) for r, at in sim.listed_at.items())),
    )


@once_for_each
def _user(spec: Mapping[str, Any]) -> Hashable:
    image = spec["template"]["spec"]["containers"][0]["image"]
    return (image, spec["replicas"], spec.get("paused", False), str(spec["strategy"]))


def _memory(sim: Sim, status: Object | None = None) -> Hashable:
    """A status without its times, and their ages."""
    told, times = _taken_apart(sim.status if status is None else status)
    return (told, tuple([min(OLD_S, round((sim.now - at).total_seconds(), 2)) for at in times]))


@once_for_each
def _taken_apart(status: Object) -> tuple[int, tuple[datetime, ...]]:
    times: list[datetime] = []
    return hash(_without_times(status, times)), tuple(times)


def _without_times(value: Any, times: list[datetime]) -> Hashable:
    """The value, with its times taken out in order."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in NEVER_COUNTS}
        if "lastTransitionTime" in kept and kept["type"] != "Available":
            del kept["lastTransitionTime"]
        return tuple((k, _without_times(v, times)) for k, v in kept.items())
    if isinstance(value, list):
        return tuple(_without_times(item, times) for item in value)
    if isinstance(value, str) and _TIME.match(value):
        times.append(datetime.fromisoformat(value))
        return "a time"
    return _NAMES.sub("", value) if isinstance(value, str) else value


def _pods(sim: Sim) -> Hashable:
    since = (sim.status.get("progress") or {}).get("servingSince")
    start = datetime.fromisoformat(since).replace(microsecond=0) if since else None
    return tuple(
        sorted(
            [
                (
                    p.revision,
                    p.ready,
                    p.leaving,
                    p.untold is None,
                    _evidence(p, start, sim.now) if p.exits else (),
                )
                for p in sim.pods
            ]
        )
    )


def _evidence(pod: SimPod, start: datetime | None, now: datetime) -> tuple[tuple[bool, float], ...]:
    return tuple(
        [(start is not None and e.at >= start, min(3.0, (now - e.at).total_seconds())) for e in pod.exits]
    )


@once_for_each
def _deployment(stored: Mapping[str, Any]) -> Hashable:
    status = stored.get("status", {})
    current = status.get("observedGeneration") == stored["metadata"]["generation"]
    counts = tuple(v for k, v in status.items() if k != "observedGeneration")
    return (stored["metadata"]["name"], stored["spec"]["replicas"], current, counts)


def _service(sim: Sim, name: str) -> Hashable:
    listed = sim.endpoints.get(name)
    ends = (tuple(sorted(listed.ready.items())), tuple(sorted(listed.serving.items()))) if listed else ()
    return (tuple(sorted(sim.services[name]["spec"]["selector"].items())), ends)


@once_for_each
def _release(stored: Mapping[str, Any]) -> Hashable:
    status = stored.get("status", {})
    told = (
        len(status.get("timeline", ())),
        len(status.get("actions", ())),
        status.get("downtimeSeconds") is None,
    )
    return (stored["spec"]["revision"], status.get("outcome"), told)


def _actions(sim: Sim) -> Hashable:
    remembered = (sim.status.get("lastAction") or {}).get("uid")
    waiting = [a for a in sim.actions.values() if not a.get("status")]
    return tuple((a["spec"]["action"], a["metadata"]["uid"] == remembered) for a in waiting)


def _unseen(sim: Sim, kind: str, old: Object | None) -> Hashable:
    if old is None:
        return None
    if kind == "Deployment":
        return _deployment(old)
    if kind == "Service":
        return tuple(sorted(old["spec"]["selector"].items()))
    return (_memory(sim, old.get("status", {})), old["metadata"].get("generation"))
