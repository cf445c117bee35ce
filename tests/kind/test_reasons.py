"""Why a release does not get on is told within seconds, in the words of whoever stops it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from bench import manifests
from bench.kube import ApiError, Kube, Object, wait_for
from bench.watch import Watch

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

TOLD_WITHIN_S = 10
DEADLINE_S = 60
NEVER_S = 600
"""A deadline that is not to be what ends it."""
ROOM_S = 5
"""Its objects are looked at every 5 s, beside what else the node does."""
NO_SUCH_IMAGE = "crossfade-shop:no-such-version"
RISKY = {"risk": "high"}
KINDS = ("Rollout", "Pod", "Deployment", "Event")

Seen = Callable[[str, Object], bool]


@dataclass(frozen=True)
class Cause:
    """Something that keeps a new revision from running.

    `spoil` changes the pod template; `visible` says whether an object of a kind shows the cause; `words` are what the
    message must hold; `heals`: it may end by itself, so that the deadline is waited for. `last_lines`: what the container
    wrote last, the last line first.
    """

    name: str
    spoil: Callable[[Object], None]
    visible: Seen
    words: tuple[str, ...]
    heals: bool = True
    strategy: str = "bigBang"
    last_lines: tuple[str, ...] = ()


def container(template: Object) -> Object:
    found: Object = template["spec"]["containers"][0]
    return found


def running(code: str, **limits: str) -> Callable[[Object], None]:
    """Run some other Python than the shop."""

    def spoil(template: Object) -> None:
        container(template).update(command=["python3", "-c", code])
        container(template)["resources"] |= {"limits": limits} if limits else {}

    return spoil


def with_container(**fields: Any) -> Callable[[Object], None]:
    return lambda template: container(template).update(fields)


def with_missing_volume(template: Object) -> None:
    template["spec"]["volumes"] = [{"name": "settings", "configMap": {"name": "no-such-settings"}}]
    container(template)["volumeMounts"] = [{"name": "settings", "mountPath": "/settings"}]


def state(kind: str, obj: Object) -> Object:
    """The state of a pod's one container; of what it was before, where it waits to be started again."""
    statuses = obj.get("status", {}).get("containerStatuses") if kind == "Pod" else None
    one = statuses[0] if statuses else {}
    return {**one.get("lastState", {}), **one.get("state", {})}


def ended(reason: str) -> Seen:
    return lambda kind, obj: state(kind, obj).get("terminated", {}).get("reason") == reason


def waits(*reasons: str) -> Seen:
    return lambda kind, obj: state(kind, obj).get("waiting", {}).get("reason") in reasons


def condition(kind: str, type_: str, reason: str) -> Seen:
    def seen(kind_: str, obj: Object) -> bool:
        conditions = obj.get("status", {}).get("conditions", []) if kind_ == kind else []
        return any((each["type"], each.get("reason")) == (type_, reason) for each in conditions)

    return seen


def event(reason: str) -> Seen:
    return lambda kind, obj: kind == "Event" and obj["reason"] == reason


def risky(template: Object) -> None:
    template["metadata"]["labels"].update(RISKY)


GIVE_UP = "open('/dev/termination-log', 'w').write('no database at db:5432'); raise SystemExit(3)"
NO_URL = "print('starting', flush=True); raise ValueError('no DATABASE_URL')"
TRACE = ("ValueError: no DATABASE_URL",)
GROW = "grown = [bytearray(1 << 20) for _ in range(1 << 12)]"

CAUSES = (
    Cause(
        "oom",
        running(GROW, memory="48Mi"),
        ended("OOMKilled"),
        # not OOMKilled: the node's runtime learns of it beside the end, and misses it at times
        ("pod oom-", "container shop ended with exit code 137"),
    ),
    Cause(
        "crash",
        running(GIVE_UP),
        ended("Error"),
        ("pod crash-", "container shop ended with exit code 3", "no database at db:5432"),
    ),
    Cause(
        "trace",
        running(NO_URL),
        ended("Error"),
        ("pod trace-", "container shop ended with exit code 1 (Error", "): ValueError: no DATABASE_URL"),
        last_lines=TRACE,
    ),
    Cause(
        "soon",  # its pods get requests as soon as they are ready: nothing is waited for
        running(NO_URL),
        ended("Error"),
        ("1 of 1 pods crashed before it was ready", "): ValueError: no DATABASE_URL"),
        heals=False,
        strategy="rolling",
        last_lines=TRACE,
    ),
    Cause(
        "probe",
        with_container(
            env=[{"name": "VERSION", "value": "v2"}, {"name": "NEVER_READY", "value": "1"}],
        ),
        event("Unhealthy"),
        ("pod probe-", "Readiness probe failed", "statuscode: 503"),
    ),
    Cause(
        "volume",
        with_missing_volume,
        event("FailedMount"),
        ("pod volume-", 'configmap "no-such-settings" not found'),
    ),
    Cause(
        "room",
        with_container(resources={"requests": {"cpu": "1000"}}),
        condition("Pod", "PodScheduled", "Unschedulable"),
        ("pod room-", "cannot be scheduled", "Insufficient cpu"),
    ),
    Cause(
        "image",
        with_container(image=NO_SUCH_IMAGE),
        waits("ErrImagePull", "ImagePullBackOff"),
        ("pod image-", "container shop cannot start", "ImagePull", NO_SUCH_IMAGE),
    ),
    Cause(
        "never",
        with_container(image=NO_SUCH_IMAGE, imagePullPolicy="Never"),
        waits("ErrImageNeverPull"),
        ("pod never-", "container shop cannot start: ErrImageNeverPull", NO_SUCH_IMAGE),
        heals=False,
    ),
    Cause(
        "pull",
        with_container(image=NO_SUCH_IMAGE),
        waits("ErrImagePull", "ImagePullBackOff"),
        ("pod pull-", "-pull: container shop cannot start", NO_SUCH_IMAGE),
        strategy="recreate",
    ),
    Cause(
        "admission",
        risky,
        condition("Deployment", "ReplicaFailure", "FailedCreate"),
        ("ValidatingAdmissionPolicy", "pods of high risk are not wanted here"),
    ),
)
QUOTA = Cause(
    "quota",
    with_container(env=[{"name": "VERSION", "value": "v2"}]),
    condition("Deployment", "ReplicaFailure", "FailedCreate"),
    ("exceeded quota: one-pod",),
)


@contextmanager
def refusing_risk(kube: Kube, namespace: str) -> Iterator[None]:
    """Have the API server refuse pods of high risk in the namespace, for the length of the block."""
    about = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": f"no-risk-{namespace}"}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    place = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    rule = {
        "expression": "!has(object.metadata.labels) || !('risk' in object.metadata.labels)",
        "message": "pods of high risk are not wanted here",
    }
    constraints = {"resourceRules": [pods], "namespaceSelector": place}
    policy = {"matchConstraints": constraints, "validations": [rule]}
    binding = {"policyName": about["metadata"]["name"], "validationActions": ["Deny"]}
    kube.apply({**about, "kind": "ValidatingAdmissionPolicy", "spec": policy})
    kube.apply({**about, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})
    try:
        wait_for("the policy to be in force", lambda: is_refused(kube, namespace))
        yield
    finally:
        kube.delete("ValidatingAdmissionPolicyBinding", "", about["metadata"]["name"])
        kube.delete("ValidatingAdmissionPolicy", "", about["metadata"]["name"])


def is_refused(kube: Kube, namespace: str) -> bool:
    """Whether a pod of high risk is refused."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asked", "labels": RISKY},
        "spec": {"containers": [{"name": "shop", "image": manifests.IMAGE}]},
    }
    try:
        kube.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
    except ApiError as error:
        return "not wanted here" in error.message
    return False


class Place:
    """A namespace with everything that is seen in it; one Rollout for each cause."""

    def __init__(self, kube: Kube, namespace: str, stack: ExitStack) -> None:
        self.kube = kube
        self.namespace = namespace
        self.watches = {kind: stack.enter_context(Watch(kube, kind, namespace)) for kind in KINDS}

    def apply(self, cause: Cause, template: Object) -> float:
        """One pod, the new one beside the old one; the unix time just before."""
        fields = {
            "replicas": 1,
            "bakeSeconds": 1,
            "progressDeadlineSeconds": DEADLINE_S if cause.heals else NEVER_S,
        }
        strategy, at = manifests.strategy(cause.strategy), time.time()
        self.kube.apply(manifests.rollout(self.namespace, strategy, template, name=cause.name, **fields))
        return at

    def wait_phase(self, name: str, phase: str) -> Object:
        """Wait until the status has the phase; the status."""

        def reached(rollouts: Watch) -> Object | None:
            seen = rollouts.latest.get(name, {})
            status: Object = seen.get("status", {})
            current = status.get("observedGeneration") == seen.get("metadata", {}).get("generation")
            return status if current and status.get("phase") == phase else None

        return self.watches["Rollout"].wait_until(f"{name} to be {phase}", reached, DEADLINE_S + 300)

    def visible_since(self, cause: Cause, changed_at: float, told_at: float) -> float:
        """Since when anything of the candidate has shown the cause at `told_at`, by unix time.

        What an object showed and took back counts no more: a container that is killed for its memory may be said to
        have ended by an error, and only the next time by OOMKilled, as the runtime learns of it.
        """
        since: dict[tuple[str, str], float] = {}
        for kind, watch in self.watches.items():
            for seen in list(watch.history):
                if not changed_at < seen.at <= told_at or not concerns(cause.name, kind, seen.object):
                    continue
                if cause.visible(kind, seen.object):
                    since.setdefault((kind, seen.name), seen.at)
                else:
                    since.pop((kind, seen.name), None)
        return min(since.values(), default=told_at)

    def messages(self, cause: Cause) -> list[tuple[float, str]]:
        """What its status said, and when."""
        return [
            (seen.at, seen.object.get("status", {}).get("message", ""))
            for seen in list(self.watches["Rollout"].history)
            if seen.name == cause.name
        ]

    def wait_told(self, cause: Cause) -> float:
        """Wait until the status says all of it; when it first did."""

        def told(_: Watch) -> float | None:
            said = self.messages(cause)
            return next((at for at, message in said if all(word in message for word in cause.words)), None)

        return self.watches["Rollout"].wait_until(f"{cause.name} to be told", told, DEADLINE_S + 300)


def concerns(name: str, kind: str, obj: Object) -> bool:
    """Whether it belongs to the Rollout of that name, and to nothing that merely begins alike."""
    about = obj["involvedObject"]["name"] if kind == "Event" else obj["metadata"]["name"]
    return str(about).startswith(f"{name}-")


@pytest.fixture
def places(kube: Kube, new_namespace: Callable[[], str]) -> Iterator[tuple[Place, Place]]:
    """One with a policy, and one with room for one pod only."""
    with ExitStack() as stack:
        policed, narrow = (Place(kube, new_namespace(), stack) for _ in range(2))
        stack.enter_context(refusing_risk(kube, policed.namespace))
        kube.apply(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "one-pod", "namespace": narrow.namespace},
                "spec": {"hard": {"pods": "1"}},
            }
        )
        yield policed, narrow


def test_each_cause_is_told_within_ten_seconds(places: tuple[Place, Place]) -> None:
    for place, cause, changed_at in spoilt_everywhere(places):
        told_at = place.wait_told(cause)
        delay_s = told_at - place.visible_since(cause, changed_at, told_at)
        assert delay_s <= TOLD_WITHIN_S + ROOM_S, (cause.name, delay_s, place.messages(cause))


@pytest.mark.deep
def test_only_causes_that_can_heal_wait_for_the_deadline_and_each_is_recorded(
    places: tuple[Place, Place],
) -> None:
    for place, cause, _ in spoilt_everywhere(places):
        status = place.wait_phase(cause.name, "RolledBack")
        assert all(word in status["message"] for word in cause.words), (cause.name, status["message"])
        assert_recorded(place, cause)


def spoilt_everywhere(places: tuple[Place, Place]) -> list[tuple[Place, Cause, float]]:
    """Every cause, once its Rollout was Healthy and then changed, and when that was."""
    policed, narrow = places
    everywhere = [*((policed, cause) for cause in CAUSES), (narrow, QUOTA)]
    for place, cause in everywhere:
        place.apply(cause, manifests.template("v1", name=cause.name))
    for place, cause in everywhere:
        place.wait_phase(cause.name, "Healthy")
    return [(place, cause, place.apply(cause, spoilt(cause))) for place, cause in everywhere]


def spoilt(cause: Cause) -> Object:
    template = manifests.template("v2", name=cause.name)
    cause.spoil(template)
    return template


def assert_recorded(place: Place, cause: Cause) -> None:
    """The Release says the same, and how long it was waited."""

    def outcome() -> Object | None:
        release = place.kube.get("Release", place.namespace, f"{cause.name}-2") or {}
        return release if release.get("status", {}).get("outcome") else None

    release = wait_for(f"the outcome of {cause.name}", outcome)
    status = release["status"]
    assert status["outcome"] == "RolledBack", cause.name
    assert all(word in status["why"] for word in cause.words), (cause.name, status["why"])
    assert tuple(status["lastLines"][: len(cause.last_lines)]) == cause.last_lines, cause.name
    began, over = (
        datetime.fromisoformat(text) for text in (release["metadata"]["creationTimestamp"], status["endedAt"])
    )
    waited_s = (over - began).total_seconds()
    assert waited_s >= DEADLINE_S - 1 if cause.heals else waited_s < NEVER_S - 1, (cause.name, waited_s)
