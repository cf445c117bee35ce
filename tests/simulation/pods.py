"""Pods of the simulated cluster, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from crossfade.core.observed import Exit, Pod, Waiting

EVICTED = "Evicted: the node was low on resource: ephemeral-storage."
NO_ROOM = "0/1 nodes are available: 1 Insufficient cpu."
DRAINED = "EvictionByEvictionAPI: Eviction API: evicting"


@dataclass(frozen=True)
class SimPod:
    """One pod. `leaving`: told to go, and answering until it is gone. `untold`: an end that its status lacks yet.

    `since`: when it became ready, as long as it is or was before. `mark`: the mark of the Restart that its template had when it was made. `ends`: how
    often its container has ended, as its status says, `end_at`: when it really did last. `ended`: it runs no more, and stays as an object in phase Failed.
    `stuck_to`: it cannot go before that, since its node does not answer. `fell`: its container has ended while it got
    requests, which nobody sees but the rules. `taken`: its node is drained, which is why it goes.
    `placed`: it is on a node, where that is not told by its having been ready. `creating`: its container has not started yet.
    """

    name: str
    revision: str
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)
    ready: bool = False
    leaving: bool = False
    exits: tuple[Exit, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unschedulable: str = ""
    untold: Exit | None = None
    since: datetime | None = None
    mark: str = ""
    ends: int = 0
    end_at: datetime | None = None
    ended: bool = False
    stuck_to: datetime | None = None
    fell: bool = False
    taken: bool = False
    placed: bool = False
    creating: bool = False

    def but(self, **changes: Any) -> SimPod:
        """The same with `changes`, as `dataclasses.replace` gives it, in a third of its time."""
        twin = object.__new__(SimPod)
        twin.__dict__.update(self.__dict__, **changes)
        return twin

    @property
    def has_place(self) -> bool:
        """Whether it is on a node."""
        return self.placed or self.ready or self.since is not None

    @property
    def runs(self) -> bool:
        """Whether its containers run, or may start again."""
        return not self.ended

    def is_stuck(self, now: datetime) -> bool:
        """Whether it cannot go yet, though it is told to."""
        return self.stuck_to is not None and now < self.stuck_to

    @cached_property
    def deployment(self) -> str:
        """The name of the Deployment that made it."""
        return self.name.partition("-rs-")[0]

    def ready_for(self, now: datetime) -> float:
        """Seconds since it became ready; below 0 where it is not."""
        if not self.ready:
            return -1.0
        return (now - self.since).total_seconds() if self.since else math.inf

    def up(self, at: datetime) -> SimPod:
        """It is ready, from now on or as it was before."""
        return self if self.ready else self.but(ready=True, since=at)

    def crashed(self, at: datetime, *, ready: bool = True, code: int = 42, ahead_s: float = 0.0) -> SimPod:
        """Its container has ended; with `ready` it was started again before anyone looked.

        `ahead_s`: how far the clock of its node is ahead, by which the end is told.
        """
        ends, told_at = self.ends + 1, (at + timedelta(seconds=ahead_s)).replace(microsecond=0)
        end = Exit("app", code, "Error", "", told_at, ends)
        return self.but(exits=(end,), ends=ends, end_at=at, ready=ready, since=at if ready else self.since)

    def failing(self, at: datetime, *, ahead_s: float = 0.0) -> SimPod:
        """Its container has ended, and only its endpoint tells: the kubelet writes the exit code later."""
        after = self.crashed(at, ready=False, ahead_s=ahead_s)
        return after.but(exits=self.exits, ends=self.ends, untold=after.exits[0])

    def evicted(self, at: datetime) -> SimPod:
        """Its node has put it out: it ends for ever, and stays as an object."""
        return self.crashed(at, ready=False, code=137).but(ended=True)

    def told(self) -> SimPod:
        """The kubelet has written what it knows."""
        if self.untold is None:
            return self
        return self.but(exits=(self.untold,), ends=self.ends + 1, untold=None)

    def seen(self) -> Pod:
        """What a listing of pods tells of it."""
        return Pod(
            self.name,
            self.revision,
            self.ready,
            self.leaving or self.ended,
            self.exits,
            self.waiting,
            self.unschedulable,
            pulled=self.ready,
            started=not self.creating,
            unready=()
            if self.ready or self.creating or self.waiting or self.unschedulable or self.exits
            else ("app",),
            ended=self.ended,
            ends=max(self.ends, *(end.restarts for end in self.exits), len(self.exits)),
            node_lost=EVICTED if self.ended else DRAINED if self.taken else "",
            was_ready=self.ready or self.since is not None,
        )
