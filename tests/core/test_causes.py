"""What is wrong with pods is named in the message within seconds; what cannot heal does not wait for the deadline."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import simulation.passes
from builders import STRATEGIES, V1, V2, releasing_v2, serving_v1
from crossfade.core.observed import Exit, Found, Waiting
from crossfade.core.plan import ReadRequest
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, rest, run, until
from simulation.pods import SimPod

MOVED = ["rolling", "blueGreen", "canary", "bigBang"]
NOTHING_SUCH = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "r.example/shop:v2": failed to resolve reference '
    '"r.example/shop:v2": r.example/shop:v2: not found'
)
DOWN = 'failed to pull image "r.example/shop:v2": dial tcp 10.0.0.9:443: connect: connection refused'
DENIED = "pull access denied, repository does not exist or may require authorization: authorization failed"
NO_COMMAND = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable "
    'to start container process: error during container init: exec: "/shop": stat /shop: no such file or directory'
)
ROOT = "container has runAsNonRoot and image will run as root"

Change = Callable[[Sim, SimPod], SimPod]


def waiting(reason: str, message: str) -> Change:
    return lambda _, pod: replace(pod, ready=False, waiting=(Waiting("app", reason, message),))


def ended(code: int, reason: str, message: str = "", restarts: int = 0) -> Change:
    def change(sim: Sim, pod: SimPod) -> SimPod:
        end = Exit("app", code, reason, message, sim.now.replace(microsecond=0), restarts)
        return replace(pod, ready=False, exits=(end,))

    return change


def unschedulable(message: str) -> Change:
    return lambda _, pod: replace(pod, ready=False, unschedulable=message)


def as_it_is(_: Sim, pod: SimPod) -> SimPod:
    return pod


def failing(change: Change, strategy: str = "bigBang", **spec: object) -> Sim:
    """The candidate's pods fail from the start, all in the same way."""
    sim = releasing_v2(strategy, **{"progressDeadlineSeconds": 120, **spec})
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    sim.pods = tuple(change(sim, p) if p.revision == V2 else p for p in sim.pods)
    return sim


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (waiting("ErrImagePull", DOWN), ["container app cannot start", "ErrImagePull", "connection refused"]),
        (waiting("ImagePullBackOff", f'Back-off pulling image "x": {DOWN}'), ["ImagePullBackOff", "refused"]),
        (waiting("CreateContainerConfigError", 'secret "db" not found'), ['secret "db" not found']),
        (
            ended(1, "Error", "panic: no database\n", restarts=3),
            ["container app ended with exit code 1 (Error, 3 restarts): panic: no database"],
        ),
        (ended(137, "OOMKilled"), ["container app ended with exit code 137 (OOMKilled)"]),
        (
            unschedulable("0/3 nodes are available: 3 Insufficient cpu."),
            ["cannot be scheduled", "Insufficient cpu"],
        ),
        (as_it_is, ["container app runs, but its readiness probe does not pass"]),
    ],
    ids=["registry down", "back-off", "no secret", "crash loop", "out of memory", "unschedulable", "probe"],
)
def test_the_cause_is_told_within_ten_seconds_with_pod_and_container_and_is_waited_for(
    change: Change, named: list[str]
) -> None:
    sim = run(failing(change), 9)
    for text in ["pod shop-", *named]:
        assert text in sim.status["message"]
        assert text in sim.status["progress"]["waitingFor"]
    assert sim.status["phase"] == "Progressing"
    run(sim, 90)
    assert not sim.status.get("failed"), "it may heal until the deadline"
    rest(sim)
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"
    for text in named:
        assert text in sim.releases["shop-2"]["status"]["why"]


@pytest.mark.parametrize("strategy", every(2, MOVED))
def test_it_heals_when_its_cause_does(strategy: str) -> None:
    sim = run(failing(waiting("ErrImagePull", DOWN), strategy), 60)
    sim.broken = frozenset()
    sim.pods = tuple(replace(p, waiting=()) for p in sim.pods)
    assert rest(sim).selected() == {V2: 4}
    assert "ErrImagePull" not in sim.status["message"]


@pytest.mark.parametrize("strategy", MOVED)
@pytest.mark.parametrize(
    ("change", "reason", "named"),
    [
        (waiting("InvalidImageName", "couldn't parse image name"), "ImageCannotBePulled", "InvalidImageName"),
        (
            waiting("ErrImageNeverPull", "not present with pull policy of Never"),
            "ImageCannotBePulled",
            "Never",
        ),
    ],
    ids=["invalid name", "never pulled"],
)
def test_an_image_name_that_cannot_be_right_fails_within_ten_seconds(
    change: Change, reason: str, named: str, strategy: str
) -> None:
    sim = run(failing(change, strategy), 9)
    assert sim.status["failed"]["reason"] == reason
    assert named in sim.status["failed"]["message"]
    assert rest(sim).selected() == {V1: 4}


@pytest.mark.parametrize("strategy", MOVED)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (waiting("ErrImagePull", NOTHING_SUCH), "ImageCannotBePulled"),
        (
            waiting("ImagePullBackOff", f"Back-off pulling image: ErrImagePull: {DENIED}"),
            "ImageCannotBePulled",
        ),
        (
            waiting("ErrImagePull", "unexpected status from HEAD request: 403 Forbidden"),
            "ImageCannotBePulled",
        ),
        (waiting("RunContainerError", NO_COMMAND), "ContainerCannotStart"),
        (ended(128, "StartError", NO_COMMAND, restarts=1), "ContainerCannotStart"),
        (waiting("CreateContainerConfigError", ROOT), "ContainerCannotStart"),
    ],
    ids=["no such image", "denied", "forbidden", "no such command", "no such command, ended", "root"],
)
def test_what_is_refused_for_twenty_seconds_fails_without_waiting_for_the_deadline(
    change: Change, reason: str, strategy: str
) -> None:
    sim = run(failing(change, strategy), 15)
    assert not sim.status.get("failed"), "the push may be a moment late"
    run(sim, 12)
    assert sim.status["failed"]["reason"] == reason
    assert "pod shop-" in sim.status["failed"]["message"]
    assert rest(sim).selected() == {V1: 4}


def test_an_image_that_is_pushed_a_moment_late_is_released() -> None:
    sim = run(failing(waiting("ErrImagePull", NOTHING_SUCH)), 12)
    sim.broken = frozenset()
    sim.pods = tuple(replace(p, waiting=()) for p in sim.pods)
    assert rest(sim).selected() == {V2: 4}


def test_a_node_that_cannot_start_containers_is_waited_for() -> None:
    sim = run(failing(ended(128, "StartError", "failed to create shim task: context deadline exceeded")), 60)
    assert not sim.status.get("failed")
    assert "context deadline exceeded" in sim.status["message"]


@pytest.mark.parametrize("strategy", every(2, STRATEGIES))
def test_pods_that_quota_or_admission_refuse_are_told_at_once_with_the_servers_message(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = (
        'pods "shop-x" is forbidden: exceeded quota: team, requested: cpu=1, used: cpu=4, limited: cpu=4'
    )
    sim = releasing_v2(strategy, progressDeadlineSeconds=60)
    until(sim, lambda s: s.desired(V2))

    def none_for_v2(name: str) -> None:
        if not name.endswith(V2):
            Sim.controller(sim, name)
            return
        failure = {"type": "ReplicaFailure", "status": "True", "message": message}
        live = sim.deployments[name]
        generation = live["metadata"]["generation"]
        status = {"observedGeneration": generation, "conditions": [failure]}
        sim.deployments[name] = {**live, "status": status}

    sim.pods = tuple(p for p in sim.pods if p.revision != V2)
    monkeypatch.setattr(sim, "controller", none_for_v2, raising=False)
    monkeypatch.setattr(
        sim,
        "sync_status",
        lambda name: none_for_v2(name) if name.endswith(V2) else Sim.sync_status(sim, name),
        raising=False,
    )
    run(sim, 2)
    assert message in sim.status["message"]
    rest(sim)
    assert message in sim.releases["shop-2"]["status"]["why"]
    assert sim.selected() == {V1: 4}


def test_a_failing_probe_is_explained_by_the_newest_warning_about_one_of_the_pods() -> None:
    sim = failing(as_it_is)
    first = min(p.name for p in sim.of(V2))
    sim.warnings = {first: "Readiness probe failed: HTTP probe failed with statuscode: 503"}
    run(sim, 9)
    assert f"pod {first} (and 3 more alike): container app is not ready: Readiness" in sim.status["message"]
    assert "HTTP probe failed with statuscode: 503" in sim.status["message"]
    rest(sim)
    assert "HTTP probe failed with statuscode: 503" in sim.releases["shop-2"]["status"]["why"]


def test_a_container_that_its_liveness_probe_killed_is_explained_by_the_warning() -> None:
    sim = failing(ended(137, "Error", restarts=2))
    sim.warnings = {p.name: "Liveness probe failed: connection refused" for p in sim.of(V2)}
    run(sim, 9)
    assert "exit code 137" in sim.status["message"]
    assert "Liveness probe failed: connection refused" in sim.status["message"]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[ReadRequest]:
    """Everything that decisions ask to look at from now on."""
    asked: list[ReadRequest] = []
    answer = simulation.passes.look

    def noted(sim: Sim, wanted: ReadRequest, found: Found) -> Found:
        asked.append(wanted)
        return answer(sim, wanted, found)

    monkeypatch.setattr(simulation.passes, "look", noted)
    return asked


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_warnings_are_read_while_nothing_is_wrong(strategy: str, looks: list[ReadRequest]) -> None:
    rest(releasing_v2(strategy))
    assert [look for look in looks if look.warnings] == []


@pytest.mark.parametrize("strategy", MOVED)
def test_no_warnings_are_read_on_the_way_back_from_a_crash(strategy: str, looks: list[ReadRequest]) -> None:
    sim = run(until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2}), 8)
    for pod in sim.of(V2):
        sim.change(pod, pod.failing(sim.now))
    run(sim, 4)
    assert set(sim.selected()) == {V1}
    assert any(look.pods for look in looks)
    assert [look for look in looks if look.warnings] == []


@pytest.mark.parametrize("strategy", every(3, MOVED))
def test_the_message_says_no_more_of_a_cause_that_is_over(strategy: str) -> None:
    sim = run(failing(unschedulable("0/3 nodes are available"), strategy), 20)
    sim.broken = frozenset()
    sim.pods = tuple(replace(p, unschedulable="") for p in sim.pods)
    until(sim, phase("Healthy"))
    assert "nodes" not in sim.status["message"]


def test_what_the_probes_of_stables_pods_say_is_told_once_it_is_degraded() -> None:
    sim = serving_v1("rolling")
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.change(pod, replace(pod, ready=False))
    sim.warnings = {min(p.name for p in sim.of(V1)): "Readiness probe failed: 503"}
    until(sim, phase("Degraded"))
    run(sim, 10)
    assert "container app is not ready: Readiness probe failed: 503" in sim.status["message"]


def test_stables_pods_are_not_looked_at_in_the_seconds_that_a_pod_takes_to_come_back(
    looks: list[ReadRequest],
) -> None:
    sim = serving_v1("rolling")
    looks.clear()
    sim.change(sim.of(V1)[0], None)
    rest(sim)
    assert looks == []


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (waiting("ErrImagePull", DOWN), "container app cannot start: ErrImagePull"),
        (unschedulable("0/3 nodes are available: 3 Insufficient cpu."), "cannot be scheduled: 0/3 nodes"),
    ],
    ids=["image", "room"],
)
def test_a_deadline_that_ends_before_the_pods_say_why_is_completed_by_what_they_say(
    strategy: str, change: Change, told: str
) -> None:
    sim = releasing_v2(strategy, progressDeadlineSeconds=2)
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    sim.pods = tuple(replace(p, creating=True) if p.revision == V2 else p for p in sim.pods)
    until(sim, lambda s: s.status.get("failed"))
    run(sim, 3)
    sim.pods = tuple(change(sim, replace(p, creating=False)) if p.revision == V2 else p for p in sim.pods)
    rest(sim)
    for message in (sim.status["failed"]["message"], sim.releases["shop-2"]["status"]["why"]):
        assert "pods are available after 2 s (progressDeadlineSeconds); pod shop-" in message
        assert told in message


def test_where_pods_never_say_why_the_rollback_ends_all_the_same() -> None:
    sim = releasing_v2("canary", progressDeadlineSeconds=2)
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    sim.pods = tuple(replace(p, creating=True) if p.revision == V2 else p for p in sim.pods)
    until(sim, lambda s: s.status["phase"] == "RolledBack", limit_s=60)
    assert "pods are available after 2 s (progressDeadlineSeconds)" in sim.status["failed"]["message"]
