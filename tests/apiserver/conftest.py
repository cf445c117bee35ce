"""A control plane without pods, one for all processes of a run: the first of them starts it, and ends it after the last."""

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from apiserver.control_plane import ControlPlane
from bench.kube import Kube
from fixtures import *  # noqa: F403
from fixtures import LOGS, longest_first


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first."""
    longest_first(items)


class Access:
    """Where a control plane is reached, as a KindCluster says it."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig_path = folder / "admin.kubeconfig"
        self.kubectl_path = folder / "kubectl"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Access]:
    """The control plane of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "control-plane"
    folder.mkdir(exist_ok=True)
    with (folder / "starts").open("w") as starts, (folder / "uses").open("w") as uses:
        fcntl.flock(starts, fcntl.LOCK_EX)
        ready = folder / "ready"
        if ready.exists():
            fcntl.flock(uses, fcntl.LOCK_SH)
            fcntl.flock(starts, fcntl.LOCK_UN)
            yield Access(folder)
            return
        with ControlPlane(folder):
            fcntl.flock(uses, fcntl.LOCK_SH)
            ready.touch()
            fcntl.flock(starts, fcntl.LOCK_UN)
            yield Access(folder)
            fcntl.flock(starts, fcntl.LOCK_EX)
            fcntl.flock(uses, fcntl.LOCK_EX)  # once nobody else uses it
            ready.unlink()
        shutil.copytree(
            folder, LOGS / "control-plane", ignore=shutil.ignore_patterns("etcd"), dirs_exist_ok=True
        )


@pytest.fixture(scope="session")
def kube(cluster: Access) -> Kube:
    """Its API server, in plain JSON."""
    return Kube(cluster.kubeconfig_path)


@pytest.fixture(scope="session")
def running_operator(cluster: Access) -> None:
    """The operator leads before the first test begins."""
