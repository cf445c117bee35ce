"""The one stepper: it takes a Rollout to any goal, one safe step at a time, from whatever is seen.

Every rule of safety stands here, once:
- growth: a track gets its pods at once, within the surge where pods are exchanged, and alone where two must never run at once;
- traffic: requests move to a track when it has enough pods, or when nothing else answers;
- shrinking: a track loses pods when no request can reach it, or when an exchange can spare them.
Nothing is remembered: the same goal and the same view give the same step. The first condition that does not hold is at once
the reason, the sentence, the pods to look at, and the time to look again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from crossfade.api.conditions import Reason
from crossfade.core import port_check
from crossfade.core.goal import POLL_S, Goal, Unmet
from crossfade.core.goals import goal_of
from crossfade.core.plan import ReadRequest
from crossfade.core.pods_left import are_left, may_run, none_left, unread
from crossfade.core.propagation import has_been_learned
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.stages import Exchange, Exclusive
from crossfade.core.traffic import Share, Traffic, quiet, traffic_of
from crossfade.core.traffic.port import Obstacle, receivers
from crossfade.core.words import pods, undo_sides


@dataclass(frozen=True)
class Step:
    """What to ask for now: pods by track, and the share (None: as it is). `unmet`: what is missing; None: the goal is met.

    `read`: what must be read before the next step can be known. `again_s`: seconds until pods may go that wait for nothing
    but time. `tries_ports`: the candidate's ports are to be tried before it gets its first requests.
    `meant`: the share without that wait: where pods are exchanged each of them serves once it can, so that one that ends
    before has failed already. `listed`: the candidate's pods are listed where a route would send it requests.
    """

    pods: Mapping[str, int]
    share: Share | None
    unmet: Unmet | None
    read: ReadRequest | None = None
    again_s: float | None = None
    tries_ports: bool = False
    meant: Share | None = None
    listed: bool = False


def step(goal: Goal, s: Situation) -> Step:
    """The next step towards the goal."""
    at = _Stepper(goal, s)
    again_s = quiet.again_s(s) if at.are_leaving else None
    return Step(at.pods, at.share, at.unmet, at.read, again_s, at.tries_ports, at.meant, at.is_listed)


def next_step(s: Situation) -> Step:
    """The next step towards where the Rollout is to go."""
    return step(s.once(goal_of), s)


@dataclass(frozen=True)
class _Stepper:
    goal: Goal
    s: Situation

    @cached_property
    def traffic(self) -> Traffic:
        """How requests are shared now, and how that is changed."""
        return traffic_of(self.s)

    @cached_property
    def tracks(self) -> list[str]:
        """All that have or are to have pods; stable first, since its pods are spared last."""
        named = (self.s.progress.revision, *self.goal.pods, *self.s.others, self.s.stable_revision)
        there = {track for track in named if track in self.goal.pods or self.s.side(track).identity.uid}
        there -= {SOURCE} if self.s.source is None else set()
        return [track for track in dict.fromkeys(named) if track and track in there]

    @cached_property
    def receivers(self) -> frozenset[str]:
        """The tracks that the goal gives requests to."""
        return receivers(self.goal.share or {})

    def wanted(self, track: str) -> int:
        """How many pods the goal gives the track; none where it does not name it."""
        return self.goal.pods.get(track, 0)

    # --- pods ---------------------------------------------------------------------------------------

    @cached_property
    def pods(self) -> Mapping[str, int]:
        """How many pods each track is asked for now. Never fewer than the rules leave it, whatever the goal wants."""
        asked, spare, unserved = {}, self._spare, self._unserved
        for track in self.tracks:
            has, broken = self.s.side(track).desired, min(self._broken(track), unserved)
            asked[track] = (
                self._grown(track) if self.wanted(track) >= has else self._shrunk(track, spare + broken)
            )
            gone = max(0, has - asked[track]) if self.traffic.live(track) else 0
            spare, unserved = spare - max(0, gone - broken), unserved - gone
        return asked

    @property
    def are_leaving(self) -> bool:
        """Whether pods are to go that no request is sent to any more, and only the nodes have to follow."""
        left = (t for t in self.tracks if self.pods[t] > self.wanted(t) and not self.traffic.live(t))
        return self.s.memory.moved_at is not None and any(t not in self.goal.keeps for t in left)

    def _grown(self, track: str) -> int:
        has, wanted = self.s.side(track).desired, self.wanted(track)
        if isinstance(self.goal.order, Exclusive):
            return has if any(self._may_have_pods(other) for other in self._others_than(track)) else wanted
        bounded = self.goal.within_surge or track != self.s.stable_revision
        if isinstance(self.goal.order, Exchange) and bounded:
            return min(wanted, has + self._room(track, self.goal.order))
        return wanted

    def _room(self, track: str, order: Exchange) -> int:
        """How many more pods the surge leaves room for; a restart may hold a pod beyond those that are asked for."""
        others = (self.s.side(other) for other in self.tracks if other != track)
        there = sum(max(side.desired, side.ready) for side in others)
        return max(0, self.s.n + order.surge - self.s.side(track).desired - there)

    def _others_than(self, track: str) -> Iterator[str]:
        """Whose pods must be gone before it may start. Old revisions were seen gone, unless nothing has completed yet."""
        pair = {self.s.stable_revision, self.s.progress.revision}
        for other in self.tracks:
            known = other in pair or not self.s.stable_revision
            if other not in {track, SOURCE, *self.goal.alike} and (known or are_left(self.s.side(other))):
                yield other

    def _may_have_pods(self, track: str) -> bool:
        return not none_left(self.s, track)

    def _shrunk(self, track: str, may_go: int) -> int:
        has, wanted = self.s.side(track).desired, self.wanted(track)
        if track in self.goal.keeps:
            return has
        if not self.s.n or isinstance(self.goal.order, Exclusive):
            return wanted
        if isinstance(self.goal.order, Exchange) and self._stays_live(track):
            return max(wanted, has - max(0, may_go))
        share = self.goal.share or {}
        # What a route keeps warm gets no share, and is selected all the same: whoever calls its Service still comes.
        warm = bool(wanted) and not self.traffic.mixes and self.traffic.live(track)
        asked = track in self.receivers or warm
        fewer_asked = asked and self.traffic.gives(share) and self.traffic.settled(share)
        return wanted if fewer_asked or self._is_left(track) else has

    def _stays_live(self, track: str) -> bool:
        """Whether requests may be sent to it, also after what is written in this pass."""
        leaves = self.share is not None and track not in receivers(self.share)
        return self.traffic.live(track) and not (leaves and self.goal.hurried)

    def _is_left(self, track: str) -> bool:
        """Whether no request can reach the track, or it has no pod that could answer one; a worker's others do its work."""
        if not self.s.service_name:
            return self._has_enough
        side = self.s.side(track)
        unseen = self.traffic.live(track) or self.traffic.is_beside(track)  # one that comes up gets requests
        has_none = not side.ready and side.current and not unseen
        return has_none or self.traffic.idle(track)

    @cached_property
    def _spare(self) -> int:
        """How many pods that serve can go, so that as many serve as must. Counts of an older size may be of pods that go."""
        if self.traffic.strangers:  # however few these are: their number is somebody else's
            return sum(self.s.side(track).desired for track in self.tracks)
        certain = (track for track in self.tracks if self.s.side(track).current)
        return max(0, sum(map(self.traffic.serving, certain)) - self._floor)

    @property
    def _floor(self) -> int:
        """How many pods must serve at least while pods are exchanged."""
        order = self.goal.order
        return self.s.n - (order.unavailable if isinstance(order, Exchange) else 0)

    @cached_property
    def _unserved(self) -> int:
        """How many pods that do not serve can go: enough are left even if all of them become ready, unseen.

        A Deployment's own rolling update has the same bound. The pods that the goal waits for are still to come. In a
        hurry nobody misses them.
        """
        if self.goal.hurried:
            return sum(self._broken(track) for track in self.tracks)
        certain = [track for track in self.tracks if self.traffic.live(track) and self.s.side(track).current]
        awaited = set(self.goal.awaits) or self.receivers
        coming = {track for track in awaited if self.wanted(track) >= self.s.side(track).desired}
        left = (self.traffic.serving(t) if t in coming else self.s.side(t).desired for t in certain)
        return max(0, sum(left) - self._floor)

    def _broken(self, track: str) -> int:
        """Its pods that do not serve: they go before those that do."""
        side = self.s.side(track)
        return max(0, side.desired - side.available) if side.current else 0

    # --- traffic ------------------------------------------------------------------------------------

    @cached_property
    def share(self) -> Share | None:
        """The share to be written now: the goal's, both sides on the way to it, or None where it stays as it is."""
        return None if self._waits_for_ports else self._next_share

    @property
    def meant(self) -> Share | None:
        """The share that would be written if no ports had to be tried first, where pods are exchanged."""
        return self._next_share if isinstance(self.goal.order, Exchange) else self.share

    @property
    def _waits_for_ports(self) -> bool:
        """Whether its first requests wait until its ports were tried: others answer meanwhile."""
        answered = self._answers(track for track in self.tracks if track != self.s.progress.revision)
        return self._gets_first_requests and (answered or self.traffic.takes_strangers)

    @cached_property
    def _gets_first_requests(self) -> bool:
        """Whether the candidate would get requests by the next share, and has none yet, and its ports were not tried."""
        candidate = self.s.progress.revision
        gets = candidate in receivers(self._next_share or {}) and not self.traffic.live(candidate)
        return gets and port_check.is_wanted(self.s)

    @cached_property
    def _needs_ports(self) -> bool:
        """Whether its ports are what is missing: for its requests, or for a stage in which nothing else could answer."""
        alone = not self.s.stable_revision or isinstance(self.goal.order, Exclusive)
        wanted = self.wanted(self.s.progress.revision) and self.s.progress.reached_at is None
        stands = alone and wanted and self._before_ports is None
        return self._gets_first_requests or bool(stands and port_check.is_wanted(self.s))

    @property
    def tries_ports(self) -> bool:
        """Whether the next thing to do is to try the candidate's ports."""
        return self._needs_ports and port_check.is_due(self.s)

    @cached_property
    def _next_share(self) -> Share | None:
        goal = self.goal
        if goal.share is None or self.traffic.gives(goal.share):
            return goal.share
        if self._obstacle is not None:
            return None
        if isinstance(goal.order, Exchange) and not goal.hurried and not self.s.routed:
            return self._exchanged(goal.share)
        alone = len(self.receivers) == 1 and not self._others_answer and self._may_take_over
        if self._has_enough or alone:
            return goal.share
        mixes = goal.widens and self.traffic.mixes and SOURCE not in goal.share
        return self._all(goal.share) if mixes and self._is_ready else None

    def _exchanged(self, share: Share) -> Share | None:
        """Both sides, until one has no pods left. Nobody gets more requests by it than the goal gives, and no third one any."""
        others = [track for track in self.tracks if track not in self.receivers]
        alone = len(self.receivers) == 1
        if alone and not self.traffic.separates(next(iter(self.receivers)), others):
            return share  # its selector selects the others' pods too
        if alone and self._has_enough and not any(self.s.side(track).desired for track in others):
            return share
        strangers = any(may_run(self.s.side(track)) for track in self.s.others if track != SOURCE)
        fits = all(self.traffic.live(t) or self.s.side(t).desired <= self.wanted(t) for t in self.receivers)
        answered = self._answers(self.tracks)
        if strangers or (answered and not fits):
            return None
        return self._all(share) if alone else share

    def _all(self, share: Share) -> Share:
        """The receivers share the requests with those who have them."""
        live = [track for track in self.tracks if track not in self.receivers and self.traffic.live(track)]
        return {**share, **dict.fromkeys(live, 1)}

    @cached_property
    def _has_enough(self) -> bool:
        """A count is believed once it is of the newest size: scaled down and up again, a pod may have been told to go."""
        if self.goal.sides:
            asked = self.goal.sides.items()
            return self._is_known and all(self._listed(track) >= count for track, count in asked)
        sides = [self.s.side(track) for track in self.receivers]
        if not self.goal.hurried and not all(side.current for side in sides):
            return False
        there = sum(min(side.ready if self.goal.by_ready else side.available, side.desired) for side in sides)
        return there >= self.goal.enough

    @property
    def is_listed(self) -> bool:
        """Whether the pods that the stage asks for are where a route would send the candidate requests."""
        routed = self.s.routed and self.s.under_way and bool(self.s.stable_revision)
        return routed and self._listed(self.s.progress.revision) >= max(1, self.s.stage.candidate)

    @property
    def _is_known(self) -> bool:
        """Whether the router has had the time to learn of the candidate's pods, or sends it requests already."""
        return self.traffic.live(self.s.progress.revision) or has_been_learned(self.s)

    def _listed(self, track: str) -> int:
        """Its pods that would get requests if the route sent it some."""
        side = self.s.side(track)
        return min(side.available, side.desired, self.traffic.listed(track)) if side.current else 0

    @cached_property
    def _is_ready(self) -> bool:
        return any(self.s.side(track).ready for track in self.receivers)

    @property
    def _may_take_over(self) -> bool:
        """Where nothing else answers: what was always allowed to serve at once, the rest once it can answer itself.

        Else pods of the others that come back would find no requests.
        """
        others = (track for track in self.tracks if track not in self.receivers)
        back = any(self.traffic.live(track) and self.s.side(track).desired for track in others)
        return self.goal.widens or self._is_ready or not back

    @cached_property
    def _others_answer(self) -> bool:
        if self.traffic.takes_strangers:
            return True
        return self._answers(track for track in self.tracks if track not in self.receivers)

    def _answers(self, tracks: Iterable[str]) -> bool:
        """Whether requests may be sent to one of them that has a ready pod."""
        return any(self.traffic.live(track) and self.s.side(track).ready for track in tracks)

    # --- what is missing ----------------------------------------------------------------------------

    @cached_property
    def read(self) -> ReadRequest | None:
        """What must be read before it is known whether a track has pods left; None where nothing is to be read."""
        return unread(self.s, self._must_be_gone) if self._must_be_gone else None

    @cached_property
    def _must_be_gone(self) -> set[str]:
        """The tracks that must have no pods left before the next step."""
        if not isinstance(self.goal.order, Exclusive):
            return set()
        growing = [track for track in self.tracks if self.wanted(track) > self.s.side(track).desired]
        return {*self.goal.empties, *(other for track in growing for other in self._others_than(track))}

    @cached_property
    def unmet(self) -> Unmet | None:
        """The first condition that does not hold; None where the goal is met."""
        return self._closed() or self._before_ports or (self._untried() if self._needs_ports else None)

    @cached_property
    def _before_ports(self) -> Unmet | None:
        rungs = (
            self._still,
            self._running,
            self._growing,
            self._not_moved,
            self._not_shown,
            self._shrinking,
            self._left_over,
        )
        return next((found for rung in rungs if (found := rung()) is not None), self.goal.missing)

    def _closed(self) -> Unmet | None:
        """Nothing listens where requests would come to: it was tried in this very pass."""
        closed = port_check.closed(self.s)
        if closed is None or self.goal.still:
            return None
        why = f"something to listen on port {closed.port}, to which Service {self.s.service_name} sends requests: pod {closed.pod} refuses connections"
        return Unmet(Reason.PORT_CLOSED, why, again_s=POLL_S)

    def _untried(self) -> Unmet:
        return Unmet(Reason.MOVING_TRAFFIC, "the candidate's ports to be tried", again_s=POLL_S)

    def _still(self) -> Unmet | None:
        if not self.goal.still:
            return None
        again_s = POLL_S if any(map(self._may_have_pods, self._must_be_gone)) else None
        return Unmet(Reason.PAUSED_BY_ACTION, "a person", again_s=again_s)

    def _running(self) -> Unmet | None:
        """Another one has pods that must be gone first."""
        left = next(filter(self._may_have_pods, sorted(self._must_be_gone)), None)
        if left is None:
            return None
        side = self.s.side(left)
        count = side.replicas + (side.terminating or 0)
        going = f"{pods(count) if count else 'the last pods'} of {self._name(left)} to go"
        return Unmet(Reason.SHRINKING, going, left, again_s=POLL_S)

    def _growing(self) -> Unmet | None:
        """Pods are awaited."""
        for track, wanted in self.goal.awaits.items():
            side = self.s.side(track)
            count, word = self._counted(track)
            there = min(count, wanted)
            if there < wanted or side.desired < self.wanted(track):
                if side.available >= max(wanted, self.wanted(track)) and self._obstacle is not None:
                    return _kept_by(self._obstacle)
                refused = f": {side.refusal}" if side.refusal else ""
                missing = max(wanted, self.wanted(track)) if side.desired < self.wanted(track) else wanted
                waits = f"{there} of {missing} pods of {self._name(track)} to {word}{refused}"
                return Unmet(Reason.SCALING_UP, waits, track)
        return None

    @cached_property
    def _obstacle(self) -> Obstacle | None:
        """What keeps requests from moving to where the goal has them."""
        share = self.goal.share
        return None if share is None or self.traffic.gives(share) else self.traffic.obstacle(share)

    def _counted(self, track: str) -> tuple[int, str]:
        """How many of its pods count, and what they are counted by. Where they are exchanged, those that get requests."""
        side = self.s.side(track)
        if isinstance(self.goal.order, Exchange):
            return self.traffic.serving(track), "serve" if self.s.service_name else "be available"
        return (side.ready, "be ready") if self.goal.by_ready else (side.available, "be available")

    def _not_moved(self) -> Unmet | None:
        """Requests cannot move yet, or the write that moves them is not seen yet."""
        goal = self.goal
        if goal.share is None or self.traffic.gives(goal.share):
            return None
        if self._obstacle is not None:
            return _kept_by(self._obstacle)
        if self.share is None or (self.share != goal.share and not self._has_enough):
            track = next((t for t in goal.awaits if t in self.receivers), min(self.receivers))
            waits = f"{self._enough_of(track)}, before requests move"
            return Unmet(Reason.MOVING_TRAFFIC, waits, track, again_s=POLL_S)
        return self._not_listed

    def _enough_of(self, track: str) -> str:
        """What of a receiver is awaited. Pods beyond those that are enough are not counted: `3 of 2` says nothing."""
        (count, word), enough = self._counted(track), self.goal.enough
        there = min(count, self.s.side(track).desired)
        if there < enough:
            return f"{there} of {enough} pods of {self._name(track)} to {word}"
        if self.goal.sides and self.is_listed and not self._is_known:
            return "the router to learn of the candidate's pods"
        if isinstance(self.goal.order, Exchange):
            return "pods that are to get no requests to go"
        return f"the pods of {self._name(track)} to be counted anew"

    def _not_shown(self) -> Unmet | None:
        """The endpoints do not show it yet. With nothing that could be listed there is nothing to wait for."""
        goal = self.goal
        if not goal.proves or goal.share is None or not self.s.n:
            return None
        is_first = not self.s.stable_revision and not self.traffic.takes_strangers
        return None if is_first or self.traffic.shows(goal.share, goal.awaits) else self._not_listed

    @cached_property
    def _not_listed(self) -> Unmet:
        unproved = self.traffic.unproved(self.goal.share or {})
        if unproved is not None:
            return _kept_by(unproved)
        return Unmet(Reason.MOVING_TRAFFIC, f"the endpoints to list pods of {self._names()} only")

    def _shrinking(self) -> Unmet | None:
        """A track has more pods than it is to have."""
        more = [t for t in self.tracks if self.s.side(t).desired > self.wanted(t) and self._counts(t)]
        if not more:
            return None
        track = more[0]
        if track in self.goal.keeps:
            return Unmet(Reason.SHRINKING, self.goal.keeps[track], track, again_s=POLL_S)
        if self.are_leaving:
            return Unmet(Reason.SETTLING, quiet.waits_for(self.s))
        unproved = self.traffic.unproved(self.goal.share or {})
        if unproved is not None and self.pods[track] > self.wanted(track):
            return _kept_by(unproved)
        count = self.s.side(track).desired - self.wanted(track)
        return Unmet(Reason.SHRINKING, f"{pods(count)} of {self._name(track)} to go", again_s=POLL_S)

    def _counts(self, track: str) -> bool:
        """A track that is none of the goal's counts only while it cannot go yet: else the write is on its way."""
        return (track in self.goal.pods and track != SOURCE) or self.pods[track] > self.wanted(track)

    def _left_over(self) -> Unmet | None:
        """Pods that were told to go still answer.

        Others are not waited for: a restart of the stable revision may hold one more that never becomes ready.
        """
        for track in self.goal.pods:
            side, wanted = self.s.side(track), self.wanted(track)
            if track not in {SOURCE, *self.goal.awaits} and side.ready > wanted:
                left = f"{pods(side.ready - wanted)} of {self._name(track)} to go"
                return Unmet(Reason.SHRINKING, left)
        return None

    def _names(self) -> str:
        return " and ".join(sorted(map(self._name, self.receivers)))

    def _name(self, track: str) -> str:
        """The word that people know the track by."""
        if track == SOURCE and self.s.spec.workload_ref is not None:
            return f"Deployment {self.s.spec.workload_ref.name}"
        sides = {self.s.stable_revision: "stable", self.s.progress.revision: "the candidate"}
        return {**sides, **undo_sides(self.s)}.get(track, track)


def _kept_by(obstacle: Obstacle) -> Unmet:
    """What keeps requests where they are; what is expected soon is asked for again."""
    soon = obstacle.reason is Reason.MOVING_TRAFFIC
    return Unmet(obstacle.reason, obstacle.waits_for, again_s=POLL_S if soon else None)
