"""What people ask for in the middle of the day, as stories under load: a restart, a way back, a failure that waits for them.

In each no pod of the shop may be evicted, and none is.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import manifests
from bench.kube import ApiError, Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.seen import Result, is_ready, version_of
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.watch import Watch

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
REPLICAS = 3
PAUSE_S = 600
BACK_WITHIN_S = 300
"""Less than the pause."""
SOON_S = 20


def crossfade(shop: Shop, *arguments: str) -> None:
    """Run a command line in the shop's namespace."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "KUBECONFIG": str(shop.kube.kubeconfig)}
    command = [sys.executable, "-m", "crossfade.cli", *arguments, "-n", shop.namespace]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"


@contextmanager
def protected(kube: Kube, namespace: str, **more: object) -> Iterator[Shop]:
    """The shop at v1 under load, of which no pod may be evicted: there must be as many as it has."""
    spec = {"minAvailable": REPLICAS, "selector": {"matchLabels": {"app": manifests.NAME}}}
    meta = {"name": manifests.NAME, "namespace": namespace}
    kube.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec})
    canary = manifests.strategy("canary", steps=[{"weight": 50, "pauseSeconds": PAUSE_S}])
    fields = {"replicas": REPLICAS, "bakeSeconds": 2, "drainSeconds": LONG_DRAIN_S, **more}
    with Shop(kube, namespace, canary, **fields) as shop:
        shop.created("v1", Rates(per_s=50, kept=2))
        yield shop


def ended(shop: Shop, what: str) -> Result:
    """The end of each of them: the budget was in force, and nobody was evicted."""
    assert_the_budget_was_in_force_and_nothing_was_evicted(shop)
    shop.served_for(1)
    return shop.result(what, 0)


def restarted(kube: Kube, namespace: str) -> Result:
    """A restart replaces all pods and releases nothing."""
    with protected(kube, namespace) as shop:
        assert_all_pods_are_replaced(shop)
        assert_nothing_is_released(shop)
        return ended(shop, "a restart")


def assert_all_pods_are_replaced(shop: Shop) -> None:
    before = {pod["metadata"]["uid"] for pod in shop.pods_of("v1")}
    acted_at = shop.act("Restart", reason="a connection pool is stuck")

    def replaced(pods: Watch) -> bool:
        fresh = [pod for pod in shop.pods_of("v1") if is_ready(pod)]
        gone = not before & {pod["metadata"]["uid"] for pod in pods.latest.values()}
        return gone and len(fresh) == REPLICAS

    shop.pods.wait_until("all pods to be new", replaced, 300)
    assert fewest_ready(shop, acted_at) >= REPLICAS


def assert_nothing_is_released(shop: Shop) -> None:
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


def undone(kube: Kube, namespace: str) -> Result:
    """The way back skips the pause."""
    with protected(kube, namespace) as shop:
        shop.apply("v2")
        shop.wait_reached(50)
        shop.act("PromoteFull")
        shop.wait_phase("Healthy")
        assert shop.wait_outcome(2)["outcome"] == "Completed"
        crossfade(shop, "undo", "shop", "--to", "1", "--reason", "wrong prices")
        shop.wait_phase("RolledBack", timeout_s=BACK_WITHIN_S)
        assert shop.wait_outcome(3)["outcome"] == "Completed"
        left = kube.get("Release", namespace, f"{shop.name}-2") or {}
        assert left["status"]["undone"]["reason"] == "wrong prices"
        assert left["spec"]["changedBy"]["manager"], "the API server says who changed the template"
        shop.wait_gone("v2")
        assert len(shop.pods_of("v1")) == REPLICAS
        return ended(shop, "an undo")


def frozen(kube: Kube, namespace: str) -> Result:
    """A failure freezes until a person decides."""
    with protected(kube, namespace, onFailure="Pause", progressDeadlineSeconds=SOON_S) as shop:
        shop.apply("v2", NEVER_READY="1")
        assert_nothing_moves(shop, shop.wait_phase("Paused"))
        shop.act("Abort", reason="it never comes up")
        shop.wait_phase("RolledBack")
        outcome = shop.wait_outcome(2)
        assert outcome["outcome"] == "RolledBack"
        assert "pods are available after" in outcome["why"], (
            "the failure stays the cause, and the abort is the act"
        )
        acts = [(act["action"], act["reason"]) for act in outcome["actions"]]
        assert acts == [("Abort", "it never comes up")]
        shop.wait_gone("v2")
        return ended(shop, "a frozen failure")


def assert_nothing_moves(shop: Shop, told: Object) -> None:
    assert reason_of(told) == "PausedByFailure"
    assert "Abort to return, Retry to go on" in told["message"]
    shop.pods.wait_until("its pods", lambda _: len(shop.pods_of("v2")) == told["candidate"]["replicas"], 60)
    kept = {pod["metadata"]["uid"] for pod in shop.pods_of("v2")}
    shop.served_for(2)
    now = {pod["metadata"]["uid"] for pod in shop.pods_of("v2")}
    assert now == kept, "nothing moves until somebody says so"


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
