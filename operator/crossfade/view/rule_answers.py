"""What a rule of a policy says to one Rollout: the values, and what its mode makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crossfade.api.policy_rules import Mode


class Verdict(StrEnum):
    """What a rule does."""

    KEPT = "Kept"
    """It is kept, and holds nothing now."""
    REFUSED = "Refused"
    """It is broken: the API server refuses the manifest."""
    HELD = "Held"
    """The manifest is taken, and the release waits."""
    WARNED = "Warned"
    """It would refuse or hold, and only warns, by its mode."""
    NOTED = "Noted"
    """It would refuse or hold, and is only written down, by its mode (Audit)."""
    PASSED = "Passed"
    """The policy is passed for now (a bypass)."""
    NOT_ASKED = "NotAsked"
    """It is about something that this manifest does not bring."""
    UNKNOWN = "Unknown"
    """Nobody can say it here."""


@dataclass(frozen=True)
class RuleAnswer:
    """One rule's answer. `before`: the moment that it holds, and `now` whether that is the one that comes next. `until`: when that ends by
    itself, None where somebody must act.
    """

    rule: str
    verdict: Verdict
    message: str = ""
    before: str = ""
    until: datetime | None = None
    now: bool = False


@dataclass(frozen=True)
class PolicyAnswer:
    """What one policy says."""

    policy: str
    mode: str
    rules: tuple[RuleAnswer, ...]

    def of(self, *verdicts: Verdict) -> tuple[RuleAnswer, ...]:
        """Give the rules with one of these verdicts."""
        return tuple(each for each in self.rules if each.verdict in verdicts)


def by_mode(mode: Mode, *, refuses: bool) -> Verdict:
    """Give what follows from a rule that is broken, or that holds; `refuses`: whether the API server says no."""
    if mode == "Enforce":
        return Verdict.REFUSED if refuses else Verdict.HELD
    return Verdict.WARNED if mode == "Warn" else Verdict.NOTED
