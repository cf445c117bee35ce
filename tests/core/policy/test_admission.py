"""Who is judged at admission, when, and who passes: the manifest's own CEL, evaluated as an API server does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossfade.api.policy_rules import RULE_NAMES
from crossfade.api.selector import Selector
from crossfade.core.policy.admission import ACTIONS, Manifest, content, manifests, render
from crossfade.core.policy.rules import RULES
from judged import Asked

ROOT = Path(__file__).parents[3]
POLICIES = {
    each["metadata"]["name"]: each for each in manifests() if each["kind"] == "ValidatingAdmissionPolicy"
}
BINDINGS = {
    each["metadata"]["name"]: each for each in manifests() if each["kind"] != "ValidatingAdmissionPolicy"
}
BAD: dict[str, Any] = {
    "strategy": {"recreate": {}},
    "template": {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}},
    "replicas": 4,
}
ALLOWED = {"strategies": {"allowed": ["canary"]}}
TOLD = "policy p, rule strategies: strategy.recreate is not allowed: use canary"


def shop(
    labels: dict[str, str] | None = None, status: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": "shop"} | ({} if labels is None else {"labels": labels})
    return {"metadata": meta, "spec": {**BAD, **spec}} | ({} if status is None else {"status": status})


def asked(
    new: dict[str, Any] | None,
    old: dict[str, Any] | None = None,
    *,
    by: str = "enforce",
    rules: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    namespace: dict[str, str] | None = None,
    may_bypass: bool = False,
) -> list[str]:
    """What the admission policy of that name refuses with."""
    params = {"metadata": {"name": "p"}, "spec": rules or ALLOWED, **({"status": status} if status else {})}
    about = {"metadata": {"name": "ns", "labels": namespace} if namespace is not None else {"name": "ns"}}
    data = {"object": new, "oldObject": old, "params": params, "namespaceObject": about}
    return Asked(POLICIES[f"crossfade-policies-{by}"], data, may_bypass=may_bypass).refusals()


def test_the_file_is_what_the_code_writes() -> None:
    assert (ROOT / "manifests" / "policies.yaml").read_text() == render(), "run `make crds`"


@pytest.mark.parametrize(
    ("rules", "judges"),
    [
        ({}, {"enforce"}),
        ({"enforcement": "Audit"}, {"audit"}),
        ({"enforcement": "Warn", "ruleEnforcement": {"strategies": "Enforce"}}, {"enforce"}),
        ({"rollback": {"onFailure": "Abort"}, "ruleEnforcement": {"rollback": "Warn"}}, {"enforce", "warn"}),
    ],
)
def test_a_policy_is_asked_only_in_the_modes_in_which_it_has_a_rule(
    rules: dict[str, Any], judges: set[str]
) -> None:
    params = {"metadata": {"name": "p"}, "spec": {**ALLOWED, **rules}}
    data = {"object": shop(), "params": params}
    named = {each.lower(): POLICIES[f"crossfade-policies-{each.lower()}"] for each in ACTIONS}
    assert {each for each, judge in named.items() if Asked(judge, data).matches} == judges


def test_a_policy_whose_rules_are_the_operators_alone_is_not_asked() -> None:
    params = {"metadata": {"name": "p"}, "spec": {"concurrency": {"maxActive": 3}, "quota": {"maxPerDay": 5}}}
    data = {"object": shop(), "params": params}
    judges = [Asked(POLICIES[f"crossfade-policies-{each.lower()}"], data) for each in ACTIONS]
    assert not any(each.matches for each in judges)


def test_every_rule_about_what_a_spec_says_is_in_it() -> None:
    assert set(content()) == {rule.name for rule in RULES} | {"windows", "freeze"}
    assert set(content()) <= set(RULE_NAMES)


def test_each_mode_has_an_admission_policy_whose_binding_does_that() -> None:
    actions = {name: each["spec"]["validationActions"] for name, each in BINDINGS.items()}
    assert actions == {
        "crossfade-policies-enforce": ["Deny"],
        "crossfade-policies-warn": ["Warn"],
        "crossfade-policies-audit": ["Audit"],
        "crossfade-policies-labels": ["Deny"],
        "crossfade-policies-namespaces": ["Deny"],
    }


def test_a_cluster_without_policies_is_judged_by_none() -> None:
    refs = [each["spec"]["paramRef"] for each in BINDINGS.values()]
    assert refs == [{"selector": {}, "parameterNotFoundAction": "Allow"}] * len(BINDINGS)


def test_nobody_is_locked_out_of_namespaces_by_definitions_that_are_gone() -> None:
    failing = {name: each["spec"]["failurePolicy"] for name, each in POLICIES.items()}
    assert failing.pop("crossfade-policies-namespaces") == "Ignore"
    assert set(failing.values()) == {"Fail"}


def test_a_new_rollout_is_judged() -> None:
    assert asked(shop()) == [TOLD]


@pytest.mark.parametrize(
    "change",
    [
        {"bakeSeconds": 1},
        {"template": {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}},
        {"strategy": {"recreate": {"pullFirst": False}}},
    ],
    ids=["a number", "the template", "the strategy"],
)
def test_a_spec_that_changes_is_judged(change: dict[str, Any]) -> None:
    assert asked(shop(**change), shop()) == [TOLD]


def test_a_field_that_is_taken_out_is_a_change() -> None:
    assert asked(shop(), shop(bakeSeconds=30)) == [TOLD]


@pytest.mark.parametrize(
    "new",
    [
        shop({"team": "web"}),
        shop(replicas=0),
        shop(paused=True),
        {**shop(), "metadata": {"name": "shop", "finalizers": []}},
        shop(status={"phase": "Healthy"}),
    ],
    ids=["labels", "size", "paused", "finalizers", "status"],
)
def test_what_broke_a_rule_before_may_be_labelled_scaled_held_and_let_go(new: dict[str, Any]) -> None:
    assert asked(new, shop()) == []


def test_each_rule_is_judged_by_the_admission_policy_of_its_mode_alone() -> None:
    rules = {**ALLOWED, "enforcement": "Audit", "ruleEnforcement": {"strategies": "Warn"}}
    judged = {mode: asked(shop(), rules=rules, by=mode) for mode in ("enforce", "warn", "audit")}
    assert judged == {"enforce": [], "warn": [TOLD], "audit": []}


def test_all_that_is_broken_is_told_at_once() -> None:
    rules = {**ALLOWED, "images": {"digestRequired": True}}
    told = "rule images: containers[app].image shop:1 has no digest: write it as name@sha256:…"
    assert asked(shop(), rules=rules) == [f"{TOLD}; {told}"]


def test_what_is_told_fits_into_an_answer() -> None:
    long = {"spec": {"containers": [{"name": "app", "image": "\N{ROCKET}" * 9000}]}}
    (told,) = asked(shop(template=long), rules={"images": {"digestRequired": True}})
    assert len(told.encode()) < 5120


SELECTORS = [
    {"matchLabels": {"env": "prod"}},
    {"matchLabels": {"env": "prod", "tier": "web"}},
    {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod", "test"]}]},
    {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["dev"]}]},
    {"matchExpressions": [{"key": "env", "operator": "Exists"}]},
    {"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]},
    {"matchLabels": {"tier": "web"}, "matchExpressions": [{"key": "env", "operator": "Exists"}]},
    {},
]
LABELS: list[dict[str, str] | None] = [
    None,
    {},
    {"env": "prod"},
    {"env": "dev"},
    {"env": "prod", "tier": "web"},
    {"tier": "web"},
]


@pytest.mark.parametrize("labels", LABELS, ids=str)
@pytest.mark.parametrize("selector", SELECTORS, ids=str)
def test_selectors_select_as_the_operators_do(
    selector: dict[str, Any], labels: dict[str, str] | None
) -> None:
    selected = Selector.model_validate(selector).selects(labels or {})
    expected = [TOLD] if selected else []
    assert asked(shop(), rules={**ALLOWED, "namespaceSelector": selector}, namespace=labels) == expected
    assert asked(shop(labels), rules={**ALLOWED, "rolloutSelector": selector}) == expected


def test_who_changes_the_spec_and_the_labels_at_once_does_not_escape() -> None:
    rules = {**ALLOWED, "rolloutSelector": {"matchLabels": {"tier": "web"}}}
    assert asked(shop({}, bakeSeconds=1), shop({"tier": "web"}), rules=rules) == [TOLD]
    assert asked(shop({"tier": "web"}, bakeSeconds=1), shop({}), rules=rules) == [TOLD]


def test_a_bypass_that_the_operator_has_written_down_is_passed() -> None:
    passed = {"bypasses": [{"policy": "p", "by": "ann"}]}
    assert asked(shop(bakeSeconds=1), shop(status=passed)) == []
    other = {"bypasses": [{"policy": "other", "by": "ann"}]}
    assert asked(shop(bakeSeconds=1), shop(status=other)) == [TOLD]


def test_a_status_that_comes_with_the_change_passes_nothing() -> None:
    passed = {"bypasses": [{"policy": "p", "by": "ann"}]}
    assert asked(shop(status=passed, bakeSeconds=1), shop()) == [TOLD]
    assert asked(shop(status=passed)) == [TOLD]


def reasoned(reason: str) -> dict[str, Any]:
    return {**shop(), "metadata": {"name": "shop", "annotations": {"crossfade.dev/bypass-reason": reason}}}


def test_who_has_the_verb_may_make_one_with_a_reason() -> None:
    assert asked(reasoned("outage"), may_bypass=True) == []
    assert asked(reasoned("outage")) == [TOLD]
    assert asked(reasoned(""), may_bypass=True) == [TOLD]
    assert asked(shop(), may_bypass=True) == [TOLD]


def test_the_verb_and_the_annotation_alone_change_nothing_that_is_there() -> None:
    changed = {**reasoned("outage"), "spec": {**BAD, "bakeSeconds": 1}}
    assert asked(changed, shop(), may_bypass=True) == [TOLD]


def test_a_policy_that_nobody_may_pass_is_passed_by_nobody() -> None:
    rules = {**ALLOWED, "breakGlass": {"allowed": False}}
    passed = {"bypasses": [{"policy": "p", "by": "ann"}]}
    assert asked(reasoned("outage"), rules=rules, may_bypass=True) == [TOLD]
    assert asked(shop(bakeSeconds=1), shop(status=passed), rules=rules) == [TOLD]


OTHER = {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}
BACK = "; undo and abort are not held, and a template that served before comes back by crossfade undo"
WINDOWS = {"windows": [{"name": "friday", "onClosed": "Reject"}, {"name": "night", "onClosed": "Hold"}]}


def closed(*names: str, moments: tuple[str, ...] = ("Start",), **more: str) -> dict[str, Any]:
    return {"windows": [{"name": name, "closed": True, "closedFor": list(moments), **more} for name in names]}


def test_a_closed_window_that_rejects_takes_no_new_template() -> None:
    told = "policy p, rule windows: window friday is closed, and takes no new template: {}" + BACK
    until = closed("friday", nextOpen="2026-12-07T06:00:00Z")
    assert asked(shop(template=OTHER), shop(), rules=WINDOWS, status=until) == [
        told.format("apply it again from 2026-12-07T06:00:00Z on")
    ]
    assert asked(shop(template=OTHER), shop(), rules=WINDOWS, status=closed("friday")) == [
        told.format("wait until it opens")
    ]


@pytest.mark.parametrize(
    ("new", "status"),
    [
        (shop(template=OTHER), {"windows": [{"name": "friday", "closed": False}]}),
        (shop(template=OTHER), closed("night")),
        (shop(template=OTHER), closed("friday", moments=("Promote",))),
        (shop(template=OTHER), {"observedGeneration": 1}),
        (shop(template=OTHER), None),
        (shop(bakeSeconds=1), closed("friday")),
        (shop(strategy={"bigBang": {}}), closed("friday")),
    ],
    ids=[
        "open",
        "one that holds",
        "for another moment",
        "no windows yet",
        "no status yet",
        "a number",
        "a strategy",
    ],
)
def test_else_a_window_refuses_nothing(new: dict[str, Any], status: dict[str, Any] | None) -> None:
    assert asked(new, shop(), rules=WINDOWS, status=status) == []


def test_a_window_refuses_no_rollout_that_is_made() -> None:
    assert asked(shop(), rules=WINDOWS, status=closed("friday")) == []


def test_a_freeze_that_rejects_takes_no_new_template_unless_it_ends_by_itself() -> None:
    rules: dict[str, Any] = {"freeze": {"onClosed": "Reject"}}
    assert asked(shop(template=OTHER), shop(), rules=rules) == [
        "policy p, rule freeze: frozen, and takes no new template: it ends by crossfade unfreeze p" + BACK
    ]
    assert asked(shop(paused=True), shop(), rules=rules) == []
    rules["freeze"]["reason"] = "incident 4711"
    assert "new template (incident 4711): it ends" in asked(shop(template=OTHER), shop(), rules=rules)[0]
    rules["freeze"]["until"] = "2026-12-01T00:00:00Z"
    assert asked(shop(template=OTHER), shop(), rules=rules) == []


WEB = {**ALLOWED, "rolloutSelector": {"matchLabels": {"tier": "web"}}}
PROD = {**ALLOWED, "namespaceSelector": {"matchLabels": {"env": "prod"}}}


def test_no_rollout_leaves_a_policy_by_its_labels() -> None:
    (told,) = asked(shop({}), shop({"tier": "web"}), rules=WEB, by="labels")
    assert told.startswith("policy p: with these labels the Rollout would be none of those that it selects")
    assert asked(shop({}), shop({"tier": "web"}), rules=WEB, by="labels", may_bypass=True) == []


def namespace(**labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "ns", "labels": labels}}


def test_no_namespace_leaves_a_policy_by_its_labels() -> None:
    (told,) = asked(namespace(env="dev"), namespace(env="prod"), rules=PROD, by="namespaces")
    assert told.startswith("policy p: with these labels the namespace would be none of those that it selects")
    assert (
        asked(namespace(env="dev"), namespace(env="prod"), rules=PROD, by="namespaces", may_bypass=True) == []
    )


@pytest.mark.parametrize(
    ("new", "old", "rules"),
    [
        (shop({"tier": "web", "a": "b"}), shop({"tier": "web"}), WEB),
        (shop({"tier": "web"}), shop({}), WEB),
        (shop({"tier": "db"}), shop({}), WEB),
        (shop({}), shop({"tier": "web"}), {**WEB, "enforcement": "Warn"}),
        (shop({}), shop({"tier": "web"}), {**WEB, "namespaceSelector": {"matchLabels": {"env": "prod"}}}),
        (shop({}), shop({"tier": "web"}), ALLOWED),
    ],
    ids=["another label", "comes in", "was never in", "only warns", "another namespace", "selects all"],
)
def test_other_labels_are_anybodys(new: Manifest, old: Manifest, rules: dict[str, Any]) -> None:
    assert asked(new, old, rules=rules, by="labels") == []


def test_a_policy_that_warns_but_enforces_one_rule_is_not_left() -> None:
    rules = {**WEB, "enforcement": "Warn", "ruleEnforcement": {"quota": "Enforce"}}
    assert len(asked(shop({}), shop({"tier": "web"}), rules=rules, by="labels")) == 1


def test_what_was_passed_is_in_the_audit_log() -> None:
    passed = {"bypasses": [{"policy": "p", "by": "ann"}]}
    data = {"object": shop(bakeSeconds=1), "params": {"metadata": {"name": "p"}, "spec": ALLOWED}}

    def told(old: dict[str, Any]) -> str:
        return Asked(POLICIES["crossfade-policies-enforce"], {**data, "oldObject": old}).annotation("bypass")

    assert told(shop(status=passed)) == TOLD
    assert told(shop()) == ""


def test_only_what_is_refused_asks_about_rights() -> None:
    """An API server gives messages and annotations of its audit log no authorizer: each would fail."""
    for each in POLICIES.values():
        uses = {name["name"] for name in each["spec"]["variables"] if "authorizer" in name["expression"]}
        said = [v["messageExpression"] for v in each["spec"]["validations"]]
        said += [a["valueExpression"] for a in each["spec"].get("auditAnnotations", ())]
        assert not [text for text in said for name in (*uses, "problems") if f"variables.{name}" in text]
