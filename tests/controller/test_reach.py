"""What is known of a port after a connection: it is taken, it is refused, or nothing is said."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from controller.fakes import FakeCluster, obj
from crossfade.controller import reach
from crossfade.controller.look import Whose, answer
from crossfade.controller.reach import answer_of, tried
from crossfade.controller.store import Key
from crossfade.core.observed import Closed, Observed, Tried
from crossfade.core.plan import ReadRequest

HERE = "127.0.0.1"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        return int(bound.getsockname()[1])


def pod(name: str, *, ready: bool = True, **meta: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    labels = {"crossfade.dev/rollout": "shop", "crossfade.dev/revision": "aaa"}
    made = obj(name, labels=labels)
    made["metadata"] |= meta
    return {**made, "status": {"podIP": HERE, "conditions": conditions}}


async def test_a_port_that_somebody_listens_on_takes_connections() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), HERE, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await answer_of(HERE, port) is True
        assert await tried([pod("up")], [port]) == Tried((), frozenset({port}))


async def test_a_port_that_nobody_listens_on_refuses_them() -> None:
    assert await answer_of(HERE, free_port()) is False


async def test_a_pod_that_does_not_answer_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dropped(address: str, port: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(reach, "TRIED_S", 0.0)
    monkeypatch.setattr(asyncio, "open_connection", dropped)
    assert await answer_of(HERE, 1) is None
    assert await tried([pod("up")], [1]) == Tried()


async def test_a_network_that_is_not_there_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(address: str, port: int) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(asyncio, "open_connection", lost)
    assert await answer_of(HERE, 1) is None


async def test_only_ready_pods_are_tried_and_the_port_is_named() -> None:
    port = free_port()
    pods = [pod("starting", ready=False), pod("going", deletionTimestamp="2026-01-31T12:00:00Z"), pod("up")]
    assert await tried(pods, [port]) == Tried((Closed("up", port),))


async def test_without_a_ready_pod_nothing_is_known() -> None:
    assert await tried([pod("starting", ready=False)], [1]) is None


async def test_pods_are_listed_once_for_their_ends_and_their_ports() -> None:
    cluster, port = FakeCluster(), free_port()
    cluster.hold("Pod", pod("up"))
    whose = Whose(Key("ns", "shop"), "uid-shop", frozenset({"aaa"}))
    asked = ReadRequest(pods=frozenset({"aaa"}), ports={"aaa": (port,)})
    seen = await answer(cluster, whose, asked, Observed())
    assert seen.tried == {"aaa": Tried((Closed("up", port),))}
    assert [each.name for each in seen.pods["aaa"]] == ["up"]
    assert [kind for _, kind, _ in cluster.asked] == ["Pod"]
