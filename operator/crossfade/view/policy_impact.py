"""What a RolloutPolicy changes for the Rollouts of a cluster, before it is applied: beside the version that is there now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from crossfade.api.rollout import Rollout
from crossfade.view.known_policies import Known, known
from crossfade.view.policies import short
from crossfade.view.policy_answers import answers
from crossfade.view.rule_answers import RuleAnswer, Verdict
from crossfade.view.selected import namespace_of
from crossfade.view.situations import Tried

Object = Mapping[str, Any]
TOLD = (Verdict.REFUSED, Verdict.HELD, Verdict.WARNED, Verdict.NOTED)
NEXT = "crossfade.dev/next"
"""An annotation by which a template is another one: the next template, which nobody knows yet."""


@dataclass(frozen=True)
class Around:
    """What is known beside the Rollouts: `namespaces`: labels by name; `templates`: of the Deployments that a `workloadRef` names, by
    namespace and name.
    """

    rollouts: Sequence[Object]
    namespaces: Mapping[str, Mapping[str, str]]
    templates: Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Effect:
    """What a policy does to one Rollout: rules that refuse its next change, that hold it now, and that would hold its next release.

    `warns`: the rules that would only warn or be written down. `messages`: a sentence for each of them, with its rule before it.
    `unknown`: rules that nobody can judge here, such as `expressions`.
    """

    refuses: tuple[str, ...] = ()
    holds_now: tuple[str, ...] = ()
    holds_next: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One Rollout that the policy is about, in its new version or in the one before. None: it is not.

    `stricter`, `looser`: what the new version refuses or holds more, or less, than the one in the cluster.
    """

    namespace: str
    rollout: str
    before: Effect | None
    after: Effect | None
    stricter: tuple[str, ...]
    looser: tuple[str, ...]


@dataclass(frozen=True)
class Impact:
    """What one policy changes. `stored`: whether there is one of that name already. `rules`: what differs in its spec, in words.

    `unread`: Rollouts that cannot be read, which nobody can judge here.
    """

    policy: str
    stored: bool
    rules: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()


def impact(new: Object, old: Object | None, around: Around, now: datetime) -> Impact:
    """Judge every Rollout by the policy as it is in a file (`new`) and as it is in the cluster (`old`)."""
    after, before = known([new], now), known([old] if old is not None else [], now)
    rows, unread = [], []
    for each in around.rollouts:
        tried = _tried(each, around)
        if tried is None:
            unread.append(f"{namespace_of(each)}/{each['metadata']['name']}")
        elif row := _row(tried, _effect(tried, before, now), _effect(tried, after, now)):
            rows.append(row)
    rules = tuple(_differences(before[0] if before else None, after[0]))
    in_order = tuple(sorted(rows, key=lambda row: (row.namespace, row.rollout)))
    return Impact(new["metadata"]["name"], old is not None, rules, in_order, tuple(sorted(unread)))


def _tried(stored: Object, around: Around) -> Tried | None:
    """Give a stored Rollout as if it were applied again as it is; None where it cannot be read."""
    try:
        rollout = Rollout.model_validate(stored)
    except ValidationError:
        return None
    place = namespace_of(stored)
    ref = rollout.spec.workload_ref
    source = around.templates.get((place, ref.name)) if ref is not None else None
    return Tried(rollout, place, stored, around.namespaces, source, around.rollouts)


def _next(tried: Tried) -> Tried:
    """Give the same with its next template, of which only that is known that it is another one."""
    if tried.template is None:
        return tried
    meta = tried.template.get("metadata") or {}
    marked = {**meta, "annotations": {**(meta.get("annotations") or {}), NEXT: ""}}
    template = {**tried.template, "metadata": marked}
    if tried.spec.template is None:
        return replace(tried, source=template)
    spec = tried.spec.model_copy(update={"template": template})
    return replace(tried, rollout=tried.rollout.model_copy(update={"spec": spec}))


def _effect(tried: Tried, policies: Sequence[Known], now: datetime) -> Effect | None:
    """Give what a policy does to one; None where it is not about it, or there is no policy."""
    coming = answers(_next(tried), policies, now)
    if not coming:
        return None
    answer, present = coming[0], answers(tried, policies, now)[0]
    held = answer.of(Verdict.HELD)
    return Effect(
        refuses=_rules(answer.of(Verdict.REFUSED)),
        holds_now=_rules(each for each in present.of(Verdict.HELD) if each.now),
        holds_next=_rules(held),
        warns=_rules(answer.of(Verdict.WARNED, Verdict.NOTED)),
        messages=tuple(f"rule {each.rule}: {each.message}" for each in answer.of(*TOLD)),
        unknown=_rules(answer.of(Verdict.UNKNOWN)),
    )


def _rules(found: Iterable[RuleAnswer]) -> tuple[str, ...]:
    """Give the rules, each with the moment that it holds. Examples: `images`, `approvals before Promote`."""
    names = (f"{each.rule} before {each.before}" if each.before else each.rule for each in found)
    return tuple(dict.fromkeys(names))


def _row(tried: Tried, before: Effect | None, after: Effect | None) -> Row | None:
    if before is None and after is None:
        return None
    was, will = _demands(before), _demands(after)
    return Row(
        tried.namespace,
        tried.rollout.metadata.name,
        before,
        after,
        tuple(each for each in will if each not in was),
        tuple(each for each in was if each not in will),
    )


def _demands(effect: Effect | None) -> list[str]:
    if effect is None:
        return []
    return [*(f"refuses {each}" for each in effect.refuses), *(f"holds {each}" for each in effect.holds_next)]


def _differences(before: Known | None, after: Known) -> Iterator[str]:
    """Say what of a spec is added, removed or changed, field by field."""
    old, new = _fields(before), _fields(after)
    for key in dict.fromkeys([*new, *old]):
        if key not in old:
            yield f"{key} added ({short(new[key])})"
        elif key not in new:
            yield f"{key} removed (was {short(old[key])})"
        elif old[key] != new[key]:
            yield f"{key} changed ({short(old[key])} → {short(new[key])})"


def _fields(policy: Known | None) -> Mapping[str, Any]:
    """Give the fields of a spec that differ from their defaults."""
    if policy is None or policy.spec is None:
        return {}
    return policy.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
