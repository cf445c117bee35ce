"""What the operator sees of the simulated cluster: through its store, and by what it looks at itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from crossfade.api.labels import LABEL_ROLLOUT
from crossfade.controller.seen import service_of, side_of
from crossfade.controller.slices import count
from crossfade.core.evidence import silent
from crossfade.core.observed import Found, Observed, Pod, SeenService, Side
from crossfade.core.plan import Look
from simulation.api_server import UID, stored
from simulation.cluster import Sim
from simulation.deployments import due
from simulation.endpoints import NO_ENDPOINTS, Endpoints, slice_of
from simulation.remembered import once_for_all, once_for_each
from simulation.shell import Place, Shell, at, key_of, placed
from simulation.stored import Object

CHILDREN = {
    "Deployment": "deployments",
    "Service": "services",
    "Release": "releases",
    "RolloutAction": "actions",
}


# --- through the store ----------------------------------------------------------------------------------


def view(sim: Sim, kind: str, name: str) -> Any:
    """An object as the operator's store has it."""
    name = name or sim.rollout["metadata"]["name"]
    return sim.unseen[kind, name] if (kind, name) in sim.unseen else stored(sim, kind, name)


def table(sim: Sim, kind: str, objects: dict[str, Object]) -> dict[str, Object]:
    """All objects of a kind as the operator's store has them."""
    stale = {name: old for (k, name), old in sim.unseen.items() if k == kind}
    return {name: x for name, x in {**objects, **stale}.items() if x is not None}


def as_viewed(sim: Sim) -> Sim:
    """The cluster as the operator's store shows it, where that is another one."""
    if not sim.unseen:
        return sim
    seen = sim.fork()
    seen.rollout = view(sim, "Rollout", "")
    for kind, attribute in CHILDREN.items():
        setattr(seen, attribute, table(sim, kind, getattr(sim, attribute)))
    return seen


def shell_of(sim: Sim) -> Shell:
    """The operator's memory, once the watches have shown what they show now."""
    sim.shell = (sim.shell or Shell()).following(dict(_shown(sim)))
    return sim.shell


def _shown(sim: Sim) -> Iterator[tuple[Place, Object]]:
    rollout = view(sim, "Rollout", "")
    yield ("Rollout", rollout["metadata"]["name"]), _placed(rollout)
    for kind, attribute in CHILDREN.items():
        for name, one in sorted(table(sim, kind, getattr(sim, attribute)).items()):
            if kind in {"Release", "RolloutAction"} or _is_labelled(one):
                yield (kind, name), _placed(one)
    for name, service in sorted(sim.services.items()):
        if _is_labelled(service) and name in sim.endpoints:
            yield ("EndpointSlice", name), slice_of(service, sim.endpoints[name])


_placed = once_for_each(placed)


def _is_labelled(obj: Object) -> bool:
    """Whether the watch shows it."""
    return LABEL_ROLLOUT in (obj["metadata"].get("labels") or {})


def observed(sim: Sim, found: Found) -> Observed:
    """What a decision is made on, read from the store as the shell reads it."""
    raw, key = view(sim, "Rollout", ""), key_of(sim.rollout)
    ages = {r: sim.now.timestamp() - drop.at_s for r, drop in at(sim.drops, sim.now).of(key).items()}
    seen = shell_of(sim).observer.observed(key, raw, ages, namespace_terminating=False)
    return replace(seen, found=found)


# --- by looking -----------------------------------------------------------------------------------------


def look(sim: Sim, wanted: Look, found: Found) -> Found:
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
    )
    if wanted.dry_run is not None:
        seen = replace(seen, refusal=sim.refusal)
    if wanted.pull_pods:
        seen = replace(seen, pull_pods=tuple(p.seen() for p in sim.pull_pods))
    return seen


def _counted(sim: Sim, revision: str) -> bool:
    """Whether the counts that the operator sees are of the newest size: nothing is due, and its status has caught up."""
    live = sim.side(revision)
    if live is None:
        return True
    name = live["metadata"]["name"]
    seen = view(sim, "Deployment", name)
    return not due(live, sim.pods) and (seen or {}).get("status") == sim.wanted_status(name)


def _pods(sim: Sim, revision: str, *, warnings: bool) -> tuple[Pod, ...]:
    pods = tuple(p.seen() for p in sim.pods if p.revision == revision)
    name = silent(pods) if warnings else ""
    return tuple(replace(p, warning=sim.warnings.get(name, "")) if p.name == name else p for p in pods)


def _service(sim: Sim, name: str) -> SeenService:
    service = sim.services[name]
    return _service_once(sim.rollout["metadata"]["name"], service, sim.endpoints.get(name, NO_ENDPOINTS))


@once_for_all
def _service_once(rollout: str, service: Object, listed: Endpoints) -> SeenService:
    return service_of(service, count([slice_of(service, listed)], rollout), UID, rollout)


@once_for_each
def _side(deployment: Object) -> Side:
    return side_of(deployment, UID, "shop")
