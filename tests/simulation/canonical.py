"""When two states of a world are the same: names, versions and old times do not matter, ages do as far as they count."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

from crossfade.api.labels import ANNOTATION_GIVE_BACK
from simulation.cluster import Sim
from simulation.deployments import mark_of
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
    mark = (sim.status.get("restarted") or {}).get("at", "")
    return (
        _user(sim.rollout["spec"]),
        _memory(sim),
        sim.status.get("observedGeneration") == sim.rollout["metadata"]["generation"],
        _pods(sim),
        tuple([(_deployment(d), mark_of(d) == mark) for _, d in sorted(sim.deployments.items())]),
        tuple((name, _service(sim, name)) for name in sorted(sim.services)),
        tuple(_release(r) for r in sim.releases.values()),
        _actions(sim),
        tuple(sorted((r, min(4.0, (sim.now - at).total_seconds())) for r, (at, _) in sim.dropped.items())),
        tuple((place, _unseen(sim, place[0], old)) for place, old in sorted(sim.unseen.items())),
        tuple(p.ready for p in sim.pull_pods),
        sim.broken,
        _end(sim),
        sim.taken,
        tuple(sorted((r, min(3.0, (sim.now - at).total_seconds())) for r, at in sim.listed_at.items())),
    )


@once_for_each
def _user(spec: Mapping[str, Any]) -> Hashable:
    return json.dumps(spec, sort_keys=True)


def _end(sim: Sim) -> Hashable:
    """Whether it is being deleted, how, since when as far as that counts, and what holds it."""
    meta = sim.rollout["metadata"]
    since = meta.get("deletionTimestamp")
    age = min(4.0, (sim.now - datetime.fromisoformat(since)).total_seconds()) if since else None
    return (age, sim.cascade, sim.gone, tuple(meta.get("finalizers", ())))


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
    marks = {name: mark_of(live) for name, live in sim.deployments.items()}
    quiet_s = sim.rollout["spec"].get("minReadySeconds", 0)
    return tuple(
        sorted(
            [
                (
                    p.deployment,
                    p.ready,
                    p.leaving,
                    p.untold is None,
                    _evidence(p, start, sim.now) if p.exits else (),
                    p.mark == marks.get(p.deployment),
                    min(quiet_s, p.ready_for(sim.now)) if quiet_s else 0,
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
    meta, spec, status = stored["metadata"], stored["spec"], stored.get("status", {})
    current = status.get("observedGeneration") == meta["generation"]
    counts = tuple(v for k, v in status.items() if k != "observedGeneration")
    image = spec["template"]["spec"]["containers"][0]["image"]
    return (
        meta["name"],
        spec["replicas"],
        spec.get("minReadySeconds", 0),
        image,
        current,
        counts,
        _marks(meta),
    )


def _marks(meta: Mapping[str, Any]) -> Hashable:
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    writers = tuple(entry["manager"] for entry in meta.get("managedFields") or ())
    return (
        tuple(labels.items()),
        notes.get(ANNOTATION_GIVE_BACK),
        len(meta.get("ownerReferences") or ()),
        writers,
    )


def _service(sim: Sim, name: str) -> Hashable:
    listed = sim.endpoints.get(name)
    ends = (tuple(sorted(listed.ready.items())), tuple(sorted(listed.serving.items()))) if listed else ()
    return (_selection(sim.services[name]), ends)


@once_for_each
def _selection(stored: Mapping[str, Any]) -> Hashable:
    return (tuple(sorted(stored["spec"]["selector"].items())), _marks(stored["metadata"]))


@once_for_each
def _release(stored: Mapping[str, Any]) -> Hashable:
    status = stored.get("status", {})
    told = (
        len(status.get("timeline", ())),
        len(status.get("actions", ())),
        status.get("downtimeSeconds") is None,
    )
    owners = len(stored["metadata"].get("ownerReferences") or ())
    return (stored["spec"]["revision"], status.get("outcome"), told, owners)


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
        return _selection(old)
    meta = old["metadata"]
    held = (meta.get("deletionTimestamp") is None, tuple(meta.get("finalizers", ())))
    return (_memory(sim, old.get("status", {})), meta.get("generation"), held)
