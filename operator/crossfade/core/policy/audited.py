"""What rules that are only written down (Audit) would hold a release for: told once, when what they are about happens."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.core.policy.beginning import begins
from crossfade.core.policy.bypasses import in_force
from crossfade.core.policy.entering import NOTHING, Entering, beginning
from crossfade.core.policy.holds import next_of, waits
from crossfade.core.situation import Situation


def audited(s: Situation) -> Iterator[str]:
    """What they would hold of what is due, as sentences. Nothing of a way back: no rule holds that.

    Example: `policy calm, rule freeze (Audit): would wait before Promote: frozen until somebody ends it`.
    """
    due = _due(s)
    for policy in in_force(s) if due != NOTHING else ():
        for rule, answer in waits(s, policy, due, "Audit"):
            told = answer.waiting_for.removeprefix(f"policy {policy.name}, rule {rule}: ")
            yield f"policy {policy.name}, rule {rule} (Audit): would wait before {_moment(due)}: {told}"


def _moment(due: Entering) -> str:
    if due.moments == {"Step"}:
        return f"Step {due.step}"
    return "Start" if "Start" in due.moments else "Promote"


def _due(s: Situation) -> Entering:
    """What comes with the beginning of the release that is wanted, or with the next stage of the one under way."""
    if s.under_way:
        return next_of(s)
    return beginning(s) if begins(s) else NOTHING
