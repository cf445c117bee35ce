"""What stands in the way: objects of the names we need that are somebody else's. They are never touched."""

from __future__ import annotations

from crossfade.core import layout, manifests
from crossfade.core.observed import SeenService
from crossfade.core.plan import Look
from crossfade.core.situation import Situation
from crossfade.core.transitions import target


def look(s: Situation) -> Look | None:
    """A Service that is to be adopted carries no label of ours yet: it must be read by its name."""
    if manifests.adopts(s) and s.production is None and s.service_name not in s.seen.found.services:
        return Look(services=frozenset({s.service_name}))
    return None


def conflict(s: Situation) -> str | None:
    """A sentence on who holds what we need; None where nothing is in the way."""
    for name in filter(None, (s.service_name, layout.preview_name(s))):
        told = _service(s, name, s.seen.services.get(name) or s.seen.found.services.get(name))
        if told:
            return told
    for revision in (target(s), s.progress.revision):
        side = s.seen.sides.get(revision) or s.seen.found.deployments.get(
            manifests.deployment_name(s, revision)
        )
        if side is not None and not side.ours:
            name = manifests.deployment_name(s, revision)
            return f"Deployment {name} is not this Rollout's: delete it, or give the Rollout another name"
    return None


def _service(s: Situation, name: str, live: SeenService | None) -> str | None:
    adopting = manifests.adopts(s) and name == s.service_name
    if live is None:
        missing = adopting and s.production is None
        return (
            f"Service {name} is to be adopted, and there is none: create it, or set adopt to false"
            if missing
            else None
        )
    if live.ours:
        return None
    if live.owner and live.owner != s.name:
        return f"Service {name} belongs to Rollout {live.owner}: name another Service"
    if adopting:
        return None
    return f"Service {name} exists and is not this Rollout's: set service.adopt to true to take it over, or name another"
