"""`steps`: how fast requests may move, judged by the compiled plan, so that the rule and the plan never disagree.

The percent of a stage is the plan's: what a canary asks for, and for a batch of a rolling one the part that its pods have. (Without a
route a canary's weight is met as nearly as there are pods; the plan shows by how much it differs.) The first stage with any requests
counts from 0 for `maxIncrease` where `maxInitialWeight` says nothing. A roll without batches, blue/green and big bang give 100 at once.
Recreate has no steps: of it only the bake is asked. The CEL form (`steps_cel.py`) is exact: it compiles the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from crossfade.api.base import whole
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import StepRule
from crossfade.core.policy.about import About
from crossfade.core.policy.rules.steps_cel import CEL, ELSE, INSTEAD
from crossfade.core.stages import GateKind, Stage

__all__ = ["CEL", "is_partial", "problems"]


class Move(NamedTuple):
    """A stage that gives the new revision more requests: to how many tenths of a percent, and how people know it."""

    tenths: int
    name: str


def problems(policy: RolloutPolicySpec, about: About) -> Iterator[str]:
    """The first stage that is too much of each kind, and the bake."""
    rule = policy.steps
    if rule is None:
        return
    if about.spec.strategy.recreate is None:
        found = _moves(about)
        yield from _initial(rule, found)
        yield from _increase(rule, found)
        yield from _pause(rule, about)
        yield from _manual(rule, about)
    if rule.min_bake_seconds is not None and about.spec.bake_seconds < rule.min_bake_seconds:
        least = rule.min_bake_seconds
        yield f"bakeSeconds {about.spec.bake_seconds} is below {least}: write bakeSeconds: {least}"


def _parts(about: About) -> list[tuple[str, Stage]]:
    """The stages that are steps or batches, by their places."""
    field = "steps" if about.spec.strategy.canary is not None else "batches"
    counted = [stage for stage in about.plan if stage.weight < 100 or stage.name.startswith("batch ")]
    if about.spec.strategy.canary is None and about.spec.strategy.rolling is None:
        return []
    return [(f"{field}[{index}]", stage) for index, stage in enumerate(counted)]


def _moves(about: About) -> list[Move]:
    """Every stage with more requests than the one before it; the last one has all."""
    canary, found, before = about.spec.strategy.canary is not None, [], 0
    for place, stage in _parts(about):
        tenths = round(stage.weight * 10)
        if tenths > before:
            found.append(Move(tenths, _named(place, stage, canary=canary)))
        before = max(before, tenths)
    return found if before == 1000 else [*found, Move(1000, _full(about, "then" if found else "at once"))]


def _full(about: About, when: str) -> str:
    """How people know the stage with all requests: by a step that says so, or as what follows by itself."""
    canary = about.spec.strategy.canary
    steps = enumerate(canary.steps if canary is not None else ())
    said = next((index for index, step in steps if step.weight == 100), None)
    name = about.spec.strategy.name
    return f"{name} with all requests {when}" if said is None else f"steps[{said}].weight 100"


def _named(place: str, stage: Stage, *, canary: bool) -> str:
    return (
        f"{place}.weight {stage.weight}" if canary else f"{place}.replicas, {stage.weight} % of the requests,"
    )


def _initial(rule: StepRule, found: list[Move]) -> Iterator[str]:
    most = rule.max_initial_weight
    if most is not None and found[0].tenths > round(most * 10):
        yield f"{found[0].name} is above {most}: begin with a smaller step, of at most {most} %"


def _increase(rule: StepRule, found: list[Move]) -> Iterator[str]:
    most, before = rule.max_increase, 0
    if most is None:
        return
    for index, move in enumerate(found):
        more = move.tenths - before
        if more > round(most * 10) and not (index == 0 and rule.max_initial_weight is not None):
            yield f"{move.name} is {whole(more / 10)} more than before, and {most} is the most: add a step between"
            return
        before = move.tenths


def _pause(rule: StepRule, about: About) -> Iterator[str]:
    least = rule.min_pause_seconds
    for place, stage in _parts(about) if least is not None else ():
        rest = next((gate.seconds for gate in stage.gates if gate.kind is GateKind.PAUSE), 0)
        if is_partial(stage) and not stage.asks_a_person and rest < (least or 0):
            yield f"{place} rests {rest} s, below {least}: write pauseSeconds: {least} or pause: Manual there"
            return


def is_partial(stage: Stage) -> bool:
    """Whether the new revision answers some requests in it, and not all."""
    return stage.weight < 100 and (stage.weight > 0 or bool(stage.matches))


def _manual(rule: StepRule, about: About) -> Iterator[str]:
    if not rule.require_manual_promotion:
        return
    parts = [(place, stage) for place, stage in _parts(about) if stage.weight < 100]
    if parts:
        place, stage = parts[-1]
        if not stage.asks_a_person:
            yield f"{place} goes on to all requests by itself: write pause: Manual there"
    elif not any(stage.asks_a_person for stage in about.plan if stage.weight < 100):
        name = about.spec.strategy.name
        yield f"{name} goes on to all requests by itself: {INSTEAD.get(name, ELSE)}"
