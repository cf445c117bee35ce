"""Measurements decide, with real requests through Traefik, counted by a real Prometheus."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench import analysis, operator_pods, routes
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from kind.routers import RoutedShop, assert_nothing_was_lost

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

MANY = Rates(per_s=60, kept=10, h2_per_s=240)
FEW = Rates(per_s=2, kept=0)
METRICS_NAMESPACE = "crossfade-metrics"

Tell = Callable[[str], None]


@pytest.fixture(autouse=True)
def router() -> Iterator[None]:
    """Shops are reached through Traefik."""
    with routes.through("traefik"):
        yield


def errors(**more: Any) -> Object:
    return {"name": "errors", "builtIn": {"errors": {}}, "intervalSeconds": 2, **more}


def latency(milliseconds: int, **more: Any) -> Object:
    asked = {"latency": {"milliseconds": milliseconds}}
    return {"name": "slow", "builtIn": asked, "intervalSeconds": 2, **more}


def steps(*metrics: Object) -> Object:
    """A canary that is measured at 25 and at 50 percent."""
    return {
        "canary": {"steps": [{"weight": each, "analysis": {"metrics": list(metrics)}} for each in (25, 50)]}
    }


def metric(status: Object, run: str = "step 1") -> Object:
    """What the status says of a run's first metric."""
    return next((each for each in status.get("measurements", ()) if each["run"] == run), {})


def served(kube: Kube, namespace: str, strategy: Object, rates: Rates = MANY, **spec: Any) -> RoutedShop:
    return RoutedShop(kube, namespace, strategy, **{"replicas": 2, "bakeSeconds": 3, **spec})


def test_a_good_canary_passes_its_steps_by_its_measurements(kube: Kube, namespace: str, tell: Tell) -> None:
    with served(kube, namespace, steps(errors())) as shop:
        shop.created("v1", MANY)
        shop.apply("v2")
        shop.wait_phase("Healthy")
        assert shop.load
        told = shop.wait_outcome(2)["measurements"]
        tell(f"good canary: {[(each['run'], each['windows'], each['message']) for each in told]}")
        assert {each["outcome"] for each in told} == {"Passed"}
        assert_nothing_was_lost(shop.load.stop())


def test_five_percent_of_errors_are_taken_back_in_the_first_step(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with served(kube, namespace, steps(errors())) as shop:
        shop.created("v1", MANY)
        since = shop.apply("v2", ERROR_PERCENT="5")
        status = shop.wait_phase("RolledBack")
        tell(f"5 % errors: {status['message']}")
        assert status["failed"]["reason"] == "AnalysisFailed"
        assert "errors: candidate " in status["failed"]["message"]
        assert metric(status)["outcome"] == "Failed"
        assert not metric(status, "step 2")
        assert shop.load
        asked = [each for each in analysis.requests(shop.load.stop()) if each.at >= since]
        bad = [each for each in asked if each.lost]
        tell(f"5 % errors: users met {len(bad)} of them in {len(asked)} requests")


def test_a_slow_candidate_is_taken_back_by_its_latency(kube: Kube, namespace: str, tell: Tell) -> None:
    with served(kube, namespace, steps(latency(100))) as shop:
        shop.created("v1", MANY)
        shop.apply("v2", SLOW_MS="150")
        status = shop.wait_phase("RolledBack")
        tell(f"slow: {status['message']}")
        assert status["failed"]["message"].startswith("slow: candidate ")


def test_too_few_requests_end_in_a_pause_that_says_how_many_are_wanting(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with served(kube, namespace, steps(errors(maxSeconds=20))) as shop:
        shop.created("v1", FEW)
        shop.apply("v2")
        status = shop.wait_phase("Paused")
        tell(f"2 requests a second: {status['message']}")
        assert "more requests needed" in status["message"]
        shop.act("Promote")
        shop.wait_status("the second step", lambda told: told.get("weight") == 50)


def test_one_that_leaks_is_caught_in_the_bake(kube: Kube, namespace: str, tell: Tell) -> None:
    measured = {"metrics": [errors()]}
    strategy = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 5}]}}
    with served(kube, namespace, strategy, bakeSeconds=300, analysis=measured) as shop:
        shop.created("v1", MANY)
        shop.apply("v2", ERROR_PERCENT="10", ERRORS_AFTER_S="25")
        shop.wait_status("all requests", lambda status: status.get("weight") == 100)
        status = shop.wait_phase("RolledBack")
        tell(f"a leak: {status['message']}")
        assert metric(status, "background")["outcome"] == "Failed"


def test_a_prometheus_that_is_down_changes_nothing_but_a_message(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with served(kube, namespace, steps(errors(errorLimit=20))) as shop:
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
            operator_pods.kill(kube)
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
