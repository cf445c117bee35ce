"""A worker: it gets no requests, so there is nothing to move and nothing to wait for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from crossfade.core.plan import Write
from crossfade.core.situation import Situation
from crossfade.core.traffic.port import Obstacle, Share


@dataclass(frozen=True)
class NoTraffic:  # its answers ask for nothing
    """Keeps the promises of `port.Traffic` where there is no Service: whatever runs, works."""

    s: Situation
    mixes: bool = True
    takes_strangers: bool = False
    strangers: int = 0

    def obstacle(self, share: Share) -> Obstacle | None:
        """Nobody is in the way."""
        return None

    def live(self, track: str) -> bool:
        """Every track that runs works."""
        return bool(track)

    def unproved(self, share: Share) -> Obstacle | None:
        """There is nothing to prove."""
        return None

    def depends_on(self, track: str) -> bool:
        """No request fails."""
        return False

    def listed(self, track: str) -> int:
        """Its ready pods: what runs, works."""
        return self.s.side(track).ready

    def real_percent(self, track: str) -> float | None:
        """Pods alone say it."""
        return None

    def settled(self, share: Share) -> bool:
        """There is nothing to follow."""
        return True

    def gives(self, share: Share) -> bool:
        """There is nothing to write."""
        return True

    def shows(self, share: Share, at_least: Mapping[str, int]) -> bool:
        """There is nothing to see."""
        return True

    def serving(self, track: str) -> int:
        """Its available pods, never more than it asks for."""
        side = self.s.side(track)
        return min(side.available, side.desired)

    def only(self, tracks: Collection[str]) -> bool:
        """There is no Service that could list others."""
        return True

    def follows(self, tracks: Collection[str]) -> bool:
        """There is no Service that could lag."""
        return True

    def idle(self, track: str) -> bool:
        """No request ever reaches it."""
        return True

    def is_beside(self, track: str) -> bool:
        """There is no router."""
        return False

    def separates(self, track: str, others: Collection[str]) -> bool:
        """There is nothing to separate."""
        return True

    def writes(self, share: Share | None) -> Iterator[Write]:
        """None."""
        yield from ()
