"""The command line, run against a cluster in memory."""

import asyncio
from collections.abc import Callable
from functools import cache

import pytest

from cli.fake_cluster import FakeCluster
from crossfade.cli import connection
from crossfade.cli import main as command_line
from crossfade.cli.main import build_parser, main

Run = Callable[..., int]
PARSER = cache(build_parser)


@pytest.fixture
def crossfade(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line against a cluster: `crossfade(cluster, "status", "shop")` gives the exit code."""

    def run(cluster: FakeCluster, *arguments: str) -> int:
        monkeypatch.setattr(connection, "connected", lambda _options: Connecting(cluster))
        monkeypatch.setattr(command_line, "build_parser", PARSER)  # building it takes longer than most tests
        return main(arguments)

    return run


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cluster that the test gives there is none: no test asks one that its machine happens to have."""
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")


class Connecting:
    """Stands for the connection to a cluster: it gives the one of the test."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster

    async def __aenter__(self) -> FakeCluster:
        await asyncio.sleep(0)
        return self.cluster

    async def __aexit__(self, *_exc: object) -> None:
        pass
