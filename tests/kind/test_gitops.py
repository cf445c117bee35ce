"""Git applies the same file for ever: it never sees drift, never meets a conflict, and starts nothing."""

import json
import subprocess
from collections.abc import Callable
from functools import partial

import pytest
from pytest_kind import KindCluster

from bench.kube import Kube, Object
from bench.load_pod import Rates
from bench.scenarios.gitops import SLOWLY, HandIn, applied_again_and_again
from bench.scenarios.seen import Result

# Quiet: what is promised is 0 lost, of six loads at once.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet, pytest.mark.long(80)]

CLIENT_SIDE = "kubectl apply"
ENDING_S = 3
"""Pods that are told to stop at once do not end in the same moment: 0.2 s apart, seen on a busy node."""


def client_side(cluster: KindCluster) -> HandIn:
    """`kubectl apply` as most pipelines call it: the manifest of before is remembered in an annotation."""

    def hand_in(manifest: Object) -> Object:
        command = [cluster.kubectl_path, "--kubeconfig", cluster.kubeconfig_path]
        applied = subprocess.run(
            [*command, "apply", "-f", "-", "-o", "json", "--show-managed-fields"],
            input=json.dumps(manifest),
            capture_output=True,
            text=True,
            check=False,
        )
        if applied.returncode:
            raise AssertionError(applied.stderr)
        stored: Object = json.loads(applied.stdout)
        return stored

    return hand_in


def test_the_same_manifest_every_two_seconds_changes_nothing_in_any_strategy(
    cluster: KindCluster, kube: Kube, new_namespace: Callable[[], str]
) -> None:
    strategies = {**{name: name for name in SLOWLY}, CLIENT_SIDE: "canary"}
    server_side = partial(kube.apply, manager="gitops", force=False)
    hand_ins: dict[str, HandIn] = {**dict.fromkeys(SLOWLY, server_side), CLIENT_SIDE: client_side(cluster)}
    namespaces = {name: new_namespace() for name in strategies}
    results = applied_again_and_again(kube, namespaces, strategies, hand_ins, Rates(per_s=50, kept=1))
    for name, result in results.items():
        assert_git_saw_nothing(name, result)
        if name != "recreate":
            assert result.lost == 0, f"{name}: {result.figures}"
    assert_down_only_between_the_versions(results["recreate"])


def assert_git_saw_nothing(name: str, result: Result) -> None:
    assert result.happened == "Completed", (name, result.why)
    assert result.figures["order"] == ["v1", "v2"], name
    assert result.figures["again"] >= 3, name  # two of them after its end
    assert result.figures["refusals"] == [], name
    assert result.figures["drift"] == [], name
    assert len(result.figures["generations"]) == 1, (name, result.figures)
    assert result.figures["taken"] == [], name
    assert result.figures["releases"] == [1, 2], name


def assert_down_only_between_the_versions(result: Result) -> None:
    assert result.figures["mixing_s"] == 0
    assert result.lost > 0, "a recreate without any down time was not seen: the load looked elsewhere"
    last_v1 = max(record.at for record in result.new if record.version == "v1")
    first_v2 = min(record.answered_at for record in result.new if record.version == "v2")
    assert all(last_v1 - ENDING_S <= record.at <= first_v2 for record in result.new if record.lost)
