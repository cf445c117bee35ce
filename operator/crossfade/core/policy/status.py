"""What the status of a policy tells: whether it can be read, which Rollouts it is about, and what its windows and its queue do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossfade.api.conditions import Reason
from crossfade.api.policy import VIOLATIONS_SHOWN, Queued, RolloutPolicySpec, RolloutPolicyStatus, Violation
from crossfade.api.policy_windows import WindowStatus
from crossfade.api.status import CONDITIONS_LENGTH, Condition
from crossfade.core.moments import text_of
from crossfade.core.observed import Identity
from crossfade.core.plan import Verb, Write
from crossfade.core.policy.window_problems import problems

VALID: Final = "Valid"
RIGHT: Final = "it can be read, and it holds"


@dataclass(frozen=True)
class Seen:
    """What is seen of the Rollouts that a policy is about, and of its windows; `wrong`: what of it cannot be read or be put into force."""

    matching: int = 0
    violations: Sequence[Violation] = ()
    windows: Sequence[WindowStatus] = ()
    active: int = 0
    queued: Sequence[Queued] = ()
    wrong: Sequence[str] = ()


def wrong(spec: RolloutPolicySpec | None, problem: str, admission: str) -> Iterator[str]:
    """All that is wrong with a policy. `problem`: why its spec cannot be read; `admission`: why its expressions are not in force."""
    yield from filter(None, (problem,))
    for window in spec.windows if spec is not None else ():
        yield from (f"windows[{window.name}].{each}" for each in problems(window))
    yield from filter(None, (admission,))


def told(
    name: str, identity: Identity, generation: int, before: RolloutPolicyStatus, seen: Seen, now: datetime
) -> Write | None:
    """The status that is to be written; None where it stands already."""
    after = RolloutPolicyStatus(
        observed_generation=generation,
        conditions=_conditions(before, seen.wrong, generation, now),
        matching=seen.matching,
        violating=len({(each.namespace, each.rollout) for each in seen.violations}),
        violations=list(seen.violations[:VIOLATIONS_SHOWN]),
        windows=list(seen.windows),
        active=seen.active,
        queued=list(seen.queued),
    )
    if after == before:
        return None
    return Write(Verb.STATUS, "RolloutPolicy", name, {"status": after.to_wire()}, identity)


def _conditions(
    before: RolloutPolicyStatus, wrong: Sequence[str], generation: int, now: datetime
) -> list[Condition]:
    """Whether it can be read; conditions of others stay."""
    made = Condition(
        type=VALID,
        status="False" if wrong else "True",
        reason=Reason.POLICY_INVALID if wrong else Reason.POLICY_READ,
        message="; ".join(wrong) or RIGHT,
        observed_generation=generation,
    )
    was = next((each for each in before.conditions if each.type == VALID), None)
    since = was.last_transition_time if was is not None and was.status == made.status else None
    others = [each for each in before.conditions if each.type != VALID][: CONDITIONS_LENGTH - 1]
    return [made.model_copy(update={"last_transition_time": since or text_of(now)}), *others]
