"""Commands that need containers that run, or that cannot: logs, images that do not exist, and all that kubectl does."""

from pathlib import Path

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, collection, wait_for
from bench.scenarios.shop import Shop
from fixtures import Answer, Kubectl, Run, told

pytestmark = pytest.mark.usefixtures("running_operator")

READY = ("wait", "--for=condition=Ready", "rollout/shop", "--timeout=300s")
WAITS = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
ROOT = Path(__file__).parents[2]
NO_NUMBER = {"START_DELAY_S": "soon"}
"""The shop reads it as a number when it starts, and ends with a traceback."""


def test_a_first_release_that_misses_its_deadline_has_failed_until_its_template_is_corrected(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    with Shop(kube, namespace, manifests.strategy("canary"), replicas=1, progressDeadlineSeconds=20) as shop:
        shop.apply("v1", image="crossfade-shop:no-such-version")
        failed = crossfade("status", "shop", "--watch", "--timeout", "300")
        assert failed.returncode == 2, told(failed)
        assert "0 of 1 pods are available after 20 s (progressDeadlineSeconds); pod shop-" in failed.stdout
        advised = crossfade("status", "shop")
        assert advised.returncode == 2, told(advised)
        assert "crossfade set image shop CONTAINER=IMAGE" in advised.stdout
        status = shop.wait_phase("Degraded")
        conditions = {c["type"]: c["status"] for c in status["conditions"]}
        assert conditions == {"Ready": "False", "Available": "False", "Stalled": "True"}
        patient = {"spec": {"progressDeadlineSeconds": 300}}  # what comes now is not to be about a busy node
        path = f"{collection('Rollout', namespace)}/shop"
        kube.request("PATCH", path, patient, "application/merge-patch+json")
        corrected = crossfade("set", "image", "shop", f"shop={manifests.IMAGE}")
        assert corrected.returncode == 0, told(corrected)
        healthy = crossfade("status", "shop", "--watch", "--timeout", "300")
        assert healthy.returncode == 0, told(healthy)


def test_logs_of_a_candidate_that_crashes_have_its_traceback_and_its_why_once_it_is_gone(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    with Shop(kube, namespace, WAITS, replicas=2, bakeSeconds=1, onFailure="Pause") as shop:
        shop.created()
        shop.apply("v2", **NO_NUMBER)
        said = wait_for("a traceback in the logs", lambda: traceback(crossfade("logs", "shop")))
        pods = [pod["metadata"]["name"] for pod in shop.pods_of("v2")]
        assert said.split(": ")[0] in pods
        crossfade("abort", "shop", "--reason", "it crashes")
        shop.wait_phase("RolledBack")
        shop.wait_gone("v2")
        gone = crossfade("logs", "shop", "--failed")
        assert gone.returncode == 1, told(gone)
        assert "are left, and its release keeps no log" in gone.stderr
        assert "Why it ended: " in gone.stderr
        stable = crossfade("logs", "shop")
        assert stable.returncode == 0, told(stable)
        previous = crossfade("logs", "shop", "--previous")
        assert previous.returncode == 1, told(previous)
        assert "no logs of shop: previous terminated container" in previous.stderr


def test_a_pod_of_what_failed_and_the_end_of_its_log_are_kept_and_shown_while_another_release_runs(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    role, binding = yaml.safe_load_all((ROOT / "manifests" / "logs.yaml").read_text())
    kube.apply(role)
    metadata = {**binding["metadata"], "namespace": namespace}
    kube.create({**binding, "kind": "RoleBinding", "metadata": metadata})
    fields = {"replicas": 2, "bakeSeconds": 1, "progressDeadlineSeconds": 20, "keepFailedSeconds": 600}
    with Shop(kube, namespace, WAITS, **fields) as shop:
        shop.created()
        shop.apply("v2", **NO_NUMBER)
        shop.wait_phase("RolledBack")
        assert len(shop.pods_of("v2")) == 1
        assert traceback(crossfade("logs", "shop", "--failed", "--previous"))
        kept = kube.get("Release", namespace, "shop-2") or {}
        assert traceback_in(kept["status"]["failedLog"]["lines"])
        shop.apply("v3")
        shop.wait_gone("v2")
        shop.wait_phase("Paused")
        shown = crossfade("logs", "shop", "--release", "2")
        assert shown.returncode == 0, told(shown)
        assert traceback(shown), told(shown)


def traceback_in(lines: list[str]) -> str:
    """The last line of a Python program that ended badly."""
    return next((line for line in reversed(lines) if "ValueError: could not convert" in line), "")


def traceback(answer: Answer) -> str:
    """The last line of a Python program that ended badly, with the pod before it."""
    return traceback_in(answer.stdout.splitlines())


# As docs/kubectl.md has them: what kubectl does to any kind, and what it does to those only that it knows itself.
WORKS = (
    ("logs", "-l", "crossfade.dev/rollout=shop", "--prefix"),
    ("get", "cf", "-o", "wide"),
    ("describe", "cf/shop"),
    ("explain", "cf.spec.strategy"),
    ("label", "cf/shop", "team=web"),
    ("patch", "cf/shop", "--type=merge", "-p", '{"spec": {"bakeSeconds": 2}}'),
    ("scale", "cf/shop", "--replicas=2"),
    ("autoscale", "cf/shop", "--max=3"),
    ("get", "releases.crossfade.dev", "-l", "crossfade.dev/rollout=shop"),
    ("delete", "cf/shop"),
)
REFUSED = (
    ("set", "image", "cf/shop", "shop=crossfade-shop:v2"),
    ("rollout", "status", "cf/shop"),
    ("rollout", "history", "cf/shop"),
    ("rollout", "undo", "cf/shop"),
    ("rollout", "restart", "cf/shop"),
    ("rollout", "pause", "cf/shop"),
    ("rollout", "resume", "cf/shop"),
    ("logs", "cf/shop"),
    ("expose", "cf/shop", "--port=80"),
    ("exec", "cf/shop", "--", "true"),
)


def test_kubectl_works_on_a_rollout_as_the_page_says(
    kube: Kube, namespace: str, kubectl: Kubectl, cluster: KindCluster
) -> None:
    with Shop(kube, namespace, manifests.strategy("rolling"), replicas=1) as shop:
        shop.apply("v1")
        kubectl(*READY)
        generation = shop.rollout["metadata"]["generation"]
        for command in REFUSED:
            with pytest.raises(AssertionError, match=r"no kind .* is registered"):
                kubectl(*command)
        assert (kube.get("Rollout", namespace, "shop") or {})["metadata"]["generation"] == generation
        for command in WORKS:
            kubectl(*command)
