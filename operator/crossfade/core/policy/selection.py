"""Whom an admission policy is about, in CEL: which requests, which Rollouts by a RolloutPolicy's selectors, and who has passed it."""

from __future__ import annotations

from typing import Final

from crossfade.api.labels import GROUP, PREFIX

Variable = tuple[str, str]
"""A variable of an admission policy: its name, and its expression."""

BYPASS_REASON: Final = f"{PREFIX}bypass-reason"

CHANGED: Final = (
    "oldObject == null || "
    "dyn(object.spec).exists(k, !(k in ['replicas', 'paused']) && (!(k in dyn(oldObject.spec)) || "
    "dyn(object.spec)[k] != dyn(oldObject.spec)[k])) || "
    "dyn(oldObject.spec).exists(k, !(k in ['replicas', 'paused']) && !(k in dyn(object.spec)))"
)
"""Whether the spec says something else, in anything but its size and whether it is held."""


def selects(selector: str, labels: str) -> str:
    """CEL: whether a label selector, that may be left out, selects labels. As `api.selector.selects`."""
    equal = f"{selector}.matchLabels.all(k, k in {labels} && {labels}[k] == {selector}.matchLabels[k])"
    there, named = f"e.key in {labels}", f"(e.key in {labels} && {labels}[e.key] in e.values)"
    demand = f"e.operator == 'In' ? {named} : e.operator == 'NotIn' ? !{named} : e.operator == 'Exists' ? {there} : !({there})"
    return (
        f"(!has({selector}) || ((!has({selector}.matchLabels) || {equal}) && "
        f"(!has({selector}.matchExpressions) || {selector}.matchExpressions.all(e, {demand}))))"
    )


def labels_of(of: str) -> str:
    return f"has({of}.metadata.labels) ? {of}.metadata.labels : {{}}"


POLICY: Final[Variable] = ("policy", "dyn(params.spec)")
LABELS: Final[tuple[Variable, ...]] = (
    ("labels", labels_of("object")),
    ("oldLabels", f"oldObject == null ? variables.labels : ({labels_of('oldObject')})"),
)
IN_NAMESPACE: Final[tuple[Variable, ...]] = (
    ("namespaceLabels", labels_of("namespaceObject")),
    ("inNamespace", selects("variables.policy.namespaceSelector", "variables.namespaceLabels")),
)
SELECTED: Final[Variable] = (
    "selected",
    (
        f"variables.inNamespace && ({selects('variables.policy.rolloutSelector', 'variables.labels')} || "
        f"{selects('variables.policy.rolloutSelector', 'variables.oldLabels')})"
    ),
)
"""By the old labels as well: who changes the spec and the labels at once does not escape."""

MAY_BYPASS: Final = f"authorizer.group('{GROUP}').resource('rolloutpolicies').name(params.metadata.name).check('bypass').allowed()"
NOBODY_MAY: Final = "has(variables.policy.breakGlass) && has(variables.policy.breakGlass.allowed) && !variables.policy.breakGlass.allowed"
EXCUSED: Final[tuple[Variable, ...]] = (
    (
        "claimed",
        (
            f"!({NOBODY_MAY}) && "
            f"(oldObject == null ? has(object.metadata.annotations) && '{BYPASS_REASON}' in object.metadata.annotations && "
            f"object.metadata.annotations['{BYPASS_REASON}'] != '' : has(oldObject.status) && has(oldObject.status.bypasses) && "
            "oldObject.status.bypasses.exists(b, has(b.policy) && b.policy == params.metadata.name))"
        ),
    ),
    ("excused", f"variables.claimed && (oldObject != null || {MAY_BYPASS})"),
)
"""Passed by somebody who has the verb: by the operator's record of a Bypass, or as the Rollout is made, by its annotation. What is only
claimed needs no question about rights, which an annotation of the audit log cannot ask.
"""

STRATEGIES: Final = ("recreate", "rolling", "blueGreen", "canary")
BASIS: Final[tuple[Variable, ...]] = (
    ("spec", "dyn(object.spec)"),
    ("index", f"[{', '.join(map(str, range(64)))}]"),
    (
        "strategy",
        "".join(f"has(variables.spec.strategy.{name}) ? '{name}' : " for name in STRATEGIES) + "'bigBang'",
    ),
)
