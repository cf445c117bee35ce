"""Each of the ten policies of manifests/policies, on the API server: what breaks it is refused or waits, in a sentence; what keeps it passes.

Each is applied as it is shipped but for two things: it is about the namespace of its test alone, and windows are moved to where they are
closed, or open, now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from bench import manifests
from bench.kube import ApiError, Kube, Object, collection, wait_for
from bench.person import Person, bound
from crossfade.core.revision import revision_of

POLICIES = Path(__file__).parents[2] / "manifests/policies"
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
IN_FORCE_S = 60
WITHIN_S = 180
ONE_POD = {"replicas": 1, "bakeSeconds": 1}
DIGEST = f"registry.example.com/shop@sha256:{'0' * 64}"

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.timeout(900)]

Change = Callable[[Object], None]
Enforce = Callable[..., tuple[str, ...]]
People = Callable[..., Person]


@pytest.fixture
def enforce(kube: Kube, namespace: str) -> Iterator[Enforce]:
    """Applies the policies of a file, changed, to this namespace, and waits until the operator knows them; their names."""
    made: set[str] = set()
    label(kube, namespace, "production")

    def put(file: str, change: Change = lambda _policy: None) -> tuple[str, ...]:
        found = [
            document for document in yaml.safe_load_all((POLICIES / f"{file}.yaml").read_text()) if document
        ]
        names = tuple(f"{each['metadata']['name']}-{namespace}" for each in found)
        made.update(names)
        for name, policy in zip(names, found, strict=True):
            selector = policy["spec"]["namespaceSelector"]
            selector["matchLabels"] = {
                **selector.get("matchLabels", {}),
                "kubernetes.io/metadata.name": namespace,
            }
            change(policy)
            stored = kube.apply({**policy, "metadata": {"name": name}})
            wait_for(f"the operator to know {name}", partial(is_known, kube, stored), IN_FORCE_S)
        return names

    yield put
    for name in made:
        kube.delete("RolloutPolicy", "", name)


def is_known(kube: Kube, policy: Object) -> bool:
    seen = kube.get("RolloutPolicy", "", policy["metadata"]["name"]) or {}
    told = seen.get("status", {}).get("observedGeneration", -1)
    return bool(told >= policy["metadata"]["generation"])


def label(kube: Kube, namespace: str, env: str) -> None:
    body = {"metadata": {"labels": {"env": env}}}
    kube.request("PATCH", f"/api/v1/namespaces/{namespace}", body, "application/merge-patch+json")


def shop(
    namespace: str,
    strategy: Object,
    version: str = "v1",
    *,
    name: str = "shop",
    labels: Any = None,
    **spec: Any,
) -> Object:
    """A Rollout of one pod that bakes for a second, unless it says otherwise."""
    template = spec.pop("template", manifests.template(version, name=name))
    made = manifests.rollout(namespace, strategy, template, name=name, **{**ONE_POD, **spec})
    return {**made, "metadata": {**made["metadata"], **({"labels": labels} if labels else {})}}


def refusal(kube: Kube, rollout: Object) -> str:
    """What the API server says to it, asked by a dry run; empty where it would take it."""
    path = f"{collection('Rollout', rollout['metadata']['namespace'])}?dryRun=All"
    try:
        kube.request("POST", path, rollout)
    except ApiError as error:
        return error.message
    return ""


def assert_refused(kube: Kube, rollout: Object, policy: str, rule: str) -> None:
    """It is, as soon as the policy is in force, by that rule, and every time."""
    wait_for(f"{policy} to refuse it", lambda: refusal(kube, rollout), IN_FORCE_S)
    with pytest.raises(ApiError) as error:
        kube.create(rollout)
    assert f"denied request: policy {policy}, rule {rule}" in error.value.message


def assert_passes(kube: Kube, rollout: Object) -> None:
    kube.apply(rollout)
    in_phase(kube, rollout, "Healthy")


def in_phase(kube: Kube, rollout: Object, phase: str, words: str = "") -> Object:
    """Wait until the operator says so of its newest spec, in these words; its status."""
    meta = rollout["metadata"]

    def look() -> Object | None:
        stored = kube.get("Rollout", meta["namespace"], meta["name"]) or {"metadata": {}}
        told: Object = stored.get("status") or {}
        current = told.get("observedGeneration") == stored["metadata"].get("generation")
        return told if current and told.get("phase") == phase and words in told.get("message", "") else None

    return wait_for(f"{meta['name']} to be {phase} ({words})", look, WITHIN_S)


def assert_waits(kube: Kube, rollout: Object, policy: str, rule: str, told: str) -> None:
    """It is held, by that rule, with these words in its sentence."""
    status = in_phase(kube, rollout, "Waiting", told)
    assert f"policy {policy}, rule {rule}: " in status["message"]
    compliant = next(each for each in status["conditions"] if each["type"] == "PolicyCompliant")
    assert (compliant["status"], compliant["reason"]) == ("False", "HeldByPolicy")


def asked(kube: Kube, rollout: Object, action: str, **spec: Any) -> Object:
    """What became of an action."""
    meta = rollout["metadata"]
    made = kube.create(manifests.action(meta["namespace"], action, name=meta["name"], **spec))
    name = made["metadata"]["name"]

    def answer() -> Object | None:
        seen = kube.get("RolloutAction", meta["namespace"], name) or {}
        status: Object = seen.get("status") or {}
        return status if status.get("state") else None

    return wait_for(f"the answer to {name}", answer, IN_FORCE_S)


def approves(person: Person, rollout: Object, *groups: str) -> Object:
    """What became of somebody's approval of the Rollout's present template, as a member of these groups."""
    said = {"revision": revision_of(rollout["spec"]["template"]), "actor": person.user}
    return asked(person, rollout, "Approve", **said, groups=[*groups])


@pytest.fixture
def people(kube: Kube, namespace: str) -> Iterator[Callable[..., Person]]:
    """Makes users with certificates of their own, who may approve and edit in the namespace."""
    made: list[Person] = []

    def person(user: str, *groups: str) -> Person:
        made.append(Person(kube, user, *groups))
        for role in ("crossfade-approver", "edit"):
            bound(kube, namespace, role, made[-1])
        wait_for(f"the rights of {user}", lambda: may_read(made[-1], namespace), IN_FORCE_S)
        return made[-1]

    yield person
    for each in made:
        each.forget()


def may_read(person: Person, namespace: str) -> bool:
    try:
        person.list("ConfigMap", namespace)  # by `edit`, which is bound last
    except ApiError:
        return False
    return True


def begun(policy: Object) -> None:
    """Each window began five minutes ago."""
    _moved(policy, timedelta(minutes=-5))


def far_away(policy: Object) -> None:
    """Each window begins again in three days at the earliest."""
    _moved(policy, timedelta(days=3))


def _moved(policy: Object, by: timedelta) -> None:
    """Let each window begin then, on the same kind of days: of the week, or of the year."""
    for window in policy["spec"]["windows"]:
        at = datetime.now(ZoneInfo(window["timeZone"])) + by
        day, month = (at.day, at.month) if window["schedule"].endswith(" *") else ("*", "*")
        weekday = "*" if window["schedule"].endswith(" *") else DAYS[at.weekday()]
        window["schedule"] = f"{at.minute} {at.hour} {day} {month} {weekday}"


MEASURED: Object = {
    "metrics": [
        {
            "name": "smoke",
            "job": {
                "template": {
                    "spec": {"containers": [{"name": "smoke", "image": "{{image}}", "command": ["true"]}]}
                }
            },
        }
    ]
}
CANARY: Object = {"canary": {"steps": [{"weight": 25, "analysis": MEASURED}]}}
MIGRATES: Object = {
    "name": "migrate",
    "before": "Start",
    "job": {
        "timeoutSeconds": 120,
        "template": {"spec": {"containers": [{"name": "one", "image": "{{image}}", "command": ["true"]}]}},
    },
}


def test_there_is_a_test_of_each() -> None:
    told = Path(__file__).read_text()
    assert [path.stem for path in POLICIES.glob("*.yaml") if f'"{path.stem}"' not in told] == []


def test_production_is_reached_only_by_a_canary_that_is_measured(
    kube: Kube, namespace: str, enforce: Enforce
) -> None:
    (policy,) = enforce("production-by-canary")
    assert_refused(kube, shop(namespace, {"recreate": {}}, analysis=MEASURED), policy, "strategies")
    assert_refused(kube, shop(namespace, {"canary": {"steps": [{"weight": 25}]}}), policy, "analysis")
    soon = {"canary": {"steps": [{"weight": 50, "analysis": MEASURED}]}}
    assert_refused(kube, shop(namespace, soon), policy, "steps")
    assert_passes(kube, shop(namespace, CANARY))


@pytest.mark.parametrize("file", ["no-friday-afternoon", "quiet-christmas"])
def test_nothing_begins_while_a_window_is_closed_and_it_begins_by_itself_when_it_is_open(
    kube: Kube, namespace: str, enforce: Enforce, file: str
) -> None:
    (policy,) = enforce(file, begun)
    rollout = shop(namespace, {"rolling": {}})
    kube.apply(rollout)
    assert_waits(kube, rollout, policy, "windows", reason_of(file))
    assert kube.list("Deployment", namespace) == []
    enforce(file, far_away)
    in_phase(kube, rollout, "Healthy")


def reason_of(file: str) -> str:
    """The reason that the file gives for its window."""
    policy = yaml.safe_load((POLICIES / f"{file}.yaml").read_text())
    return str(policy["spec"]["windows"][0]["reason"])


def test_two_people_agree_before_all_requests_come_and_neither_is_who_asked(
    kube: Kube, namespace: str, enforce: Enforce, people: People
) -> None:
    canary = {"canary": {"steps": [{"weight": 25}]}}
    assert_passes(kube, shop(namespace, canary))
    (policy,) = enforce("two-approvals")
    ann, bob, carl = (people(name) for name in ("ann", "bob", "carl"))
    changed = shop(namespace, canary, "v2")
    carl.apply(changed)
    assert_waits(kube, changed, policy, "approvals", "0 of 2")
    answers = [approves(each, changed) for each in (carl, ann, ann)]
    assert [each["state"] for each in answers] == ["Refused", "Done", "Refused"], answers
    assert_waits(kube, changed, policy, "approvals", "1 of 2")
    assert approves(bob, changed)["state"] == "Done"
    in_phase(kube, changed, "Healthy")


def test_images_have_a_digest(kube: Kube, namespace: str, enforce: Enforce) -> None:
    (policy,) = enforce("digest-only")
    assert_refused(kube, shop(namespace, {"rolling": {}}), policy, "images")
    template = manifests.template("v1", image=DIGEST)
    assert_passes(kube, shop(namespace, {"rolling": {}}, template=template, replicas=0))
    sidecar = {"name": "first", "image": "busybox:1", "restartPolicy": "Always"}
    template = {**template, "spec": {**template["spec"], "initContainers": [sidecar]}}
    assert_refused(kube, shop(namespace, {"rolling": {}}, template=template, name="beside"), policy, "images")


def test_a_fourth_release_waits_for_one_of_three_to_end(kube: Kube, namespace: str, enforce: Enforce) -> None:
    by_hand = {"blueGreen": {"promote": "Manual"}}
    names = ("one", "two", "three", "four")
    for name in names:
        kube.apply(shop(namespace, by_hand, name=name))
    for name in names:
        in_phase(kube, shop(namespace, by_hand, name=name), "Healthy")
    (policy,) = enforce("three-at-once")
    *first, last = (shop(namespace, by_hand, "v2", name=name) for name in names)
    for each in first:
        kube.apply(each)
    for each in first:
        in_phase(kube, each, "Paused")
    kube.apply(last)
    assert_waits(kube, last, policy, "concurrency", "3 of 3")
    assert asked(kube, first[0], "Promote")["state"] == "Done"
    in_phase(kube, first[0], "Healthy")
    in_phase(kube, last, "Paused")


def test_a_big_bang_is_for_development(kube: Kube, namespace: str, enforce: Enforce) -> None:
    (policy,) = enforce("big-bang-only-in-dev")
    label(kube, namespace, "test")
    assert_refused(kube, shop(namespace, {"bigBang": {}}), policy, "strategies")
    assert_passes(kube, shop(namespace, {"rolling": {}}, name="gentle"))
    label(kube, namespace, "dev")
    big = shop(namespace, {"bigBang": {}})
    wait_for("the label to count", lambda: not refusal(kube, big), IN_FORCE_S)
    assert_passes(kube, big)


def test_old_pods_stay_warm_for_ten_minutes(kube: Kube, namespace: str, enforce: Enforce) -> None:
    (policy,) = enforce("bake-ten-minutes")
    assert_refused(kube, shop(namespace, {"rolling": {}}, bakeSeconds=599), policy, "steps")
    assert_passes(kube, shop(namespace, {"rolling": {}}, bakeSeconds=600))


def test_the_database_team_agrees_to_a_migration_before_it_runs(
    kube: Kube, namespace: str, enforce: Enforce, people: People
) -> None:
    labelled, approved = enforce("database-team-approves-migrations")
    rolling: Object = {"rolling": {}}
    assert_refused(kube, shop(namespace, rolling, hooks=[MIGRATES]), labelled, "expressions")
    assert_passes(kube, shop(namespace, rolling, name="plain"))
    migrating = shop(namespace, rolling, hooks=[MIGRATES], labels={"migrates": "true"})
    kube.apply(migrating)
    assert_waits(kube, migrating, approved, "approvals", "dba")
    assert approves(people("ann", "web"), migrating, "web")["state"] == "Refused"
    assert kube.list("Job", namespace) == []
    assert approves(people("dora", "dba"), migrating, "dba")["state"] == "Done"
    in_phase(kube, migrating, "Healthy")
    assert len(kube.list("Job", namespace)) == 1


def test_each_rollout_minds_others_that_fail(kube: Kube, namespace: str, enforce: Enforce) -> None:
    (policy,) = enforce("pause-when-others-fail")
    assert_refused(kube, shop(namespace, {"rolling": {}}), policy, "expressions")
    assert_passes(kube, shop(namespace, {"rolling": {}}, holdWhenOthersFail=True))
