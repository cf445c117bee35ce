"""What holds of the conditions in every status that is ever stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.api.conditions import ConditionType, Phase, Reason

ONLY_WHEN_TRUE = {
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.PAUSED,
    ConditionType.ROLLED_BACK,
}
REASONS = {str(reason) for reason in Reason}


def broken_rule(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The first rule of kstatus, or of ours, that the new status breaks, as a sentence; empty where it breaks none."""
    conditions = {c["type"]: c for c in after.get("conditions", ())}
    holds = {kind for kind, c in conditions.items() if c["status"] == "True"}
    going, stalled = ConditionType.RECONCILING in holds, ConditionType.STALLED in holds
    rules = {
        "each condition is there once": len(conditions) == len(after.get("conditions", ())),
        "Ready is always there": ConditionType.READY in conditions,
        "what does not hold is left out": all(c in holds for c in conditions if c in ONLY_WHEN_TRUE),
        "Ready, Reconciling and Stalled exclude each other": (ConditionType.READY in holds) + going + stalled
        == 1,
        "Ready is Healthy": (ConditionType.READY in holds) == (after.get("phase") == Phase.HEALTHY),
        "each reason is documented": all(c["reason"] in REASONS for c in conditions.values()),
        "each condition says why": all(c["message"] for c in conditions.values()),
        "each is about this generation": all(
            c["observedGeneration"] == after["observedGeneration"] for c in conditions.values()
        ),
        "a transition has its own time": all(_kept_its_time(before, c) for c in conditions.values()),
    }
    return next((rule for rule, kept in rules.items() if not kept), "")


def _kept_its_time(before: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    former = next((c for c in before.get("conditions", ()) if c["type"] == condition["type"]), None)
    if former is None or former["status"] != condition["status"]:
        return True
    return bool(former["lastTransitionTime"] == condition["lastTransitionTime"])
