"""Real pods on the kind cluster: one namespace per test, and everything worth reading when one fails."""

import logging
import os
import subprocess
from pathlib import Path

import pytest
from pytest_kind import KindCluster

from bench import operator_pods
from bench.kube import Kube, NeverHappenedError, wait_for
from fixtures import *  # noqa: F403
from fixtures import longest_first

CLUSTER = "crossfade"
CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
MEASURING = ("quiet", "serial")
"""The parts of `make kind` that come after another part."""
GONE_WITHIN_S = 300


def pytest_configure() -> None:
    """Let a failed test show what its story saw."""
    logging.getLogger("bench").setLevel(logging.INFO)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kind)
    longest_first(items)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test on the cluster is a failure: it would hide that something was not shown."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def newest(pattern: str) -> Path:
    """The tool that `make cluster` put into the cache."""
    found = sorted((CACHE / "bin").glob(pattern))
    if not found:
        pytest.fail(f"there is no {pattern} in the cache: run `make cluster`", pytrace=False)
    return found[-1]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> KindCluster:
    """The kind cluster that `make cluster` keeps; it is never made nor removed here."""
    kind, kubectl = newest("kind-*/kind"), newest("kubernetes-*/kubectl")
    listed = subprocess.run([kind, "get", "clusters"], capture_output=True, text=True, check=False)
    if CLUSTER not in listed.stdout.split():
        pytest.fail(f"there is no kind cluster {CLUSTER!r}: run `make cluster`", pytrace=False)
    kubeconfig = tmp_path_factory.mktemp("kind") / "kubeconfig"
    config = subprocess.run(
        [kind, "get", "kubeconfig", "--name", CLUSTER], capture_output=True, text=True, check=True
    )
    kubeconfig.touch(0o600)
    kubeconfig.write_text(config.stdout)
    found = KindCluster(CLUSTER, kubeconfig=kubeconfig, kind_path=kind, kubectl_path=kubectl)
    found.create()
    return found


@pytest.fixture(scope="session")
def kube(cluster: KindCluster) -> Kube:
    """The cluster's API server, in plain JSON."""
    return Kube(Path(cluster.kubeconfig_path))


@pytest.fixture(scope="session")
def running_operator(kube: Kube) -> None:
    """The operator of this cluster, available."""
    try:
        operator_pods.wait_available(kube)
    except (NeverHappenedError, KeyError) as error:
        pytest.fail(f"the operator is not available: run `make cluster` ({error})", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_going(request: pytest.FixtureRequest, kube: Kube) -> None:
    """What measures begins once the namespaces of earlier tests are gone: hundreds of pods may be on their way out."""
    if not request.config.getoption("markexpr").startswith(MEASURING):
        return

    def gone() -> bool:
        return not any(each["metadata"].get("deletionTimestamp") for each in kube.list("Namespace", ""))

    wait_for("the namespaces of earlier tests to be gone", gone, GONE_WITHIN_S, every_s=1)
