"""What people ask for in the middle of the day: a restart, a way back, a failure that waits for them. Under load."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import analysis, manifests
from bench.kube import ApiError, Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.seen import is_ready, version_of
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.watch import Watch

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
REPLICAS = 3
PAUSE_S = 600
BACK_WITHIN_S = 300
SOON_S = 20

Crossfade = Callable[..., str]


@pytest.fixture
def crossfade(kube: Kube, namespace: str) -> Crossfade:
    """Run a command line in the test's namespace; what it printed."""

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "KUBECONFIG": str(kube.kubeconfig)}
        command = [sys.executable, "-m", "crossfade.cli", *arguments, "-n", namespace]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"
        return answer.stdout

    return run


def protected(kube: Kube, namespace: str) -> None:
    """No pod of the shop may be evicted: there must be as many as it has."""
    spec = {"minAvailable": REPLICAS, "selector": {"matchLabels": {"app": manifests.NAME}}}
    meta = {"name": manifests.NAME, "namespace": namespace}
    kube.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec})


def test_a_restart_an_undo_and_a_frozen_failure_lose_no_request_and_evict_no_pod(
    kube: Kube, namespace: str, crossfade: Crossfade
) -> None:
    canary = manifests.strategy("canary", steps=[{"weight": 50, "pauseSeconds": PAUSE_S}])
    protected(kube, namespace)
    with Shop(
        kube,
        namespace,
        canary,
        replicas=REPLICAS,
        bakeSeconds=2,
        onFailure="Pause",
        drainSeconds=LONG_DRAIN_S,
    ) as shop:
        shop.created("v1", Rates(per_s=50, kept=2))
        assert_a_restart_replaces_all_pods_and_releases_nothing(shop)
        assert_the_way_back_skips_the_pause(shop, crossfade)
        assert_a_failure_freezes_until_a_person_decides(shop)
        assert_the_budget_was_in_force_and_nothing_was_evicted(shop)
        shop.served_for(1)
        result = shop.result("restart, undo, frozen failure", 0)
    assert result.lost == 0, result.figures
    assert analysis.versions_in_order(result.new) == ["v1", "v2"]
    assert result.new[-1].version == "v1"


def assert_a_restart_replaces_all_pods_and_releases_nothing(shop: Shop) -> None:
    before = {pod["metadata"]["uid"] for pod in shop.pods_of("v1")}
    acted_at = shop.act("Restart", reason="a connection pool is stuck")

    def replaced(pods: Watch) -> bool:
        fresh = [pod for pod in shop.pods_of("v1") if is_ready(pod)]
        gone = not before & {pod["metadata"]["uid"] for pod in pods.latest.values()}
        return gone and len(fresh) == REPLICAS

    shop.pods.wait_until("all pods to be new", replaced, 300)
    assert fewest_ready(shop, acted_at) >= REPLICAS
    shop.wait_phase("Healthy")
    assert shop.number == 1
    assert len(shop.kube.list("Release", shop.namespace)) == 1
    [restart] = shop.wait_outcome(1)["actions"]
    assert (restart["action"], restart["reason"]) == ("Restart", "a connection pool is stuck")


def fewest_ready(shop: Shop, since: float) -> int:
    """The smallest number of pods that were ready and not told to stop, at any moment since then."""
    ready: dict[str, bool] = {}
    fewest = REPLICAS + 1
    for seen in list(shop.pods.history):
        if version_of(seen.object):
            staying = not seen.gone and "deletionTimestamp" not in seen.object["metadata"]
            ready[seen.name] = staying and is_ready(seen.object)
        if seen.at >= since:
            fewest = min(fewest, sum(ready.values()))
    return fewest


def assert_the_way_back_skips_the_pause(shop: Shop, crossfade: Crossfade) -> None:
    shop.apply("v2")
    shop.wait_reached(50)
    shop.act("PromoteFull")
    shop.wait_phase("Healthy")
    assert shop.wait_outcome(2)["outcome"] == "Completed"
    asked_at = time.time()
    crossfade("undo", "shop", "--to", "1", "--reason", "wrong prices")
    shop.wait_phase("RolledBack", timeout_s=BACK_WITHIN_S)
    assert time.time() - asked_at < BACK_WITHIN_S < PAUSE_S
    assert shop.wait_outcome(3)["outcome"] == "Completed"
    left = shop.kube.get("Release", shop.namespace, f"{shop.name}-2") or {}
    assert left["status"]["undone"]["reason"] == "wrong prices"
    assert left["spec"]["changedBy"]["manager"], "the API server says who changed the template"
    shop.wait_gone("v2")
    assert len(shop.pods_of("v1")) == REPLICAS


def assert_a_failure_freezes_until_a_person_decides(shop: Shop) -> None:
    shop.spec["progressDeadlineSeconds"] = SOON_S
    shop.apply("v3", NEVER_READY="1")
    frozen = shop.wait_phase("Paused")
    assert reason_of(frozen) == "PausedByFailure"
    assert "Abort to return, Retry to go on" in frozen["message"]
    shop.pods.wait_until("its pods", lambda _: len(shop.pods_of("v3")) == frozen["candidate"]["replicas"], 60)
    kept = {pod["metadata"]["uid"] for pod in shop.pods_of("v3")}
    shop.served_for(2)
    assert {pod["metadata"]["uid"] for pod in shop.pods_of("v3")} == kept, (
        "nothing moves until somebody says so"
    )
    shop.act("Abort", reason="it never comes up")
    shop.wait_phase("RolledBack")
    ended = shop.wait_outcome(4)
    assert ended["outcome"] == "RolledBack"
    assert "pods are available after" in ended["why"], "the failure stays the cause, and the abort is the act"
    assert [(act["action"], act["reason"]) for act in ended["actions"]] == [("Abort", "it never comes up")]
    shop.wait_gone("v3")


def reason_of(status: Object) -> str:
    """Why it is paused, in one word."""
    return next(str(each["reason"]) for each in status["conditions"] if each["type"] == "Paused")


def assert_the_budget_was_in_force_and_nothing_was_evicted(shop: Shop) -> None:
    evicted = [
        seen.name
        for seen in list(shop.pods.history)
        for each in seen.object.get("status", {}).get("conditions", [])
        if each["type"] == "DisruptionTarget"
    ]
    assert evicted == []
    wait_for("the budget to allow none", lambda: allowed(shop) == 0)
    with pytest.raises(ApiError, match="disruption budget"):
        shop.kube.evict(shop.namespace, shop.pods_of("v1")[0]["metadata"]["name"])


def allowed(shop: Shop) -> int | None:
    """How many of its pods may be evicted, by the controller of budgets."""
    budget = shop.kube.get("PodDisruptionBudget", shop.namespace, manifests.NAME) or {}
    found: int | None = budget.get("status", {}).get("disruptionsAllowed")
    return found
