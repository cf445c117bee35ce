"""What the cluster shows to everybody: revisions, pods, endpoints, and what the stored status of the Rollout says.

Which field of the status says it is written here, and nowhere else in the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from crossfade.api.labels import LABEL_REVISION
from crossfade.core.revision import revision_of
from simulation.cluster import Sim
from simulation.pods import SimPod
from simulation.remembered import once_for_each
from simulation.stored import Object
from simulation.viewed import view
from simulation.weights import NONE, part_of, receiving

GAVE_UP = {"Superseded", "Cancelled", "WorkloadMissing", "NodeLost", "WindowClosed", "HeldByPolicy"}
"""Reasons of a way back that say nothing against the candidate."""

ASKED_FOR = {"AbortedByUser", "Undone"}
"""Reasons of a verdict that a person gave."""

revision_named = once_for_each(revision_of)
NOTHING: Object = {}


# --- the status -----------------------------------------------------------------------------------------


def stable_of(sim: Sim) -> str:
    """The stable revision as stored."""
    return str((sim.status.get("stable") or {}).get("revision", ""))


def candidate_of(sim: Sim) -> str:
    """The revision of the release under way; "" where none is."""
    return str(progress_of(sim).get("revision", ""))


def progress_of(sim: Sim) -> Mapping[str, Any]:
    """The release under way as stored; empty where none is."""
    return _progress(sim.status)


@once_for_each
def _progress(status: Object) -> Mapping[str, Any]:
    progress = status.get("progress")
    return {"stage": 0, "plan": "", **progress} if progress else NOTHING


def way_back_of(sim: Sim) -> str:
    """Why the requests go back to stable, in a word; "" where they do not."""
    return str(progress_of(sim).get("rollbackReason", ""))


def is_waking(sim: Sim) -> bool:
    """Whether the release is of a revision that completed while there were to be no pods, and runs for the first time."""
    return progress_of(sim).get("begunAs") == "WakeUp"


def is_frozen(sim: Sim) -> bool:
    """Whether the release has failed and stands still, for a person."""
    return bool(progress_of(sim).get("frozen"))


def stands(sim: Sim) -> bool:
    """Whether the release says that it stands at one of its resting points."""
    return bool(progress_of(sim).get("reachedAt"))


def failed_of(sim: Sim) -> Mapping[str, Any]:
    """The verdict that holds; empty where none does."""
    return sim.status.get("failed") or NOTHING


# --- the cluster ----------------------------------------------------------------------------------------


def wanted_revision(sim: Sim) -> str:
    """The revision that the spec, or the Deployment that it names, asks for; "" where that is missing."""
    spec = view(sim, "Rollout", "")["spec"]
    if "template" in spec:
        return revision_named(spec["template"])
    source = sim.deployments.get(spec["workloadRef"]["name"])
    return revision_named(source["spec"]["template"]) if source else ""


def revision_labelled(deployment: Object) -> str:
    """The revision that a Deployment says it runs; "" where it is somebody else's."""
    return str(deployment["metadata"].get("labels", {}).get(LABEL_REVISION, ""))


def revisions_of(sim: Sim) -> list[str]:
    """The revisions that have a Deployment; "" stands for Deployments that are not ours."""
    return [revision_labelled(d) for d in sim.deployments.values()]


def selected_by(sim: Sim, name: str = "") -> set[str]:
    """The revisions whose pods a Service (production) selects; "" stands for pods that are not ours."""
    service = sim.services.get(name or sim.service_name)
    if service is None:
        return set()
    selector = service["spec"]["selector"].items()
    named = service["spec"]["selector"].get(LABEL_REVISION)
    made = {
        d["spec"]["template"]["metadata"]["labels"].get(LABEL_REVISION, "")
        for d in sim.deployments.values()
        if selector <= d["spec"]["template"]["metadata"]["labels"].items()
    }
    return made | ({named} if named else set())


def alone_of(sim: Sim) -> str:
    """The one revision that production names; "" where it means pods of more than one."""
    service = sim.services.get(sim.service_name)
    return str(service["spec"]["selector"].get(LABEL_REVISION, "")) if service else ""


# --- routes ---------------------------------------------------------------------------------------------


def both(sim: Sim) -> tuple[str, str]:
    """The production Service and the canary Service."""
    return sim.service_name, sim.canary_name


def route_of(sim: Sim) -> Object | None:
    """The route that somebody owns, as stored; None where there is none."""
    return next((live for name in sim.git if (live := sim.routes.get(name))), None)


def carried_of(sim: Sim) -> Mapping[str, Any] | None:
    """What the proxies carry out of that route; None where they carry out nothing."""
    return next((config.spec for name in sim.git if (config := sim.router.carried.get(name))), None)


def part_beside(sim: Sim) -> Fraction:
    """The part of production's requests that the stored route gives to the canary Service."""
    live, (production, beside) = route_of(sim), both(sim)
    return part_of(live["spec"], beside, production) if live else NONE


def routed_by(sim: Sim) -> set[str]:
    """The revisions that users behind a router meet by the routes that are stored now."""
    getting = {service for live in sim.routes.values() for service in receiving(live["spec"])}
    return {revision for service in both(sim) if service in getting for revision in selected_by(sim, service)}


def audiences(sim: Sim) -> tuple[Callable[[Sim], set[str]], ...]:
    """Who asks: those who use the production Service, and those behind a router. Each gives the revisions that it meets."""
    return (selected_by, routed_by) if sim.git else (selected_by,)


def reached_by(sim: Sim) -> set[str]:
    """The revisions that anybody meets."""
    return set().union(*(met(sim) for met in audiences(sim)))


def parts_carried(sim: Sim) -> Mapping[str, Fraction]:
    """The part of production's requests that each Service must be able to take: by the stored route, or as it is carried out."""
    live, carried = route_of(sim), carried_of(sim)
    specs = [spec for spec in (live and live["spec"], carried) if spec]
    return {
        name: max((part_of(spec, name, *both(sim)) for spec in specs), default=NONE) for name in both(sim)
    }


# --- pods -----------------------------------------------------------------------------------------------


def available_of(sim: Sim, revision: str) -> int:
    """As the Deployment's status says, and never more than it asks for."""
    side = sim.side(revision) or {"spec": {"replicas": 0}}
    return min(side["spec"]["replicas"], side.get("status", {}).get("availableReplicas", 0))


def ready_of(sim: Sim, revision: str) -> int:
    """Ready pods of a revision, as the statuses of its Deployments say; "" means those that are not ours."""
    mine = (d for d in sim.deployments.values() if _runs(d) == revision)
    return sum(int(d.get("status", {}).get("readyReplicas", 0)) for d in mine)


def _runs(deployment: Object) -> str:
    return str(deployment["spec"]["template"]["metadata"]["labels"].get(LABEL_REVISION, ""))


def adopts(sim: Sim) -> bool:
    """Whether the production Service was somebody's before."""
    return bool((sim.rollout["spec"].get("service") or {}).get("adopt"))


def serving(sim: Sim) -> int:
    """Ready pods that production selects, in truth; of a worker: all that are ready.

    Behind a router as many as what it carries out can use: with half of the requests each, twice those of the weaker side.
    """
    usable = _usable(sim) if sim.git else None
    if usable is not None:
        return usable if _is_dynamic(sim.rollout["spec"]) else min(usable, _selected(sim))
    return _selected(sim)


def _is_dynamic(spec: Mapping[str, Any]) -> bool:
    return bool((spec["strategy"].get("canary") or {}).get("dynamicStable"))


def _usable(sim: Sim) -> int | None:
    spec = carried_of(sim)
    if spec is None:
        return None
    parts = [(part_of(spec, name, *both(sim)), name) for name in both(sim)]
    return min(
        (math.floor(sum(sim.selected(name).values()) / part) for part, name in parts if part), default=None
    )


def _selected(sim: Sim) -> int:
    service = sim.services.get(sim.service_name)
    if service is None:
        unselected = sim.rollout["spec"].get("service") is None
        return sum(p.ready and not p.leaving for p in sim.pods) if unselected else 0
    known = _served.get(id(sim.pods))
    if known is not None and known[0] is sim.pods and known[1] is service:
        return known[2]
    if len(_served) >= KEPT:
        _served.clear()
    selector = service["spec"]["selector"].items()
    count = sum(p.ready and not p.leaving and selector <= p.labels.items() for p in sim.pods)
    _served[id(sim.pods)] = (sim.pods, service, count)
    return count


KEPT = 20_000
_served: dict[int, tuple[tuple[SimPod, ...], Object, int]] = {}
"""Most steps leave the pods and the Service as they are."""
