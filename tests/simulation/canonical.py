"""When two states of a world are the same: names, versions and old times do not matter, ages do as far as they count."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any

from crossfade.api.labels import ANNOTATION_GIVE_BACK, ANNOTATION_ROUTE
from crossfade.controller.drops import Drops
from crossfade.controller.refusals import Refusals
from crossfade.controller.store import Key
from crossfade.core.moments import moment_of
from crossfade.core.policy.matched import Matched
from simulation.cluster import Sim
from simulation.deployments import mark_of
from simulation.endpoints import Endpoints
from simulation.held import is_over
from simulation.measuring import seen_at
from simulation.pods import SimPod
from simulation.remembered import once_for_each
from simulation.router import Config, Router, is_same
from simulation.shell import key_of
from simulation.stored import Object

OLD_S = 40
"""Longer than any time that counts in the checked worlds: older is the same as so old."""

NEVER_COUNTS = {
    "startedAt",
    "since",
    "endsBefore",
    "releaseStartedAt",
    "until",
    "at",
    "observedGeneration",
    "release",
    "number",
    "name",
    "uid",
}
_NEVER_MEASURED: set[str] = set()
"""Where a window ended is where the next one begins."""

_NEVER_BY_POLICY = {"action", "at"}
"""When a policy is passed no more counts."""

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT")
_NAMES = re.compile(r"-rs-\d+| until \d{4}-\d\d-\S+|\d\d:\d\d(:\d\d)? UTC|on \d{4}-\d\d-\d\d")
NO_STATUS: Object = {}
NOTHING: Mapping[str, Any] = {}
Place = tuple[str, str]
"""Kind and name."""


def canonical(sim: Sim) -> tuple[int, ...]:
    """Equal for clusters that can do the same from now on: a hash of each part.

    A part is hashed anew where something that it reads differs from the cluster that `sim` was forked from. A cluster
    that was asked about is not changed any more, but forked.
    """
    reads = _reads(sim)
    if sim.known is None:
        parts = tuple([hash(part(*read)) for part, read in zip(PARTS, reads, strict=True)])
    else:
        parts = tuple(
            [
                was if read == had else hash(part(*read))
                for part, read, had, was in zip(PARTS, reads, *sim.known, strict=True)
            ]
        )
    sim.known = (reads, parts)
    return parts


def _reads(sim: Sim) -> tuple[tuple[Any, ...], ...]:
    """What each of the `PARTS` depends on."""
    rollout, now = sim.rollout, sim.now
    spec, meta, status = rollout["spec"], rollout["metadata"], rollout.get("status", NO_STATUS)
    quiet_s = spec.get("minReadySeconds", 0)
    return (
        (spec,),
        (_taken_apart(status), now),
        (status.get("observedGeneration") == meta["generation"],),
        (sim.pods, sim.deployments, _ends_before(status), quiet_s, now),
        (sim.deployments, _within(status, "restarted", "at")),
        (sim.services, sim.endpoints),
        (sim.releases,),
        (sim.actions, _within(status, "lastAction", "uid")),
        (sim.drops, key_of(rollout), now),
        (
            sim.pull_pods,
            sim.broken,
            sim.taken,
            sim.ailing,
            sim.quota,
            sim.refusal,
            sim.has_looked,
            sim.deaf,
        ),
        (sim.held,),
        (sim.refusals, now),
        (meta.get("deletionTimestamp"), meta.get("finalizers", ()), sim.cascade, sim.gone, now),
        (sim.listed_at, sim.beside_at, sim.beside_since, sim.sent_until, now),
        (sim.routes, sim.router, sim.git, sim.inexact, now if sim.router.said_at else None),
        (sim.open, sim.measured, sim.answered, sim.templates, None if sim.open is None else now),
        (sim.policies, now if sim.policies else None, _over(status)),
    )


@once_for_each
def _user(spec: Mapping[str, Any]) -> Hashable:
    return tuple([(key, _text(value)) for key, value in sorted(spec.items())])


def _text(value: Any) -> str:
    return _json(value) if isinstance(value, dict) else repr(value)


@once_for_each
def _json(value: Object) -> str:
    return json.dumps(value, sort_keys=True)


def _end(since: str | None, finalizers: Iterable[str], cascade: str, gone: bool, now: datetime) -> Hashable:
    """Whether it is being deleted, how, since when as far as that counts, and what holds it."""
    age = min(4.0, (now - datetime.fromisoformat(since)).total_seconds()) if since else None
    return (age, cascade, gone, tuple(finalizers))


def _within(status: Object, field: str, name: str) -> str | None:
    held = status.get(field)
    return held.get(name) if held else None


def _ends_before(status: Object) -> Mapping[str, int]:
    """How often containers had ended when the candidate began to serve, by pod: what pods are compared with."""
    return (status.get("progress") or NOTHING).get("endsBefore") or NOTHING


def _memory(status: tuple[int, tuple[datetime, ...]], now: datetime) -> Hashable:
    """A status without its times, and their ages."""
    told, times = status
    return (told, tuple([min(OLD_S, round((now - at).total_seconds(), 2)) for at in times]))


def _is_current(current: bool) -> Hashable:
    return current


@once_for_each
def _taken_apart(status: Object) -> tuple[int, tuple[datetime, ...]]:
    times: list[datetime] = []
    return hash(_without_times(status, times)), tuple(times)


def _without_times(value: Any, times: list[datetime]) -> Hashable:
    """The value, with its times taken out in order."""
    if isinstance(value, dict):
        if "rule" in value:  # which policy holds it, or held it: nothing is decided by when
            return value["policy"], value["rule"], "until" in value
        never = _NEVER_MEASURED if "definition" in value else _never(value)
        kept = {k: v for k, v in value.items() if k not in never}
        if "lastTransitionTime" in kept and kept["type"] != "Available":
            del kept["lastTransitionTime"]
        return tuple((k, _without_times(v, times)) for k, v in kept.items())
    if isinstance(value, list):
        return tuple(_without_times(item, times) for item in value)
    if isinstance(value, str) and _TIME.match(value):
        times.append(datetime.fromisoformat(value))
        return "a time"
    return _NAMES.sub("", value) if isinstance(value, str) else value


def _never(value: Mapping[str, Any]) -> set[str]:
    return _NEVER_BY_POLICY if "policy" in value else NEVER_COUNTS


def _pods(
    pods: Iterable[SimPod],
    deployments: Mapping[str, Object],
    ends_before: Mapping[str, int],
    quiet_s: int,
    now: datetime,
) -> Hashable:
    marks = {name: mark_of(live) for name, live in deployments.items()}
    return tuple(
        sorted(
            [
                (
                    p.deployment,
                    p.ready,
                    p.leaving,
                    p.untold is None,
                    _evidence(p, now) if p.exits else (),
                    p.mark == marks.get(p.deployment),
                    min(quiet_s, p.ready_for(now)) if quiet_s else 0,
                    (
                        p.ends > 0,
                        p.ends > ends_before.get(p.name, 0),
                        p.ended,
                        p.fell,
                        p.taken,
                        max(0.0, (p.stuck_to - now).total_seconds()) if p.stuck_to else 0.0,
                    ),
                )
                for p in pods
            ]
        )
    )


def _evidence(pod: SimPod, now: datetime) -> tuple[float, ...]:
    return tuple([min(3.0, (now - end.at).total_seconds()) for end in pod.exits])


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
        notes.get(ANNOTATION_ROUTE),
        len(meta.get("ownerReferences") or ()),
        writers,
    )


def _deployments(deployments: Mapping[str, Object], restarted_at: str | None) -> Hashable:
    mark = restarted_at or ""
    return tuple([(_deployment(d), mark_of(d) == mark) for _, d in sorted(deployments.items())])


def _services(services: Mapping[str, Object], endpoints: Mapping[str, Endpoints]) -> Hashable:
    return tuple(
        [(name, _selection(live), _listed(endpoints.get(name))) for name, live in sorted(services.items())]
    )


@once_for_each
def _listed(listed: Endpoints | None) -> Hashable:
    return (tuple(sorted(listed.ready.items())), tuple(sorted(listed.serving.items()))) if listed else ()


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


def _releases(releases: Mapping[str, Object]) -> Hashable:
    return tuple([_release(r) for r in releases.values()])


def _actions(actions: Mapping[str, Object], remembered: str | None) -> Hashable:
    waiting = [a for a in actions.values() if not a.get("status")]
    return tuple([(_json(a["spec"]), a["metadata"]["uid"] == remembered) for a in waiting])


def _dropped(drops: Drops, key: Key, now: datetime) -> Hashable:
    now_s, latched = now.timestamp(), drops._latched(key)
    return tuple(sorted([(r, min(4.0, now_s - d.at_s), d.before, d.known) for r, d in latched]))


def _listed_at(
    listed_at: Mapping[str, datetime],
    beside_at: Mapping[str, datetime],
    beside_since: Mapping[str, datetime],
    sent_until: Mapping[str, datetime] | None,
    now: datetime,
) -> Hashable:
    sent = None if sent_until is None else _ages(sent_until, now)
    beside = (_ages(beside_at, now), _ages(beside_since, now)) if beside_at or beside_since else ()
    return (_ages(listed_at, now), beside, sent)


def _ages(times: Mapping[str, datetime], now: datetime) -> Hashable:
    return tuple(sorted([(r, min(3.0, (now - at).total_seconds())) for r, at in times.items()]))


def _routes(
    routes: Mapping[str, Object],
    router: Router,
    git: Mapping[str, object],
    inexact: bool,
    now: datetime | None,
) -> Hashable:
    if not git:
        return ()
    said = tuple([(name, (now - at).total_seconds()) for name, at in router.said_at.items() if now])
    return (
        tuple([(name, _route(live)) for name, live in sorted(routes.items())]),
        tuple([_configs(configs, routes) for configs in (router.read, router.carried)]),
        (router.mode, said, inexact, _json(git)),
    )


@once_for_each
def _route(live: Object) -> Hashable:
    meta, parents = live["metadata"], (live.get("status") or {}).get("parents", ())
    told = tuple(
        (c["type"], c["status"], c["observedGeneration"] == meta["generation"])
        for parent in parents
        for c in parent["conditions"]
    )
    return (_json(live["spec"]), told, _marks(meta))


def _configs(configs: Mapping[str, Config], routes: Mapping[str, Object]) -> Hashable:
    """What was read or is carried out, and whether it is of the newest route of that name."""
    return tuple(
        [
            (name, _json(config.spec), name in routes and is_same(config, routes[name]))
            for name, config in sorted(configs.items())
        ]
    )


def _rest(
    pull_pods: Iterable[SimPod], broken: frozenset[str], taken: frozenset[Place], *ills: object
) -> Hashable:
    return (tuple([p.ready for p in pull_pods]), broken, taken, ills)


def _held(held: Mapping[str, Mapping[str, Any]]) -> Hashable:
    """What a watch that stands still has shown last."""
    return tuple(
        [(kind, *(HELD[kind](one) for _, one in sorted(held[kind].items()))) for kind in sorted(held)]
    )


def _viewed(rollout: Object) -> Hashable:
    told, _ = _taken_apart(rollout.get("status", NO_STATUS))
    return (_user(rollout["spec"]), told, rollout["metadata"]["generation"])


HELD: dict[str, Callable[[Any], Hashable]] = {
    "Rollout": _viewed,
    "Deployment": _deployment,
    "Service": _selection,
    "EndpointSlice": _listed,
    "Release": _release,
    "HTTPRoute": _route,
}


def _refusals(refusals: Refusals, now: datetime) -> Hashable:
    refused = refusals._refused
    return tuple([(place, min(r.times, 4), (now - r.at).total_seconds()) for place, r in refused.items()])


def _over(status: Object) -> tuple[bool, ...]:
    """Which approvals are of a release that has ended since."""
    return tuple([is_over(status, each) for each in status.get("approvals") or ()])


def _policies(policies: tuple[Matched, ...], now: datetime | None, over: tuple[bool, ...]) -> Hashable:
    """What each says, and for how long it is frozen yet; the seconds count, since a freeze ends by itself."""
    return (tuple([(_policy(each), _left_s(each, now)) for each in policies]), over)


@once_for_each
def _policy(policy: Matched) -> Hashable:
    spec = policy.spec.to_wire() if policy.spec is not None else {}
    freeze = {key: value for key, value in (spec.get("freeze") or {}).items() if key != "until"}
    said = _json({**spec, "freeze": freeze})
    return (policy.name, said, "freeze" in spec, policy.problem, policy.broken, policy.closed, policy.place)


def _left_s(policy: Matched, now: datetime | None) -> float | None:
    freeze = policy.spec.freeze if policy.spec is not None else None
    until = moment_of(freeze.until) if freeze is not None and freeze.until else None
    return max(0.0, (until - now).total_seconds()) if until and now else None


PARTS: tuple[Callable[..., Hashable], ...] = (
    _user,
    _memory,
    _is_current,
    _pods,
    _deployments,
    _services,
    _releases,
    _actions,
    _dropped,
    _rest,
    _held,
    _refusals,
    _end,
    _listed_at,
    _routes,
    seen_at,
    _policies,
)
"""What a cluster is compared by."""
