"""A source that misbehaves is told as what it is: it decides nothing, and neither fills the operator nor holds it up.

An operator of its own, on a namespace of its own, may ask a source that answers in fifteen ways. One Rollout asks in all of
them at once; another one asks sixteen times for 200 MB; beside them others are aborted.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
import urllib3

from apiserver import hostile_source
from apiserver.control_plane import free_ports
from bench import manifests, namespaces
from bench.kube import Kube, Object, wait_for
from bench.scale import aborts
from bench.scale.fake_node import running
from faults.lane import lane

pytestmark = [pytest.mark.own_operator, pytest.mark.quiet]

WITHIN_S = 180
BEFORE = 3
"""So many are aborted before anybody is asked, to know how fast that is on this machine now."""
BESIDE = 5
BETWEEN_S = 2.5
"""Between two aborts: so they come while sources are late, and while they flood."""
ABORT_S = 2.0
NEVER_S = 9.0
SLOWER = 3
"""On a machine that is busy otherwise, so that they took long before: times that."""
GROWTH_MB = 64
"""Eight connections to one host, a MiB each and what is read ahead, and as much again for the answers that are read as JSON."""

DOWN = "its source does not answer: http://127.0.0.1:{port}"
REFUSED = "it cannot be measured: http://127.0.0.1:{port}"
TOLD = {
    "good": "good: 0.5 is good (result < 1.0); 0 of 1 bad",
    "late": f"late: {DOWN} has not answered within 10 s",
    "drip": f"drip: {DOWN} has not answered within 10 s",
    "flood": f"flood: {DOWN} sends more than 1 MiB",
    "bomb": f"bomb: {DOWN} sends more than 1 MiB",
    "elsewhere": f"elsewhere: {REFUSED} answers with 302 and sends elsewhere, which is not followed",
    "inward": f"inward: {REFUSED} answers with 307 and sends elsewhere, which is not followed",
    "nan": "nan: no data: the answer is NaN",
    "html": f"html: {DOWN} answers with a page for people",
    "broken": f"broken: {DOWN} sends what is no JSON, or breaks off in it",
    "deep": f"deep: {DOWN} sends JSON with more than 64 levels",
    "cut": f"cut: {DOWN} broke off in the middle of its answer",
    "gone": f"gone: {DOWN} closed the connection before it answered",
    "error": f"error: {DOWN} answers with 500",
    "head": f"head: {DOWN} does not speak HTTP as it should",
}


def metric(port: int, way: str, name: str = "", **more: object) -> Object:
    address = f"http://127.0.0.1:{port}/{way}"
    asked = {"query": "vector(1)", "address": address}
    limits = {"errorLimit": 1, "noDataLimit": 1, "intervalSeconds": 1}
    return {"name": name or way, "prometheus": asked, "success": "result < 1.0", **limits, **more}


def rollout(namespace: str, name: str, version: str, step: Object) -> Object:
    template = manifests.template(version, name=name)
    strategy = {"canary": {"steps": [{"weight": 50, **step}]}}
    return manifests.rollout(
        namespace, strategy, template, name=name, replicas=1, bakeSeconds=1, drainSeconds=0
    )


def steps(port: int) -> dict[str, Object]:
    """Every Rollout's step, by the Rollout's name."""
    each_way = [metric(port, way) for way in TOLD]
    floods = [metric(port, "flood", f"flood-{number}", errorLimit=1000) for number in range(16)]
    straight = metric(port, "good")
    straight["prometheus"]["address"] = hostile_source.LINK_LOCAL
    beside = {f"beside-{number}": {"pause": "Manual"} for number in range(BEFORE + BESIDE)}
    measured = {"measured": each_way, "flooded": floods, "straight": [straight]}
    return {**beside, **{name: {"analysis": {"metrics": each}} for name, each in measured.items()}}


@dataclass(frozen=True)
class Seen:
    """What came of it. Memory in MB: of the operator's process before it asked anybody, and at its highest."""

    namespace: str
    port: int
    status: Object
    before_s: list[float]
    aborts_s: list[float]
    before_mb: float
    highest_mb: float
    asked: dict[str, int]
    taken: dict[str, int]


@pytest.fixture(scope="module")
def seen(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """All of it, once: the sources are asked, and meanwhile others are aborted."""
    folder = tmp_path_factory.mktemp("hostile")
    with _namespace(kube, folder) as namespace, _source(folder) as port:
        allowed = (
            f"http://127.0.0.1:{port}/",
            f"http://{hostile_source.ELSEWHERE}:{port}/",
            hostile_source.LINK_LOCAL,
        )
        options = (*(f"--allow-source={each}" for each in allowed), "--settle-seconds=0.5")
        with lane(kube, namespace, folder, options=options) as own:
            _all_at(kube, namespace, "v1", "Healthy", steps(port))
            beside = {name: step for name, step in steps(port).items() if name.startswith("beside-")}
            held = _all_at(kube, namespace, "v2", "Paused", beside)
            before_s = [aborts.seconds_of(kube, each) for each in held[:BEFORE]]
            before_mb = _memory_mb(own.operator.pid)["VmRSS"]
            for name in ("measured", "flooded", "straight"):
                kube.apply(rollout(namespace, name, "v2", steps(port)[name]))
            aborted = [_aborted_later(kube, each) for each in held[BEFORE:]]
            status = wait_for(
                "all metrics to be decided", lambda: _decided(kube, namespace), WITHIN_S, every_s=0.5
            )
            told = _told(port) or {}
            highest_mb = _memory_mb(own.operator.pid)["VmHWM"]
            yield Seen(
                namespace,
                port,
                status,
                before_s,
                aborted,
                before_mb,
                highest_mb,
                told["asked"],
                told["taken"],
            )


@contextmanager
def _namespace(kube: Kube, folder: Path) -> Iterator[str]:
    name, since = namespaces.make(kube, namespaces.OWN), time.time()
    try:
        yield name
    finally:
        namespaces.keep_evidence(kube, [name], folder, since)
        print(f"what the cluster held is in {folder}")
        kube.delete("Namespace", "", name)


@contextmanager
def _source(folder: Path) -> Iterator[int]:
    """It answers meanwhile; at which port."""
    (port,) = free_ports(1)
    command = [sys.executable, hostile_source.__file__, str(port)]
    with running(command, folder / "source.log"):
        wait_for("the source to answer", lambda: _told(port) is not None)
        yield port


def _told(port: int) -> Object | None:
    """What the source was asked for."""
    try:
        answer = urllib3.request("GET", f"http://127.0.0.1:{port}/asked", retries=False, timeout=5)
    except urllib3.exceptions.HTTPError:
        return None
    told: Object = answer.json()
    return told


def _all_at(kube: Kube, namespace: str, version: str, phase: str, wanted: dict[str, Object]) -> list[Object]:
    """Bring all of them to a version, and wait until they are in that phase; they, as they are then."""
    for name, step in wanted.items():
        kube.apply(rollout(namespace, name, version, step))
    return [_is(kube, namespace, name, phase) for name in wanted]


def _is(kube: Kube, namespace: str, name: str, phase: str) -> Object:
    """Wait until it is in that phase, by its newest spec."""

    def found() -> Object | None:
        seen = kube.get("Rollout", namespace, name) or {}
        status = seen.get("status", {})
        current = status.get("observedGeneration") == seen["metadata"]["generation"]
        return seen if current and status.get("phase") == phase else None

    return wait_for(f"{name} to be {phase}", found, WITHIN_S, every_s=0.2)


def _decided(kube: Kube, namespace: str) -> Object | None:
    """The status of the Rollout that asks in every way, once each metric has come to something."""
    status: Object = (kube.get("Rollout", namespace, "measured") or {}).get("status", {})
    outcomes = [each.get("outcome") for each in status.get("measurements", ())]
    return status if len(outcomes) == len(TOLD) and all(outcomes) else None


def _aborted_later(kube: Kube, held: Object) -> float:
    """Abort it after a while, in which others go on; the seconds it took."""
    until = time.monotonic() + BETWEEN_S
    wait_for("the time of the next abort", lambda: time.monotonic() >= until, BETWEEN_S + 5)
    return aborts.seconds_of(kube, held)


def _memory_mb(process: int) -> dict[str, float]:
    """`VmRSS` of the process now, and `VmHWM`, its highest since it began: the system's own figures."""
    lines = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 / 1e6 for words in lines if words[0].startswith("Vm")}


@pytest.mark.parametrize("way", TOLD)
def test_what_is_wrong_is_told_in_the_status(seen: Seen, way: str) -> None:
    told = {each["metric"]: each["message"] for each in seen.status["measurements"]}
    assert told[way].startswith(TOLD[way].format(port=seen.port))


def test_none_of_it_is_held_against_the_candidate(seen: Seen) -> None:
    outcomes = {each["metric"]: each["outcome"] for each in seen.status["measurements"]}
    assert outcomes == {way: "Passed" if way == "good" else "Inconclusive" for way in TOLD}
    assert seen.status["phase"] == "Paused"
    assert "waits for a Promote or an Abort: " in seen.status["message"]


def test_nobody_follows_where_a_source_sends(seen: Seen) -> None:
    hosts = {asked.partition(" ")[0] for asked in seen.asked}
    assert hosts == {f"127.0.0.1:{seen.port}"}


def test_an_address_that_is_never_asked_is_told_whatever_the_operator_allows(kube: Kube, seen: Seen) -> None:
    status = (kube.get("Rollout", seen.namespace, "straight") or {})["status"]
    assert "is a link-local address, which is never asked" in status["message"]
    assert "failed" not in status


def test_the_operator_takes_no_more_than_it_may(seen: Seen, tell: Callable[[str], None]) -> None:
    floods = seen.asked[f"127.0.0.1:{seen.port} flood"]
    taken_mb = seen.taken["flood"] / 1e6
    tell(
        f"hostile sources: {sum(seen.asked.values())} requests, {floods} of them for 200 MB, of which at most {taken_mb:.1f} MB "
        f"left the source; the operator's memory {seen.before_mb:.0f} MB before, {seen.highest_mb:.0f} MB at its highest"
    )
    assert floods > 16, "each of them was asked, and some again"
    assert seen.highest_mb - seen.before_mb < GROWTH_MB


def test_an_abort_beside_it_stays_fast(seen: Seen, tell: Callable[[str], None]) -> None:
    before, beside = (
        ", ".join(f"{each:.2f}" for each in aborted) for aborted in (seen.before_s, seen.aborts_s)
    )
    tell(f"aborts: {before} s before hostile sources are asked, {beside} s beside that")
    assert len(seen.aborts_s) == BESIDE
    assert median(seen.aborts_s) < max(ABORT_S, SLOWER * median(seen.before_s))
    assert max(seen.aborts_s) < NEVER_S, "an operator that is held by a source waits for 10 s"
