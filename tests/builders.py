"""Manifests and clusters for tests: each call shows only what matters to it."""

from __future__ import annotations

import json
from typing import Any

from crossfade.core.revision import revision_of
from simulation.api_server import UID
from simulation.cluster import Sim
from simulation.live import rest


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
    """A Rollout of four pods as stored by the API server."""
    body: dict[str, Any] = {
        "replicas": 4,
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


def serving_v1(strategy: dict[str, Any] | str, **spec: Any) -> Sim:
    """A cluster in which v1 has completed, and everything is at rest."""
    chosen = STRATEGIES[strategy] if isinstance(strategy, str) else strategy
    return _rested(rollout(chosen, **spec), None)


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


def routed_v1(strategy: dict[str, Any] | str, rules: list[dict[str, Any]] | None = None, **spec: Any) -> Sim:
    """A cluster in which v1 has completed behind somebody's HTTPRoute, and everything is at rest."""
    chosen = BY_ROUTE[strategy] if isinstance(strategy, str) else strategy
    stored = rollout(chosen, **{"traffic": {"httpRoute": {"name": "shop"}}, **spec})
    return _rested(stored, MAIN if rules is None else rules)


_RESTED: dict[str, Sim] = {}


def _rested(stored: dict[str, Any], rules: list[dict[str, Any]] | None) -> Sim:
    """A cluster of one's own in which its first release has completed: played once, and forked for each test."""
    told = json.dumps([stored, rules])
    if told not in _RESTED:
        _RESTED[told] = rest(Sim(stored) if rules is None else _with_routes(stored, rules))
    sim = _RESTED[told].fork()
    sim.writes, sim.events = [*_RESTED[told].writes], [*_RESTED[told].events]
    return sim


def _with_routes(stored: dict[str, Any], rules: list[dict[str, Any]]) -> Sim:
    sim = Sim(stored)
    for name in ("legacy", "other"):  # somebody else's, with nothing behind them that matters here
        meta = {"name": name, "uid": name, "resourceVersion": "1"}
        sim.services[name] = {"metadata": meta, "spec": {"selector": {"app": name}}}
    if "gateway" not in sim.rollout["spec"]["traffic"]:
        sim.make_route("shop", rules)
    return sim


def routing_v2(strategy: dict[str, Any] | str, rules: list[dict[str, Any]] | None = None, **spec: Any) -> Sim:
    """The same, and the user has just changed the image to v2."""
    sim = routed_v1(strategy, rules, **spec)
    sim.set_image("shop:v2")
    return sim
