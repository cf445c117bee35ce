"""What people may do is what docs/roles.md says, and no status and no Release is anybody's but the operator's."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.api.crd import KINDS
from roles import rights

ROLES = Path(__file__).parents[2] / "manifests" / "roles.yaml"
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
OF_THE_CLUSTER = ("view", "edit", "admin")
OURS = (
    "crossfade-act",
    "crossfade-approver",
    "crossfade-release-manager",
    "crossfade-policy-viewer",
    "crossfade-policy-admin",
    "crossfade-break-glass",
)
ALL = pytest.mark.parametrize("role", [*OF_THE_CLUSTER, *OURS])
READS = {"get", "list", "watch"}
ASKED_BY_ADMISSION = {
    "promote",
    "skip",
    "abort",
    "retry",
    "undo",
    "pause",
    "restart",
    "approve",
    "bypass",
}
"""Verbs that no request has."""

roles: list[Any] = list(yaml.safe_load_all(ROLES.read_text()))


def granted(role: str) -> set[tuple[str, str]]:
    """(verb, resource) that a role has: of its own, or by the labels of others."""
    held = [each for each in roles if each["metadata"]["name"] == role or _is_part(each, role)]
    return {
        (verb, resource)
        for each in held
        for rule in each["rules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }


def _is_part(each: Any, role: str) -> bool:
    return each["metadata"].get("labels", {}).get(AGGREGATE + role) == "true"


@ALL
def test_a_role_has_what_the_page_says_and_nothing_else(role: str) -> None:
    told = [right for right in rights() if right.role == role]
    assert granted(role) == {(right.verb, right.resource) for right in told if right.granted}
    assert not granted(role) & {(right.verb, right.resource) for right in told if not right.granted}


def test_the_page_tells_of_every_role_that_there_is() -> None:
    bound = {each["metadata"]["name"] for each in roles if "labels" not in each["metadata"]}
    assert {right.role for right in rights()} == {*OF_THE_CLUSTER, *bound}
    assert bound == set(OURS)


@ALL
def test_nobody_writes_a_status_or_a_release(role: str) -> None:
    written = {resource for verb, resource in granted(role) if verb not in READS | ASKED_BY_ADMISSION}
    assert written <= {"rollouts", "rollouts/scale", "rolloutactions", "analysistemplates", "rolloutpolicies"}


def test_rules_are_written_by_their_admins_alone() -> None:
    writing = ("patch", "rolloutpolicies")
    assert [role for role in (*OF_THE_CLUSTER, *OURS) if writing in granted(role)] == [
        "crossfade-policy-admin"
    ]


@pytest.mark.parametrize("role", ["edit", "admin", "crossfade-act", "crossfade-release-manager"])
def test_who_could_ask_for_something_before_each_action_had_a_verb_still_may(role: str) -> None:
    every = {"promote", "skip", "abort", "retry", "undo", "pause", "restart"}
    assert {(verb, "rollouts") for verb in every} | {("create", "rolloutactions")} <= granted(role)


@pytest.mark.parametrize("verb", ["approve", "bypass"])
def test_who_edits_neither_approves_his_own_nor_gives_himself_the_right_to(verb: str) -> None:
    """An admin of a namespace may bind only what he holds himself."""
    assert (verb, "rollouts") not in granted("admin")
    assert ("bypass", "rolloutpolicies") not in granted("admin")


def test_everybody_who_may_see_the_namespace_may_read_every_kind() -> None:
    assert {("watch", kind.plural) for kind in KINDS} <= granted("view")


def test_who_may_more_may_also_what_others_may() -> None:
    assert granted("view") < granted("edit") <= granted("admin")


def test_the_roles_are_about_our_kinds_only_and_without_wildcards() -> None:
    rules = [rule for each in roles for rule in each["rules"]]
    assert {tuple(rule["apiGroups"]) for rule in rules} == {("crossfade.dev",)}
    assert "*" not in {part for rule in rules for part in (*rule["verbs"], *rule["resources"])}
