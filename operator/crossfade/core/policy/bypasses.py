"""Policies that somebody passes in an emergency: for how long, and what is left of them then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import BreakGlass
from crossfade.api.status import Bypass
from crossfade.core.moments import moment_of, text_of
from crossfade.core.policy.matched import Matched, mode_of
from crossfade.core.policy.rules import images
from crossfade.core.situation import Situation


def bypassed(s: Situation) -> frozenset[str]:
    """Names of the policies that are passed now."""
    return frozenset(each.policy for each in _standing(s))


def in_force(s: Situation) -> tuple[Matched, ...]:
    """The policies about the Rollout, but for those that are passed now."""
    passed = bypassed(s)
    return tuple(each for each in s.seen.policies if each.name not in passed)


def forbidden(s: Situation, template: Mapping[str, Any]) -> str:
    """Which image rule keeps a template from being brought back, as a sentence; "" where none does.

    When a release may go on never keeps anything from coming back. What may run at all does, since its pods are made anew. The Jobs of the
    present spec's hooks and metrics are not asked for here: they are no part of what comes back.
    """
    for policy in in_force(s):
        rule = policy.spec.images if policy.spec is not None else None
        enforced = policy.spec is not None and mode_of(policy.spec, "images") == "Enforce"
        wrong = images.wrong_in(rule, template) if rule is not None and enforced else ""
        if wrong:
            return f"policy {policy.name}, rule images: {wrong}"
    return ""


def without_ended(s: Situation) -> Situation:
    """The memory without the bypasses that have ended, or that their policy allows no more."""
    return s.remember(bypasses=list(_standing(s)))


def standing_at(bypasses: Iterable[Bypass], now: datetime) -> list[Bypass]:
    """Those that have not ended, where nobody knows what their policies say now."""
    return [each for each in bypasses if each.until and now < moment_of(each.until)]


def next_end_s(s: Situation) -> float | None:
    """Seconds until the first of them ends; None where there is none."""
    return left_s(_standing(s), s.now)


def left_s(bypasses: Iterable[Bypass], now: datetime) -> float | None:
    """Seconds until the first of these ends; None where none does."""
    known = [moment_of(each.until) for each in bypasses if each.until]
    return max(0.0, (min(known) - now).total_seconds()) if known else None


def glass_of(spec: RolloutPolicySpec) -> BreakGlass:
    """How a policy may be passed, also where it says nothing of that."""
    return spec.break_glass or BreakGlass()


def ends(at: datetime | None, until: datetime, glass: BreakGlass | None) -> datetime | None:
    """When a bypass ends by what its policy says now (`glass`, None: nobody knows); None where it passes nothing any more."""
    if glass is None:
        return until
    if not glass.allowed:
        return None
    return min(until, at + timedelta(seconds=glass.max_seconds)) if at is not None else until


def _standing(s: Situation) -> Iterator[Bypass]:
    """Those that pass something now, each until its policy lets it."""
    glasses = {each.name: glass_of(each.spec) for each in s.seen.policies if each.spec is not None}
    for each in s.memory.bypasses:
        until = moment_of(each.until) if each.until else None
        at = moment_of(each.at) if each.at else None
        end = ends(at, until, glasses.get(each.policy)) if until is not None else None
        if end is not None and s.now < end:
            yield each if end == until else each.model_copy(update={"until": text_of(end)})
