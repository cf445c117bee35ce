"""The command line, run against a cluster in memory."""

import asyncio
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from crossfade import cluster as real
from crossfade.cli.main import main

Run = Callable[..., int]


@pytest.fixture
def crossfade(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line against a cluster: `crossfade(cluster, "status", "shop")` gives the exit code."""

    def run(cluster: FakeCluster, *arguments: str) -> int:
        monkeypatch.setattr(real, "Cluster", Connecting(cluster))
        return main(arguments)

    return run


class Connecting:
    """Stands for the class Cluster: `connect` gives the cluster of the test."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster

    def connect(self, _kubeconfig: str | None, _context: str | None) -> "Connecting":
        return self

    async def __aenter__(self) -> FakeCluster:
        await asyncio.sleep(0)
        return self.cluster

    async def __aexit__(self, *_exc: object) -> None:
        pass
