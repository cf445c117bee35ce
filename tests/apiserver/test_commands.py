"""Commands that look around: list, tree, logs, completion, and names with their kind; against the real API server."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, Object, wait_for
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
GIVES_UP_AFTER_S = 400
WAITS = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
NO_NUMBER = {"START_DELAY_S": "soon"}
"""The shop reads it as a number when it starts, and ends with a traceback."""

Answer = subprocess.CompletedProcess[str]
Run = Callable[..., Answer]


@pytest.fixture
def crossfade(kube: Kube, namespace: str) -> Run:
    """Run a command line in the test's namespace; `more` is added to its environment."""

    def run(*arguments: str, more: dict[str, str] | None = None) -> Answer:
        environment = {"PYTHONPATH": str(SOURCE_ROOT), "KUBECONFIG": str(kube.kubeconfig), **(more or {})}
        place = [] if more else ["-n", namespace]
        return subprocess.run(
            [sys.executable, "-m", "crossfade.cli", *arguments, *place],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=GIVES_UP_AFTER_S,
        )

    return run


def told(answer: Answer) -> str:
    return f"exit code {answer.returncode}\n{answer.stdout}\n{answer.stderr}"


def test_list_tree_and_columns_show_both_sides_of_a_canary(
    kube: Kube, cluster: KindCluster, namespace: str, crossfade: Run
) -> None:
    with Shop(kube, namespace, WAITS, replicas=2, bakeSeconds=1) as shop:
        shop.created()
        shop.apply("v2")
        shop.wait_phase("Paused")
        assert_the_list_has_it(crossfade, namespace)
        assert_the_tree_has_all_of_it(crossfade, shop)
        assert_kubectl_has_the_columns(cluster, namespace)
        promoted = crossfade("promote", "rollouts.crossfade.dev/shop", "--reason", "seen", "-o", "json")
        assert promoted.returncode == 0, told(promoted)
        answer = json.loads(promoted.stdout)
        assert (answer["action"], answer["state"], answer["reason"], answer["release"]) == (
            "Promote",
            "Done",
            "seen",
            2,
        )
        assert kube.get("RolloutAction", namespace, answer["name"])


def assert_the_list_has_it(crossfade: Run, namespace: str) -> None:
    listed = crossfade("list")
    assert listed.returncode == 4, told(listed)
    [titles, line] = listed.stdout.splitlines()
    shown = dict(zip(titles.split(), line.split(), strict=False))
    assert (shown["NAME"], shown["PHASE"], shown["WEIGHT"], shown["READY"]) == (
        "shop",
        "Paused",
        "50%",
        "2/2",
    )
    everywhere = crossfade("status", "-A", "-o", "yaml")
    rows = yaml.safe_load(everywhere.stdout)["rollouts"]
    assert [row["name"] for row in rows if row["namespace"] == namespace] == ["shop"]


def assert_the_tree_has_all_of_it(crossfade: Run, shop: Shop) -> None:
    serves = "Service shop: production, selects crossfade.dev/rollout=shop, 2 ready endpoints"
    drawn = wait_for(
        "both endpoints",  # a slice may still list a stable pod that ends
        lambda: seen if serves in (seen := crossfade("tree", "cf/shop")).stdout else None,
        every_s=1,
    )
    assert drawn.returncode == 0, told(drawn)
    for word in (": candidate, release 2, 1/1 ready", ": stable, release 1, 1/1 ready"):
        assert word in drawn.stdout
    names = [pod["metadata"]["name"] for version in ("v1", "v2") for pod in shop.pods_of(version)]
    assert [name for name in names if f"Pod {name}  ready" not in drawn.stdout] == []


def assert_kubectl_has_the_columns(cluster: KindCluster, namespace: str) -> None:
    """By both names: where Argo's definitions are installed too, `rollouts` alone may be theirs."""
    for kind in ("cf", "rollouts.crossfade.dev"):
        titles, line = cluster.kubectl("get", kind, "-n", namespace, "-o", "wide").splitlines()
        assert {"SINCE", "READY", "IMAGE"} <= set(titles.split())
        assert "2/2" in line.split()
        assert manifests.IMAGE in line.split()


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
        assert "No pods of the failed revision" in gone.stderr
        assert "Why it was taken back: " in gone.stderr
        stable = crossfade("logs", "shop")
        assert stable.returncode == 0, told(stable)
        previous = crossfade("logs", "shop", "--previous")
        assert previous.returncode == 1, told(previous)
        assert "no logs of shop: previous terminated container" in previous.stderr


def traceback(answer: Answer) -> str:
    """The last line of a Python program that ended badly, with the pod before it."""
    lines = [line for line in answer.stdout.splitlines() if "ValueError: could not convert" in line]
    return lines[-1] if lines else ""


def test_names_are_completed_from_the_cluster(
    kube: Kube, namespace: str, crossfade: Run, tmp_path: Path
) -> None:
    for name in ("shop", "till"):
        kube.apply(
            manifests.rollout(
                namespace, manifests.strategy("rolling"), manifests.template("v1"), name=name, replicas=0
            )
        )
    line, answer = f"crossfade -n {namespace} tree cf/s", tmp_path / "answer"
    said = crossfade(
        more={
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        }
    )
    assert (said.stdout, said.stderr) == ("", "")
    assert answer.read_text().split() == ["cf/shop"]


def test_a_converted_template_is_the_authors_and_makes_the_very_same_pods(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    """What is left out is exactly what the server puts back: stored again, the short form is equal to the stored one."""
    author = manifests.deployment(namespace, everything(), replicas=0)
    stored = kube.create(copy.deepcopy(author))
    answer = crossfade("convert", "deployment/shop", "-o", "json")
    assert answer.returncode == 0, told(answer)
    short = json.loads(answer.stdout)["spec"]["template"]
    assert short == plain(author["spec"]["template"])
    again = {**author, "metadata": {**author["metadata"], "name": "again"}}
    again["spec"] = {**author["spec"], "template": short}
    assert kube.create(again)["spec"]["template"] == stored["spec"]["template"]


def everything() -> Object:
    """The shop's template with what the server fills in more than elsewhere."""
    template = manifests.template("v1")
    spec = template["spec"]
    [shop] = spec["containers"]
    shop |= {
        "livenessProbe": {"grpc": {"port": 9000}},
        "lifecycle": {"preStop": {"httpGet": {"path": "/stop", "port": 8080}}},
    }
    shop["env"].append({"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}})
    info = {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}
    spec |= {
        "serviceAccountName": "default",
        "initContainers": [{"name": "first", "image": "first"}],
        "volumes": [
            {"name": "conf", "configMap": {"name": "shop"}},
            {"name": "key", "secret": {"secretName": "shop"}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "host", "hostPath": {"path": "/data"}},
            {"name": "info", "downwardAPI": info},
            {
                "name": "all",
                "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"downwardAPI": info}]},
            },
        ],
    }
    return template


def plain(template: Object) -> Object:
    """The author's template less the two values in it that are defaults."""
    made = copy.deepcopy(template)
    for container in made["spec"]["containers"]:
        if container["image"].rpartition(":")[2] != "latest":
            container.pop("imagePullPolicy", None)
    return made
