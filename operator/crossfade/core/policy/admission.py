"""The admission policies that judge what a Rollout says by the RolloutPolicies of the cluster, without a webhook.

`python -m crossfade.core.policy.admission manifests/policies.yaml` writes them there. One ValidatingAdmissionPolicy for each mode, since what
follows from a violation belongs to its binding: each judges the rules that have that mode. A Rollout is judged where its spec changed in
anything but `replicas` and `paused`: labels and finalizers of one that breaks a rule already may be edited, and it may be scaled and
stopped. The operator never writes a spec, so none of this meets it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import yaml

from crossfade.api.labels import GROUP, VERSION
from crossfade.api.policy_rules import RULE_NAMES, Mode
from crossfade.core.policy.about import said_if
from crossfade.core.policy.rules import RULES
from crossfade.core.policy.selection import (
    BASIS,
    CHANGED,
    EXCUSED,
    IN_NAMESPACE,
    LABELS,
    MAY_BYPASS,
    NOBODY_MAY,
    POLICY,
    SELECTED,
    Variable,
    labels_of,
    selects,
)

Manifest = dict[str, Any]

ACTIONS: Final[dict[Mode, str]] = {"Enforce": "Deny", "Warn": "Warn", "Audit": "Audit"}
NAME: Final = "crossfade-policies"
TOLD_LENGTH: Final = 1250
"""Characters of a refusal; the API server takes no more than 5120 bytes, and a character has up to four."""


def _is_in(mode: Mode, rule: str, policy: str = "variables.policy") -> str:
    """CEL: whether a policy has a rule, and has it in a mode."""
    own = f"{policy}.ruleEnforcement.{rule}"
    default = f"(has({policy}.enforcement) ? {policy}.enforcement : 'Enforce')"
    return f"has({policy}.{rule}) && (has({policy}.ruleEnforcement) && has({own}) ? {own} : {default}) == '{mode}'"


_OTHER: Final = " || ".join(
    f"has(object.spec.{name}) != has(oldObject.spec.{name}) || (has(object.spec.{name}) && object.spec.{name} != oldObject.spec.{name})"
    for name in ("template", "workloadRef")
)
_RUNS_OTHER: Final = f"oldObject != null && ({_OTHER})"
_REJECTS: Final = "has({0}.onClosed) && {0}.onClosed == 'Reject'"
_SHUT: Final = (
    "variables.status.windows.filter(w, has(w.closedFor) && 'Start' in w.closedFor && "
    f"variables.policy.windows.exists(v, v.name == w.name && {_REJECTS.format('v')}))"
)
STATUS: Final[Variable] = ("status", "has(dyn(params).status) ? dyn(params).status : {}")
WINDOWS: Final = (
    f"{_RUNS_OTHER} && has(variables.status.windows) ? {_SHUT}.map(w, 'window ' + w.name + ' is closed, and takes no new template: ' "
    "+ (has(w.nextOpen) ? 'apply it again from ' + w.nextOpen + ' on' : 'wait until it opens') + '; undo and abort are not held, and a template that served before comes back by crossfade undo') : []"
)
"""By the policy's status, which the operator keeps: admission has no clock. Only a change of what runs is refused."""
FREEZE: Final = said_if(
    f"{_RUNS_OTHER} && !has(variables.policy.freeze.until) && {_REJECTS.format('variables.policy.freeze')}",
    "'frozen, and takes no new template' + (has(variables.policy.freeze.reason) && variables.policy.freeze.reason != '' ? "
    "' (' + variables.policy.freeze.reason + ')' : '') + ': it ends by crossfade unfreeze ' + params.metadata.name + "
    "'; undo and abort are not held, and a template that served before comes back by crossfade undo'",
)
"""One that ends by itself only holds: admission cannot know whether it has ended."""


def content() -> dict[str, str]:
    """By rule the CEL of its problems."""
    said = {str(rule.name): rule.cel.problems for rule in RULES}
    return {**said, "windows": WINDOWS, "freeze": FREEZE}


def broken(mode: Mode) -> tuple[Variable, ...]:
    """By rule what is broken of it, where the policy has it in that mode; then all of it, and what nobody has passed."""
    rules = content()
    each = {name: f"broken{name.capitalize()}" for name in rules}
    return (
        *((each[name], f"{_is_in(mode, name)} ? ({cel}) : []") for name, cel in rules.items()),
        ("found", f"variables.selected ? {' + '.join(_named(name, each[name]) for name in rules)} : []"),
        ("problems", "variables.found.size() == 0 || variables.excused ? [] : variables.found"),
    )


def _named(rule: str, variable: str) -> str:
    return f"variables.{variable}.map(p, 'rule {rule}: ' + p)"


def variables(mode: Mode) -> tuple[Variable, ...]:
    """All variables of the admission policy of a mode, each after those that it uses."""
    of_rules = [each for rule in RULES for each in rule.cel.variables]
    selection = (*LABELS, *IN_NAMESPACE, SELECTED, *EXCUSED)
    return (POLICY, STATUS, *BASIS, *selection, *of_rules, *broken(mode))


def _has_any(mode: Mode) -> str:
    """CEL: whether a policy has a rule to judge in that mode. Most have none in most modes, and each is asked for each Rollout."""
    return " || ".join(f"({_is_in(mode, name, 'dyn(params.spec)')})" for name in content())


TOLD: Final = (
    "['policy ' + params.metadata.name + ', ' + variables.found.join('; ')].map(t, "
    f"t.size() > {TOLD_LENGTH} ? t.substring(0, {TOLD_LENGTH}) + '…' : t)[0]"
)


def _judging(mode: Mode) -> Manifest:
    """What judges the rules of one mode."""
    spec = {
        "failurePolicy": "Fail",
        "paramKind": PARAM_KIND,
        "matchConstraints": constraints("rollouts", "CREATE", "UPDATE"),
        "matchConditions": [
            {"name": "spec-changed", "expression": CHANGED},
            {"name": "has-such-a-rule", "expression": _has_any(mode)},
        ],
        "variables": listed(variables(mode)),
        "validations": [
            {
                "expression": "variables.problems.size() == 0",
                "messageExpression": TOLD,
                "message": "it breaks a RolloutPolicy: `crossfade policies` tells which, and how",
                "reason": "Forbidden",
            }
        ],
    }
    if mode == "Enforce":
        passed = f"variables.found.size() > 0 && variables.claimed ? string({TOLD}) : ''"
        spec["auditAnnotations"] = [{"key": "bypass", "valueExpression": passed}]
    return policy(f"{NAME}-{mode.lower()}", spec)


PARAM_KIND: Final = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "RolloutPolicy"}


def constraints(resource: str, *operations: str, group: str = GROUP, version: str = VERSION) -> Manifest:
    """What an admission policy is asked about."""
    rule = {"apiGroups": [group], "apiVersions": [version], "operations": list(operations)}
    return {"resourceRules": [{**rule, "resources": [resource]}]}


def listed(named: tuple[Variable, ...]) -> list[Manifest]:
    """Variables as a manifest has them."""
    return [{"name": name, "expression": expression} for name, expression in named]


def policy(name: str, spec: Manifest) -> Manifest:
    """A ValidatingAdmissionPolicy."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def binding(name: str, action: str, params: Manifest) -> Manifest:
    """Its binding: what follows, and by which RolloutPolicies it judges."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "paramRef": {**params, "parameterNotFoundAction": "Allow"},
            "validationActions": [action],
        },
    }


ALL: Final[Manifest] = {"selector": {}}
"""Every RolloutPolicy there is, and where there is none nothing is judged."""

ENFORCES: Final = (
    "(has(variables.policy.enforcement) ? variables.policy.enforcement : 'Enforce') == 'Enforce' || "
    "(has(variables.policy.ruleEnforcement) && ("
    + " || ".join(
        f"(has(variables.policy.ruleEnforcement.{rule}) && variables.policy.ruleEnforcement.{rule} == 'Enforce')"
        for rule in RULE_NAMES
    )
    + "))"
)
"""Whether anything of a policy is more than a warning: only then it matters that nobody leaves it."""


def _leaving(name: str, selector: str, spec: Manifest, told: str) -> Manifest:
    """What refuses a change of labels by which something leaves a policy."""
    chosen = f"variables.policy.{selector}"
    stays = f"!({selects(chosen, 'variables.oldLabels')} && !{selects(chosen, 'variables.labels')})"
    where = "" if selector == "namespaceSelector" else "!variables.inNamespace || "
    spec |= {
        "paramKind": PARAM_KIND,
        "matchConditions": [
            {"name": "labels-changed", "expression": f"({labels_of('object')}) != ({labels_of('oldObject')})"}
        ],
        "variables": listed((POLICY, *LABELS, *(IN_NAMESPACE if where else ()))),
        "validations": [
            {
                "expression": f"!({ENFORCES}) || {where}{stays} || (!({NOBODY_MAY}) && {MAY_BYPASS})",
                "messageExpression": f"'policy ' + params.metadata.name + ': {told}'",
                "reason": "Forbidden",
            }
        ],
    }
    return policy(name, spec)


def _rollouts_leaving() -> Manifest:
    told = "with these labels the Rollout would be none of those that it selects: keep them, or ask somebody who has the verb bypass on it"
    spec = {"failurePolicy": "Fail", "matchConstraints": constraints("rollouts", "UPDATE")}
    return _leaving(f"{NAME}-labels", "rolloutSelector", spec, told)


def _namespaces_leaving() -> Manifest:
    """Ignore: were the definitions removed before this, no namespace of the cluster could be labelled any more."""
    told = "with these labels the namespace would be none of those that it selects: keep them, or ask somebody who has the verb bypass on it"
    asked = constraints("namespaces", "UPDATE", group="", version="v1")
    asked["resourceRules"][0]["resources"] += ["namespaces/status", "namespaces/finalize"]
    spec = {"failurePolicy": "Ignore", "matchConstraints": asked}
    return _leaving(f"{NAME}-namespaces", "namespaceSelector", spec, told)


def manifests() -> list[Manifest]:
    """All of it, each policy before its binding."""
    judging = [(_judging(mode), action) for mode, action in ACTIONS.items()]
    leaving = [(_rollouts_leaving(), "Deny"), (_namespaces_leaving(), "Deny")]
    return [
        each
        for made, action in (*judging, *leaving)
        for each in (made, binding(made["metadata"]["name"], action, ALL))
    ]


HEADER: Final = """\
# Generated from operator/crossfade/core/policy by `make crds`: change the rules there.
# What RolloutPolicies say is judged here, at admission, and again by the operator. Nobody but who may write
# rolloutpolicies (cluster-scoped; no role of this product gives it to anybody in a namespace) can weaken or delete one:
# that is RBAC's, and no admission policy stands beside it.
"""


def render() -> str:
    """The file, always the same for the same rules."""
    parts = (yaml.safe_dump(each, sort_keys=False, allow_unicode=True, width=110) for each in manifests())
    return HEADER + "---\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render())
