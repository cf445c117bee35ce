"""The sentences of what a policy holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from crossfade.api.conditions import Reason
from crossfade.api.policy_rules import RuleName
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import moment_of
from crossfade.core.policy.matched import Matched


def held(policy: Matched, rule: RuleName | str, what: str, until: str | None = None) -> Answer:
    """A hold by one rule. Example: `policy quiet, rule windows: friday is closed until …`."""
    told = f"policy {policy.name}, rule {rule}: {what}"
    return Answer(Reason.HELD_BY_POLICY, told, until, by=((policy.name, str(rule)),))


def until_words(until: str | None) -> str:
    """Until when, in UTC, as part of a sentence. Example: `until 2026-12-04 15:00 UTC`."""
    if not until:
        return "until somebody ends it"
    return f"until {moment_of(until).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def last(answers: Iterable[Answer]) -> Answer:
    """The hold that somebody has to end, or else the one that ends last; OPEN where there is none."""
    return max(answers, key=_until, default=OPEN)


def _until(answer: Answer) -> datetime:
    return moment_of(answer.until) if answer.until else datetime.max.replace(tzinfo=UTC)
