"""The operator's Role holds what it does, and nothing more: every request is covered, and every rule is used."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.cluster import RESOURCES
from crossfade.controller.process import LEASE_NAME
from crossfade.controller.store import WATCHED

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "crossfade"
MANIFESTS = ROOT / "manifests"

Right = tuple[str, str, str]
"""(verb, API group, resource)"""

READS = {"get": "get", "list": "list", "create": "create", "replace": "update"}
WRITES = {"CREATE": "create", "APPLY": "patch", "PATCH": "patch", "STATUS": "update", "DELETE": "delete"}

NOT_BY_REQUEST: set[Right] = {("update", "crossfade.dev", "rollouts/finalizers")}
"""Asked for by the admission plugin OwnerReferencesPermissionEnforcement, for `blockOwnerDeletion`."""


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
    for kind in WATCHED:
        rights |= {right("list", kind), right("watch", kind)}
    for verb, kind in (*written(), ("STATUS", "Rollout")):
        rights.add(right(WRITES[verb], kind, "status" if verb == "STATUS" else ""))
        if kind in WATCHED:
            rights.add(right("get", kind))  # what a refused write found is read
    return rights


def documents() -> list[Any]:
    return list(yaml.safe_load_all((MANIFESTS / "rbac.yaml").read_text()))


def granted(kind: str) -> set[Right]:
    (role,) = [each for each in documents() if each["kind"] == kind]
    return {
        (verb, group, resource)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_every_request_is_covered_and_every_rule_is_used() -> None:
    assert granted("ClusterRole") | granted("Role") == used() | NOT_BY_REQUEST


def test_the_scan_is_not_blind() -> None:
    assert {("create", "apps", "deployments"), ("get", "", "namespaces"), ("delete", "", "pods")} <= used()
    assert ("update", "crossfade.dev", "releases/status") in used()


def test_only_the_lease_is_granted_in_the_operators_namespace_and_only_by_its_name() -> None:
    assert {resource for _, _, resource in granted("Role")} == {"leases"}
    (role,) = [each for each in documents() if each["kind"] == "Role"]
    by_name = [rule for rule in role["rules"] if rule["verbs"] != ["create"]]
    assert [rule["resourceNames"] for rule in by_name] == [[LEASE_NAME]]


@pytest.mark.parametrize(
    "forbidden", ["secrets", "pods/exec", "customresourcedefinitions", "roles", "clusterroles"]
)
def test_nothing_that_opens_other_doors_is_granted(forbidden: str) -> None:
    assert forbidden not in {resource for _, _, resource in granted("ClusterRole")}


def test_there_are_no_wildcards_and_no_rights_to_take_rights() -> None:
    everything = granted("ClusterRole") | granted("Role")
    assert not {part for each in everything for part in each} & {"*", "escalate", "bind", "impersonate"}


def test_the_lease_is_held_in_the_name_of_the_pod() -> None:
    (operator,) = yaml.safe_load_all((MANIFESTS / "operator.yaml").read_text())
    assert operator["metadata"]["namespace"] == "crossfade-system"
    container = operator["spec"]["template"]["spec"]["containers"][0]
    assert "POD_NAME" in {variable["name"] for variable in container["env"]}
