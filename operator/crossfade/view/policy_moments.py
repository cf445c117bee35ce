"""What the rules of a policy about moments (windows, approvals, turns …) say to a release, in the engine's own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import Approval, Mode, RuleName
from crossfade.core.gates.answer import Answer
from crossfade.core.policy.approvals import approvers, is_due, other_than_who_asked
from crossfade.core.policy.closing import frozen_now
from crossfade.core.policy.entering import NOTHING, Entering, beginning, entering, following
from crossfade.core.policy.holds import WHEN, without_stages
from crossfade.core.policy.matched import Matched, mode_of
from crossfade.core.situation import Situation
from crossfade.core.wanted import condemned, is_way_back, paused
from crossfade.view.ahead import ahead
from crossfade.view.known_policies import Known
from crossfade.view.rule_answers import RuleAnswer, Verdict, by_mode
from crossfade.view.situations import Tried
from crossfade.view.times import time_of

MOMENTS: tuple[RuleName, ...] = ("freeze", "windows", "approvals", "concurrency", "quota")
WHO_ASKS = ", and not who asks for it"
"""Whose approval does not count for a release that nobody has asked for yet."""


def moments(tried: Tried, policy: Known, s: Situation) -> Iterator[RuleAnswer]:
    """Say what the rules of a policy about moments say to a release, if what is asked now came now."""
    spec = policy.spec
    rules = [rule for rule in MOMENTS if getattr(spec, rule)]
    if spec is None:
        return
    if idle := _why_not_asked(s):
        yield from (RuleAnswer(rule, Verdict.NOT_ASKED, idle) for rule in rules)
        return
    one = s.seen.policies[0]
    if not s.n and s.stable_revision:
        yield from (_without_stages(each) for each in without_stages(one))
    for rule in rules:
        if rule == "approvals":
            yield from (_approval(s, one, each, tried) for each in spec.approvals)
        elif rule == "concurrency" and one.place is None:
            yield RuleAnswer(
                rule, Verdict.UNKNOWN, "without a cluster nobody knows how many releases are under way"
            )
        else:
            yield _held(s, one, rule, tried, policy)


def _without_stages(answer: Answer) -> RuleAnswer:
    """With no replicas there are no stages, and the engine holds what a rule asks of stages."""
    rule, _, what = answer.waiting_for.partition(", rule ")[2].partition(": ")
    return RuleAnswer(rule, Verdict.HELD, what, "Start", now=True)


def _why_not_asked(s: Situation) -> str:
    """Why no release that a policy could hold begins with it, as a sentence; "" where one does."""
    revision = s.spec_revision
    if s.progress.rollback_reason or s.progress.begun_as == "WakeUp":
        return "its release is on its way back, which nothing holds"
    if revision == s.stable_revision:
        return "the template is the one that serves: no release begins"
    if revision in condemned(s):
        return "this revision has failed, or was undone: no release begins before a Retry"
    if is_way_back(s, revision):
        return "it is the return to a revision that has proved itself, which nothing holds"
    if paused(s) and not s.under_way:
        return "it is paused: policies are asked once a person lets it go on"
    return ""


def _dues(s: Situation) -> list[Entering]:
    """What comes with the stages of the release, what comes next first: its beginning, or the stage after the present one."""
    first = s.progress.stage + 2 if s.under_way else 1
    later = (entering(s.plan, index) for index in range(first, len(s.plan)))
    return [following(s) if s.under_way else beginning(s), *(each for each in later if each != NOTHING)]


def _held(s: Situation, one: Matched, rule: RuleName, tried: Tried, policy: Known) -> RuleAnswer:
    """The first moment of the release that it holds, if it came now."""
    spec = one.spec or RolloutPolicySpec()
    for i, due in enumerate(_dues(s)):
        answer = WHEN[rule](s, one, due)
        if not answer.is_open:
            refuses = tried.changed and "Start" in due.moments and _rejects(s, one, rule)
            told = _as_told(rule, answer, _before(due), mode_of(spec, rule), refuses=refuses)
            return replace(told, now=not i)
    return _closes_on_the_way(s, one, policy, tried) if rule == "windows" else RuleAnswer(rule, Verdict.KEPT)


def _closes_on_the_way(s: Situation, one: Matched, policy: Known, tried: Tried) -> RuleAnswer:
    """All windows are open now: whether one is closed once the release gets there, at the earliest."""
    spec = one.spec or RolloutPolicySpec()
    for due, after_s in ahead(s) if tried.looks_ahead else ():
        at = s.now + timedelta(seconds=after_s)
        answer = WHEN["windows"](s, replace(one, closed=policy.closed_at(at)), due)
        if not answer.is_open:
            told = _as_told("windows", answer, _before(due), mode_of(spec, "windows"), refuses=False)
            return replace(
                told,
                message=f"at {at:%Y-%m-%d %H:%M} UTC, when it gets there at the earliest, {told.message}",
            )
    close = policy.next_close
    return RuleAnswer("windows", Verdict.KEPT, f"open until {_minute(close)}" if close else "")


def _rejects(s: Situation, one: Matched, rule: RuleName) -> bool:
    """Whether what closes now refuses what is applied (`onClosed: Reject`)."""
    if one.spec is None:
        return False
    if rule == "freeze":
        return (
            one.spec.freeze is not None
            and one.spec.freeze.on_closed == "Reject"
            and frozen_now(s, one) is not None
        )
    rejecting = {each.name for each in one.spec.windows if each.on_closed == "Reject"}
    return rule == "windows" and any(
        each.window in rejecting and "Start" in each.moments for each in one.closed
    )


def _approval(s: Situation, one: Matched, approval: Approval, tried: Tried) -> RuleAnswer:
    spec = one.spec or RolloutPolicySpec()
    alone = replace(one, spec=spec.model_copy(update={"approvals": [approval]}))
    where = f"{approval.before} {approval.step}" if approval.step else approval.before
    dues = _dues(s)
    due = next((each for each in dues if is_due(approval, each)), None)
    if due is None:
        return RuleAnswer("approvals", Verdict.NOT_ASKED, f"{approval.name}: before {where}, which is over")
    answer = WHEN["approvals"](s, alone, due)
    if answer.is_open:
        by = ", ".join(approvers(s, one.name, approval))
        return RuleAnswer("approvals", Verdict.KEPT, f"{approval.name}: given by {by}")
    at = where if approval.step in (None, due.step) else _before(due)
    told = _as_told("approvals", answer, at, mode_of(spec, "approvals"), refuses=False)
    message = (
        told.message.replace(other_than_who_asked(s), WHO_ASKS) if _is_to_come(s, tried) else told.message
    )
    return replace(told, message=message, now=due == dues[0])


def _is_to_come(s: Situation, tried: Tried) -> bool:
    """Whether somebody will ask for the release by applying this, and be known: who asked last is another matter."""
    known_then = s.requester or (tried.live is None and tried.spec.workload_ref is None)
    return tried.changed and bool(known_then)


def _as_told(rule: RuleName, answer: Answer, before: str, mode: Mode, *, refuses: bool) -> RuleAnswer:
    verdict = by_mode(mode, refuses=refuses)
    what = answer.waiting_for.partition(f", rule {rule}: ")[2] or answer.waiting_for
    return RuleAnswer(rule, verdict, what, before, time_of(answer.until))


def _before(due: Entering) -> str:
    if "Start" in due.moments:
        return "Start"
    return f"Step {due.step}" if "Step" in due.moments else "Promote"


def _minute(text: str) -> str:
    return f"{text[:10]} {text[11:16]} UTC"
