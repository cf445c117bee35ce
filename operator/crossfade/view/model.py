"""The values that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What a script needs to know: whether it is over, and how."""

    DONE = "Done"
    """The revision in the spec serves, and nothing is under way."""
    UNDER_WAY = "UnderWay"
    """It goes on without anybody."""
    FAILING = "Failing"
    """It is going back, or what serves is not available; it may still come right by itself."""
    FAILED = "Failed"
    """Rolled back or invalid: somebody must change something."""
    NEEDS_PERSON = "NeedsPerson"
    """It is held until a person decides."""

    @property
    def settled(self) -> bool:
        """Whether waiting longer changes nothing."""
        return self not in {Outcome.UNDER_WAY, Outcome.FAILING}


@dataclass(frozen=True)
class SideView:
    """One revision and its pods. `desired` is what the current stage wants, None where that is not known."""

    revision: str
    image: str
    desired: int | None
    pods: int
    ready: int
    available: int


@dataclass(frozen=True)
class Place:
    """Stage `number` (from 1) of `total`; `name` is empty where the plan is not at hand."""

    number: int
    total: int
    name: str = ""


@dataclass(frozen=True)
class Wait:
    """What is awaited, as a sentence, and when the wait ends by itself, where it does."""

    what: str
    until: datetime | None = None


@dataclass(frozen=True)
class Held:
    """Why the next change of a Rollout at rest will wait: a word and a sentence."""

    reason: str
    what: str


@dataclass(frozen=True)
class PolicyHold:
    """A rule of a policy that holds a release: what for, and whether it takes a `person` to end that."""

    policy: str
    rule: str
    what: str
    person: bool


@dataclass(frozen=True)
class Asked:
    """Who asked for something, when and why; what is not known is empty or None."""

    actor: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Passed:
    """A policy that somebody passes for this Rollout, why, and until when."""

    policy: str
    by: str
    reason: str
    until: datetime | None


@dataclass(frozen=True)
class Undoing:
    """An Undo: the numbers of the release that is left and of the one that it goes to, and who asked."""

    from_release: int
    to_release: int
    asked: Asked


@dataclass(frozen=True)
class Change:
    """The field manager that changed the template last, which is a client and no person, and when."""

    manager: str
    at: datetime | None = None


@dataclass(frozen=True)
class Course:
    """When a release began, met its first request, turned back and ended; None for what was not, or is not known.

    `number` and `outcome` are empty while it is under way.
    """

    number: int = 0
    outcome: str = ""
    started_at: datetime | None = None
    served_at: datetime | None = None
    turned_back_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Down:
    """Recreate: since when nothing serves (None where something does), what is allowed, and how long it lasted."""

    since: datetime | None
    limit_s: float | None
    seconds: float | None


@dataclass(frozen=True)
class Preview:
    """The Service that reaches a candidate before any user does, and its first port."""

    service: str
    port: int


@dataclass(frozen=True)
class Step:
    """Something to type next, and what for."""

    command: str
    purpose: str


@dataclass(frozen=True)
class RolloutView:
    """A Rollout at one moment.

    `weight` and `real_weight` are percent of the requests (of the pods, for a `worker`, which has no Service), wanted and
    given by the ready pods or by the `route` (such as `HTTPRoute shop`; "" where pods decide); None when no release is under way. `seen` is False while the status still speaks of an older
    spec, or of none. `reason` is the one-word reason of the condition that explains the phase. `held` is set where a pause
    holds the next change of one at rest, `policy` where a rule of a policy holds it, `coming` has the images of a release that waits to begin, `bypasses` where somebody passes one (those that have ended too, until the operator removes them), `paused` wherever an action holds it, `restarted` while a Restart goes on. `since`: when the phase
    began. `earlier`: whether another revision than the stable one has completed. `why` is how the last release ended, where it
    failed, `failed_reason` the word for it, `failed_container` the container that failed then, where one did. `last_lines` are what the container that the message speaks of wrote last, the last line first. `course` is of
    the release under way, else of the last one; `undoing` where that is an Undo under way, `went_back` where it was one. `to_do` are steps that somebody must take, commands on lines of their own.
    `warnings` are about what is around it.
    """

    name: str
    namespace: str
    phase: str
    reason: str
    message: str
    strategy: str
    release: int
    seen: bool
    deleting: bool
    outcome: Outcome
    worker: bool = False
    returning: bool = False
    last_lines: tuple[str, ...] = ()
    stage: Place | None = None
    weight: float | None = None
    real_weight: float | None = None
    route: str = ""
    stable: SideView | None = None
    candidate: SideView | None = None
    awaited: Wait | None = None
    held: Held | None = None
    policy: PolicyHold | None = None
    coming: str = ""
    bypasses: tuple[Passed, ...] = ()
    paused: Asked | None = None
    restarted: Asked | None = None
    since: datetime | None = None
    earlier: bool = False
    undoing: Undoing | None = None
    went_back: Undoing | None = None
    course: Course | None = None
    changed_by: Change | None = None
    failed_reason: str = ""
    failed_container: str = ""
    why: str = ""
    downtime_s: float | None = None
    down: Down | None = None
    preview: Preview | None = None
    to_do: tuple[str, ...] = ()
    next_steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
