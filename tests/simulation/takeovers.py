"""Clusters in which something was there before the Rollout: a Service to adopt, a Deployment, a chart."""

from __future__ import annotations

from typing import Any

from builders import rollout, template
from simulation.cluster import Sim
from simulation.live import rest
from simulation.stored import Object

OLD = {"app": "shop"}
"""What the Service selected before: pods of the old Deployment, and ours too."""

GIT = {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:spec": {"f:selector": {}}}}
"""Who else writes the selector, as the API server tells it."""


def taking_over(strategy: dict[str, Any], *, replicas: int = 2, old: str = "old", **spec: Any) -> Sim:
    """The Rollout was just applied; a Service and a plain Deployment of the name `old` serve."""
    service = {"name": "front", "adopt": True, "ports": [{"port": 80}]}
    sim = Sim(rollout(strategy, replicas=replicas, **spec))
    sim.rollout["spec"]["service"] = service
    sim.services["front"] = _front()
    sim.deployments[old] = _plain(old, replicas)
    sim.controllers()
    sim.kubelet()
    return sim


def from_git(strategy: dict[str, Any], **spec: Any) -> Sim:
    """The Rollout was just applied, and Git still writes the selector of the Service."""
    sim = taking_over(strategy, **spec)
    front = sim.services["front"]
    sim.services["front"] = {**front, "metadata": {**front["metadata"], "managedFields": [GIT]}}
    return sim


def beside_its_old_deployment(strategy: dict[str, Any], **spec: Any) -> Sim:
    """v2 is under way behind the adopted Service, and the old Deployment still runs, without requests."""
    return _releasing(taking_over(strategy, **spec))


def adopted(strategy: dict[str, Any], **spec: Any) -> Sim:
    """v2 is under way behind the adopted Service, and the old Deployment was deleted."""
    sim = rest(taking_over(strategy, **spec))
    sim.remove("Deployment", "old")
    sim.kubelet()
    return _releasing(sim)


def from_a_chart(strategy: dict[str, Any], **spec: Any) -> Sim:
    """A chart's Deployment is the source of the template; v1 was taken over from it, and the chart brings v2."""
    sim = taking_over(strategy, **spec)
    body = {k: v for k, v in sim.rollout["spec"].items() if k != "template"}
    sim.rollout = {**sim.rollout, "spec": {**body, "workloadRef": {"name": "old"}}}
    rest(sim)
    chart = sim.deployments["old"]
    generation = chart["metadata"]["generation"] + 1
    sim.deployments["old"] = {
        **chart,
        "metadata": {
            **chart["metadata"],
            "generation": generation,
            "resourceVersion": str(sim.tick_version()),
        },
        "spec": {
            **chart["spec"],
            "template": template("shop:v2"),
            "replicas": sim.rollout["spec"]["replicas"],
        },
    }
    return sim


def _releasing(sim: Sim) -> Sim:
    rest(sim)
    sim.set_image("shop:v2")
    return sim


def _front() -> Object:
    meta = {"name": "front", "uid": "front-uid", "resourceVersion": "1", "labels": {"team": "web"}}
    return {"metadata": meta, "spec": {"selector": OLD, "ports": [{"port": 80}]}}


def _plain(name: str, replicas: int) -> Object:
    meta = {"name": name, "uid": f"{name}-uid", "resourceVersion": "1", "labels": {}, "generation": 1}
    return {
        "metadata": meta,
        "spec": {"replicas": replicas, "selector": {"matchLabels": OLD}, "template": template()},
    }
