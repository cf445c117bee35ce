"""Templates are checked when they are seen: what is wrong is told in their status, and holds a release before anything moves.

That one that is right lets a release go on, by the answers of a Prometheus, is shown in tests/kind/test_analysis.py.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_kind import KindCluster

from bench.kube import Kube, Object, wait_for
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

Tell = Callable[[str], None]

NAMED = {"blueGreen": {"beforeSwitch": {"templates": [{"name": "steady"}]}}}
RIGHT, WRONG = "result < most", "result < moost"
SOON_S = 20.0
"""Well below the 30 s after which what is invalid is looked at anyway: so it was woken."""


def template(namespace: str, success: str = RIGHT, **more: Any) -> Object:
    measured = {"name": "limit", "prometheus": {"query": "vector(0.5)"}, "intervalSeconds": 1}
    return {
        "apiVersion": "crossfade.dev/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "steady", "namespace": namespace},
        "spec": {
            "arguments": [{"name": "most", "value": "1"}],
            "metrics": [{**measured, "success": success, **more}],
        },
    }


def valid(kube: Kube, namespace: str, holds: str) -> Object:
    """The condition of the template, once it says that."""

    def told() -> Object | None:
        status = (kube.get("AnalysisTemplate", namespace, "steady") or {}).get("status") or {}
        found: list[Object] = [c for c in status.get("conditions", ()) if c["type"] == "Valid"]
        return next((each for each in found if each["status"] == holds), None)

    return wait_for(f"Valid to be {holds}", told, SOON_S)


def test_a_template_tells_whether_it_can_be_used_in_the_compilers_words(
    kube: Kube, namespace: str, cluster: KindCluster, tell: Tell
) -> None:
    kube.apply(template(namespace, WRONG))
    wrong = valid(kube, namespace, "False")
    tell(f"a wrong template: {wrong['message']}")
    assert wrong["reason"] == "AnalysisInvalid"
    assert wrong["message"].startswith("metric limit, success: the condition is wrong at character ")
    assert "there is no moost here; there are most, result" in wrong["message"]
    command = [cluster.kubectl_path, "--kubeconfig", cluster.kubeconfig_path, "-n", namespace]
    shown = subprocess.run(
        [*command, "get", "analysistemplates"], capture_output=True, text=True, check=True
    ).stdout
    tell(shown)
    assert "there is no moost here" in shown
    kube.apply(template(namespace))
    right = valid(kube, namespace, "True")
    assert right["observedGeneration"] > wrong["observedGeneration"]


def test_a_wrong_template_holds_a_release_before_anything_moves_and_put_right_it_begins_at_once(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    kube.apply(template(namespace))
    with Shop(kube, namespace, NAMED, replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        kube.apply(template(namespace, WRONG))
        valid(kube, namespace, "False")
        shop.apply("v2")
        status = shop.wait_phase("Invalid")
        tell(f"a Rollout that names a wrong template: {status['message']}")
        assert "AnalysisTemplate steady, metric limit, success: the condition is wrong" in status["message"]
        assert {each["reason"] for each in status["conditions"] if each["type"] == "Stalled"} == {
            "AnalysisInvalid"
        }
        assert shop.pods_of("v2") == []
        since = time.monotonic()
        kube.apply(template(namespace))
        shop.wait_phase("Progressing", "Healthy", timeout_s=SOON_S)
        tell(f"put right: begins after {time.monotonic() - since:.1f} s")


def test_a_template_that_is_made_after_its_rollout_wakes_it(kube: Kube, namespace: str, tell: Tell) -> None:
    with Shop(kube, namespace, NAMED, replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        shop.apply("v2")
        status = shop.wait_phase("Invalid")
        assert (
            "AnalysisTemplate steady, which spec.strategy.blueGreen.beforeSwitch names" in status["message"]
        )
        assert shop.pods_of("v2") == []
        since = time.monotonic()
        kube.create(template(namespace))
        shop.wait_phase("Progressing", "Healthy", timeout_s=SOON_S)
        tell(f"a template that comes later: begins after {time.monotonic() - since:.1f} s")


def test_a_query_of_ones_own_that_names_what_there_is_not_is_told_with_its_place(
    kube: Kube, namespace: str
) -> None:
    metric = {"name": "limit", "prometheus": {"query": 'up{rev="{{candidat}}"}'}, "success": "result < 1"}
    wrong = {"blueGreen": {"beforeSwitch": {"metrics": [metric]}}}
    with Shop(kube, namespace, wrong, replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        shop.apply("v2")
        status = shop.wait_phase("Invalid")
        assert (
            "spec.strategy.blueGreen.beforeSwitch.metrics[limit].prometheus.query: the query is wrong: "
            "at character 9: {{candidat}} is neither" in status["message"]
        )
        assert shop.pods_of("v2") == []
