"""What policies hold a release for: before it begins, and before each stage. The way back never comes here.

A new rule about when something may happen is a file here and a line in `WHEN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final

from crossfade.api.conditions import ALSO, Reason
from crossfade.api.policy_rules import Mode, RuleName
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.policy import approvals, closing, queue, quota
from crossfade.core.policy.beginning import begins
from crossfade.core.policy.bypasses import in_force
from crossfade.core.policy.entering import NOTHING, Entering, beginning, entering, following
from crossfade.core.policy.matched import Matched, mode_of
from crossfade.core.policy.sentence import held, last
from crossfade.core.situation import Situation
from crossfade.core.wanted import is_way_back, target

Hold = Callable[[Situation, Matched, Entering], Answer]

WHEN: Final = MappingProxyType[RuleName, Hold](
    {
        "freeze": closing.freeze,
        "windows": closing.windows,
        "approvals": approvals.hold,
        "quota": lambda s, policy, _due: quota.hold(s, policy),
        "concurrency": lambda s, policy, _due: queue.hold(s, policy),
    }
)
"""By rule, what it holds before what is due."""

AGAIN_S: Final = 30.0
"""What nobody can say is asked again after so long."""


def before_start(s: Situation) -> Answer:
    """What keeps the release that is wanted from beginning. A return to what has proved itself is never held."""
    return _strictest(s, beginning(s)) if begins(s) else OPEN


def before_edit(s: Situation) -> Answer:
    """What keeps an edit waiting that moves requests without a release: a freeze or a window that is closed for any moment."""
    due = Entering(frozenset({"Start", "Step", "Promote"}))
    held = (each for policy in in_force(s) for each in waits(s, policy, due, "Enforce"))
    return last(answer for rule, answer in held if rule in {"freeze", "windows"})


def before_next(s: Situation) -> Answer:
    """What keeps the release from its next stage. Never where nothing serves, nor on a way back."""
    return _before(s, next_of(s)) if s.under_way else OPEN


def next_of(s: Situation) -> Entering:
    """What comes with the next stage of the release under way, as far as a policy may hold it: nothing on a way back."""
    return NOTHING if s.stage.stops_old or _goes_back(s) else following(s)


def before_present(s: Situation) -> Answer:
    """What would keep the release from the stage that it is in, if it had still to come there."""
    return OPEN if not s.under_way or _goes_back(s) else _before(s, entering(s.plan, s.progress.stage))


def in_flight(s: Situation) -> Answer:
    """What stops a release between two stages: pods that are exchanged are its share of the requests, so none is exchanged meanwhile."""
    p = s.progress
    moves = s.under_way and bool(s.stable_revision) and s.stage.counted and not p.reached_at
    return closing.pausing(s) if moves and s.n and not p.emptied and not _goes_back(s) else OPEN


def _before(s: Situation, due: Entering) -> Answer:
    return OPEN if due == NOTHING else _strictest(s, due)


def _goes_back(s: Situation) -> bool:
    p = s.progress
    return bool(p.rollback_reason) or p.begun_as == "WakeUp" or is_way_back(s, p.revision)


def warned(s: Situation) -> Iterator[str]:
    """What rules that only warn would hold now, as sentences."""
    due = following(s) if s.under_way else beginning(s)
    wanted = s.under_way or target(s) != s.stable_revision
    for policy in in_force(s) if wanted else ():
        yield from (answer.waiting_for for _, answer in waits(s, policy, due, "Warn"))


def waits(s: Situation, policy: Matched, due: Entering, mode: Mode) -> Iterator[tuple[RuleName, Answer]]:
    """What each rule about when that has this mode would hold before what is due."""
    for rule, ask in WHEN.items():
        if policy.spec is not None and mode_of(policy.spec, rule) == mode:
            answer = ask(s, policy, due)
            if not answer.is_open:
                yield rule, answer


def _strictest(s: Situation, due: Entering) -> Answer:
    """The one that ends last, or that somebody has to end, and after it all others."""
    found = tuple(_all(s, due))
    if not found:
        return OPEN
    first = last(found)
    others = (each.waiting_for for each in found if each is not first)
    by = tuple(each for answer in found for each in answer.by)
    said = ALSO.join((first.waiting_for, *others))
    return Answer(first.why, said, first.until, again_s=first.again_s, by=by)


def _all(s: Situation, due: Entering) -> Iterator[Answer]:
    if s.seen.policies_unknown:
        yield Answer(
            Reason.HELD_BY_POLICY,
            f"the policies to be known: {s.seen.policies_unknown}",
            again_s=AGAIN_S,
            by=(("", "unknown"),),
        )
    for policy in in_force(s):
        yield from _of(s, policy, due)


def without_stages(policy: Matched) -> Iterator[Answer]:
    """With no replicas a new revision is complete at once: that would be a way round each step."""
    spec = policy.spec
    for rule in ("steps", "analysis") if spec is not None else ():
        if spec is not None and getattr(spec, rule) is not None and mode_of(spec, rule) == "Enforce":
            yield held(
                policy,
                rule,
                "replicas is 0, so a new revision would be complete without any stage: scale up first",
            )


def _of(s: Situation, policy: Matched, due: Entering) -> Iterator[Answer]:
    if policy.spec is None:
        yield held(
            policy, "spec", f"it cannot be read, so it holds: {policy.problem}. Its admin has to correct it"
        )
        return
    if not s.n and s.stable_revision:
        yield from without_stages(policy)
    for each in policy.broken:
        if each.mode == "Enforce":
            yield held(policy, each.rule, each.message)
    yield from (answer for _, answer in waits(s, policy, due, "Enforce"))
