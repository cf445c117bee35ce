"""What the operator sees of the simulated cluster: through its store, and by what it looks at itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from crossfade.api.release import FailedLog
from crossfade.controller.drops import Drop
from crossfade.controller.revisions import known_revisions
from crossfade.controller.seen import route_of, service_of, side_of, stranger_of
from crossfade.controller.slices import count
from crossfade.core.evidence import silent
from crossfade.core.observed import (
    Closed,
    Found,
    Observed,
    Pod,
    SeenGateway,
    SeenRoute,
    SeenService,
    Side,
    Stranger,
    Tried,
)
from crossfade.core.plan import ReadRequest
from simulation.api_server import TABLES, UID
from simulation.cluster import Sim
from simulation.deployments import due
from simulation.endpoints import NO_ENDPOINTS, slice_of
from simulation.remembered import once_for_each
from simulation.router import GATEWAY, Mode
from simulation.shell import Place, Shell, at, key_of, placed
from simulation.stored import Object
from simulation.viewed import Viewed, is_labelled, table, view

SERVED_ON = 8080
"""The port that the simulated Service sends requests to."""

OWN_KINDS = {"Release", "RolloutAction", "HTTPRoute"}
"""All of these are watched, with a label or without."""


# --- through the store ----------------------------------------------------------------------------------


def as_viewed(sim: Sim) -> Sim:
    """The cluster as the operator's store shows it, where that is another one."""
    if not sim.unseen and not sim.held:
        return sim
    seen = sim.fork()
    seen.rollout = view(sim, "Rollout", "")
    seen.endpoints = table(sim, "EndpointSlice")
    for kind, attribute in TABLES.items():
        setattr(seen, attribute, table(sim, kind))
    return seen


def shell_of(sim: Sim) -> Shell:
    """The operator's memory, once the watches have shown what they show now."""
    sim.shell = (sim.shell or Shell()).following(dict(_shown(sim)))
    return sim.shell


def _shown(sim: Sim) -> Iterator[tuple[Place, Object]]:
    rollout = view(sim, "Rollout", "")
    yield ("Rollout", rollout["metadata"]["name"]), _placed(rollout)
    for kind in TABLES:
        objects = table(sim, kind)
        for name in sorted(objects):
            if kind in OWN_KINDS or is_labelled(objects[name]):
                yield (kind, name), _placed(objects[name])
    for name, listed in sorted(table(sim, "EndpointSlice").items()):
        service = sim.services.get(name)
        if service is not None and is_labelled(service):
            yield ("EndpointSlice", name), slice_of(service, listed)


_placed = once_for_each(placed)


def observed(sim: Sim, found: Found, shell: Shell | None = None) -> Observed:
    """What a decision is made on, read from the store as the shell reads it. `shell`: that of now, where it is known."""
    raw, key, shell = view(sim, "Rollout", ""), key_of(sim.rollout), shell or shell_of(sim)
    ages_s = at(sim.drops, sim.now, shell.store).ages_s(key)
    seen = shell.observer.observed(key, raw, ages_s, namespace_terminating=False)
    tries = sim.deaf is not None
    told = sim.refusals.told()
    asks = sim.sent_until is not None
    return replace(
        seen,
        found=found,
        refused=told,
        first_look=not sim.has_looked,
        checks_ports=tries,
        asks_router=asks,
        measured=sim.measured,
        templates={named: sim.templates.get(named) for named in seen.templates},
        others_failed=sim.others_failed,
        policies=sim.policies,
    )


def dropped(sim: Sim) -> Mapping[str, Drop]:
    """What the latch tells of now."""
    if not sim.drops._seen:
        return NONE
    return at(sim.drops, sim.now, Viewed(sim)).of(key_of(sim.rollout))


NONE: Mapping[str, Drop] = {}


# --- by looking -----------------------------------------------------------------------------------------


def look(sim: Sim, wanted: ReadRequest, found: Found) -> Found:
    """Answers to what a decision asked to see; reads are never stale."""
    pods = {r: _pods(sim, r, warnings=wanted.warnings) for r in wanted.pods}
    services = {n: _service(sim, n) if n in sim.services else None for n in wanted.services}
    deployments = {n: _side(sim.deployments[n]) if n in sim.deployments else None for n in wanted.deployments}
    seen = replace(
        found,
        pods={**found.pods, **pods},
        services={**found.services, **services},
        deployments={**found.deployments, **deployments},
        counted={**found.counted, **{r: _counted(sim, r) for r in wanted.counted}},
        tried={**found.tried, **{r: _tried(sim, r, ports) for r, ports in wanted.ports.items()}},
        quiet_s={**found.quiet_s, **{name: _quiet_s(sim, name) for name in wanted.sent}},
    )
    if wanted.dry_run is not None:
        seen = replace(seen, refusal=sim.refusal)
    if wanted.pull_pods:
        seen = replace(seen, pull_pods=tuple(p.seen() for p in sim.pull_pods))
    if wanted.checks:
        seen = replace(seen, checked={check: sim.checks(check) for check in wanted.checks})
    if wanted.log:
        seen = replace(seen, logs={wanted.log: FailedLog(pod=wanted.log[0], container=wanted.log[1])})
    if wanted.strangers:
        seen = replace(seen, strangers=tuple(_strangers(sim)))
    if wanted.routes or wanted.gateways:
        seen = _with_routes(sim, wanted, seen)
    return seen


def _with_routes(sim: Sim, wanted: ReadRequest, found: Found) -> Found:
    stored = {f"HTTPRoute/{name}": live for name, live in sim.routes.items()}
    routes = {place: _route(stored[place]) if place in stored else None for place in wanted.routes}
    gone = f"Gateway {GATEWAY} does not exist" if sim.router.mode is Mode.GONE else ""
    gateways = {
        name: SeenGateway(name, "" if gone else sim.router.controller, missing=gone)
        for name in wanted.gateways
    }
    return replace(found, routes={**found.routes, **routes}, gateways={**found.gateways, **gateways})


def _tried(sim: Sim, revision: str, ports: tuple[int, ...]) -> Tried | None:
    """What its ready pods do with connections; None where there is none. The deaf ones do not listen on the Service's port."""
    ready = [p for p in sim.of(revision) if p.ready]
    if not ready:
        return None
    shut = sim.shut | ({SERVED_ON} if revision in (sim.deaf or ()) else set[int]())
    refused = tuple(Closed(p.name, port) for p in ready for port in ports if port in shut - sim.silent)
    silent = sim.silent & set(ports)
    return Tried(refused, frozenset(ports) - shut - silent, silent=silent)


def _quiet_s(sim: Sim, name: str) -> float | None:
    """For how long the router's metrics have shown no request to a Service; None where they do not know it."""
    until = (sim.sent_until or {}).get(name)
    return None if until is None else max(0.0, (sim.now - until).total_seconds())


def _strangers(sim: Sim) -> Iterator[Stranger]:
    for kind, objects in (("Service", sim.services), ("Deployment", sim.deployments)):
        yield from (stranger_of(kind, each) for each in objects.values() if not is_labelled(each))


def _counted(sim: Sim, revision: str) -> bool:
    """Whether the counts that the operator sees are of the newest size: nothing is due, and its status has caught up."""
    live = sim.side(revision)
    if live is None or revision in sim.behind:
        return live is None
    name = live["metadata"]["name"]
    seen = view(sim, "Deployment", name)
    return not due(live, sim.pods) and (seen or {}).get("status") == sim.wanted_status(name)


def _pods(sim: Sim, revision: str, *, warnings: bool) -> tuple[Pod, ...]:
    pods = tuple(p.seen() for p in sim.pods if p.revision == revision)
    name = silent(pods) if warnings else ""
    return tuple(replace(p, warning=sim.warnings.get(name, "")) if p.name == name else p for p in pods)


def _service(sim: Sim, name: str) -> SeenService:
    service, rollout = sim.services[name], sim.rollout["metadata"]["name"]
    listed = [slice_of(service, sim.endpoints.get(name, NO_ENDPOINTS))]
    known = known_revisions(Viewed(sim), key_of(sim.rollout))
    return service_of(service, count(listed, rollout, known), UID, rollout)


@once_for_each
def _side(deployment: Object) -> Side:
    return side_of(deployment, UID, "shop")


@once_for_each
def _route(live: Object) -> SeenRoute:
    return route_of("HTTPRoute", _placed(live), UID)
