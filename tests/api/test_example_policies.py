"""The ten policies of manifests/policies: each is valid as it stands, is about what its file says, and does what it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from cel_expr_python import cel

from api.manifests import rollout
from api.test_agreement import refused_by_schema
from builders import V1, V2, releasing_v2
from controller.queueing import World
from crossfade.api.policy import RolloutPolicy
from crossfade.api.policy_rules import RULE_NAMES
from crossfade.api.rollout import RolloutSpec
from crossfade.api.selector import selects
from crossfade.api.strict import parse_strict
from crossfade.core.policy.admission import manifests
from crossfade.core.policy.closures import Calendar
from crossfade.core.policy.content import broken
from crossfade.core.policy.generated import admission
from crossfade.core.policy.matched import Broken, Matched, Place
from crossfade.core.policy.windows import in_flight, state
from judged import Asked
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, step

POLICIES = Path(__file__).parents[2] / "manifests" / "policies"
FILES = sorted(POLICIES.glob("*.yaml"))
TEN = {
    "production-by-canary",
    "no-friday-afternoon",
    "two-approvals",
    "digest-only",
    "three-at-once",
    "big-bang-only-in-dev",
    "quiet-christmas",
    "bake-ten-minutes",
    "database-team-approves-migrations",
    "pause-when-others-fail",
}
ENFORCED = manifests()[0]
BERLIN = ZoneInfo("Europe/Berlin")
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def policies(name: str) -> list[RolloutPolicy]:
    return [parse_strict(RolloutPolicy, each) for each in documents(POLICIES / f"{name}.yaml")]


def test_there_are_ten() -> None:
    assert {path.stem for path in FILES} == TEN


@each_file
def test_each_is_read_strictly_and_valid_by_the_definition(path: Path) -> None:
    for document in documents(path):
        parse_strict(RolloutPolicy, document)
        assert refused_by_schema(RolloutPolicy, document) == []


@each_file
def test_each_begins_with_what_it_does_and_how_to_adapt_it(path: Path) -> None:
    comment = re.match(r"(#[^\n]*\n)+", path.read_text())
    assert comment is not None
    assert "To adapt: " in comment[0]


def test_each_has_a_name_of_its_own_and_one_that_is_alone_in_its_file_has_the_file_s() -> None:
    names = [[each.metadata.name for each in policies(path.stem)] for path in FILES]
    alone = {path.stem: found for path, found in zip(FILES, names, strict=True) if len(found) == 1}
    assert alone == {stem: [stem] for stem in alone}
    together = [each for found in names for each in found]
    assert len(set(together)) == len(together)


@pytest.mark.parametrize(
    ("labels", "about"), [({}, False), ({"env": "dev"}, False), ({"env": "production", "team": "a"}, True)]
)
def test_each_is_about_production_and_never_about_a_namespace_that_does_not_say_what_it_is_for(
    labels: dict[str, str], about: bool
) -> None:
    every = [each.spec.namespace_selector for path in FILES for each in policies(path.stem)]
    assert {selects(selector, labels) for selector in every} == {about}


def test_the_guides_tell_of_each_file_and_of_each_rule() -> None:
    admins, developers = (
        (POLICIES.parents[1] / "docs" / name).read_text() for name in ("policies.md", "waiting.md")
    )
    assert [name for name in TEN if f"| `{name}.yaml` |" not in admins] == []
    assert [rule for rule in RULE_NAMES if not re.search(rf"^\| `{rule}\b", admins, re.MULTILINE)] == []
    assert [
        rule for rule in RULE_NAMES if not re.search(rf"^\| .*`{rule}`.* \|", developers, re.MULTILINE)
    ] == []


def test_only_rollouts_with_the_label_wait_for_the_database_team() -> None:
    _, approves = policies("database-team-approves-migrations")
    assert selects(approves.spec.rollout_selector, {"migrates": "true"})
    assert not selects(approves.spec.rollout_selector, {"migrates": "false"})


# --- expressions: judged when a Rollout is applied -----------------------------------------------------------

ANY = 'name: policy\nvariables:\n  - name: "object"\n    type_name: "dyn"\n'
LABELLED = {"metadata.labels": {"migrates": "true"}}
ASKS = {"name": "board", "before": "Promote", "webhook": {"url": "https://gates.example.com"}}
JOB = {"template": {"spec": {"containers": [{"name": "migrate", "image": "{{image}}"}]}}}
MIGRATES = {"name": "migrate", "before": "Start", "job": JOB}


def kept(name: str, changes: dict[str, Any]) -> bool:
    """Whether a Rollout with these changes keeps the expression of the file's first policy."""
    (written,) = policies(name)[0].spec.expressions
    environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml(ANY))
    found = environment.compile(written.expression).eval(data={"object": rollout(changes)})
    assert found.type() == cel.Type.BOOL
    return bool(found.value())


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [
        ({}, True),
        ({"spec.hooks": []}, True),
        ({"spec.hooks": [ASKS]}, True),
        ({"spec.hooks": [ASKS, MIGRATES]}, False),
        ({"spec.hooks": [MIGRATES], "metadata.labels": {"migrates": "false"}}, False),
        ({"spec.hooks": [MIGRATES], "metadata.labels": {"team": "web"}}, False),
        ({"spec.hooks": [MIGRATES], **LABELLED}, True),
        (LABELLED, True),
    ],
)
def test_what_runs_before_a_release_has_to_be_labelled_as_a_migration(
    changes: dict[str, Any], keeps: bool
) -> None:
    assert kept("database-team-approves-migrations", changes) is keeps


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [({}, False), ({"spec.holdWhenOthersFail": False}, False), ({"spec.holdWhenOthersFail": True}, True)],
)
def test_each_rollout_has_to_wait_while_others_fail(changes: dict[str, Any], keeps: bool) -> None:
    assert kept("pause-when-others-fail", changes) is keeps


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "database-team-approves-migrations",
            "policy migrations-are-labelled, rule expressions, label: a hook runs before Start: label the Rollout",
        ),
        (
            "pause-when-others-fail",
            "policy pause-when-others-fail, rule expressions, others: write holdWhenOthersFail: true",
        ),
    ],
)
def test_who_breaks_an_expression_is_refused_and_told_what_to_write(name: str, told: str) -> None:
    judging, binding = admission(policies(name)[0])
    assert [each["message"].startswith(told) for each in judging["spec"]["validations"]] == [True]
    assert binding["spec"]["validationActions"] == ["Deny"]


# --- what a Rollout says: refused when it is applied, and held by the operator before a release begins ------

MEASURED = {"spec.analysis": {"metrics": [{"name": "errors", "builtIn": {"errors": {}}}]}}
IMAGE = "spec.template.spec.containers.0.image"
DIGEST = f"registry.example.com/shop@sha256:{'0' * 64}"
SIDECAR = {"name": "first", "image": "busybox:1", "restartPolicy": "Always"}
KEPT: list[tuple[str, dict[str, Any]]] = [
    ("production-by-canary", MEASURED),
    ("digest-only", {IMAGE: DIGEST}),
    ("big-bang-only-in-dev", {}),
    *(
        ("big-bang-only-in-dev", {"spec.strategy": {name: {}}})
        for name in ("recreate", "rolling", "blueGreen")
    ),
    ("bake-ten-minutes", {"spec.bakeSeconds": 600}),
    ("database-team-approves-migrations", {}),
    ("database-team-approves-migrations", {"spec.hooks": [MIGRATES], **LABELLED}),
    ("pause-when-others-fail", {"spec.holdWhenOthersFail": True}),
]
BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("production-by-canary", {**MEASURED, "spec.strategy": {"recreate": {}}}, "strategies"),
    ("production-by-canary", {**MEASURED, "spec.strategy.canary.steps.0.weight": 26}, "steps"),
    ("production-by-canary", {}, "analysis"),
    ("digest-only", {}, "images"),
    ("digest-only", {IMAGE: DIGEST, "spec.template.spec.initContainers": [SIDECAR]}, "images"),
    ("big-bang-only-in-dev", {"spec.strategy": {"bigBang": {}}}, "strategies"),
    ("bake-ten-minutes", {}, "steps"),
    ("bake-ten-minutes", {"spec.bakeSeconds": 599}, "steps"),
]
PRODUCTION = {"metadata": {"labels": {"env": "production"}}}


def refusals(name: str, changes: dict[str, Any], namespace: dict[str, Any]) -> list[str]:
    """What admission says to a Rollout with these changes by the file's first policy."""
    params = documents(POLICIES / f"{name}.yaml")[0]
    asked = {"object": rollout(changes), "params": params, "namespaceObject": namespace}
    return Asked(ENFORCED, asked).refusals()


def broken_by(name: str, changes: dict[str, Any]) -> tuple[Broken, ...]:
    """What the operator finds broken of the file's first policy."""
    spec = RolloutSpec.model_validate(rollout(changes)["spec"])
    return broken(policies(name)[0].spec, spec, spec.template)


@pytest.mark.parametrize(("name", "changes"), KEPT)
def test_what_keeps_it_is_taken_and_held_by_nobody(name: str, changes: dict[str, Any]) -> None:
    assert refusals(name, changes, PRODUCTION) == []
    assert broken_by(name, changes) == ()


@pytest.mark.parametrize(("name", "changes", "rule"), BROKEN)
def test_what_breaks_it_is_refused_in_production_and_taken_elsewhere(
    name: str, changes: dict[str, Any], rule: str
) -> None:
    (told,) = refusals(name, changes, PRODUCTION)
    assert told.startswith(f"policy {name}, rule {rule}: ")
    assert refusals(name, changes, {"metadata": {"labels": {"env": "dev"}}}) == []
    assert refusals(name, changes, {"metadata": {}}) == []


@pytest.mark.parametrize(("name", "changes", "rule"), BROKEN)
def test_what_is_older_than_the_policy_waits_before_its_next_release(
    name: str, changes: dict[str, Any], rule: str
) -> None:
    (found,) = broken_by(name, changes)
    assert found.rule == rule
    sim = releasing_v2("rolling")
    sim.policies = (Matched(name, policies(name)[0].spec, broken=(found,)),)
    run(sim, 60)
    assert (phase("Waiting")(sim), sim.of(V2)) == (True, [])
    assert f"policy {name}, rule {rule}: {found.message}" in sim.status["message"]


# --- approvals: the operator waits for them ------------------------------------------------------------------


def under(sim: Sim, policy: RolloutPolicy) -> Sim:
    sim.policies = (Matched(policy.metadata.name, policy.spec),)
    return sim


def approves(sim: Sim, who: str, *groups: str) -> None:
    sim.act("Approve", actor=who, groups=list(groups), revision=V2)
    step(sim)
    quiet(sim)


def test_all_requests_wait_for_two_people_and_a_share_of_them_for_nobody() -> None:
    (policy,) = policies("two-approvals")
    sim = run(under(releasing_v2("canary"), policy), 60)
    assert (phase("Waiting")(sim), sim.status["weight"]) == (True, 50)
    assert (
        "policy two-approvals, rule approvals: approval release before Promote: 0 of 2"
        in sim.status["message"]
    )
    approves(sim, "ann")
    run(sim, 60)
    assert (phase("Waiting")(sim), set(sim.selected())) == (True, {V1, V2})
    approves(sim, "bob")
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


def test_a_migration_waits_for_the_database_team_before_anything_of_it_is_made() -> None:
    _, policy = policies("database-team-approves-migrations")
    sim = run(under(releasing_v2("rolling"), policy), 60)
    said = "policy database-team-approves, rule approvals: approval migration before Start: 0 of 1"
    assert said in sim.status["message"]
    approves(sim, "ann", "web")
    run(sim, 60)
    assert (phase("Waiting")(sim), sim.of(V2)) == (True, [])
    approves(sim, "dora", "web", "dba")
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


# --- concurrency: releases wait for their turn ---------------------------------------------------------------


def test_a_fourth_release_waits_for_one_of_three_to_end() -> None:
    (policy,) = policies("three-at-once")
    assert policy.spec.concurrency is not None
    world = World()
    world.policy("three-at-once", maxActive=policy.spec.concurrency.max_active)
    *first, last = (world.have(name) for name in ("one", "two", "three", "four"))
    assert [world.tries(key) for key in (*first, last)] == [True, True, True, False]
    world.ends(first[1])
    assert world.taken_turns() == [last]


def test_who_waits_for_a_turn_is_told_the_place() -> None:
    (policy,) = policies("three-at-once")
    sim = releasing_v2("rolling")
    place = Place(granted=False, place=1, active=3, limit=3, where="in the cluster")
    sim.policies = (Matched("three-at-once", policy.spec, place=place),)
    run(sim, 60)
    assert (phase("Waiting")(sim), sim.of(V2)) == (True, [])
    assert "policy three-at-once, rule concurrency: 3 of 3 releases are under way" in sim.status["message"]
    sim.policies = (Matched("three-at-once", policy.spec, place=Place(granted=True)),)
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


# --- windows: no release begins while one is closed ----------------------------------------------------------


def opens(name: str, now: str) -> datetime | None:
    """When the file's windows let a release begin that is wanted at a time of Berlin; None where they let it now."""
    (policy,) = policies(name)
    at = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    found = state([Calendar(name, tuple(policy.spec.windows))], "Start", at.astimezone(UTC))
    return found.next_open.astimezone(BERLIN) if found.closed and found.next_open else None


@pytest.mark.parametrize(
    ("name", "now", "until"),
    [
        ("no-friday-afternoon", "2026-12-04 13:59:59", None),
        ("no-friday-afternoon", "2026-12-04 14:00:00", "2026-12-05 00:00"),
        ("no-friday-afternoon", "2026-12-04 23:59:59", "2026-12-05 00:00"),
        ("no-friday-afternoon", "2026-12-05 00:00:00", None),
        ("no-friday-afternoon", "2026-12-03 15:00:00", None),
        ("no-friday-afternoon", "2026-07-03 14:00:00", "2026-07-04 00:00"),
        ("quiet-christmas", "2026-12-22 23:59:59", None),
        ("quiet-christmas", "2026-12-23 00:00:00", "2027-01-03 00:00"),
        ("quiet-christmas", "2030-01-02 23:59:59", "2030-01-03 00:00"),
        ("quiet-christmas", "2027-01-03 00:00:00", None),
        ("quiet-christmas", "2026-06-23 12:00:00", None),
    ],
)
def test_no_release_begins_in_the_time_that_the_file_names(name: str, now: str, until: str | None) -> None:
    wanted = datetime.fromisoformat(until).replace(tzinfo=BERLIN) if until else None
    assert opens(name, now) == wanted


@pytest.mark.parametrize("name", ["no-friday-afternoon", "quiet-christmas"])
def test_what_has_begun_before_a_window_closes_goes_on(name: str) -> None:
    (policy,) = policies(name)
    calendar = Calendar(name, tuple(policy.spec.windows))
    closed = datetime(2026, 12, 25, 15, tzinfo=BERLIN)  # a Friday, at Christmas
    assert state([calendar], "Start", closed).closed
    assert not any(state([calendar], moment, closed).closed for moment in ("Step", "Promote"))
    assert in_flight([calendar], closed)[0] == "Continue"
