"""The Deployment controller of the simulated cluster: which pods it makes, which it tells to go, and what it reports."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossfade.api.labels import ANNOTATION_RESTARTED_AT
from simulation.pods import SimPod


@dataclass(frozen=True)
class Due:
    """What the controller of one Deployment would do now: pods that it tells to go, and how many it makes."""

    going: tuple[SimPod, ...] = ()
    making: int = 0

    def __bool__(self) -> bool:
        return bool(self.going or self.making)


def mark_of(deployment: Mapping[str, Any]) -> str:
    """The mark of the last Restart on the template; pods that lack it are replaced."""
    annotations = deployment["spec"]["template"].get("metadata", {}).get("annotations") or {}
    return str(annotations.get(ANNOTATION_RESTARTED_AT, ""))


def due(deployment: Mapping[str, Any], pods: Iterable[SimPod]) -> Due:
    """Its pods as they should be: as many as it asks for, and all of its present template. What has ended is no pod."""
    mine = [p for p in pods if p.deployment == deployment["metadata"]["name"] and p.runs]
    staying = [p for p in mine if not p.leaving]
    wanted, mark = deployment["spec"]["replicas"], mark_of(deployment)
    if all(p.mark == mark for p in staying):
        strangers = _recreates(deployment) and any(p.mark != mark for p in mine)
        return _scaled(staying, wanted, may_make=not strangers)
    if _recreates(deployment):
        return Due(tuple(p for p in staying if p.mark != mark))
    return _replacing(staying, wanted, mark)


def _scaled(staying: list[SimPod], wanted: int, *, may_make: bool) -> Due:
    """Pods that are not ready go first, as in life."""
    going = sorted(staying, key=lambda p: p.ready)[: max(0, len(staying) - wanted)]
    return Due(tuple(going), max(0, wanted - len(staying)) if may_make else 0)


def _replacing(staying: list[SimPod], wanted: int, mark: str) -> Due:
    """A rolling update with `maxSurge: 25%` and `maxUnavailable: 0`, which is what our Deployments have."""
    new, old = [p for p in staying if p.mark == mark], [p for p in staying if p.mark != mark]
    room = wanted + math.ceil(wanted / 4) - len(staying)
    spare = len(staying) - wanted - sum(not p.ready for p in new)
    dead = [p for p in old if not p.ready]
    ready_spare = max(0, sum(p.ready for p in staying) - wanted)
    going = (dead + [p for p in old if p.ready][:ready_spare])[: max(0, spare)]
    return Due(tuple(going), max(0, min(room, wanted - len(new))))


def _recreates(deployment: Mapping[str, Any]) -> bool:
    return bool(deployment["spec"].get("strategy", {}).get("type") == "Recreate")


def status_of(deployment: Mapping[str, Any], pods: Iterable[SimPod], now: datetime) -> dict[str, Any]:
    """A Deployment's status, once its controller has caught up."""
    mine = [p for p in pods if p.deployment == deployment["metadata"]["name"] and p.runs]
    staying = [p for p in mine if not p.leaving]
    quiet_s = deployment["spec"].get("minReadySeconds", 0)
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": len(staying),
        "readyReplicas": sum(p.ready for p in staying),
        "availableReplicas": sum(p.ready_for(now) >= quiet_s for p in staying),
        "updatedReplicas": sum(p.mark == mark_of(deployment) for p in staying),
        "terminatingReplicas": len(mine) - len(staying),
    }
