"""Manifests and clusters for tests: each call shows only what matters to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from crossfade.core.revision import revision_of
from simulation.api_server import TABLES, UID
from simulation.cluster import Sim
from simulation.live import rest


def played_once(story: Callable[..., Sim]) -> Callable[..., Sim]:
    """The same story for the same arguments: a process plays it once, and each caller gets a cluster of its own.

    What is stored is shared by all of them: it is replaced and never changed in place, as the API server does it.
    """
    played: dict[str, tuple[Sim, str]] = {}

    @wraps(story)
    def forked(*args: Any, **more: Any) -> Sim:
        told = repr((args, more))
        if told not in played:
            sim = story(*args, **more)
            played[told] = sim, _stored(sim)
        sim, was = played[told]
        assert _stored(sim) == was, f"somebody has changed in place what {story.__name__}{told} stores"
        twin = sim.fork()
        twin.writes, twin.events = [*sim.writes], [*sim.events]
        return twin

    return forked


def _stored(sim: Sim) -> str:
    return repr((sim.rollout, *(getattr(sim, table) for table in TABLES.values())))


def template(image: str = "shop:v1") -> dict[str, Any]:
    """A pod template."""
    return {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }


V1, V2, V3 = (revision_of(template(f"shop:v{i}")) for i in (1, 2, 3))


def rollout(
    strategy: dict[str, Any], *, image: str = "shop:v1", service: bool = True, **spec: Any
) -> dict[str, Any]:
    """A Rollout of four pods as stored by the API server; unlike the default, it keeps no pod of what failed."""
    body: dict[str, Any] = {
        "replicas": 4,
        "keepFailedSeconds": 0,
        "template": template(image),
        "strategy": strategy,
        **({"service": {"ports": [{"port": 80, "targetPort": 8080}]}} if service else {}),
        **spec,
    }
    metadata = {"name": "shop", "namespace": "prod", "uid": UID, "generation": 1, "resourceVersion": "1"}
    return {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": body}


STRATEGIES: dict[str, dict[str, Any]] = {
    "recreate": {"recreate": {}},
    "rolling": {"rolling": {}},
    "blueGreen": {"blueGreen": {"promoteAfterSeconds": 5}},
    "canary": {"canary": {"steps": [{"weight": 25, "pauseSeconds": 5}, {"weight": 50, "pauseSeconds": 5}]}},
    "bigBang": {"bigBang": {}},
}


@played_once
def serving_v1(strategy: dict[str, Any] | str, **spec: Any) -> Sim:
    """A cluster in which v1 has completed, and everything is at rest."""
    chosen = STRATEGIES[strategy] if isinstance(strategy, str) else strategy
    return rest(Sim(rollout(chosen, **spec)))


def releasing_v2(strategy: dict[str, Any] | str, **spec: Any) -> Sim:
    """The same, and the user has just changed the image to v2."""
    sim = serving_v1(strategy, **spec)
    sim.set_image("shop:v2")
    return sim


MAIN = [{"name": "main", "backendRefs": [{"name": "shop", "port": 80}]}]
"""The rules of a route as a user writes them: one that sends everything to the shop, without a weight."""

BY_ROUTE: dict[str, dict[str, Any]] = {
    "canary": {"canary": {"steps": [{"weight": 0.5, "pauseSeconds": 5}, {"weight": 25, "pauseSeconds": 5}]}},
    "blueGreen": {"blueGreen": {"promoteAfterSeconds": 5}},
    "bigBang": {"bigBang": {}},
}


@played_once
def routed_v1(strategy: dict[str, Any] | str, rules: list[dict[str, Any]] | None = None, **spec: Any) -> Sim:
    """A cluster in which v1 has completed behind somebody's HTTPRoute, and everything is at rest."""
    chosen = BY_ROUTE[strategy] if isinstance(strategy, str) else strategy
    sim = Sim(rollout(chosen, **{"traffic": {"httpRoute": {"name": "shop"}}, **spec}))
    for name in ("legacy", "other"):  # somebody else's, with nothing behind them that matters here
        meta = {"name": name, "uid": name, "resourceVersion": "1"}
        sim.services[name] = {"metadata": meta, "spec": {"selector": {"app": name}}}
    if "gateway" not in sim.rollout["spec"]["traffic"]:
        sim.make_route("shop", MAIN if rules is None else rules)
    return rest(sim)


def routing_v2(strategy: dict[str, Any] | str, rules: list[dict[str, Any]] | None = None, **spec: Any) -> Sim:
    """The same, and the user has just changed the image to v2."""
    sim = routed_v1(strategy, rules, **spec)
    sim.set_image("shop:v2")
    return sim
