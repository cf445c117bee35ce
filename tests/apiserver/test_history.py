"""What the commands tell of real releases: history, differences, the way back by number, and delivery figures."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import manifests
from bench.kube import ApiError, Kube
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
GIVES_UP_AFTER_S = 400
ME = "kubernetes-admin"
"""The user of kind's kubeconfig."""

Answer = subprocess.CompletedProcess[str]
Run = Callable[..., Answer]


@pytest.fixture
def crossfade(kube: Kube, namespace: str) -> Run:
    """Run a command line in the test's namespace."""

    def run(*arguments: str, code: int = 0) -> Answer:
        environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "KUBECONFIG": str(kube.kubeconfig)}
        command = [sys.executable, "-m", "crossfade.cli", *arguments, "-n", namespace]
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=GIVES_UP_AFTER_S
        )
        assert answer.returncode == code, f"exit code {answer.returncode}\n{answer.stdout}\n{answer.stderr}"
        return answer

    return run


def test_a_release_is_found_by_its_number_gone_back_to_and_counted_as_a_failed_change(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    with Shop(kube, namespace, manifests.strategy("bigBang"), replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.wait_outcome(2)
        assert "the only one" not in crossfade("diff", "shop").stdout
        undone = crossfade("undo", "shop", "--to", "1", "--reason", "wrong prices").stdout
        shop.wait_phase("RolledBack")
        shop.wait_outcome(3)
        check_what_is_left_to_do(undone, crossfade)
        check_history(crossfade)
        check_report(crossfade)
        again = crossfade("undo", "shop", "--to", "3", code=2).stderr
        assert "is what serves already" in again


def check_what_is_left_to_do(undone: str, crossfade: Run) -> None:
    """The difference that undo prints is the one between the two releases."""
    changed = ["-      value: v2", "+      value: v1"]
    assert [line for line in undone.splitlines() if line in changed] == changed
    compared = crossfade("diff", "shop").stdout.splitlines()
    assert [line for line in compared if line in changed] == changed


def check_history(crossfade: Run) -> None:
    shown = json.loads(crossfade("history", "shop", "-o", "json").stdout)
    rows = [(each["number"], each["outcome"], each["mark"]) for each in shown["releases"]]
    assert rows == [(3, "Completed", "stable"), (2, "Completed", "undone"), (1, "Completed", "")]
    assert shown["releases"][0]["revision"] == shown["releases"][2]["revision"]
    assert all(each["seconds"] > 0 for each in shown["releases"])
    assert shown["releases"][1]["undone"]["reason"] == "wrong prices"
    assert shown["releases"][0]["acted"] == [f"Undo by {ME}: wrong prices"]


def test_nobody_acts_in_the_name_of_somebody_else(kube: Kube, namespace: str) -> None:
    asked = manifests.action(namespace, "Abort")
    with pytest.raises(ApiError, match=f"spec.actor is 'ann', and you are '{ME}': write your own name"):
        kube.create({**asked, "spec": {**asked["spec"], "actor": "ann"}})
    mine = kube.create({**asked, "spec": {**asked["spec"], "actor": ME}})
    assert mine["spec"]["actor"] == ME


def check_report(crossfade: Run) -> None:
    """The change that was undone has failed, and what it took to go back is what it took to restore."""
    shown = json.loads(crossfade("report", "-o", "json").stdout)
    [figures] = shown["rollouts"]
    assert (figures["deployments"], figures["changes"], figures["failed"]) == (2, 1, 1)
    assert (figures["perDay"], figures["failurePercent"]) == (None, None)
    assert 0 < figures["restoreSeconds"] < 60
