"""Which objects the watches have shown to the operator: some of them an older form, or none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossfade.api.labels import LABEL_ROLLOUT
from crossfade.controller.store import Key, Store
from simulation.api_server import TABLES, stored
from simulation.stored import Object

if TYPE_CHECKING:
    from simulation.cluster import Sim


def view(sim: Sim, kind: str, name: str) -> Any:
    """An object as the operator's store has it."""
    name = name or sim.rollout["metadata"]["name"]
    if (kind, name) in sim.unseen:
        return sim.unseen[kind, name]
    return sim.held[kind].get(name) if kind in sim.held else stored(sim, kind, name)


def table(sim: Sim, kind: str) -> dict[str, Any]:
    """All objects of a kind as the operator's store has them."""
    objects = sim.held[kind] if kind in sim.held else stored_of(sim, kind)
    if not sim.unseen:
        return objects
    stale = {name: old for (k, name), old in sim.unseen.items() if k == kind}
    return {name: x for name, x in {**objects, **stale}.items() if x is not None}


def stored_of(sim: Sim, kind: str) -> dict[str, Any]:
    """All objects of a kind as the API server has them; of EndpointSlices what they list, by Service."""
    if kind == "Rollout":
        return {sim.rollout["metadata"]["name"]: sim.rollout}
    return sim.endpoints if kind == "EndpointSlice" else getattr(sim, TABLES[kind])  # type: ignore[no-any-return]


def is_labelled(obj: Object) -> bool:
    """Whether the watch of Deployments and Services shows it."""
    return LABEL_ROLLOUT in (obj["metadata"].get("labels") or {})


class Viewed(Store):
    """What a latch asks of the store when a watch tells something, read without a copy of it."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim

    def children(self, kind: str, key: Key) -> list[Object]:
        """The objects of `kind` that belong to the Rollout."""
        objects = table(self._sim, kind).values()
        return [one for one in objects if key.name and (kind == "Release" or is_labelled(one))]
