"""What tools make of a Rollout by kstatus, and the rules that every status ever stored keeps.

Used by every test that stores a status: the simulated cluster, the shell's cluster in memory, the kind cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crossfade.api.conditions import ConditionType, Phase, Reason

Object = Mapping[str, Any]

ONLY_WHEN_TRUE = {
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.PAUSED,
    ConditionType.ROLLED_BACK,
}
REASONS = {str(reason) for reason in Reason}
OVERDUE = {Reason.CANDIDATE_UNAVAILABLE, Reason.RESTARTING, Reason.WRITE_REFUSED}
"""Why something that is Degraded is stalled as well: its deadline has passed, or it is refused. Anything else that is
Degraded is stalled from its deadline on, which the status does not tell."""
SETTLED = {Phase.HEALTHY: "Current", Phase.ROLLED_BACK: "Failed", Phase.INVALID: "Failed"}
"""What kstatus makes of a phase; of every other one `InProgress`."""


def computed(obj: Object) -> str:
    """What kstatus's rules for any kind give, in their order (cli-utils, pkg/kstatus/status).

    Terminating, InProgress, Failed or Current.
    """
    meta, status = obj["metadata"], obj.get("status") or {}
    holds = {c["type"]: c["status"] for c in status.get("conditions", ())}
    if meta.get("deletionTimestamp"):
        return "Terminating"
    if status.get("observedGeneration", meta["generation"]) != meta["generation"]:
        return "InProgress"
    if holds.get("Reconciling") == "True":
        return "InProgress"
    if holds.get("Stalled") == "True":
        return "Failed"
    return "Current" if holds.get("Ready", "True") == "True" else "InProgress"


def broken_rule(before: Object, after: Object) -> str:
    """The first rule that the status of `after` breaks, as a sentence; empty where it breaks none.

    `before` is the stored Rollout that the status was written over: without a status, where there was none.
    """
    status, generation = after["status"], after["metadata"]["generation"]
    listed = status.get("conditions", ())
    conditions = {c["type"]: c for c in listed}
    holds = {kind for kind, c in conditions.items() if c["status"] == "True"}
    going, stalled = ConditionType.RECONCILING in holds, ConditionType.STALLED in holds
    ready, phase = ConditionType.READY in holds, status.get("phase")
    late = phase == Phase.DEGRADED and conditions["Ready"]["reason"] in OVERDUE
    known = {c["type"]: c for c in (before.get("status") or {}).get("conditions", ())}
    rules = {
        "each condition is there once": len(conditions) == len(listed),
        "each condition is a documented one": {c for c in conditions if "/" not in c} <= set(ConditionType),
        "Ready is always there": ConditionType.READY in conditions,
        "what does not hold is left out": all(kind in holds for kind in conditions if kind in ONLY_WHEN_TRUE),
        "Ready is False while Reconciling or Stalled, and only then": ready != (going or stalled),
        "Reconciling and Stalled exclude each other": not (going and stalled),
        "Ready is Healthy": ready == (phase == Phase.HEALTHY),
        "each reason is documented": all(c["reason"] in REASONS for c in conditions.values()),
        "each reason is one CamelCase word": all(
            re.fullmatch(r"([A-Z][a-z0-9]+)+", c["reason"]) for c in conditions.values()
        ),
        "each condition says why": all(c["message"].strip() for c in conditions.values()),
        "the status is about this generation": status.get("observedGeneration") == generation,
        "each condition is about this generation": all(
            c["observedGeneration"] == generation for c in conditions.values()
        ),
        "the time of a transition changes with the status and only then": all(
            _has_its_time(known.get(kind), c) for kind, c in conditions.items()
        ),
        "tools see in it what people see": computed(after) in {"Terminating", *_seen_as(phase, late=late)},
    }
    return next((rule for rule, kept in rules.items() if not kept), "")


def _seen_as(phase: Any, *, late: bool) -> set[str]:
    if phase == Phase.DEGRADED:
        return {"Failed"} if late else {"Failed", "InProgress"}
    return {SETTLED.get(phase, "InProgress")}


def _has_its_time(before: Object | None, after: Object) -> bool:
    """Kept while the status stays; not earlier than before once it changes (two changes may share an instant)."""
    if not after.get("lastTransitionTime"):
        return False
    if before is None or not before.get("lastTransitionTime"):
        return True
    if before["status"] == after["status"]:
        return bool(before["lastTransitionTime"] == after["lastTransitionTime"])
    return bool(before["lastTransitionTime"] <= after["lastTransitionTime"])
