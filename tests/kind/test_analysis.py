"""Measurements decide, with real requests through Traefik, counted by a real Prometheus."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import analysis, routes
from bench.kube import Kube
from kind.measured import MANY, by_zone, errors, latency, metric, served, steps
from kind.routers import RoutedShop, assert_nothing_was_lost
from kind.story import Story, all_along

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

Tell = Callable[[str], None]

TEMPLATE = {
    "apiVersion": "crossfade.dev/v1alpha1",
    "kind": "AnalysisTemplate",
    "spec": {
        "arguments": [{"name": "most", "value": "1"}],
        "metrics": [
            {
                "name": "steady",
                "prometheus": {"query": "vector(0.5)"},
                "success": "result < most",
                "intervalSeconds": 1,
            }
        ],
    },
}
HOSTILE = (
    "[1,2,3,4,5,6,7,8].all(a, [1,2,3,4,5,6,7,8].all(b, [1,2,3,4,5,6,7,8].all(c, [1,2,3,4,5,6,7,8].all(d, "
)
HOSTILE += "[1,2,3,4,5,6,7,8].all(e, [1,2,3,4,5,6,7,8].all(f, [1,2,3,4,5,6,7,8].all(g, [1,2,3,4,5,6,7,8].all(h, result < 9.0))))))))"

ZONE_B_FAILS = (
    ("candidate", "a", "p1", 1, 100),
    ("candidate", "b", "p2", 30, 300),
    ("stable", "a", "p3", 9, 900),
    ("stable", "b", "p4", 10, 100),
)
"""The candidate is as bad as stable in each zone, and has most of its requests where one in ten fails."""
ONE_POD_FAILS = (
    ("candidate", "a", "shop-bad", 12, 100),
    ("candidate", "a", "shop-good", 0, 100),
    ("candidate", "b", "shop-other", 0, 100),
    ("stable", "a", "shop-old", 1, 900),
    ("stable", "b", "shop-older", 1, 900),
)


class TestMeasuredReleases(Story):
    @classmethod
    @contextmanager
    def begin(cls, kube: Kube, namespace: str) -> Iterator[RoutedShop]:
        with routes.through("traefik"), served(kube, namespace, {"bigBang": {}}) as shop:
            shop.created("v1", all_along(MANY))
            yield shop

    def test_a_good_canary_passes_its_steps_by_its_measurements(self, shop: RoutedShop, tell: Tell) -> None:
        shop.strategy = steps(errors(judge={"negligible": 0.01}))
        shop.introduce()
        shop.wait_phase("Healthy")
        told = shop.wait_outcome(shop.number)["measurements"]
        tell(f"good canary: {[(each['run'], each['windows'], each['message']) for each in told]}")
        assert {each["run"] for each in told} == {"step 1", "step 2"}
        assert {each["outcome"] for each in told} == {"Passed"}
        assert_nothing_was_lost(shop.asked())

    def test_five_percent_of_errors_are_taken_back_in_the_first_step(
        self, shop: RoutedShop, tell: Tell
    ) -> None:
        shop.strategy = steps(errors())
        shop.introduce(ERROR_PERCENT="5")
        status = shop.wait_phase("RolledBack")
        tell(f"5 % errors: {status['message']}")
        assert status["failed"]["reason"] == "AnalysisFailed"
        assert "errors: candidate " in status["failed"]["message"]
        assert metric(status)["outcome"] == "Failed"
        assert not metric(status, "step 2")
        asked = shop.asked(0)
        tell(f"5 % errors: users met {len(analysis.lost(asked))} of them in {len(asked)} requests")

    def test_a_slow_candidate_is_taken_back_by_its_latency(self, shop: RoutedShop, tell: Tell) -> None:
        shop.strategy = steps(latency(100))
        shop.introduce(SLOW_MS="150")
        status = shop.wait_phase("RolledBack")
        tell(f"slow: {status['message']}")
        assert status["failed"]["message"].startswith("slow: candidate ")

    def test_too_few_requests_end_in_a_pause_that_says_how_many_are_wanting(
        self, shop: RoutedShop, tell: Tell
    ) -> None:
        """Some 1,000 of them are too few to show that what is negligible is not exceeded."""
        shop.strategy = steps(errors(maxSeconds=10, judge={"negligible": 0.0001}))
        shop.introduce()
        status = shop.wait_phase("Paused")
        tell(f"too few requests: {status['message']}")
        assert "more requests needed" in status["message"]
        shop.act("Promote")
        shop.wait_status("the second step", lambda told: told.get("weight") == 50)

    def test_one_that_leaks_is_caught_in_the_bake(self, shop: RoutedShop, tell: Tell) -> None:
        """It meets its first request at the switch, and fails from some seconds later on."""
        shop.strategy = {"blueGreen": {}}
        shop.spec |= {"bakeSeconds": 300, "analysis": {"metrics": [errors()]}}
        shop.introduce(ERROR_PERCENT="10", ERRORS_AFTER_S="5")
        shop.wait_status("all requests", lambda status: status.get("weight") == 100)
        status = shop.wait_phase("RolledBack")
        tell(f"a leak: {status['message']}")
        assert metric(status, "background")["outcome"] == "Failed"

    def test_a_condition_on_a_number_of_ones_own_lets_a_switch_happen(
        self, shop: RoutedShop, tell: Tell
    ) -> None:
        shop.kube.create({**TEMPLATE, "metadata": {"name": "steady", "namespace": shop.namespace}})
        shop.strategy = {"blueGreen": {"beforeSwitch": {"templates": [{"name": "steady"}]}}}
        shop.introduce()
        shop.wait_phase("Healthy")
        (told,) = shop.wait_outcome(shop.number)["measurements"]
        tell(f"a number: {told['message']}")
        assert told["outcome"] == "Passed"
        assert "steady: 0.5 is good (result < most)" in told["message"]

    @pytest.mark.deep
    def test_a_hostile_condition_is_told_and_holds_nobody_else_up(self, shop: RoutedShop, tell: Tell) -> None:
        asked = {"prometheus": {"query": "vector(0.5)"}, "intervalSeconds": 1}
        shop.strategy = steps({"name": "hostile", "success": HOSTILE, **asked})
        shop.introduce()
        status = shop.wait_phase("Paused")
        tell(f"a hostile condition: {status['message']}")
        assert "hostile: it cannot be measured: the condition" in status["message"]

    @pytest.mark.deep
    def test_a_zone_that_fails_more_and_has_more_of_its_requests_is_not_held_against_the_candidate(
        self, shop: RoutedShop, tell: Tell
    ) -> None:
        shop.strategy = steps(by_zone(*ZONE_B_FAILS))
        shop.introduce()
        shop.wait_phase("Healthy")
        told = shop.wait_outcome(shop.number)["measurements"][0]
        tell(f"by zone: {told['message']}")
        assert "compared in each of 2 strata by itself" in told["message"]
        assert sorted(told["strata"]) == ["a", "b"]
        again = verdict(shop.kube, shop.namespace, f"{shop.name}-{shop.number}")
        assert again.returncode == 0, again.stdout + again.stderr
        assert "compared in each of 2 strata by itself" in again.stdout

    @pytest.mark.deep
    def test_the_pod_that_has_all_of_the_errors_is_named(self, shop: RoutedShop, tell: Tell) -> None:
        shop.strategy = steps(by_zone(*ONE_POD_FAILS))
        shop.introduce()
        status = shop.wait_phase("RolledBack")
        tell(f"one pod: {status['message']}")
        assert "of the candidate's on pod shop-bad" in status["failed"]["message"]


def verdict(kube: Kube, namespace: str, release: str) -> subprocess.CompletedProcess[str]:
    """`crossfade verdict`, as a user runs it."""
    source = Path(__file__).parents[2] / "operator"
    environment = {**os.environ, "PYTHONPATH": str(source), "KUBECONFIG": str(kube.kubeconfig)}
    command = [sys.executable, "-m", "crossfade.cli", "verdict", release, "-n", namespace]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
