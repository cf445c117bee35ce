"""A simulated cluster as the place of a mutation: what people do to a Rollout there, and what is seen of it."""

from __future__ import annotations

import copy
from typing import Any

from builders import MAIN, UID
from crossfade.api.rollout import Rollout
from crossfade.api.strict import InvalidObjectError, parse_strict
from mutation.seen import Object, Seen
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, step
from simulation.passes import decided

NAMES = {"name": "shop", "namespace": "prod"}
LONG_S = 5000
CHART = "chart"
LOOKS_FOR_S = 60


def made(spec: Object, image: str = "shop:v1") -> Sim:
    """A Rollout of this spec at rest, in a cluster with a Deployment of that image that `workloadRef` may name."""
    meta = {**NAMES, "uid": UID, "generation": 1, "resourceVersion": "1"}
    rollout = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "metadata": meta, "spec": spec}
    sim = Sim(rollout)
    make_route(sim)
    if "workloadRef" in spec:
        sim.deployments[CHART] = chart(image)
        sim.controllers()
        sim.kubelet()
    settle(sim)
    return sim


def chart(image: str) -> Object:
    """Somebody's Deployment."""
    template = {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }
    meta = {"name": CHART, "uid": "chart-uid", "resourceVersion": "1", "generation": 1, "labels": {}}
    body = {"replicas": 3, "selector": {"matchLabels": {"app": "shop"}}, "template": template}
    return {"metadata": meta, "spec": body}


def refusal(spec: Object) -> str:
    """Why the API server refuses it, "" where it takes it. tests/kind compares the two on a real one."""
    whole = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "metadata": NAMES, "spec": spec}
    try:
        parse_strict(Rollout, copy.deepcopy(whole))
    except InvalidObjectError as error:
        return str(error)
    return ""


def change(sim: Sim, spec: Object) -> None:
    """The user applies another spec."""
    sim.rollout = {**sim.rollout, "spec": {}}
    sim.edit(**spec)
    make_route(sim)


def make_route(sim: Sim) -> None:
    """The user makes the route that the Rollout names, where there is none."""
    ref = (sim.rollout["spec"].get("traffic") or {}).get("httpRoute") or {}
    if ref and ref.get("name") not in sim.routes:
        sim.make_route(str(ref.get("name")), MAIN)


def update(sim: Sim, image: str = "shop:v2", *, come: bool = True) -> None:
    """Another image, by the spec or by the Deployment that it names; without `come` its pods never get ready."""
    source = sim.deployments[CHART] if "workloadRef" in sim.rollout["spec"] else None
    template = copy.deepcopy(source["spec"]["template"] if source else sim.rollout["spec"]["template"])
    template["spec"]["containers"][0]["image"] = image
    if source:
        sim.deployments[CHART] = {**source, "spec": {**source["spec"], "template": template}}
    else:
        sim.edit(template=template)
    quiet(sim)
    if not come:
        sim.broken = frozenset({candidate(sim)})


def candidate(sim: Sim) -> str:
    return str((sim.status.get("progress") or {}).get("revision", ""))


def settle(sim: Sim) -> Seen:
    """Until nothing moves, with a person who promotes whatever goes forward."""
    while True:
        quiet(sim)
        if going(sim):
            sim.act("PromoteFull")
        _rest(sim)
        if not going(sim):
            return seen(sim)


def _rest(sim: Sim) -> None:
    """What waits for a person may look again for ever, and rests all the same."""
    quiet(sim)
    if sim.status["phase"] != "Paused":
        rest(sim)


def going(sim: Sim) -> bool:
    """Whether a release goes forward and waits for somebody."""
    progress: dict[str, Any] = sim.status.get("progress") or {}
    spec = sim.rollout["spec"]
    stopped = (
        spec.get("paused")
        or not spec.get("replicas", 1)
        or progress.get("begunAs") == "Return"
        or progress.get("promotedFull")
    )
    return bool(progress) and not (stopped or progress.get("rollbackReason") or progress.get("frozen"))


def half_way(spec: Object) -> Sim:
    """v1 serves, and the release of v2 stands at its first hold."""
    sim = made(spec)
    update(sim)
    for _ in range(LOOKS_FOR_S):
        waits = sim.status["progress"].get("reachedAt")
        if waits and decided(sim).writes == ():
            return sim
        step(sim)
        quiet(sim)
    raise AssertionError(f"it never holds: {sim.status['message']}")


def failing(sim: Sim) -> Seen:
    """v2 never gets ready, for half a minute."""
    update(sim, come=False)
    run(sim, 30)
    return seen(sim)


def seen(sim: Sim) -> Seen:
    children = {name: d for name, d in sim.deployments.items() if name != CHART}
    return Seen(sim.rollout, children, dict(sim.services), dict(sim.releases), dict(sim.routes))


def still_writes(sim: Sim) -> list[str]:
    """What would be written at rest, now and much later."""
    later = sim.fork()
    later.tick(LONG_S)
    writes = (*decided(sim).writes, *decided(later).writes)
    return [f"{write.verb} {write.kind} {write.name}: {write.body}" for write in writes]
