"""A route splits the requests: the production Service has stable's pods, the canary Service the candidate's.

The route's weights say who gets how much. A release ends by the production Service taking the candidate over, while the
route sends it nothing; then the route gets its own numbers back. Before anything is stable, and for strategies that only
exchange pods, the production Service's selector does it all. Whatever is left of a split is taken back first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.core import groups, manifests, routing
from crossfade.core.observed import SeenRoute
from crossfade.core.plan import Verb, Write
from crossfade.core.propagation import has_propagated
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.traffic import canary_service, owned_route, quiet
from crossfade.core.traffic.port import Obstacle, Share
from crossfade.core.traffic.selector import Selector
from crossfade.routers import rules
from crossfade.routers.acceptance import acceptance
from crossfade.routers.split import Split

ANSWERS_S = 5.0
"""A status is current after 0.2 s on the routers that were measured, with Traefik's default throttle after 2."""


@dataclass(frozen=True)
class Route:
    """Keeps the promises of `port.Traffic` by a route and two Services."""

    s: Situation

    @cached_property
    def production(self) -> Selector:
        """The production Service, which clients inside the cluster use directly."""
        return Selector(self.s)

    # --- what is so -------------------------------------------------------------------------------

    @cached_property
    def is_split(self) -> bool:
        """Whether a route sends requests to the canary Service, or refers to it, by what is written now."""
        return self._refers or groups.live(self.s) is not None

    @cached_property
    def _refers(self) -> bool:
        """Whether rules that are not our own refer to it."""
        return routing.is_split(self.s)

    @property
    def mixes(self) -> bool:
        """Pods of two tracks share requests only behind one selector, so never while a route splits them."""
        return not (self.is_split or (self.s.routed and self.s.stable_revision))

    @property
    def takes_strangers(self) -> bool:
        """As the production Service does."""
        return self.production.takes_strangers

    @property
    def strangers(self) -> int:
        """As behind the production Service."""
        return self.production.strangers

    def obstacle(self, share: Share) -> Obstacle | None:
        """What keeps requests from moving: a route that is missing or refused is none for the way back."""
        mine = self.production.obstacle(share)
        if mine or self._is_whole(share):
            return mine
        begun = self.s.progress.serving_since is not None  # a repair waits for no status
        told = routing.trouble_of_rules(self.s) if begun else routing.trouble(self.s)
        return self._said(told)

    def _said(self, told: routing.Trouble | None) -> Obstacle | None:
        """A router answers within a second; that it has not done so yet is news only after some more."""
        if told is None:
            return None
        fresh = self.s.awaited_s < ANSWERS_S
        if told.reason is Reason.ROUTE_NOT_ACCEPTED and fresh:
            return Obstacle(
                Reason.MOVING_TRAFFIC, f"{routing.place(self.s)} to be taken by its Gateway as it is now"
            )
        return Obstacle(told.reason, told.message)

    def unproved(self, share: Share) -> Obstacle | None:
        """A router that has not taken the route, or the one for groups, as it is now."""
        if self._is_whole(share):
            return None if self._is_untouched else self._said(self._not_taken)
        return self._said(routing.trouble(self.s) or groups.trouble(self.s))

    @property
    def _not_taken(self) -> routing.Trouble | None:
        """The first route whose Gateway has not seen it as it is now."""
        live = ((at, routing.seen(self.s, at)) for at in routing.touched(self.s))
        told = ((at, acceptance(each.manifest)) for at, each in live if each is not None)
        unseen = next(((at, each) for at, each in told if not each.seen), None)
        if unseen is None:
            return None
        at, answer = unseen
        return routing.Trouble(
            Reason.ROUTE_NOT_ACCEPTED, f"{at} to be taken back by its Gateway: {answer.why}"
        )

    def live(self, track: str) -> bool:
        """Whether requests may be sent to the track: by either Service."""
        return self.production.live(track) or (self.is_split and self._has_canary(track))

    def depends_on(self, track: str) -> bool:
        """Whether requests fail while the track has no ready pod."""
        gets = any(self._parts) or groups.live(self.s) is not None
        return (gets and self._has_canary(track)) or self.production.depends_on(track)

    def listed(self, track: str) -> int:
        """Its ready pods behind the Service through which it gets its requests."""
        canary = self.s.canary
        if track and track != SOURCE and not self.production.live(track) and canary is not None:
            return canary.ready.get(track, 0)
        return self.production.listed(track)

    def real_percent(self, track: str) -> float | None:
        """What the route gives the candidate by its weights; None where it is not split."""
        parts = self._parts
        return min(parts) / 10 if parts and self._has_canary(track) else None

    @cached_property
    def _parts(self) -> list[int]:
        """The canary's tenths of a percent in each rule."""
        places = routing.split_places(self.s)
        return [
            part for at, live in places for part in rules.permille(live.manifest, routing.names(self.s, at))
        ]

    def _has_canary(self, track: str) -> bool:
        """Whether the canary Service selects the track alone."""
        return canary_service.has(self.s, track)

    def _is_whole(self, share: Share) -> bool:
        """Whether the production Service makes the share alone: for stable, for what was there before, and for counts.

        So it does where nothing is kept behind it.
        """
        s = self.s
        forward = s.under_way and not s.progress.rollback_reason
        alone = forward and s.stage.weight == 100 and not s.stage.stable and s.n > 0
        plain = alone or not (s.routed and s.stable_revision)
        return plain or set(share) <= {self.s.stable_revision, SOURCE}

    def gives(self, share: Share) -> bool:
        """Whether selectors and routes are those that make this share."""
        if self._is_whole(share):
            return self.production.gives(share) and not self.is_split
        apart = self.production.gives({self.s.stable_revision: 100}) and self._has_canary(self._candidate)
        there = self._route is not None and not self._changes(share)
        return apart and there and not groups.writes_due(self.s, self._split(share))

    @cached_property
    def _route(self) -> SeenRoute | None:
        """The route that the spec names or describes."""
        at = routing.place(self.s)
        return routing.seen(self.s, at) if at is not None else None

    @property
    def _candidate(self) -> str:
        return self.s.progress.revision

    def shows(self, share: Share, at_least: Mapping[str, int]) -> bool:
        """The receivers' pods are listed, and the router says that it took the route as it is now."""
        if self._is_whole(share):
            return self.production.shows(share, at_least)
        listed = all(self.listed(track) >= count for track, count in at_least.items() if track in share)
        return listed and self.unproved(share) is None

    def settled(self, share: Share) -> bool:
        """Whether the router has had the time to send requests by it."""
        return self._is_whole(share) or has_propagated(self.s)

    def serving(self, track: str) -> int:
        """Its pods behind the Service through which it gets its requests; what a split has left does not count any more."""
        if not self.s.routed:
            return self.production.serving(track)
        side = self.s.side(track)
        return min(side.available, side.desired, self.listed(track)) if self.live(track) else 0

    def only(self, tracks: Collection[str]) -> bool:
        """As behind the production Service."""
        return self.production.only(tracks)

    def follows(self, tracks: Collection[str]) -> bool:
        """Whether endpoints and router follow what is written now. A route that was never changed proves nothing."""
        return self.production.follows(tracks) and (self._is_untouched or self.is_taken)

    @property
    def _is_untouched(self) -> bool:
        """Whether no route was changed in this release."""
        return self.s.under_way and self.s.progress.serving_since is None and not self.is_split

    @property
    def is_followed(self) -> bool:
        """Whether no router can send requests by an older form of a route: a status proves that it was read, and no more."""
        return self.is_taken and has_propagated(self.s)

    @property
    def _is_reached(self) -> bool:
        """Whether requests may still come to the canary Service: then it keeps whom it has."""
        comes = not quiet.is_quiet(self.s) and not quiet.is_overdue(self.s)
        return self.is_split or bool(groups.previews(self.s)) or not self.is_followed or comes

    @property
    def is_taken(self) -> bool:
        """Whether the routers have seen the newest form of every route that was changed for us."""
        return self._not_taken is None

    def idle(self, track: str) -> bool:
        """Not selected, not routed to, and all nodes and routers have had the time to follow, or were seen to have."""
        none_yet = self.s.production_read is None and manifests.is_first(self.s)
        left = quiet.is_quiet(self.s) or not self.is_beside(track)
        return not self.live(track) and (none_yet or has_propagated(self.s)) and left

    def is_beside(self, track: str) -> bool:
        """Whether the canary Service has the track."""
        return quiet.is_behind(self.s, track)

    def separates(self, track: str, others: Collection[str]) -> bool:
        """As the production Service does."""
        return self.production.separates(track, others)

    # --- what is written --------------------------------------------------------------------------

    def writes(self, share: Share | None) -> Iterator[Write]:
        """Services before routes, and one change of the requests at a time where the next one needs its proof."""
        yield from owned_route.writes(self.s)
        yield from canary_service.writes(self.s, reached=self._is_reached, refers=self._refers)
        yield from groups.preview_writes(self.s)
        comes_home = self.is_split and self._has_canary(self.s.stable_revision)  # it has completed since
        if comes_home:
            yield from self._whole({self.s.stable_revision: 100})
        elif share is None:
            stable = self.s.stable_revision if self.s.routed else ""
            lost = bool(stable) and not self.production.live(stable)  # somebody took it from stable's pods
            yield from self.production.writes({stable: 100} if lost else None)
        elif self._is_whole(share):
            yield from self._whole(share)
        else:
            yield from self._shared(share)

    def _whole(self, share: Share) -> Iterator[Write]:
        """All by the production Service. Where the canary Service has a track's requests, it is left once production lists it."""
        track = next(iter(share)) if len(share) == 1 else ""
        carried = self._carries(track)
        if not self.is_split or carried:
            yield from self.production.writes(share)
        else:  # a split in which others share: production is stable's alone until it is taken back
            yield from self.production.writes(share if track else {self.s.stable_revision: 100})
        if not carried or (self.production.gives(share) and self._is_home(track)):
            yield from taken_back(self.s)

    def _is_home(self, track: str) -> bool:
        """Whether production lists the track's pods, all that are available, and no others."""
        side = self.s.side(track)
        listed = self.production.listed(track)
        return bool(listed) and listed >= min(side.available, side.desired) and self.production.only({track})

    def _carries(self, track: str) -> bool:
        """Whether the canary Service has all requests of the route for the track."""
        return bool(self._parts) and min(self._parts) == 1000 and self._has_canary(track)

    def _shared(self, share: Share) -> Iterator[Write]:
        """Stable behind the production Service, the candidate behind the canary Service, and then the route's weights."""
        elsewhere = [at for at, _ in routing.split_places(self.s) if at != routing.place(self.s)]
        if elsewhere:
            yield from taken_back(self.s)
            return
        stable, enough = {self.s.stable_revision: 100}, self.s.stable.available >= self.s.floor
        yield from self.production.writes(stable if enough or self.production.gives(stable) else None)
        if not self._can_split(share):
            return
        yield from groups.writes_due(self.s, self._split(share))
        ops, live = self._changes(share), self._route
        if live is not None and ops:
            yield Write(Verb.PATCH, live.kind, live.name, ops, live.identity)

    def _can_split(self, share: Share) -> bool:
        """Whether both Services have what the weights would send requests to, and what the route was is noted."""
        noted, at, live = routing.memo(self.s), routing.place(self.s), self._route
        if at is None or live is None or routing.trouble_of_rules(self.s) is not None:
            return False
        parted = self.production.gives({self.s.stable_revision: 100}) and self._has_canary(self._candidate)
        ready = parted and bool(self.listed(self._candidate))
        left = share.get(self.s.stable_revision, 0)
        was_down = self.s.progress.stable_was_down  # then nobody loses anything by the split
        backed = not left or bool(self.production.listed(self.s.stable_revision)) or self.is_split or was_down
        known = routing.is_owned(self.s) or self._refers
        known = known or (
            noted is not None and noted == (at, rules.before_of(live.manifest, routing.names(self.s, at)))
        )
        return ready and backed and known

    def _split(self, share: Share) -> Split:
        """The share as tenths of a percent, with what the stage asks beside it."""
        weight = share.get(self._candidate, 0)
        stage = self.s.stage
        return Split(round(10 * weight), stage.mirror, groups.cookies(self.s, weight))

    def _changes(self, share: Share) -> list[dict[str, Any]]:
        """What of the route's rules is not as the share wants it."""
        at, live = routing.place(self.s), self._route
        if at is None or live is None:
            return []
        named, was = routing.names(self.s, at), routing.before(self.s, at)
        return rules.changes(live.manifest, rules.with_split(live.manifest, named, was, self._split(share)))


def taken_back(s: Situation) -> Iterator[Write]:
    """The routes as they were before, and without our groups."""
    for at, live in routing.split_places(s):
        was = rules.as_before(live.manifest, routing.names(s, at), routing.before(s, at))
        ops = rules.changes(live.manifest, was)
        if ops:
            yield Write(Verb.PATCH, live.kind, live.name, ops, live.identity)
    yield from groups.removed(s)


def is_left(s: Situation) -> bool:
    """Whether no router can send a request to the canary Service any more: then it may go."""
    here, tracks = Route(s), {*s.others, s.stable_revision, s.progress.revision}
    waits = any(track and s.side(track).desired and not here.live(track) for track in tracks)
    taken = here.is_taken and (has_propagated(s) or not waits)
    return not s.under_way and not here.is_split and taken
