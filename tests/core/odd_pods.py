"""Pods of the simulated cluster that are not as usual: they have ended and stay as objects, or their node took them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crossfade.core.observed import Pod
from simulation.cluster import Sim
from simulation.pods import SimPod


@dataclass(frozen=True)
class OddPod(SimPod):
    """A pod that its Deployment counts no more and no kubelet starts: only a listing of pods has it, with `more`."""

    more: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def up(self, at: datetime) -> SimPod:
        """It never becomes ready."""
        return self

    def seen(self) -> Pod:
        """As any pod, and what is odd."""
        return replace(super().seen(), **self.more)


def evicted(sim: Sim, revision: str, **more: Any) -> None:
    """A pod of the revision was evicted once: it has ended, and its object stays."""
    pod = OddPod(f"evicted-{revision}", revision, more={"ended": True, **more})
    sim.pods += (pod,)
