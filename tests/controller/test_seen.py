"""Raw objects as the core's values."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.fakes import child, obj
from crossfade.controller.seen import newest_note, pod_of, service_of, side_of
from crossfade.controller.slices import Endpoints
from crossfade.core.observed import Exit, Identity, Waiting

AT = "2026-01-31T12:00:00Z"
MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)
NONE = Endpoints({}, {})


def pod(*statuses: dict[str, Any], **parts: Any) -> dict[str, Any]:
    spec = parts.pop("spec", {"containers": [{"name": "shop"}]})
    status = {"containerStatuses": list(statuses), **parts.pop("status", {})}
    return child("shop-aaa-r-1", revision="aaa", spec=spec, status=status, **parts)


def ended(code: int, **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "finishedAt": AT, "reason": "Error", **more}}


MARKS = {"crossfade.dev/rollout": "shop", "crossfade.dev/revision": "aaa"}


def test_a_deployment_is_a_side() -> None:
    raw = child(
        "shop-aaa",
        7,
        "aaa",
        metadata={"generation": 2, "creationTimestamp": AT},
        spec={"replicas": 4, "selector": {"matchLabels": MARKS}},
        status={
            "observedGeneration": 2,
            "replicas": 5,
            "readyReplicas": 3,
            "availableReplicas": 2,
            "updatedReplicas": 3,
            "terminatingReplicas": 1,
        },
    )
    side = side_of(raw, "uid-shop", "shop")
    assert side.identity == Identity("uid-shop-aaa", "7")
    assert (side.revision, side.desired, side.replicas, side.ready, side.available) == ("aaa", 4, 5, 3, 2)
    assert side.updated == 3
    assert (side.terminating, side.current, side.ours, side.created_at) == (1, True, True, MOMENT)
    assert side.manifest == raw


@pytest.mark.parametrize(("status", "since"), [("True", MOMENT), ("False", None)])
def test_since_when_a_deployment_is_available_is_read_from_its_condition(
    status: str, since: datetime | None
) -> None:
    condition = {"type": "Available", "status": status, "lastTransitionTime": AT}
    assert side_of(child("d", status={"conditions": [condition]}), "u").available_since == since
    assert side_of(child("d"), "u").available_since is None


def test_which_spec_a_deployments_status_is_about_is_told() -> None:
    side = side_of(child("d", metadata={"generation": 3}, status={"observedGeneration": 2}), "u")
    assert (side.generation, side.observed_generation) == (3, 2)


def test_a_status_about_an_older_spec_is_not_current() -> None:
    assert not side_of(child("d", metadata={"generation": 2}, status={"observedGeneration": 1}), "u").current
    assert not side_of(child("d", metadata={"generation": 1}), "u").current


@pytest.mark.parametrize(
    ("manager", "field", "edited_by", "scaled_by"),
    [
        ("kubectl-edit", "template", "kubectl-edit", ""),
        ("kubectl", "replicas", "", "kubectl"),
        ("kubectl-edit", "paused", "", ""),
        ("crossfade", "template", "", ""),
        ("crossfade", "replicas", "", ""),
    ],
    ids=["template", "replicas", "another field", "our template", "our replicas"],
)
def test_who_else_wrote_template_or_replicas_is_read_from_the_managed_fields(
    manager: str, field: str, edited_by: str, scaled_by: str
) -> None:
    entry = {"manager": manager, "fieldsV1": {"f:spec": {f"f:{field}": {}}}}
    side = side_of(child("d", metadata={"managedFields": [entry]}), "u")
    assert (side.edited_by, side.scaled_by) == (edited_by, scaled_by)


def test_replicas_that_nobody_counted_are_zero_and_unknown_terminating_ones_unknown() -> None:
    side = side_of(child("d", spec={"replicas": 0}), "u")
    assert (side.desired, side.replicas, side.ready, side.terminating) == (0, 0, 0, None)


@pytest.mark.parametrize(("status", "refusal"), [("True", "exceeded quota"), ("False", "")])
def test_why_pods_cannot_be_made_is_told(status: str, refusal: str) -> None:
    condition = {"type": "ReplicaFailure", "status": status, "message": "exceeded quota"}
    assert side_of(child("d", status={"conditions": [condition]}), "u").refusal == refusal


@pytest.mark.parametrize(
    ("parts", "ours"),
    [
        ({"owners": ["uid-shop"]}, True),
        ({"owners": [], "labels": {"crossfade.dev/rollout-uid": "uid-shop"}}, True),
        ({"owners": ["uid-of-a-former-shop"]}, False),
        ({"owners": []}, False),
    ],
    ids=["by owner reference", "by label", "a former Rollout of that name", "nobody's"],
)
def test_ours_is_what_that_very_rollout_made(parts: dict[str, Any], ours: bool) -> None:
    made = child("shop-aaa", spec={"selector": {"matchLabels": MARKS}}, **parts)
    del made["metadata"]["labels"]["crossfade.dev/rollout"]  # an orphan has all marks but an owner
    assert side_of(made, "uid-shop", "shop").ours is ours
    assert service_of(child("shop", **parts), NONE, "uid-shop").ours is ours


@pytest.mark.parametrize(
    ("parts", "ours"),
    [
        ({}, True),
        ({"owners": ["somebody-else"]}, False),
        ({"labels": {"crossfade.dev/rollout-uid": "a-former-shop"}}, False),
        ({"spec": {"selector": {"matchLabels": {"app": "shop"}}}}, False),
        ({"name": "shop-bbb"}, False),
    ],
    ids=["an orphan", "another's", "a former Rollout's", "another selector", "another name"],
)
def test_a_deployment_that_lost_its_owner_and_has_every_other_mark_is_taken_back(
    parts: dict[str, Any], ours: bool
) -> None:
    whole = {"name": "shop-aaa", "owners": [], "spec": {"selector": {"matchLabels": MARKS}}, **parts}
    assert side_of(child(**whole, revision="aaa"), "uid-shop", "shop").ours is ours
    given_back = obj("shop-aaa", spec={"selector": {"matchLabels": MARKS}})
    assert not side_of(given_back, "uid-shop", "shop").ours


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("shop-aaa", {"app": "theirs"}),
        ("theirs", {"app": "theirs"}),
        ("theirs", MARKS),
        ("shop-aaa", {**MARKS, "crossfade.dev/rollout": "other"}),
        ("shop-aaa", {**MARKS, "crossfade.dev/revision": "bbb"}),
    ],
)
@pytest.mark.parametrize(
    "mark", [{"owners": ["uid-shop"]}, {"owners": [], "labels": {"crossfade.dev/rollout-uid": "uid-shop"}}]
)
def test_a_mark_alone_makes_nobody_elses_deployment_ours(
    mark: dict[str, Any], name: str, selector: dict[str, str]
) -> None:
    forged = child(name, revision="aaa", spec={"selector": {"matchLabels": selector}}, **mark)
    assert not side_of(forged, "uid-shop", "shop").ours


def test_a_service_that_lost_its_owner_is_taken_back_while_it_selects_our_pods() -> None:
    ours, theirs = ({"selector": labels} for labels in (MARKS, {"app": "shop"}))
    assert service_of(child("shop", owners=[], spec=ours), NONE, "uid-shop", "shop").ours
    assert not service_of(child("shop", owners=[], spec=theirs), NONE, "uid-shop", "shop").ours


def test_the_revision_is_the_selectors_since_a_label_can_be_edited() -> None:
    raw = child("shop-aaa", revision="zzz", spec={"selector": {"matchLabels": MARKS}})
    assert side_of(raw, "uid-shop", "shop").revision == "aaa"


def test_a_service_says_who_claims_it() -> None:
    assert service_of(child("web"), NONE, "another").owner == "shop"
    assert service_of(obj("web", spec={"selector": None}), NONE, "another").owner == ""


def test_a_crash_is_an_exit_though_the_container_runs_again() -> None:
    status = {
        "name": "shop",
        "restartCount": 2,
        "lastState": ended(42, message="boom"),
        "state": {"running": {}},
    }
    assert pod_of(pod(status)).exits == (Exit("shop", 42, "Error", "boom", MOMENT, 2),)


def test_the_end_of_an_init_container_is_no_crash_and_its_failure_is() -> None:
    spec = {
        "containers": [],
        "initContainers": [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}],
    }
    done = {"name": "migrate", "state": ended(0)}
    assert pod_of(pod(spec=spec, status={"initContainerStatuses": [done]})).exits == ()
    failed = {"name": "migrate", "lastState": ended(1), "state": ended(0)}
    assert [e.code for e in pod_of(pod(spec=spec, status={"initContainerStatuses": [failed]})).exits] == [1]
    sidecar = {"name": "proxy", "lastState": ended(0)}
    assert [e.code for e in pod_of(pod(spec=spec, status={"initContainerStatuses": [sidecar]})).exits] == [0]


@pytest.mark.parametrize(
    ("parts", "leaving"),
    [
        ({"metadata": {"deletionTimestamp": AT}}, True),
        ({"status": {"conditions": [{"type": "DisruptionTarget", "status": "True"}]}}, True),
        ({"status": {"phase": "Failed", "reason": "Evicted"}}, True),
        ({"status": {"phase": "Failed", "reason": "OutOfcpu"}}, True),
        ({"status": {"phase": "Failed"}}, False),
        ({"status": {"phase": "Running"}}, False),
    ],
    ids=["deleted", "disrupted", "evicted", "no room on its node", "failed by itself", "running"],
)
def test_a_pod_that_is_taken_away_is_told_from_one_that_fails(parts: dict[str, Any], leaving: bool) -> None:
    assert pod_of(pod(**parts)).leaving is leaving


def test_a_container_that_cannot_start_waits_and_one_that_starts_does_not() -> None:
    stuck = {"name": "shop", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
    assert pod_of(pod(stuck)).waiting == (Waiting("shop", "ErrImagePull", "not found"),)
    starting = {"name": "shop", "state": {"waiting": {"reason": "ContainerCreating"}}}
    assert pod_of(pod(starting)).waiting == ()


def test_why_a_pod_has_no_node_is_told() -> None:
    full = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    assert pod_of(pod(status={"conditions": [full]})).unschedulable == "0/1 nodes"


@pytest.mark.parametrize(
    ("statuses", "pulled"),
    [
        ([{"name": "shop", "imageID": "sha256:1"}, {"name": "log", "imageID": "sha256:2"}], True),
        ([{"name": "shop", "imageID": "sha256:1"}, {"name": "log", "imageID": ""}], False),
        ([{"name": "shop", "imageID": "sha256:1"}], False),
        ([], False),
    ],
    ids=["all", "one is missing", "one is not told of yet", "none is told of yet"],
)
def test_images_are_pulled_when_every_container_has_its_own(statuses: list[Any], pulled: bool) -> None:
    spec = {"containers": [{"name": "shop"}, {"name": "log"}]}
    assert pod_of(pod(*statuses, spec=spec)).pulled is pulled


@pytest.mark.parametrize(
    "newer",
    [
        {"series": {"lastObservedTime": "2026-01-31T12:00:01.5Z"}},
        {"eventTime": None, "deprecatedLastTimestamp": "2026-01-31T12:00:01Z"},
        {"eventTime": "2026-01-31T12:00:01.000001Z"},
        {"metadata": {"creationTimestamp": "2026-01-31T12:00:01Z"}},
    ],
)
def test_the_newest_event_is_known_wherever_it_says_its_time(newer: dict[str, Any]) -> None:
    older = {
        "metadata": {"creationTimestamp": AT},
        "eventTime": "2026-01-31T12:00:00.999999Z",
        "note": "older",
    }
    newest = {"metadata": {"creationTimestamp": AT}, "note": "newer", **newer}
    assert newest_note([newest, older]) == newest_note([older, newest]) == "newer"


def test_that_the_kubelet_waits_before_it_tries_again_says_nothing() -> None:
    told = {"metadata": {"creationTimestamp": AT}, "reason": "Unhealthy", "note": "Liveness probe failed"}
    later = {
        "metadata": {"creationTimestamp": "2026-01-31T12:00:09Z"},
        "reason": "BackOff",
        "note": "Back-off",
    }
    assert newest_note([told, later]) == "Liveness probe failed"


def test_containers_that_run_and_are_not_ready_are_named() -> None:
    running = {"state": {"running": {"startedAt": AT}}}
    late = {"name": "late", "ready": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
    statuses = [{"name": name, "ready": name == "proxy", **running} for name in ("shop", "proxy")]
    assert pod_of(pod(*statuses, late)).unready == ("shop",)


def test_without_events_there_is_nothing_to_say() -> None:
    assert newest_note([]) == ""


@pytest.mark.parametrize(("phase", "started"), [("Pending", False), ("Running", True), ("Failed", True)])
def test_a_pod_has_started_once_it_is_not_pending(phase: str, started: bool) -> None:
    assert pod_of(pod(status={"phase": phase})).started is started


@pytest.mark.parametrize(
    ("phase", "is_over"), [("Failed", True), ("Succeeded", True), ("Running", False), ("Pending", False)]
)
def test_a_pod_that_has_failed_or_succeeded_runs_no_more(phase: str, is_over: bool) -> None:
    assert pod_of(pod(status={"phase": phase})).ended is is_over


@pytest.mark.parametrize(
    ("code", "reason", "by_node"),
    [
        (255, "Unknown", True),
        (137, "ContainerStatusUnknown", True),
        (255, "Error", False),
        (137, "OOMKilled", False),
    ],
)
def test_an_end_that_came_with_the_node_is_told_from_a_crash(code: int, reason: str, by_node: bool) -> None:
    (end,) = pod_of(pod({"name": "shop", "lastState": ended(code, reason=reason)})).exits
    assert end.by_node is by_node


DONE, CRASHED = ended(0), ended(1)
RUNS: dict[str, Any] = {"running": {}}
WAITS: dict[str, Any] = {"waiting": {"reason": "CrashLoopBackOff"}}


@pytest.mark.parametrize(
    ("restarts", "last", "now", "ends"),
    [
        (0, {}, RUNS, 0),
        (0, {}, {"waiting": {"reason": "ContainerCreating"}}, 0),
        (0, {}, CRASHED, 1),
        (1, CRASHED, RUNS, 1),
        (1, CRASHED, CRASHED, 2),
        (3, CRASHED, WAITS, 4),
        (0, {}, DONE, 1),
    ],
    ids=["runs", "starts", "crashed", "restarted", "crashed again", "waits to be restarted", "ended with 0"],
)
def test_every_end_of_a_container_counts_once_whether_or_not_it_was_restarted(
    restarts: int, last: dict[str, Any], now: dict[str, Any], ends: int
) -> None:
    status = {"name": "shop", "restartCount": restarts, "lastState": last, "state": now}
    assert pod_of(pod(status)).ends == ends


@pytest.mark.parametrize(
    ("restarts", "last", "now", "ends"),
    [
        (0, {}, DONE, 0),
        (1, CRASHED, DONE, 0),
        (1, DONE, RUNS, 0),
        (1, CRASHED, CRASHED, 2),
        (2, CRASHED, WAITS, 3),
    ],
    ids=["done", "done at last", "runs again after a reboot", "fails", "waits to be tried again"],
)
def test_an_init_container_that_has_done_its_work_has_no_ends(
    restarts: int, last: dict[str, Any], now: dict[str, Any], ends: int
) -> None:
    spec = {"containers": [], "initContainers": [{"name": "migrate"}]}
    one = {"name": "migrate", "restartCount": restarts, "lastState": last, "state": now}
    assert pod_of(pod(spec=spec, status={"initContainerStatuses": [one]})).ends == ends


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"phase": "Failed", "reason": "Evicted", "message": "disk is full"}, "Evicted: disk is full"),
        ({"phase": "Failed", "reason": "NodeLost"}, "NodeLost"),
        ({"phase": "Failed", "reason": "OutOfcpu", "message": "no cpu"}, "OutOfcpu: no cpu"),
        (
            {
                "conditions": [
                    {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
                ]
            },
            "DeletionByTaintManager",
        ),
        ({"phase": "Failed", "reason": "DeadlineExceeded"}, ""),
        ({"phase": "Running", "reason": "Evicted"}, ""),
        ({}, ""),
    ],
)
def test_why_a_node_took_a_pod_is_told_in_its_own_words(status: dict[str, Any], told: str) -> None:
    assert pod_of(pod(status=status)).node_lost == told


def test_a_pod_that_somebody_deleted_is_not_lost_by_its_node() -> None:
    assert pod_of(pod(metadata={"deletionTimestamp": AT})).node_lost == ""


@pytest.mark.parametrize(
    ("ready", "changed", "was"),
    [
        ("True", "2026-01-31T12:00:00Z", True),
        ("False", "2026-01-31T12:00:00Z", False),
        ("False", "2026-01-31T12:00:01Z", False),
        ("False", "2026-01-31T12:00:07Z", True),
        ("False", None, False),
    ],
    ids=["it is ready", "never", "never, written a second late", "it was, and is not any more", "no time is told"],
)  # fmt: skip
def test_whether_a_pod_was_ever_ready_is_read_from_when_its_condition_changed(
    ready: str, changed: str | None, was: bool
) -> None:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": changed}
    seen = pod(status={"startTime": "2026-01-31T12:00:00Z", "conditions": [condition]})
    assert pod_of(seen).was_ready is was
