"""The command line as a user runs it: a process of its own against the real API server and operator."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bench import manifests
from bench.kube import Kube, collection, wait_for
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
SAME_IMAGE_BY_ANOTHER_NAME = f"docker.io/library/{manifests.IMAGE}"
GIVES_UP_AFTER_S = 400

Answer = subprocess.CompletedProcess[str]
Run = Callable[..., Answer]


@pytest.fixture
def crossfade(kube: Kube, namespace: str) -> Run:
    """Run a command line in the test's namespace."""

    def run(*arguments: str, kubeconfig: Path = kube.kubeconfig) -> Answer:
        environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "KUBECONFIG": str(kubeconfig)}
        command = [sys.executable, "-m", "crossfade.cli", *arguments, "-n", namespace]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=GIVES_UP_AFTER_S
        )

    return run


def told(answer: Answer) -> str:
    """Everything that a command printed, for when an assertion fails."""
    return f"exit code {answer.returncode}\n{answer.stdout}\n{answer.stderr}"


def test_a_canary_is_released_watched_promoted_and_aborted_by_commands(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    canary = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
    with Shop(kube, namespace, canary, replicas=2, bakeSeconds=1) as shop:
        shop.created()
        release_and_promote(crossfade)
        release_and_abort(crossfade, shop)


def release_and_promote(crossfade: Run) -> None:
    changed = crossfade("set", "image", "shop", f"shop={SAME_IMAGE_BY_ANOTHER_NAME}")
    assert changed.returncode == 0, told(changed)
    assert f"{manifests.IMAGE} → {SAME_IMAGE_BY_ANOTHER_NAME}" in changed.stdout
    waiting = crossfade("status", "shop", "--watch")
    assert waiting.returncode == 4, told(waiting)
    assert "stage 1/" in waiting.stdout.splitlines()[-1]
    shown = crossfade("status", "shop")
    assert shown.returncode == 4, told(shown)
    assert "crossfade promote shop -n" in shown.stdout
    promoted = crossfade("promote", "shop", "--reason", "looks well")
    assert promoted.returncode == 0, told(promoted)
    assert promoted.stdout.startswith("Done: ")
    done = crossfade("status", "shop", "--watch", "-o", "json")
    assert done.returncode == 0, told(done)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["phase"], last["outcome"]) == ("Healthy", "Done")
    assert last["stable"]["image"] == SAME_IMAGE_BY_ANOTHER_NAME


def release_and_abort(crossfade: Run, shop: Shop) -> None:
    """Back to the first image is a way back, which does not pause; so a third template is released."""
    shop.apply("v3")
    assert crossfade("status", "shop", "--watch").returncode == 4
    impatient = crossfade("promote", "shop", "--revision", "0000000000")
    assert impatient.returncode == 2, told(impatient)
    assert impatient.stdout.startswith("Refused: ")
    aborted = crossfade("abort", "shop", "--reason", "not today")
    assert aborted.returncode == 0, told(aborted)
    back = crossfade("status", "shop", "--watch")
    assert back.returncode == 2, told(back)
    shown = crossfade("status", "shop")
    assert shown.returncode == 2, told(shown)
    assert "not today" in shown.stdout
    assert "crossfade retry shop -n" in shown.stdout


def test_a_first_release_that_misses_its_deadline_has_failed_until_its_template_is_corrected(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    with Shop(kube, namespace, manifests.strategy("canary"), replicas=1, progressDeadlineSeconds=20) as shop:
        shop.apply("v1", image="crossfade-shop:no-such-version")
        failed = crossfade("status", "shop", "--watch", "--timeout", "300")
        assert failed.returncode == 2, told(failed)
        assert "0 of 1 pods are available after 20 s; pod shop-" in failed.stdout
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


def test_pause_holds_resume_lets_go_and_a_watch_gives_up_when_its_time_is_over(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    canary = manifests.strategy("canary", steps=[{"weight": 50, "pauseSeconds": 600}])
    with Shop(kube, namespace, canary, replicas=2, bakeSeconds=1) as shop:
        shop.created()
        shop.apply("v2")
        shop.wait_reached(50)
        late = crossfade("status", "shop", "--watch", "--timeout", "1")
        assert late.returncode == 3, told(late)
        assert "was not settled within 1 s" in late.stderr
        assert crossfade("pause", "shop").returncode == 0
        paused = crossfade("status", "shop", "--watch")
        assert paused.returncode == 4, told(paused)
        assert crossfade("resume", "shop").returncode == 0
        assert crossfade("promote", "shop").returncode == 0
        done = crossfade("status", "shop", "--watch")
        assert done.returncode == 0, told(done)
        undone = crossfade("undo", "shop")
        assert undone.returncode == 0, told(undone)
        shop.wait_phase("RolledBack")
        shop.wait_gone("v2")
        assert len(shop.pods_of("v1")) == 2


def test_a_rollout_that_does_not_exist_is_answered_with_those_that_do(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    kube.apply(
        manifests.rollout(namespace, manifests.strategy("rolling"), manifests.template("v1"), replicas=0)
    )
    answer = crossfade("status", "shpo")
    assert answer.returncode == 1
    assert f"There is no Rollout 'shpo' in namespace '{namespace}'. Did you mean 'shop'?" in answer.stderr


def test_somebody_without_rights_is_told_which_right_is_missing(
    kube: Kube, namespace: str, crossfade: Run, tmp_path: Path
) -> None:
    answer = crossfade("status", "shop", kubeconfig=powerless(kube, namespace, tmp_path))
    assert answer.returncode == 1
    assert 'cannot get resource "rollouts" in API group "crossfade.dev"' in answer.stderr
    assert "kubectl auth can-i --list" in answer.stderr


def test_a_cluster_that_does_not_answer_is_named(crossfade: Run, kube: Kube, tmp_path: Path) -> None:
    config = yaml.safe_load(kube.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = tmp_path / "nowhere"
    path.write_text(yaml.safe_dump(config))
    answer = crossfade("status", "shop", kubeconfig=path)
    assert answer.returncode == 1
    assert "cannot reach the API server at https://127.0.0.1:1" in answer.stderr


def powerless(kube: Kube, namespace: str, folder: Path) -> Path:
    """A kubeconfig of a service account that may do nothing."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    wait_for("the default service account", lambda: kube.request("GET", accounts)["items"])
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = kube.request("POST", f"{accounts}/default/token", request)["status"]["token"]
    config = yaml.safe_load(kube.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path = folder / "powerless"
    path.write_text(yaml.safe_dump(config))
    return path
