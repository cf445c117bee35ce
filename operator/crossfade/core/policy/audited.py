"""What rules that are only written down (Audit) would hold a release for: told once, when what they are about happens."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.core.policy.beginning import begins
from crossfade.core.policy.bypasses import in_force
from crossfade.core.policy.entering import NOTHING, Entering, beginning, following
from crossfade.core.policy.holds import WHEN
from crossfade.core.policy.matched import mode_of
from crossfade.core.situation import Situation
from crossfade.core.wanted import is_way_back


def audited(s: Situation) -> Iterator[str]:
    """What they would hold of what is due, as sentences. Nothing of a way back: no rule holds that.

    Example: `policy calm, rule freeze (Audit): would wait before Promote: frozen until somebody ends it`.
    """
    due = _due(s)
    for policy in in_force(s) if due != NOTHING else ():
        for rule, ask in WHEN.items():
            if policy.spec is not None and mode_of(policy.spec, rule) == "Audit":
                answer = ask(s, policy, due)
                told = answer.waiting_for.removeprefix(f"policy {policy.name}, rule {rule}: ")
                if not answer.is_open:
                    yield f"policy {policy.name}, rule {rule} (Audit): would wait before {_moment(due)}: {told}"


def _moment(due: Entering) -> str:
    if due.moments == {"Step"}:
        return f"Step {due.step}"
    return "Start" if "Start" in due.moments else "Promote"


def _due(s: Situation) -> Entering:
    """What comes with the beginning of the release that is wanted, or with the next stage of the one under way."""
    if not s.under_way:
        return beginning(s) if begins(s) else NOTHING
    p = s.progress
    back = bool(p.rollback_reason) or p.waking or is_way_back(s, p.revision)
    return NOTHING if back or s.stage.stops_old else following(s)
