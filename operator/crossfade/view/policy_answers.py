"""What RolloutPolicies say to one Rollout: rule by rule, in the operator's own words, before anything is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import RuleName
from crossfade.core.policy.bypasses import bypassed
from crossfade.core.policy.content import broken
from crossfade.core.policy.matched import Matched, mode_of
from crossfade.core.situation import Situation
from crossfade.view.known_policies import Known
from crossfade.view.policy_moments import moments
from crossfade.view.rule_answers import PolicyAnswer, RuleAnswer, Verdict, by_mode
from crossfade.view.selected import is_about, selected
from crossfade.view.situations import Tried
from crossfade.view.slots import place_of
from crossfade.view.times import time_of

CONTENT: tuple[RuleName, ...] = ("strategies", "steps", "analysis", "rollback", "images")


def answers(tried: Tried, policies: Sequence[Known], now: datetime) -> tuple[PolicyAnswer, ...]:
    """Give what each policy that is about a Rollout says of it."""
    about = (each for each in policies if each.spec is None or _is_about(each.spec, tried))
    return tuple(_answer(tried, each, now) for each in about)


def _is_about(spec: RolloutPolicySpec, tried: Tried) -> bool:
    return is_about(spec, tried.raw, tried.namespace_labels)


def _answer(tried: Tried, policy: Known, now: datetime) -> PolicyAnswer:
    if policy.spec is None:
        said = f"it cannot be read, so it holds: {policy.problem}. Its admin has to correct it"
        return PolicyAnswer(policy.name, "", (RuleAnswer("spec", Verdict.HELD, said, "Start"),))
    s = tried.situation(now, matched(tried, policy))
    told = (*_content(tried, policy.spec), *moments(tried, policy, s))
    if policy.name in bypassed(s):
        told = tuple(_passed(each, s, policy.name) for each in told)
    return PolicyAnswer(policy.name, policy.spec.enforcement, told)


def matched(tried: Tried, policy: Known) -> Matched:
    """Give the policy as the engine sees it."""
    spec, place = policy.spec, None
    if spec is not None and spec.concurrency is not None and tried.others is not None:
        about = selected(spec, tried.others, tried.namespaces)
        place = place_of(spec.concurrency, tried.raw, about, policy.queued)
    return Matched(policy.name, spec, policy.problem, (), policy.closed, place)


def _passed(each: RuleAnswer, s: Situation, policy: str) -> RuleAnswer:
    if each.verdict not in {Verdict.KEPT, Verdict.REFUSED, Verdict.HELD, Verdict.WARNED}:
        return each
    theirs = (bypass for bypass in s.memory.bypasses if bypass.policy == policy)
    known = max(theirs, key=lambda bypass: bypass.until or "")
    until = time_of(known.until)
    told = f"passed by {known.by} until {until:%Y-%m-%d %H:%M} UTC: {known.reason}"
    if each.verdict is Verdict.KEPT:
        return replace(each, message="; ".join(filter(None, (each.message, told))))
    told = f"{told}; else {each.message}"
    return RuleAnswer(each.rule, Verdict.PASSED, told, each.before, until)


def _content(tried: Tried, policy: RolloutPolicySpec) -> Iterator[RuleAnswer]:
    """What the rules about a spec say. Where nothing of the spec changes, nobody refuses it; the next release is held."""
    found = broken(policy, tried.spec, tried.template)
    for rule in CONTENT:
        if getattr(policy, rule) is None:
            continue
        wrong = [each for each in found if each.rule == rule]
        for each in wrong:
            yield RuleAnswer(rule, by_mode(each.mode, refuses=tried.changed), each.message)
        if not wrong:
            yield _kept(rule, tried)
    for expression in policy.expressions:
        told = f"{expression.name}: CEL, which the API server alone judges ({expression.message})"
        yield RuleAnswer("expressions", Verdict.UNKNOWN, told)


def _kept(rule: RuleName, tried: Tried) -> RuleAnswer:
    if rule == "images" and tried.template is None:
        return RuleAnswer(rule, Verdict.UNKNOWN, "the template is in a Deployment that is not at hand")
    return RuleAnswer(rule, Verdict.KEPT)


def refused(told: Sequence[PolicyAnswer]) -> bool:
    """Whether a policy refuses it."""
    return any(each.of(Verdict.REFUSED) for each in told)


def as_dry_run(told: PolicyAnswer, policy: Known) -> PolicyAnswer:
    """Give what a policy says once the API server has taken a changed spec: expressions that refuse are kept then."""
    if policy.spec is None or mode_of(policy.spec, "expressions") != "Enforce":
        return told
    rules = (
        replace(
            each,
            verdict=Verdict.KEPT,
            message=f"{each.message.partition(':')[0]}: by the API server's dry run",
        )
        if each.rule == "expressions" and each.verdict is Verdict.UNKNOWN
        else each
        for each in told.rules
    )
    return replace(told, rules=tuple(rules))
