"""Which gates nobody opens before their time: a pause and a bake for as long as a policy asks, and what it wants measured.

What a stage asks for beyond that a person may let pass. No gate is kept shut on a way back, nor by a policy that is passed for now.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import RuleName, StepRule
from crossfade.core.moments import seconds_since
from crossfade.core.policy.bypasses import in_force
from crossfade.core.policy.matched import mode_of
from crossfade.core.policy.rules.analysis import is_asked
from crossfade.core.policy.rules.steps import is_partial
from crossfade.core.situation import Situation
from crossfade.core.stages import Gate, GateKind, Stage
from crossfade.core.wanted import comes_back, is_way_back


@dataclass(frozen=True)
class Kept:
    """A gate that a rule of a policy keeps shut; its `seconds` are those that the rule asks for."""

    policy: str
    rule: RuleName
    gate: Gate


def kept(s: Situation, stage: Stage) -> tuple[Kept, ...]:
    """The gates of a stage that stay shut, whoever promotes, until their seconds are over and their analysis has ended."""
    if _is_back(s):
        return ()
    return tuple(
        Kept(policy.name, rule, gate)
        for policy in in_force(s)
        if policy.spec is not None
        for rule, gate in _of(s, policy.spec, stage)
    )


def must_measure(s: Situation) -> bool:
    """Whether a policy asks for measurements, so that they go on whoever promotes."""
    return not _is_back(s) and _asks(s, "analysis")


def comes_at_once(s: Situation, revision: str) -> bool:
    """Whether a revision that has proved itself comes back without its gates: an old one does not where a policy asks for some."""
    return comes_back(s, revision) and (is_way_back(s, revision) or not _asks(s, "steps", "analysis"))


def refusal(s: Situation, *, ended: bool, ahead: bool = False) -> str:
    """Why nobody may let the present stage pass yet, as a sentence; "" where somebody may.

    `ended`: whether what is measured in it has ended. `ahead`: all later stages are to pass as well, each as soon as it stands.
    """
    shut = [(_left_s(s, each.gate, ended=ended), each) for each in kept(s, s.stage)]
    left_s, first = max(shut, key=lambda each: each[0], default=(0.0, None))
    if first is not None and left_s > 0:
        return _sentence(s, first, _now(first, left_s))
    later = [(i, each) for i in range(s.progress.stage + 1, len(s.plan)) for each in kept(s, s.plan[i])]
    if ahead and later:
        index, each = later[0]
        return _sentence(s, each, _later(each, f"stage {index + 1} ({s.plan[index].name})"))
    return ""


def _is_back(s: Situation) -> bool:
    p = s.progress
    return bool(p.rollback_reason) or is_way_back(s, p.revision)


def _asks(s: Situation, *rules: RuleName) -> bool:
    enforced = (each.spec for each in in_force(s) if each.spec is not None)
    return any(_enforces(spec, rule) for spec in enforced for rule in rules)


def _enforces(spec: RolloutPolicySpec, rule: RuleName) -> bool:
    return getattr(spec, rule) is not None and mode_of(spec, rule) == "Enforce"


def _of(s: Situation, spec: RolloutPolicySpec, stage: Stage) -> Iterator[tuple[RuleName, Gate]]:
    for gate in stage.gates:
        least = _least(spec.steps, stage, gate) if spec.steps and _enforces(spec, "steps") else 0
        if least:
            yield "steps", replace(gate, seconds=least)
        if _enforces(spec, "analysis") and _measures(s, spec, stage, gate):
            yield "analysis", gate


def _least(rule: StepRule, stage: Stage, gate: Gate) -> int:
    """For how many seconds of its own a gate stays shut; 0 where the rule asks for nothing."""
    if gate.kind is GateKind.PAUSE and is_partial(stage):
        return min(gate.seconds, rule.min_pause_seconds or 0)
    return min(gate.seconds, rule.min_bake_seconds or 0) if gate.kind is GateKind.BAKE else 0


def _measures(s: Situation, spec: RolloutPolicySpec, stage: Stage, gate: Gate) -> bool:
    """Whether what the rule asks for is measured while the gate is shut. What is measured in the background ends with the bake."""
    chosen = {GateKind.ANALYSIS: (stage.analysis,), GateKind.BAKE: (s.spec.analysis, s.spec.bake_analysis)}
    found = (each for each in chosen.get(gate.kind, ()) if each is not None)
    return spec.analysis is not None and any(is_asked(spec.analysis, each) for each in found)


def _left_s(s: Situation, gate: Gate, *, ended: bool) -> float:
    since = s.progress.reached_at
    if gate.kind is GateKind.ANALYSIS:
        return 0 if ended and since is not None else math.inf
    return max(0.0, gate.seconds - seconds_since(since, s.now))


def _now(each: Kept, left_s: float) -> str:
    if each.gate.kind is GateKind.ANALYSIS:
        return "what this stage measures has not ended"
    more = f"{math.ceil(left_s)} s more"
    if each.rule == "analysis":
        return f"this bake is measured to its end, {more}"
    return f"this {each.gate.kind.value.lower()} lasts {each.gate.seconds} s at least, {more}"


def _later(each: Kept, where: str) -> str:
    """What a PromoteFull would open that is still ahead."""
    if each.rule == "analysis":
        return f"{where} is still to be measured: Promote each stage in its time"
    kind = each.gate.kind.value.lower()
    return f"the {kind} of {where} lasts {each.gate.seconds} s at least: Promote each stage in its time"


def _sentence(s: Situation, each: Kept, what: str) -> str:
    emergency = f"in an emergency: crossfade bypass {s.name} --policy {each.policy}"
    return f"policy {each.policy}, rule {each.rule}: {what}; {emergency}"
