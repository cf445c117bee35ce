"""Measurements survive what happens to who measures: Prometheus goes, the operator is killed."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise

import pytest

from bench import analysis, operator_pods, routes
from bench.kube import PATIENCE_S, Kube, Object, wait_for
from bench.scenarios.seen import status_of
from crossfade.core.moments import moment_of
from kind.measured import MANY, errors, metric, served, steps
from kind.routers import RoutedShop

# Serial: other tests need that Prometheus, and that operator.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial]

METRICS_NAMESPACE = "crossfade-metrics"

AWAY_S = 30
EVERY_S = 3

Tell = Callable[[str], None]
Away = Callable[[Kube], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def router() -> Iterator[None]:
    """Shops are reached through Traefik."""
    with routes.through("traefik"):
        yield


@contextmanager
def gone(kube: Kube) -> Iterator[None]:
    """No Prometheus runs; the one that comes afterwards has forgotten what was counted."""
    scale(kube, 0)
    try:
        yield
    finally:
        scale(kube, 1)


@contextmanager
def hanging(kube: Kube) -> Iterator[None]:
    """Prometheus runs, and neither answers nor reads; afterwards it knows what it knew."""
    signalled("STOP")
    try:
        yield
    finally:
        signalled("CONT")


@pytest.mark.parametrize("away", [gone, hanging])
def test_a_prometheus_that_is_away_for_30_s_changes_nothing_but_a_message(
    kube: Kube, namespace: str, tell: Tell, away: Away
) -> None:
    """With the limits that nobody has set: some 4,000 requests of the candidate's are wanted, which takes half a minute."""
    # One that is gone has to start again, which takes as long as it takes.
    patient = {"errorLimit": 20} if away is gone else {}
    asked = errors(intervalSeconds=EVERY_S, judge={"negligible": 0.0008}, **patient)
    with served(kube, namespace, steps(asked)) as shop:
        shop.created("v1", MANY)
        shop.apply("v2")
        shop.wait_status("a window", lambda told: metric(told).get("windows"))
        with away(kube):
            since = time.monotonic()
            status = shop.wait_status("told", lambda told: "does not answer" in told.get("message", ""))
            before = metric(status)
            tell(f"Prometheus is {away.__name__}: {status['message']}")
            wait_for("it to be away so long", lambda: time.monotonic() - since >= AWAY_S, AWAY_S + 5)
            shop.wait_status("a second try", lambda told: metric(told).get("errorsInARow", 0) >= 2)
            assert_it_is_told_and_asked_less_often(shop, before)
        shop.wait_phase("Healthy")
        told = metric(shop.status)
        assert told["outcome"] == "Passed"
        assert_each_window_counts_once(shop, told, tell, is_whole=away is hanging)


def assert_it_is_told_and_asked_less_often(shop: RoutedShop, before: Object) -> None:
    """The release stands where it stood, no window is taken in, and each try is later than the one before."""
    status = shop.status
    assert status["phase"] == "Progressing"
    assert metric(status)["outcome"] == ""
    assert metric(status)["windows"] - before["windows"] <= 1, "one may have been asked for already"
    tries: dict[int, float] = {}
    for seen in shop.sightings():
        told = metric(status_of(seen.object))
        if told.get("againAt"):
            tries[told["errorsInARow"]] = moment_of(told["againAt"]).timestamp()
    for (_, earlier), (errors_in_a_row, later) in pairwise(sorted(tries.items())):
        assert later - earlier >= EVERY_S * 2**errors_in_a_row - 1, "in whole seconds"


def assert_each_window_counts_once(shop: RoutedShop, told: Object, tell: Tell, *, is_whole: bool) -> None:
    """No more than what users asked for while it was measured; all of it, where Prometheus still knows it."""
    ends = [each["at"] for each in told["kept"]]
    assert ends == sorted(set(ends))
    counts = [*told["kept"], *([told["earlier"]["sums"]] if "earlier" in told else [])]
    counted = sum(each["candidateTotal"] + each["stableTotal"] for each in counts)
    assert shop.load
    progress = (metric_and_progress(status_of(each.object)) for each in shop.sightings())
    began = next(moment_of(reached).timestamp() for reached in progress if reached)
    made = analysis.requests(shop.load.arrived)
    asked = len(analysis.between(made, began, began + ends[-1]))
    tell(f"away: counted {counted} of {asked} requests in {ends[-1]:.0f} s; windows end at {ends}")
    a_second = asked / ends[-1]
    assert counted <= asked + 2 * a_second
    if is_whole:
        assert counted >= asked - 2 * a_second


def metric_and_progress(status: Object) -> str:
    """When the step was reached that is being measured; "" before."""
    return str(status["progress"]["reachedAt"]) if metric(status) else ""


def signalled(name: str) -> None:
    """Send Prometheus a signal, from inside the node."""
    command = ["docker", "exec", operator_pods.NODE, "pkill", f"-{name}", "-x", "prometheus"]
    subprocess.run(command, check=True)


def scale(kube: Kube, replicas: int) -> None:
    """Prometheus goes, or comes and is ready."""
    kube.scale("Deployment", METRICS_NAMESPACE, "prometheus", replicas)
    wait_for(
        "Prometheus to follow",
        lambda: (
            (kube.get("Deployment", METRICS_NAMESPACE, "prometheus") or {})["status"].get("readyReplicas", 0)
            == replicas
        ),
        PATIENCE_S,
    )


def test_an_operator_that_is_killed_counts_each_window_once(kube: Kube, namespace: str, tell: Tell) -> None:
    with served(kube, namespace, steps(errors(judge={"negligible": 0.0001}))) as shop:
        shop.created("v1", MANY)
        shop.apply("v2")
        for windows in (1, 3, 5):
            shop.wait_status("a window", lambda told, n=windows: metric(told).get("windows", 0) >= n)
            operator_pods.killed_for(kube, 3)
            operator_pods.wait_available(kube)
        shop.wait_status("more windows", lambda told: metric(told).get("windows", 0) >= 8)
        kept = metric(shop.status)["kept"]
        ends = [each["at"] for each in kept]
        tell(f"killed three times: windows end at {ends}")
        assert ends == sorted(set(ends))
        counted = sum(each["candidateTotal"] + each["stableTotal"] for each in kept)
        assert shop.load
        asked = len(analysis.requests(shop.load.arrived))
        tell(f"killed three times: counted {counted} of {asked} requests that were made since the load began")
        assert counted <= asked
