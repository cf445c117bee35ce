"""The operator's Role holds what it does, and nothing more: every request is covered, and every rule is used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.api.action import ACTIONS
from crossfade.api.bounds import ACTOR_LENGTH, GROUPS_LENGTH
from crossfade.cluster import RESOURCES
from crossfade.controller.naming import ROUTE_KINDS, WITH_GROUPS
from crossfade.controller.options import parse
from crossfade.controller.process import LEASE_NAME
from crossfade.controller.store import OF_POLICIES, OF_THE_CLUSTER, WATCHED

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "crossfade"
MANIFESTS = ROOT / "manifests"
POLICY, MUTATING = "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"

Right = tuple[str, str, str]
"""(verb, API group, resource)"""

READS = {"get": "get", "list": "list", "create": "create", "replace": "update"}
WRITES = {"CREATE": "create", "APPLY": "patch", "PATCH": "patch", "STATUS": "update", "DELETE": "delete"}

NOT_BY_REQUEST: set[Right] = {("update", "crossfade.dev", "rollouts/finalizers")}
"""Asked for by the admission plugin OwnerReferencesPermissionEnforcement, for `blockOwnerDeletion`."""

BY_ADMISSION: set[Right] = {("operate", "crossfade.dev", "rollouts")}
"""No request of the API has this verb: our admission policies know an operator by it."""

EVERYWHERE = {**WATCHED, **OF_POLICIES, **OF_THE_CLUSTER}
"""What is watched by an operator of all namespaces."""

ROUTES: set[Right] = {
    *(
        (verb, "gateway.networking.k8s.io", RESOURCES[kind].plural)
        for kind in ROUTE_KINDS
        for verb in ("get", "list", "watch", "patch")
    ),
    *(
        (verb, "gateway.networking.k8s.io", RESOURCES[kind].plural)
        for kind in WITH_GROUPS
        for verb in ("create", "delete")
    ),
}
"""Watched and written by a kind that varies; only of those that can tell groups of users apart does it make its own."""

READS_POLICIES: set[Right] = {
    *((verb, "crossfade.dev", "rolloutpolicies") for verb in ("get", "list", "watch")),
    *((verb, "", "namespaces") for verb in ("list", "watch")),
}
"""Of the cluster too: without it an operator for one namespace begins no release."""

ADMISSION: set[Right] = {
    (verb, "admissionregistration.k8s.io", RESOURCES[kind].plural)
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    for verb in ("get", "create", "update", "delete")
}
"""Of policies with expressions: both kinds are written in the same way."""

BEYOND_ONE_NAMESPACE: set[Right] = {
    *ADMISSION,
    ("get", "gateway.networking.k8s.io", "gatewayclasses"),
    *((verb, "crossfade.dev", "clusteranalysistemplates") for verb in ("get", "list", "watch")),
    ("update", "crossfade.dev", "clusteranalysistemplates/status"),
    ("update", "crossfade.dev", "rolloutpolicies/status"),
    *READS_POLICIES,
}
"""Of the cluster, so that no Role can give it; where it is refused, the route's status tells who carries it out, and such a
template counts as none."""

BY_THE_NAMESPACE: set[Right] = {("get", "", "secrets")}
"""Given by whoever wants a metric's credentials to be read, for one Secret: the operator's own Role never has it."""


def right(verb: str, kind: str, subresource: str = "") -> Right:
    resource = RESOURCES[kind]
    group = resource.api_version.rpartition("/")[0]
    return verb, group, resource.plural + (f"/{subresource}" if subresource else "")


def calls(folder: str) -> Iterator[ast.Call]:
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def literal(call: ast.Call, position: int) -> str | None:
    argument = call.args[position] if len(call.args) > position else None
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def written() -> Iterator[tuple[str, str]]:
    """(member of Verb, kind) of every Write that the core makes; where the kind varies, it is any that is written."""
    for call in calls("core"):
        if isinstance(call.func, ast.Name) and call.func.id == "Write":
            verb, kind = call.args[0], literal(call, 1)
            assert isinstance(verb, ast.Attribute), "a Write names its verb"
            if kind is not None:
                yield verb.attr, kind


def asked_by_the_shell() -> Iterator[Right]:
    """What the shell asks for by itself: the requests that name their kind."""
    for call in calls("controller"):
        kind = literal(call, 0)
        if isinstance(call.func, ast.Attribute) and call.func.attr in READS and kind and kind in RESOURCES:
            yield right(READS[call.func.attr], kind)


def used() -> set[Right]:
    rights = set(asked_by_the_shell())
    for kind in EVERYWHERE:
        rights |= {right("list", kind), right("watch", kind)}
    for verb, kind in (*written(), ("STATUS", "Rollout")):
        rights.add(right(WRITES[verb], kind, "status" if verb == "STATUS" else ""))
        if kind in EVERYWHERE:
            rights.add(right("get", kind))  # what a refused write found is read
    return rights


CLUSTER, ONE_NAMESPACE = MANIFESTS / "rbac.yaml", MANIFESTS / "one-namespace" / "rbac.yaml"
BOTH = pytest.mark.parametrize("rights", [CLUSTER, ONE_NAMESPACE], ids=["cluster", "one namespace"])


def documents(rights: Path) -> list[Any]:
    return list(yaml.safe_load_all(rights.read_text()))


def rules(rights: Path, kind: str) -> list[Any]:
    return [rule for each in documents(rights) if each["kind"] == kind for rule in each["rules"]]


def granted(rights: Path, *kinds: str) -> set[Right]:
    return {
        (verb, group, resource)
        for kind in kinds
        for rule in rules(rights, kind)
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@BOTH
def test_every_request_is_covered_and_every_rule_is_used(rights: Path) -> None:
    beyond = BEYOND_ONE_NAMESPACE if rights == ONE_NAMESPACE else set()
    assert (
        granted(rights, "ClusterRole", "Role")
        == (used() | ROUTES | ADMISSION | NOT_BY_REQUEST | BY_ADMISSION) - beyond - BY_THE_NAMESPACE
    )


def test_the_page_on_security_tells_of_every_rule_with_its_reason() -> None:
    page = (ROOT / "docs" / "security.md").read_text().partition("## The rights of the operator")[2]
    rows = re.findall(r"^\| ([a-z/, ]+) \| ([a-z, ]+) \| [^|]{10,} \|$", page, re.MULTILINE)
    told = {(verb, each) for on, verbs in rows for each in on.split(", ") for verb in verbs.split(", ")}
    assert told == {(verb, resource) for verb, _, resource in granted(CLUSTER, "ClusterRole", "Role")}


def test_the_scan_is_not_blind() -> None:
    assert {("create", "apps", "deployments"), ("get", "", "namespaces"), ("delete", "", "pods")} <= used()
    assert ("update", "crossfade.dev", "releases/status") in used()


def test_only_the_lease_is_granted_in_the_operators_namespace() -> None:
    assert {resource for _, _, resource in granted(CLUSTER, "Role")} == {"leases"}


@BOTH
def test_the_lease_is_granted_by_its_name(rights: Path) -> None:
    by_name = [
        rule["resourceNames"]
        for rule in rules(rights, "Role")
        if "leases" in rule["resources"] and rule["verbs"] != ["create"]
    ]
    assert by_name == [[LEASE_NAME]]


def test_an_operator_of_one_namespace_reads_policies_and_namespaces_of_the_cluster_and_nothing_else() -> None:
    extra = MANIFESTS / "one-namespace" / "policies.yaml"
    assert granted(extra, "ClusterRole") == READS_POLICIES | {("get", "", "namespaces")}


def test_an_operator_of_one_namespace_is_granted_nothing_beyond_it() -> None:
    """What it is given is kept in that namespace by its kinds: a Role, bound there, of an account that is there."""
    kinds = {each["kind"] for each in documents(ONE_NAMESPACE)}
    assert kinds == {"ServiceAccount", "Role", "RoleBinding"}
    places = {each["metadata"]["namespace"] for each in documents(ONE_NAMESPACE)}
    bound = {
        subject["namespace"] for each in documents(ONE_NAMESPACE) for subject in each.get("subjects", ())
    }
    assert len(places | bound) == 1


@BOTH
@pytest.mark.parametrize(
    "forbidden", ["secrets", "pods/exec", "customresourcedefinitions", "roles", "clusterroles"]
)
def test_nothing_that_opens_other_doors_is_granted(rights: Path, forbidden: str) -> None:
    assert forbidden not in {resource for _, _, resource in granted(rights, "ClusterRole", "Role")}


@BOTH
def test_there_are_no_wildcards_and_no_rights_to_take_rights(rights: Path) -> None:
    everything = granted(rights, "ClusterRole", "Role")
    assert not {part for each in everything for part in each} & {"*", "escalate", "bind", "impersonate"}


@BOTH
def test_the_policy_on_actions_meets_no_operator(rights: Path) -> None:
    """It exempts no account, so none may make what it judges."""
    assert ("create", "crossfade.dev", "rolloutactions") not in granted(rights, "ClusterRole", "Role")
    (policy, _) = policies("actor.yaml")
    judged = policy["spec"]["matchConstraints"]["resourceRules"]
    assert [(rule["operations"], rule["resources"]) for rule in judged] == [(["CREATE"], ["rolloutactions"])]


def policies(name: str) -> list[Any]:
    return list(yaml.safe_load_all((MANIFESTS / name).read_text()))


def test_every_action_has_its_verb_and_some_role_has_it() -> None:
    (policy, _) = policies("actor.yaml")
    verbs = next(each["expression"] for each in policy["spec"]["variables"] if each["name"] == "verb")
    told = dict(re.findall(r"'(\w+)': '(\w*)'", verbs))
    assert set(told) == set(ACTIONS)
    assert {action for action, verb in told.items() if not verb} == {"Bypass"}
    given = {verb for role in policies("roles.yaml") for rule in role["rules"] for verb in rule["verbs"]}
    assert {*told.values(), "bypass"} - {""} <= given


def test_no_role_of_people_makes_an_operator_of_them() -> None:
    given = {verb for role in policies("roles.yaml") for rule in role["rules"] for verb in rule["verbs"]}
    assert not given & {verb for verb, _, _ in BY_ADMISSION}


@pytest.mark.parametrize(
    "name", ["actor.yaml", "requester.yaml", "children.yaml", "rights.yaml", "tenants.yaml"]
)
def test_every_admission_policy_fails_closed_and_is_bound_to_all_namespaces(name: str) -> None:
    found = policies(name)
    made = {each["metadata"]["name"]: each["spec"] for each in found if each["kind"] == POLICY}
    bound = {each["spec"]["policyName"]: each["spec"] for each in found if each["kind"] == f"{POLICY}Binding"}
    assert set(made) == set(bound)
    assert {spec["failurePolicy"] for spec in made.values()} == {"Fail"}
    assert {tuple(sorted(spec)) for spec in bound.values()} == {("policyName", "validationActions")}
    assert {tuple(spec["validationActions"]) for spec in bound.values()} == {("Deny",)}


def test_children_are_guarded_alike_and_their_sizes_are_free() -> None:
    guards = [each["spec"] for each in policies("children.yaml") if each["kind"] == POLICY]
    rules = [rule for spec in guards for rule in spec["matchConstraints"]["resourceRules"]]
    guarded = {resource for rule in rules for resource in rule["resources"]}
    made = {RESOURCES[kind].plural for kind in ("Deployment", "Service", *WITH_GROUPS)}
    assert guarded == made | {"services/status", "deployments/status"}, (
        "marks are written through a status too"
    )
    exempt = {spec["matchConditions"][0]["expression"] for spec in guards}
    assert len(exempt) == 1, "the same controllers pass everywhere"
    checks = {tuple(re.findall(r"check\('(\w+)'\)", spec["validations"][0]["expression"])) for spec in guards}
    assert checks == {("operate", "bypass")}


@pytest.mark.parametrize("name", ["action.yaml", "requester.yaml"])
def test_what_the_api_server_writes_itself_is_in_a_folder_of_its_own(name: str) -> None:
    """Older API servers do not know the kind: an apply of the rest must not fail for it."""
    policy, binding = policies(f"stamp/{name}")
    assert (policy["kind"], binding["kind"]) == (MUTATING, f"{MUTATING}Binding")
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert binding["spec"] == {"policyName": policy["metadata"]["name"]}
    others = [each for path in MANIFESTS.glob("*.yaml") for each in yaml.safe_load_all(path.read_text())]
    assert not [each for each in others if str(each["kind"]).startswith(MUTATING)]


def test_the_stamp_and_its_guard_agree_on_who_asked() -> None:
    (guard, _), (stamp, _) = policies("requester.yaml"), policies("stamp/requester.yaml")
    told = {each["name"]: " ".join(each["expression"].split()) for each in guard["spec"]["variables"]}
    whole = told["expected"].replace("variables.asks", told["asks"])
    before = told["before"].removeprefix("oldObject == null ? '' : ")
    expected = next(each["expression"] for each in stamp["spec"]["variables"] if each["name"] == "expected")
    assert " ".join(expected.split()) == whole.replace("variables.before", before)
    condition = stamp["spec"]["matchConditions"][1]["expression"]
    assert " ".join(expected.split()) in " ".join(condition.split())


def test_an_action_is_stamped_with_no_more_than_it_has_room_for() -> None:
    (policy, _) = policies("stamp/action.yaml")
    told = " ".join(each["expression"] for each in policy["spec"]["variables"])
    assert set(re.findall(r"size\(\) <= (\d+)", told)) == {str(ACTOR_LENGTH), str(GROUPS_LENGTH)}


def test_an_operator_of_one_namespace_is_told_that_it_is_one() -> None:
    """By the namespace that its pod is in: the name stands in one place."""
    overlay = yaml.safe_load((MANIFESTS / "one-namespace" / "kustomization.yaml").read_text())
    (patch,) = (yaml.safe_load(each["patch"]) for each in overlay["patches"])
    variable, arguments = (change["value"] for change in patch)
    assert variable["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    (told,) = (each.replace(f"$({variable['name']})", "team-b") for each in arguments)
    assert parse([told]).scope.covers("team-b")
    assert not parse([told]).scope.covers("team-a")


def test_the_lease_is_held_in_the_name_of_the_pod() -> None:
    (operator,) = yaml.safe_load_all((MANIFESTS / "operator" / "deployment.yaml").read_text())
    assert operator["metadata"]["namespace"] == "crossfade-system"
    container = operator["spec"]["template"]["spec"]["containers"][0]
    assert "POD_NAME" in {variable["name"] for variable in container["env"]}


def test_whoever_has_a_route_changed_must_be_allowed_to_change_it_himself_whatever_its_kind() -> None:
    """By naming it in a Rollout, and by writing what it was before."""
    policies = list(yaml.safe_load_all((MANIFESTS / "rights.yaml").read_text()))
    plurals = {RESOURCES[kind].plural for kind in ROUTE_KINDS}
    takeover, memory = (
        next(each["spec"] for each in policies if each["metadata"]["name"] == name)
        for name in ("crossfade-takeover", "crossfade-route-memory")
    )
    named = next(each["expression"] for each in takeover["variables"] if each["name"] == "route")
    assert set(re.findall(r"'(\w+)/'", named)) == plurals
    asked = [set(re.findall(r"resource\('(\w+)'\)", each["expression"])) for each in memory["validations"]]
    assert sorted(asked, key=str) == sorted(({plural} for plural in plurals), key=str)
