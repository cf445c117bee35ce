"""Three Rollouts fail together: each is told of a likely shared cause, and a fourth that asks for it waits and goes on by itself."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from bench import manifests
from bench.kube import Kube, Object, wait_for

pytestmark = [
    pytest.mark.usefixtures("running_operator"),
    pytest.mark.long,
    pytest.mark.timeout(1800),
]

FAILING = ("blog", "cart", "pay")
CAREFUL = "shop"
NOWHERE = {"kubernetes.io/hostname": "nowhere"}
"""No node is called so: a pod that asks for it has failed by the deadline."""
DEADLINE_S = 5
READY_S = 300
FAILED_S = 180
BEGINS_S = 300
"""Other tests may let Rollouts of theirs fail meanwhile: then it waits for a minute more."""
WITHIN_S = 60
SHARED = re.compile(r"(\d+) Rollouts failed within a minute.*: a shared cause is likely")
WAITS = re.compile(r"waits for other Rollouts to stop failing: (\d+) failed within a minute.*It begins at")


def applied(kube: Kube, namespace: str, name: str, version: str, node: Object | None = None) -> None:
    template = manifests.template(version, name=name)
    template["spec"]["nodeSelector"] = node or {}
    spec: Object = (
        {"holdWhenOthersFail": True} if name == CAREFUL else {"progressDeadlineSeconds": DEADLINE_S}
    )
    strategy = manifests.strategy("rolling")
    kube.apply(manifests.rollout(namespace, strategy, template, name=name, replicas=1, bakeSeconds=1, **spec))


def status(kube: Kube, namespace: str, name: str) -> Object:
    """What the operator says of its newest spec; empty where it has not seen that."""
    stored = kube.get("Rollout", namespace, name) or {"metadata": {}}
    told: Object = stored.get("status") or {}
    return told if told.get("observedGeneration") == stored["metadata"].get("generation") else {}


def in_phase(kube: Kube, namespace: str, name: str, phase: str) -> Callable[[], Object | None]:
    def look() -> Object | None:
        told = status(kube, namespace, name)
        return told if told.get("phase") == phase else None

    return look


def has_failed(kube: Kube, namespace: str, name: str) -> Object | None:
    """Its status once it says so: its pods may take longer to be gone."""
    told = status(kube, namespace, name)
    return told if told.get("failed") else None


def of_a_shared_cause(kube: Kube, namespace: str, name: str) -> Object | None:
    """Its status once it names one."""
    told = status(kube, namespace, name)
    return told if told.get("failed", {}).get("sharedCause") else None


def failed_at(told: Object) -> float:
    return datetime.fromisoformat(told["failed"]["at"]).timestamp()


def assert_each_is_told(kube: Kube, namespace: str) -> None:
    """In its status, with the names of the others, and by an event, once: also those that failed first."""
    for name in FAILING:
        wait_for(f"{name} to be taken back", in_phase(kube, namespace, name, "RolledBack"), FAILED_S)
        seen = wait_for(
            f"{name} to tell of the others", partial(of_a_shared_cause, kube, namespace, name), FAILED_S
        )
        told = seen["failed"]["sharedCause"]
        found = SHARED.fullmatch(told)
        assert found is not None, told
        assert int(found[1]) >= len(FAILING)
        named, others = {each for each in FAILING if each in told}, set(FAILING) - {name}
        # It is told once, as soon as three have failed: where one of them is another test's, before all three of these have.
        assert named <= others if "namespaces" in told else named == others, told
        assert told in seen["message"]
    wait_for(
        "an event about each of them", lambda: set(told_by_events(kube, namespace)) == set(FAILING), FAILED_S
    )
    assert len(told_by_events(kube, namespace)) == len(FAILING)


def told_by_events(kube: Kube, namespace: str) -> list[str]:
    events = kube.list("Event", namespace)
    return [each["involvedObject"]["name"] for each in events if each.get("reason") == "SharedCause"]


def test_three_that_fail_together_are_told_and_a_fourth_waits_until_they_have_stopped(
    kube: Kube, namespace: str
) -> None:
    names = (*FAILING, CAREFUL)
    for name in names:
        applied(kube, namespace, name, "v1")
    for name in names:
        wait_for(f"{name} to serve", in_phase(kube, namespace, name, "Healthy"), READY_S)
    for name in FAILING:
        applied(kube, namespace, name, "v2", NOWHERE)
    ends = [
        wait_for(f"{name} to fail", partial(has_failed, kube, namespace, name), FAILED_S) for name in FAILING
    ]
    applied(kube, namespace, CAREFUL, "v2")
    newest = max(map(failed_at, ends))
    assert newest - min(map(failed_at, ends)) < WITHIN_S, "they did not fail together: the node was too busy"
    held = wait_for("the careful one to wait", in_phase(kube, namespace, CAREFUL, "Waiting"), FAILED_S)
    assert {each["reason"] for each in held["conditions"]} == {"OthersFailed"}
    found = WAITS.search(held["message"])
    assert found is not None, held["message"]
    assert int(found[1]) >= len(FAILING)
    assert [name for name in FAILING if name not in held["message"]] == []
    assert held["release"] == 1, "its release has not begun"
    assert_each_is_told(kube, namespace)

    wait_for("it to go on by itself", in_phase(kube, namespace, CAREFUL, "Healthy"), BEGINS_S)
    begun = kube.get("Release", namespace, f"{CAREFUL}-2") or {}
    began_at = datetime.fromisoformat(begun["metadata"]["creationTimestamp"]).timestamp()
    assert began_at >= newest + WITHIN_S - 1, "creation times are whole seconds"
    assert began_at <= time.time()
    assert status(kube, namespace, CAREFUL)["stable"]["release"] == 2
