"""Whether the policies about a Rollout are kept: what its condition PolicyCompliant says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crossfade.api.conditions import Reason
from crossfade.core.policy.bypasses import bypassed
from crossfade.core.policy.holds import warned
from crossfade.core.situation import Situation


@dataclass(frozen=True)
class Compliance:
    """What is to be said: True or False, why in one word, and in a sentence."""

    holds: Literal["True", "False"]
    reason: Reason
    message: str


def compliance(s: Situation, *, held: str) -> Compliance | None:
    """What is so now; None where no policy is about it. `held`: what a policy holds it for now, as a sentence; "" where none does."""
    if not s.seen.policies and not s.seen.policies_unknown:
        return None
    if held:
        return Compliance("False", Reason.HELD_BY_POLICY, held)
    broken, warnings = tuple(_broken(s, "Enforce")), (*_broken(s, "Warn"), *warned(s))
    if broken:
        return Compliance("False", Reason.VIOLATED, "; ".join(broken))
    if warnings:
        return Compliance("False", Reason.WARNED, "; ".join(warnings))
    kept = ", ".join(_kept(s)) or "nothing that is more than audited is broken"
    return Compliance("True", Reason.COMPLIANT, f"kept: {kept}")


def _broken(s: Situation, mode: str) -> Iterator[str]:
    """What the spec breaks, whether the policy is passed for now or not."""
    for policy in s.seen.policies:
        if policy.problem:
            yield f"policy {policy.name} cannot be read: {policy.problem}"
        for each in policy.broken:
            if each.mode == mode:
                yield f"policy {policy.name}, rule {each.rule}: {each.message}"


def _kept(s: Situation) -> Iterator[str]:
    """Policies of which nothing is broken, not even what is only audited."""
    passed = bypassed(s)
    kept = (each.name for each in s.seen.policies if not each.broken)
    return (f"{name} (passed for now)" if name in passed else name for name in kept)
