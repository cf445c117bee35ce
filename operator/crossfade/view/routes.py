"""Which route shares the requests of a Rollout. Reads raw objects, and takes any part of them to be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from crossfade.api.bounds import ROUTE_MEMBERS
from crossfade.view.nearness import service_name

Object = Mapping[str, Any]

MOVING: Final = frozenset({"canary", "blueGreen", "bigBang"})
"""Strategies that move requests by a route; the others go as without."""


@dataclass(frozen=True)
class RouteName:
    """A route: its kind, its name, and the rule that is split ("": every one that names the Service).

    `owned`: the operator makes it.
    """

    kind: str
    name: str
    rule: str = ""
    owned: bool = False

    def __str__(self) -> str:
        """How people read it. Example: `HTTPRoute shop`."""
        return f"{self.kind} {self.name}"


def route_of(rollout: Object) -> RouteName | None:
    """Give the route that `spec.traffic` names or describes; None without."""
    traffic = (rollout.get("spec") or {}).get("traffic") or {}
    for member, kind in ROUTE_MEMBERS.items():
        if ref := traffic.get(member):
            return RouteName(kind, ref.get("name", ""), ref.get("rule") or "")
    owned = traffic.get("gateway") is not None
    return RouteName("HTTPRoute", service_name(rollout), owned=True) if owned else None


def routed_by(rollout: Object) -> RouteName | None:
    """Give the route that shares the requests; None where its strategy goes as without one."""
    strategy = (rollout.get("spec") or {}).get("strategy") or {}
    return route_of(rollout) if MOVING & strategy.keys() else None
