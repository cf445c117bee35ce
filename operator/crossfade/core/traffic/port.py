"""What every way of sharing requests promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from crossfade.api.base import Weight
from crossfade.api.conditions import Reason
from crossfade.core.plan import Write

Share = Mapping[str, Weight]
"""Percent of the requests for each track; sums to 100. A track is a revision, or `SOURCE`.

One that is named with 0 gets some requests all the same: by the number of its pods, by groups of users, or copies.
"""


def receivers(share: Share) -> frozenset[str]:
    """The tracks that are to get requests."""
    return frozenset(share)


@dataclass(frozen=True)
class Obstacle:
    """What keeps requests from being moved: a word, and what is waited for."""

    reason: Reason
    waits_for: str


class Traffic(Protocol):
    """One Rollout's requests, as seen in this pass. Nothing here moves by itself."""

    def obstacle(self, share: Share) -> Obstacle | None:
        """Who or what keeps us from moving requests to that share; None where nobody does."""

    def unproved(self, share: Share) -> Obstacle | None:
        """What has not taken a share that is written; None where only endpoints are to follow."""

    @property
    def mixes(self) -> bool:
        """Whether tracks can share requests by the number of their pods."""

    @property
    def takes_strangers(self) -> bool:
        """Whether pods that are none of ours may be answering, and are to go on until ours can."""

    @property
    def strangers(self) -> int:
        """How many ready pods that are none of ours answer, where they are to go on."""

    def live(self, track: str) -> bool:
        """Whether requests may be sent to the track by what is written now."""

    def depends_on(self, track: str) -> bool:
        """Whether requests fail while the track has no ready pod: nobody else gets those that are sent to it."""

    def listed(self, track: str) -> int:
        """Its ready pods where its requests come through."""

    def real_percent(self, track: str) -> float | None:
        """What is written gives it so much of the requests; None where the number of its pods does."""

    def gives(self, share: Share) -> bool:
        """Whether what is written now is that share."""

    def shows(self, share: Share, at_least: Mapping[str, int]) -> bool:
        """Whether it is proved that requests follow: only receivers are listed, with so many pods at least."""

    def settled(self, share: Share) -> bool:
        """Whether what sends requests has had the time to follow a share that is given."""

    def serving(self, track: str) -> int:
        """The pods of the track that get requests now: available, live and listed, never more than it asks for."""

    def only(self, tracks: Collection[str]) -> bool:
        """Whether these tracks have ready pods behind the Service, and no others."""

    def follows(self, tracks: Collection[str]) -> bool:
        """Whether only tracks that requests may be sent to are listed, and some pod of theirs is ready."""

    def idle(self, track: str) -> bool:
        """Whether no request can reach the track any more."""

    def is_beside(self, track: str) -> bool:
        """Whether a router, which follows in its own time, may find pods of the track that come up only now."""

    def separates(self, track: str, others: Collection[str]) -> bool:
        """Whether requests can be sent to the track alone."""

    def writes(self, share: Share | None) -> Iterator[Write]:
        """The writes that make the share; with None they keep what is there as it is."""
