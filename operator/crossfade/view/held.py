"""Which rule of which policy holds a Rollout, and what of its policies is broken. Reads raw objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.api.conditions import ALSO, ConditionType, Reason
from crossfade.view.model import Passed, PolicyHold
from crossfade.view.times import time_of

Object = Mapping[str, Any]
SENTENCE = re.compile(rf"policy (\S+), rule (\w+): (.*?)(?:{ALSO}|$)", re.DOTALL)
BY_ITSELF = frozenset({"windows", "concurrency", "quota"})
"""Rules whose hold ends without anybody."""

BROKEN = frozenset({Reason.VIOLATED, Reason.WARNED})


def held_by_policy(status: Object) -> PolicyHold | None:
    """Give the rule that holds it now; None where none does. Of several the strictest, which the condition names first."""
    condition = _compliance(status)
    found = SENTENCE.search(condition.get("message", ""))
    if condition.get("reason") != Reason.HELD_BY_POLICY or found is None:
        return None
    policy, rule, what = found.groups()
    return PolicyHold(policy, rule, what, person=not _ends_by_itself(rule, what))


def _ends_by_itself(rule: str, what: str) -> bool:
    """Whether nobody has to act. A freeze may have no end, and a window that cannot be read is closed until it is corrected."""
    if rule == "freeze":
        return not what.startswith("frozen until somebody")
    stays = ("does not open within a year", "until it is corrected")
    return rule in BY_ITSELF and not any(each in what for each in stays)


def passed(status: Object) -> Iterator[Passed]:
    """Give the policies that somebody passes."""
    for each in status.get("bypasses") or ():
        policy, by, reason = (str(each.get(key, "")) for key in ("policy", "by", "reason"))
        yield Passed(policy, by, reason, time_of(each.get("until")))


def broken(status: Object) -> Iterator[str]:
    """Say what of its policies it breaks without being held for it now."""
    condition = _compliance(status)
    if condition.get("status") == "False" and condition.get("reason") in BROKEN:
        yield str(condition.get("message", ""))


def _compliance(status: Object) -> Object:
    conditions: list[Object] = status.get("conditions") or []
    return next((each for each in conditions if each.get("type") == ConditionType.POLICY_COMPLIANT), {})
