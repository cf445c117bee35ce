"""What is known of a port after a connection: it is taken, it is refused, or nothing is said."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from controller.fakes import FakeCluster, obj
from crossfade.controller import reach
from crossfade.controller.look import Whose, answer
from crossfade.controller.reach import Reach, connected
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


SHOP = Key("ns", "shop")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pass waits for what does not answer."""
    monkeypatch.setattr(reach, "FIRST_S", 0.0)


class Network:
    """Connections that end when a test says so."""

    def __init__(self) -> None:
        self.made: list[asyncio.Future[bool | None]] = []
        self.woken = asyncio.Event()
        self.reach = Reach(lambda _key: self.woken.set(), self.connect)

    async def connect(self, _address: str, _port: int) -> bool | None:
        self.made.append(asyncio.get_running_loop().create_future())
        return await self.made[-1]

    async def tried(self, *ports: int, pods: int = 1) -> Tried | None:
        return await self.reach.tried(SHOP, [pod(f"up-{i}") for i in range(pods)], ports)

    async def ends(self, *answers: bool | None) -> None:
        for made, result in zip([each for each in self.made if not each.done()], answers, strict=True):
            made.set_result(result)
        await asyncio.wait_for(self.woken.wait(), 10)
        self.woken.clear()


async def test_a_port_that_somebody_listens_on_takes_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FIRST_S", 10.0)
    server = await asyncio.start_server(lambda _, writer: writer.close(), HERE, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await connected(HERE, port) is True
        found = await Reach(lambda _: None).tried(SHOP, [pod("up")], [port])
    assert found == Tried((), frozenset({port}))


async def test_a_port_that_nobody_listens_on_refuses_them() -> None:
    assert await connected(HERE, free_port()) is False


async def test_the_lateness_of_the_operator_is_no_silence_of_the_pod() -> None:
    """No time at all is left to look: the kernel knows what became of the connection."""
    with socket.socket() as listening:
        listening.bind((HERE, 0))
        listening.listen()
        assert await connected(HERE, listening.getsockname()[1], limit_s=0.0) is True
    assert await connected(HERE, free_port(), limit_s=0.0) is False


@pytest.mark.parametrize("why", [errno.EHOSTUNREACH, errno.ENETUNREACH])
async def test_a_network_that_is_not_there_says_nothing(why: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object) -> None:
        raise OSError(why, "no route to host")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", lost, raising=False)
    assert await connected(HERE, 1, limit_s=0.0) is None


async def test_a_pod_that_does_not_answer_is_waited_for_beside_the_passes_and_then_it_is_silent() -> None:
    network = Network()
    assert await network.tried(1) == Tried(awaited=frozenset({1}))
    assert await network.tried(1) == Tried(awaited=frozenset({1}))
    assert len(network.made) == 1
    await network.ends(None)
    assert await network.tried(1) == Tried(silent=frozenset({1}))
    assert len(network.made) == 1


@pytest.mark.parametrize("answer", [True, False])
async def test_an_answer_that_comes_late_wakes_the_rollout_and_is_taken_by_its_next_pass(
    answer: bool,
) -> None:
    network = Network()
    await network.tried(1)
    await network.ends(answer)
    told = Tried((), frozenset({1})) if answer else Tried((Closed("up-0", 1),))
    assert await network.tried(1) == told


async def test_what_was_silent_is_tried_again_and_may_answer() -> None:
    network = Network()
    await network.tried(1)
    await network.ends(None)
    await network.tried(1)
    assert await network.tried(1) == Tried(silent=frozenset({1}))
    await network.ends(True)
    assert await network.tried(1) == Tried((), frozenset({1}))


async def test_one_pod_that_answers_is_enough_and_the_others_are_not_waited_for() -> None:
    network = Network()
    await network.tried(1, pods=2)
    network.made[0].set_result(True)
    await asyncio.wait_for(network.woken.wait(), 10)
    assert await network.tried(1, pods=2) == Tried((), frozenset({1}))


async def test_a_rollout_that_is_gone_leaves_no_attempt_behind() -> None:
    network = Network()
    await network.tried(1)
    network.reach.forget(SHOP)
    await asyncio.sleep(0)
    assert network.made[0].cancelled()


async def test_only_ready_pods_are_tried_and_the_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FIRST_S", 10.0)
    port = free_port()
    pods = [pod("starting", ready=False), pod("going", deletionTimestamp="2026-01-31T12:00:00Z"), pod("up")]
    assert await Reach(lambda _: None).tried(SHOP, pods, [port]) == Tried((Closed("up", port),))


async def test_without_a_ready_pod_nothing_is_known() -> None:
    assert await Network().reach.tried(SHOP, [pod("starting", ready=False)], [1]) is None


async def test_pods_are_listed_once_for_their_ends_and_their_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FIRST_S", 10.0)
    cluster, port = FakeCluster(), free_port()
    cluster.hold("Pod", pod("up"))
    whose = Whose(Key("ns", "shop"), "uid-shop", frozenset({"aaa"}))
    asked = ReadRequest(pods=frozenset({"aaa"}), ports={"aaa": (port,)})
    seen = await answer(cluster, whose, asked, Observed())
    assert seen.tried == {"aaa": Tried((Closed("up", port),))}
    assert [each.name for each in seen.pods["aaa"]] == ["up"]
    assert [kind for _, kind, _ in cluster.asked] == ["Pod"]
