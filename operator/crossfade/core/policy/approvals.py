"""Who has to agree before a moment of a release, and who has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossfade.api.policy_rules import Approval
from crossfade.api.status import Approved
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import moment_of, seconds_since
from crossfade.core.policy.entering import Entering
from crossfade.core.policy.matched import Matched
from crossfade.core.policy.sentence import held
from crossfade.core.situation import Situation
from crossfade.core.wanted import target

SERVICE_ACCOUNT = "system:serviceaccount:"
"""What the user names of service accounts begin with."""


def hold(s: Situation, policy: Matched, due: Entering) -> Answer:
    """A hold until enough people have approved each thing that is due."""
    for approval in policy.spec.approvals if policy.spec is not None else ():
        if is_due(approval, due):
            by = approvers(s, policy.name, approval)
            if len(by) < approval.count:
                return held(policy, "approvals", _missing(s, policy.name, approval, by))
    return OPEN


def is_due(approval: Approval, due: Entering) -> bool:
    """Whether it is asked for before what is about to happen. One before a step is due at each later one, and where all requests move:
    whoever writes fewer steps, or none, comes past no approval.
    """
    if approval.step is None:
        return approval.before in due.moments
    return "Promote" in due.moments or (due.step or 0) >= approval.step


def approvers(s: Situation, policy: str, approval: Approval) -> tuple[str, ...]:
    """The different people who have approved it, and still count, in order of time."""
    counting = (
        a.by
        for a in s.memory.approvals
        if not refusal(s, policy, approval, a) and not _is_over(s, approval, a)
    )
    return tuple(dict.fromkeys(counting))


def refusal(s: Situation, policy: str, approval: Approval, given: Approved) -> str:
    """Why an approval does not count for what a policy asks, as a sentence; "" where it does."""
    if not is_of_this_release(s, given):
        return "it was for the release before"
    if given.revision != target(s):
        return f"it is for {given.revision}, and {target(s)} is wanted now"
    if given.policy not in ("", policy) or given.approval not in ("", approval.name):
        return f"it is for policy {given.policy}"
    if approval.step is not None and given.step not in (None, approval.step):
        return f"it is for step {given.step}, and step {approval.step} waits"
    if approval.not_requester and given.by == s.requester:
        return f"{given.by} asked for this release, and may not approve it"
    return _stranger(approval, given)


def _stranger(approval: Approval, given: Approved) -> str:
    """Why it is nobody whose approval is asked for."""
    named = approval.groups
    if named and not set(named) & set(given.groups):
        return f"{given.by} is in none of the groups {', '.join(named)}"
    if not named and given.by.startswith(SERVICE_ACCOUNT):
        return (
            f"{given.by} is a service account: a person has to approve, or the policy has to name its group"
        )
    return ""


def is_of_this_release(s: Situation, given: Approved) -> bool:
    """Whether it was given since the last release ended: what was approved then is over.

    But for one of that revision whose pods nodes took, or that a window took back: it begins anew, and nobody has asked for another.
    """
    last = s.memory.last
    if last is None or not last.at or not given.at:
        return True
    again = given.revision and given.revision in (last.node_took, last.window_took)
    return bool(again) or moment_of(given.at) > moment_of(last.at)


def _is_over(s: Situation, approval: Approval, given: Approved) -> bool:
    return approval.expires_seconds is not None and seconds_since(given.at, s.now) >= approval.expires_seconds


def _missing(s: Situation, policy: str, approval: Approval, by: Sequence[str]) -> str:
    """Example: `approval leads before Promote: 1 of 2 given (by ann), by somebody of release-managers who did not ask for it: crossfade
    approve shop`.
    """
    given = f"{len(by)} of {approval.count} given" + (f" (by {', '.join(by)})" if by else "")
    who = (
        f"somebody of {' or '.join(approval.groups)}" if approval.groups else "somebody with the verb approve"
    )
    other = other_than_who_asked(s) if approval.not_requester else ""
    where = f"{approval.before} {approval.step}" if approval.step else approval.before
    return f"approval {approval.name} before {where}: {given}; needs {who}{other}: crossfade approve {s.name} --policy {policy}"


def other_than_who_asked(s: Situation) -> str:
    """Who asked may not approve it; where nobody knows who that is, it is said, since they may."""
    if not s.requester:
        return " (who asked for it is not known, so nobody is kept from approving their own)"
    return f", and not {s.requester} who asked for it"


def asked(s: Situation) -> Iterator[tuple[str, Approval]]:
    """Every approval that some policy asks for, with the policy's name."""
    for policy in s.seen.policies:
        for approval in policy.spec.approvals if policy.spec is not None else ():
            yield policy.name, approval


def next_expiry_s(s: Situation) -> float | None:
    """Seconds until an approval that counts now counts no more; None where none does."""
    left = [
        approval.expires_seconds - seconds_since(given.at, s.now)
        for policy, approval in asked(s)
        if approval.expires_seconds is not None
        for given in s.memory.approvals
        if not refusal(s, policy, approval, given)
    ]
    ahead = [each for each in left if each > 0]
    return min(ahead, default=None)
