"""What an Approve and a Bypass are answered: a new memory with a sentence, or only the sentence why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossfade.api.action import BYPASS_SECONDS, RolloutAction
from crossfade.api.policy_rules import Approval
from crossfade.api.status import APPROVALS_LENGTH, BYPASSES_LENGTH, Approved, Bypass
from crossfade.core.moments import later, text_of
from crossfade.core.policy.approvals import approvers, asked, is_due, refusal
from crossfade.core.policy.bypasses import glass_of
from crossfade.core.policy.entering import Entering, beginning, entering, following
from crossfade.core.situation import Situation
from crossfade.core.wanted import target


@dataclass(frozen=True)
class Said:
    """An answer: `after` is None where it is refused."""

    message: str
    after: Situation | None = None


def approve(s: Situation, action: RolloutAction) -> Said:
    """Count it for every approval that is asked for before what comes next, or before the step that it names."""
    if not s.under_way and target(s) == s.stable_revision:
        return Said("no release is wanted or under way: there is nothing to approve")
    if s.progress.rollback_reason:
        return Said(f"{s.progress.revision} is taken back: there is nothing to approve")
    due = _due(s, action.spec.step)
    if due is None:
        names = ", ".join(f"{number} ({each.name})" for number, each in enumerate(s.plan, start=1))
        return Said(f"there is no stage {action.spec.step}; there are {names}")
    earlier = _earlier(s, action.spec.step)
    wanted = [
        (policy, approval)
        for policy, approval in asked(s)
        if is_due(approval, due) and not any(is_due(approval, each) for each in earlier)
        if action.spec.policy in (None, policy)
    ]
    if not wanted:
        return Said(_nothing_asked(s, action))
    given = [_approved(s, action, policy, approval) for policy, approval in wanted]
    refused = [
        refusal(s, policy, approval, each) for (policy, approval), each in zip(wanted, given, strict=True)
    ]
    counting = [each for each, why in zip(given, refused, strict=True) if not why]
    if not counting:
        return Said("; ".join(dict.fromkeys(refused)))
    return _counted(s, wanted, counting, action.spec.actor or "")


def _counted(
    s: Situation, wanted: Sequence[tuple[str, Approval]], counting: Sequence[Approved], by: str
) -> Said:
    names = {(each.policy, each.approval) for each in counting}
    before = {(policy, a.name): approvers(s, policy, a) for policy, a in wanted}
    if all(by in before[name] for name in names):
        return Said(f"{by} has approved that already")
    after = s.remember(approvals=[*s.memory.approvals, *counting][-APPROVALS_LENGTH:])
    told = [
        f"{a.name} of policy {policy}: {len(approvers(after, policy, a))} of {a.count}"
        for policy, a in wanted
        if (policy, a.name) in names
    ]
    return Said(f"approved by {by}: {'; '.join(told)}", after)


def _due(s: Situation, step: int | str | None) -> Entering | None:
    """What an approval is for: what comes next, or the stage that it names; None where there is no such stage."""
    if step is None:
        return following(s) if s.under_way else beginning(s)
    for number, stage in enumerate(s.plan, start=1):
        if step in (number, stage.name):
            return entering(s.plan, number - 1)
    return None


def _earlier(s: Situation, step: int | str | None) -> list[Entering]:
    """What is still to come before the stage that an approval names: what is asked for there is not approved by that."""
    names = [each.name for each in s.plan]
    index = names.index(step) if isinstance(step, str) else (step or 1) - 1
    return [entering(s.plan, i) for i in range(s.progress.stage + 1 if s.under_way else 0, index)]


def _approved(s: Situation, action: RolloutAction, policy: str, approval: Approval) -> Approved:
    asked_for = set(approval.groups)
    return Approved(
        policy=policy,
        approval=approval.name,
        revision=action.spec.revision or target(s),
        step=approval.step,
        by=action.spec.actor or "",
        groups=[each for each in action.spec.groups or () if each in asked_for],
        reason=action.spec.reason or "",
        at=text_of(s.now),
        action=action.metadata.name,
    )


def _nothing_asked(s: Situation, action: RolloutAction) -> str:
    later_on = ", ".join(f"{a.name} of policy {p} before {_moment(a)}" for p, a in asked(s))
    whose = f" by policy {action.spec.policy}" if action.spec.policy else ""
    ahead = f"; asked for at some time: {later_on}" if later_on else ""
    return f"no approval is asked for{whose} before what comes next{ahead}"


def _moment(approval: Approval) -> str:
    return f"step {approval.step}" if approval.step else approval.before


def bypass(s: Situation, action: RolloutAction) -> Said:
    """Pass a policy for a while: no longer than the policy allows."""
    name = action.spec.policy or ""
    policy = next((each for each in s.seen.policies if each.name == name), None)
    if policy is None:
        known = ", ".join(each.name for each in s.seen.policies) or "none"
        return Said(f"policy {name} is not about this Rollout; those that are: {known}")
    glass = glass_of(policy.spec) if policy.spec is not None else None
    if glass is not None and not glass.allowed:
        return Said(f"policy {name} may not be passed by anybody (breakGlass.allowed is false)")
    if len(s.memory.bypasses) >= BYPASSES_LENGTH:
        return Said(
            f"{BYPASSES_LENGTH} bypasses run already, and that is the most: wait until one of them ends"
        )
    most = glass.max_seconds if glass is not None else BYPASS_SECONDS
    wanted = action.spec.expires_seconds or BYPASS_SECONDS
    seconds = min(wanted, most)
    cut = f" (the policy allows {_length(most)} at most)" if wanted > most else ""
    made = _bypass(s, action, later(text_of(s.now), seconds))
    after = s.remember(bypasses=[*s.memory.bypasses, made])
    return Said(f"policy {name} is passed by {made.by} until {made.until}{cut}: {made.reason}", after)


def _length(seconds: int) -> str:
    """Give a time in the largest unit that tells it exactly. Examples: `2 h`, `90 min`, `75 s`."""
    size, unit = next(each for each in ((3600, "h"), (60, "min"), (1, "s")) if not seconds % each[0])
    return f"{seconds // size} {unit}"


def _bypass(s: Situation, action: RolloutAction, until: str) -> Bypass:
    asked_for = action.spec
    return Bypass(
        policy=asked_for.policy or "",
        by=asked_for.actor or "",
        reason=asked_for.reason or "",
        at=text_of(s.now),
        until=until,
        action=action.metadata.name,
    )
