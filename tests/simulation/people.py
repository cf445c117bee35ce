"""What people, pipelines and autoscalers may do to a Rollout: each kind is a function that a world lists."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from builders import template
from simulation.asked import may_be_missing
from simulation.cluster import Sim
from simulation.moves import Move, World
from simulation.passes import decided
from simulation.promise import Violation
from simulation.stored import versioned
from simulation.takeovers import GIT, OLD

IMAGES = ("shop:v1", "shop:v2", "shop:v3")
ROUTED = {"httpRoute": {"name": "shop"}}
OWNED = {"gateway": {"parentRefs": [{"name": "web"}], "hostnames": ["shop.example"]}}
RULES = [
    {
        "name": "main",
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": "shop", "port": 80}, {"name": "legacy", "port": 80, "weight": 3}],
    }
]
"""A rule of a user's route, in which somebody else has a share."""

OTHER_RULES = [
    {
        "name": "main",
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": "shop", "port": 80, "weight": 4}, {"name": "legacy", "port": 80}],
    }
]
CALM = {"Promote", "PromoteFull", "Pause", "Resume", "Restart"}
"""Actions that must not cost a single pod."""


_template = cache(template)
"""The same object for the same image: stored objects are never changed in place."""


def images(sim: Sim) -> Iterator[Move]:
    """Somebody changes the image."""
    image = sim.rollout["spec"]["template"]["spec"]["containers"][0]["image"]
    for other in IMAGES:
        if other != image:
            yield edited(f"the template becomes {other}", template=_template(other))


def scales(sim: Sim) -> Iterator[Move]:
    """Somebody, or an autoscaler, changes the replicas."""
    n = sim.rollout["spec"]["replicas"]
    for replicas in sorted({0, n - 1, n + 1, 2} - {n, -1}):
        yield edited(f"it is scaled to {replicas}", replicas=replicas)


def answering(load: int) -> Callable[[Sim], Iterator[Move]]:
    """An autoscaler counts the pods that the status tells it, while their users always need `load` pods."""

    def answer(sim: Sim) -> Iterator[Move]:
        wanted = autoscaled(sim, load)
        if wanted not in {None, sim.rollout["spec"]["replicas"]}:
            yield Move(f"the autoscaler wants {wanted}", lambda w: _scaled(w, wanted, load))

    return answer


def _scaled(world: World, wanted: int, load: int) -> None:
    """Where nothing has failed, the same load asks for the same number of pods, whatever is released."""
    if world.ghost.well and wanted != load:
        promise = "an autoscaler leaves the replicas while the load is the same"
        raise Violation(promise, f"it wants {wanted} for a load of {load}")
    edited("", replicas=wanted).happens(world)


TOLERANCE = 0.1
"""An autoscaler leaves a ratio alone that is so close to 1."""


def autoscaled(sim: Sim, load: int) -> int | None:
    """What it asks for: the use of the ready pods that the status' selector means, by what one pod is to carry.

    As Kubernetes counts it (replica_calculator.go): within a tolerance the replicas stay as they are. What it reads is of
    the last quarter of a minute: what the operator is about to put right is not in it.
    """
    selector = dict(pair.split("=") for pair in str(sim.status.get("selector", "")).split(",") if pair)
    there = [p for p in sim.pods if p.ready and not p.leaving]
    serving = [p for p in there if sim.gets_requests(p)]
    counted = [p for p in there if selector.items() <= p.labels.items()]
    if not serving or not counted or not sim.is_quiet or decided(sim).writes:
        return None
    used = load / len(serving) * sum(p in serving for p in counted)
    ratio = used / len(counted)
    n = int(sim.rollout["spec"]["replicas"])
    return n if abs(ratio - 1) <= TOLERANCE else max(1, math.ceil(round(used, 6)))


def pausing(sim: Sim) -> Iterator[Move]:
    """Somebody flips `paused`."""
    yield edited("paused is flipped", paused=not sim.rollout["spec"].get("paused", False))


def asking(*actions: str) -> Callable[[Sim], Iterator[Move]]:
    """Somebody makes a RolloutAction, one at a time."""

    def ask(sim: Sim) -> Iterator[Move]:
        if all(a.get("status") for a in sim.actions.values()):
            yield from (_asked(action) for action in actions)

    return ask


def twice(*actions: str) -> Callable[[Sim], Iterator[Move]]:
    """Two people ask for the same within a moment."""

    def ask(sim: Sim) -> Iterator[Move]:
        if all(a.get("status") for a in sim.actions.values()):
            yield from (
                _other(f"two people ask for {action}", partial(_both, action=action), calm=action in CALM)
                for action in actions
            )

    return ask


def _both(world: World, action: str) -> None:
    for _ in range(2):
        world.sim.act(action)


def replanning(*others: dict[str, Any]) -> Callable[[Sim], Iterator[Move]]:
    """Somebody edits the strategy, or a time of it."""

    def replan(sim: Sim) -> Iterator[Move]:
        for fields in others:
            if any(sim.rollout["spec"].get(key) != value for key, value in fields.items()):
                yield edited(f"the spec says {fields}", **fields)

    return replan


def remeasuring(**strategies: dict[str, Any]) -> Callable[[Sim], Iterator[Move]]:
    """Somebody edits what is measured; each strategy by what is said of it."""

    def edit(sim: Sim) -> Iterator[Move]:
        for told, strategy in strategies.items():
            if sim.rollout["spec"]["strategy"] != strategy:
                yield edited(f"somebody edits the metrics: {told.replace('_', ' ')}", strategy=strategy)

    return edit


def pipeline(sim: Sim) -> Iterator[Move]:
    """The manifest is applied again, as every few seconds: a new version of the object, and no new generation."""
    yield Move("a pipeline applies the manifest again", lambda w: _touched(w.sim))


def deleting(sim: Sim) -> Iterator[Move]:
    """Somebody deletes it, with each of the three cascades."""
    for cascade in ("background", "foreground", "orphan"):
        yield _other(f"it is deleted ({cascade})", lambda w, c=cascade: w.sim.delete(c))


def charting(sim: Sim) -> Iterator[Move]:
    """A chart is applied again over the Deployment that `workloadRef` names, with another image, or it is deleted."""
    name = sim.rollout["spec"]["workloadRef"]["name"]
    chart = sim.deployments.get(name)
    if chart is None:
        return
    n, image = sim.rollout["spec"]["replicas"], chart["spec"]["template"]["spec"]["containers"][0]["image"]
    if chart["spec"]["replicas"] != n:
        yield _other("the chart restores its replicas", lambda w: _resynced(w.sim, name, replicas=n))
    for other in IMAGES:
        if other != image:
            fields = {"replicas": n, "template": _template(other)}
            yield _other(
                f"the chart brings {other}", lambda w, f=fields: _resynced(w.sim, name, **f), calm=False
            )
    yield _other("the chart's Deployment is deleted", lambda w: w.sim.remove("Deployment", name), calm=False)


def gitops(sim: Sim) -> Iterator[Move]:
    """Git stops to write the selector of the Service that is adopted, or begins again with the one from before."""
    service = sim.services.get(sim.service_name)
    if service is not None and (
        service["metadata"].get("managedFields") or service["spec"]["selector"] == OLD
    ):
        yield from owning_the_selector(sim)


def owning_the_selector(sim: Sim) -> Iterator[Move]:
    """Somebody else becomes a writer of the selector as it is, or stops to be one."""
    service = sim.services.get(sim.service_name)
    if service is None:
        return
    if service["metadata"].get("managedFields"):
        yield _other("Git leaves the selector", lambda w: _managed(w.sim, []))
    else:
        yield _other("Git writes the selector too", lambda w: _managed(w.sim, [GIT]))


def routing(sim: Sim) -> Iterator[Move]:
    """Somebody takes `traffic` out of the spec, or puts it in."""
    if "traffic" in sim.rollout["spec"]:
        yield edited("the spec names no route any more", traffic=None)
    else:
        yield edited("the spec names a route", traffic=ROUTED)


def owning_the_route(sim: Sim) -> Iterator[Move]:
    """Git applies the rules of the route as they were, or new ones; or the route is deleted, and made anew."""
    (name, rules), *_ = sim.git.items()
    live = sim.routes.get(name)
    if live is None:
        yield _other("the route is made anew", lambda w: w.sim.make_route(name, rules), calm=False)
        return
    if live["spec"]["rules"] != rules:
        yield _other("Git applies the route again", lambda w: w.sim.apply_rules(name, rules), calm=False)
    for new in (RULES, OTHER_RULES):
        if new != rules:
            yield _other("Git changes the route", lambda w, n=new: w.sim.apply_rules(name, n), calm=False)
    yield _other("the route is deleted", lambda w: w.sim.delete_route(name), calm=False)


def edited(name: str, **spec: Any) -> Move:
    """A change of the spec."""

    def edit(world: World) -> None:
        ghost, least = world.ghost, min(world.ghost.least, spec.get("replicas", world.ghost.least))
        scaled, replanned = (
            ghost.scaled or "replicas" in spec,
            ghost.replanned or bool({"strategy", "traffic"} & {*spec}),
        )
        world.sim.edit(**spec)
        world.ghost = ghost._replace(
            calm=False,
            least=least,
            missing=max(ghost.missing, may_be_missing(world.sim.rollout["spec"])),
            scaled=scaled,
            replanned=replanned,
            edits=ghost.edits + 1,
        )

    return Move(name, edit)


def _asked(action: str) -> Move:
    return _other(f"somebody asks for {action}", lambda w: w.sim.act(action), calm=action in CALM)


def _other(name: str, happens: Callable[[World], object], *, calm: bool = True) -> Move:
    def other(world: World) -> None:
        world.ghost = world.ghost._replace(calm=world.ghost.calm and calm, edits=world.ghost.edits + 1)
        happens(world)

    return Move(name, other)


def _managed(sim: Sim, writers: list[Any]) -> None:
    name = sim.service_name
    sim.services[name] = versioned(sim.services[name], sim.tick_version(), managedFields=writers)


def _touched(sim: Sim) -> None:
    sim.rollout = versioned(sim.rollout, sim.tick_version())


def _resynced(sim: Sim, name: str, **spec: Any) -> None:
    chart = sim.deployments[name]
    generation = chart["metadata"]["generation"] + 1
    after = {**chart, "spec": {**chart["spec"], **copy.deepcopy(spec)}}
    sim.deployments[name] = versioned(after, sim.tick_version(), generation=generation)
