"""A policy that is about a Rollout, as the shell gives it to a decision."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import Mode, RuleName
from crossfade.api.policy_windows import InFlight, Moment


@dataclass(frozen=True)
class Broken:
    """One rule about what a spec says that it breaks. `message`: how, and what to write instead."""

    rule: RuleName
    message: str
    mode: Mode = "Enforce"


@dataclass(frozen=True)
class Place:
    """Where a Rollout stands that needs a slot: `granted`, or at `place` (1 is next) behind `active` releases of `limit`.

    `where`: what the limit counts, as words. Example: `in the cluster`, `in namespace shop`, `with team=web`.
    """

    granted: bool
    place: int = 0
    active: int = 0
    limit: int = 0
    where: str = ""


@dataclass(frozen=True)
class Closed:
    """A window that is closed now: the moments that wait for it, and what becomes of a release that is under way.

    `until`: when it opens (RFC 3339), None where it does not within a year. `time_zone`: the one in which its times are told.
    """

    window: str
    moments: frozenset[Moment]
    in_flight: InFlight = "Continue"
    reason: str = ""
    since: str | None = None
    until: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Matched:
    """One policy that is about the Rollout.

    `spec`: None where it cannot be read; `problem` says why then, and it holds. `broken`: what the present spec breaks. `closed`: its
    windows that are closed now. `place`: with a limit of `concurrency`, where the Rollout stands; None where it has none.
    """

    name: str
    spec: RolloutPolicySpec | None = None
    problem: str = ""
    broken: tuple[Broken, ...] = ()
    closed: tuple[Closed, ...] = ()
    place: Place | None = None


def mode_of(spec: RolloutPolicySpec, rule: RuleName) -> Mode:
    """Whether a rule of a policy refuses and holds, warns, or is only written down."""
    own: Mode | None = getattr(spec.rule_enforcement, rule) if spec.rule_enforcement is not None else None
    return own or spec.enforcement
