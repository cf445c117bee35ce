"""The admission policy of one RolloutPolicy with `expressions`: the admin's own CEL, beside the selection of that policy.

It is one ValidatingAdmissionPolicy with its binding for each such RolloutPolicy, by which it is owned, so that both go with it. What
`expressions` break is judged by the API server alone, when a spec changes.
"""

from __future__ import annotations

import re
from typing import Final

from crossfade.api.labels import API_VERSION
from crossfade.api.policy import RolloutPolicy
from crossfade.core.policy.admission import (
    ACTIONS,
    PARAM_KIND,
    Manifest,
    binding,
    constraints,
    listed,
    policy,
)
from crossfade.core.policy.matched import mode_of
from crossfade.core.policy.selection import BASIS, CHANGED, EXCUSED, IN_NAMESPACE, LABELS, POLICY, SELECTED

PREFIX: Final = "crossfade-policy-"
_AT: Final = re.compile(r"spec\.validations\[(\d+)\]\.expression")
_COMPLAINT: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n|]*)")


def name_of(rollout_policy: str) -> str:
    """The name of both manifests."""
    return f"{PREFIX}{rollout_policy}"


def admission(asked: RolloutPolicy) -> list[Manifest]:
    """The admission policy and its binding; none where the policy has no expressions."""
    if not asked.spec.expressions:
        return []
    name = name_of(asked.metadata.name)
    action = ACTIONS[mode_of(asked.spec, "expressions")]
    made = [policy(name, _spec(asked)), binding(name, action, {"name": asked.metadata.name})]
    return [_owned(each, asked) for each in made]


def _spec(asked: RolloutPolicy) -> Manifest:
    return {
        "failurePolicy": "Fail",
        "paramKind": PARAM_KIND,
        "matchConstraints": constraints("rollouts", "CREATE", "UPDATE"),
        "matchConditions": [{"name": "spec-changed", "expression": CHANGED}],
        "variables": listed((POLICY, *BASIS, *LABELS, *IN_NAMESPACE, SELECTED, *EXCUSED)),
        "validations": [
            {
                # On lines of its own: it may end with a comment.
                "expression": f"!variables.selected || variables.excused || (\n{each.expression}\n)",
                "message": f"policy {asked.metadata.name}, rule expressions, {each.name}: {_line(each.message)}",
                "reason": "Forbidden",
            }
            for each in asked.spec.expressions
        ],
    }


def _line(message: str) -> str:
    """The API server takes no message with a line break."""
    return " ".join(message.split())


def _owned(made: Manifest, asked: RolloutPolicy) -> Manifest:
    meta = asked.metadata
    owner = {"apiVersion": API_VERSION, "kind": "RolloutPolicy", "name": meta.name, "uid": meta.uid}
    return {**made, "metadata": {**made["metadata"], "ownerReferences": [owner]}}


def refused(asked: RolloutPolicy, said: str) -> str:
    """What is wrong with an expression, by its name, from the API server's refusal of the admission policy."""
    at, complaint = _AT.search(said), _COMPLAINT.search(said)
    if at is None or int(at[1]) >= len(asked.spec.expressions):
        return f"expressions: the API server refuses them: {said}"
    expression = asked.spec.expressions[int(at[1])]
    if complaint is None:
        return f"expression {expression.name}: {said}"
    line = max(1, int(complaint[1]) - 1)
    return f"expression {expression.name} is wrong in line {line}, at character {complaint[2]}: {complaint[3].strip()}"


def warned(asked: RolloutPolicy, live: Manifest) -> str:
    """What the API server finds wrong with the types of the expressions (`status.typeChecking`), by name; "" where nothing is."""
    checked = (live.get("status") or {}).get("typeChecking") or {}
    found = [
        (int(at[1]), str(each.get("warning", "")))
        for each in checked.get("expressionWarnings") or ()
        if (at := _AT.fullmatch(str(each.get("fieldRef", ""))))
    ]
    names = [each.name for each in asked.spec.expressions]
    told = [f"expression {names[index]}: {_shortened(text)}" for index, text in found if index < len(names)]
    return "; ".join(told)


def _shortened(warning: str) -> str:
    complaint = _COMPLAINT.search(warning)
    return complaint[3].strip() if complaint else _line(warning)[:200]


def stands(live: Manifest, wanted: Manifest) -> bool:
    """Whether what is stored is what is wanted, in the same order and with nothing more than what the API server fills in."""
    mine = live.get("metadata", {}).get("ownerReferences") == wanted["metadata"]["ownerReferences"]
    return mine and _as_wanted(live.get("spec"), wanted["spec"])


def _as_wanted(live: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(_as_wanted(live.get(key), each) for key, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_as_wanted, live, wanted))
    return live == wanted


def is_ours(live: Manifest) -> bool:
    """Whether it was made for a RolloutPolicy, also for an earlier one of the same name."""
    return any(
        each.get("kind") == "RolloutPolicy" for each in live.get("metadata", {}).get("ownerReferences") or ()
    )
