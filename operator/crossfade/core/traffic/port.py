"""What every way of sharing requests promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from crossfade.core.plan import Write

Share = Mapping[str, int]
"""Percent of the requests for each track; sums to 100. A track is a revision, or `SOURCE`."""


def receivers(share: Share) -> frozenset[str]:
    """The tracks that are to get requests."""
    return frozenset(track for track, percent in share.items() if percent)


class Traffic(Protocol):
    """One Rollout's requests, as seen in this pass. Nothing here moves by itself."""

    @property
    def obstacle(self) -> str:
        """Who keeps us from moving requests; "" where nobody does."""

    @property
    def takes_strangers(self) -> bool:
        """Whether pods that are none of ours may be answering, and are to go on until ours can."""

    @property
    def strangers(self) -> int:
        """How many ready pods that are none of ours answer, where they are to go on."""

    def live(self, track: str) -> bool:
        """Whether requests may be sent to the track by what is written now."""

    def gives(self, share: Share) -> bool:
        """Whether what is written now is that share."""

    def shows(self, share: Share, at_least: Mapping[str, int]) -> bool:
        """Whether it is proved that requests follow: only receivers are listed, with so many pods at least."""

    def serving(self, track: str) -> int:
        """The pods of the track that get requests now: available, live and listed, never more than it asks for."""

    def only(self, tracks: Collection[str]) -> bool:
        """Whether these tracks have ready pods behind the Service, and no others."""

    def follows(self, tracks: Collection[str]) -> bool:
        """Whether only tracks that requests may be sent to are listed, and some pod of theirs is ready."""

    def idle(self, track: str) -> bool:
        """Whether no request can reach the track any more."""

    def separates(self, track: str, others: Collection[str]) -> bool:
        """Whether requests can be sent to the track alone."""

    def writes(self, share: Share | None) -> Iterator[Write]:
        """The writes that make the share; with None they keep what is there as it is."""
