"""Measurements survive what happens to who measures: Prometheus goes, the operator is killed."""

from collections.abc import Callable, Iterator

import pytest

from bench import analysis, operator_pods, routes
from bench.kube import Kube, wait_for
from kind.measured import MANY, errors, metric, served, steps

# Serial: other tests need that Prometheus, and that operator.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial]

METRICS_NAMESPACE = "crossfade-metrics"

Tell = Callable[[str], None]


@pytest.fixture(autouse=True)
def router() -> Iterator[None]:
    """Shops are reached through Traefik."""
    with routes.through("traefik"):
        yield


def test_a_prometheus_that_is_down_changes_nothing_but_a_message(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    # It forgets what it had: until it has read the counters twice there is no data, at 2 s a window.
    asked = errors(errorLimit=20, noDataLimit=20, judge={"negligible": 0.01})
    with served(kube, namespace, steps(asked)) as shop:
        shop.created("v1", MANY)
        scale(kube, 0)
        try:
            shop.apply("v2")
            status = shop.wait_status("told", lambda told: "does not answer" in told.get("message", ""))
            tell(f"Prometheus is down: {status['message']}")
            assert status["phase"] == "Progressing"
        finally:
            scale(kube, 1)
        shop.wait_phase("Healthy")
        told = metric(shop.status)
        assert told["outcome"] == "Passed"


def scale(kube: Kube, replicas: int) -> None:
    """Prometheus goes, or comes and is ready."""
    kube.scale("Deployment", METRICS_NAMESPACE, "prometheus", replicas)
    wait_for(
        "Prometheus to follow",
        lambda: (
            (kube.get("Deployment", METRICS_NAMESPACE, "prometheus") or {})["status"].get("readyReplicas", 0)
            == replicas
        ),
        60,
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
