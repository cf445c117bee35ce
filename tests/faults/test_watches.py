"""What the fault proxy does to watches."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from faults.fake_server import BOOKMARK, FakeServer, Slept, proxied, served
from faults.proxy import Proxy
from faults.rules import Drop, Expire, Refuse

WATCH = "/apis/apps/v1/deployments?watch=true"
PODS = "/api/v1/pods?watch=true"


class Seen:
    """What one watch brings, event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> str:
        """The next event as "TYPE name version"."""
        event: dict[str, Any] = json.loads(await self.answer.content.readline())
        meta = event["object"].get("metadata", {})
        told = (event["type"], meta.get("name", ""), meta.get("resourceVersion", event["object"].get("code")))
        return " ".join(str(part) for part in told if part)

    async def ended(self) -> bool:
        """Whether the stream is over, in order; a cut raises."""
        return await self.answer.content.readline() == b""


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
async def proxy(server: FakeServer) -> AsyncIterator[Proxy]:
    async with served(server) as address, proxied(address, Slept()) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(proxy.address) as session:
        yield session


@pytest.fixture
async def seen(client: aiohttp.ClientSession, server: FakeServer) -> AsyncIterator[Seen]:
    """A watch of Deployments that runs and has brought its first event."""
    async with client.get(WATCH) as answer:
        seen = Seen(answer)
        server.tell("first", 1, "ADDED")
        assert await seen.next() == "ADDED first 1"
        yield seen


async def test_events_pass_as_they_come_until_the_server_ends_the_watch(
    server: FakeServer, seen: Seen, proxy: Proxy
) -> None:
    assert (proxy.watching(), proxy.watching("Deployment"), proxy.watching("Pod")) == (1, 1, 0)
    server.send(BOOKMARK)
    assert await seen.next() == "BOOKMARK 9"
    server.send(None)
    assert await seen.ended()
    assert [(each.asked.verb, each.status) for each in proxy.log] == [("watch", 200)]


async def test_a_cut_watch_ends_in_the_middle_and_may_begin_anew(
    server: FakeServer, seen: Seen, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    assert proxy.cut_watches("Pod") == 0
    assert proxy.cut_watches("Deployment") == 1
    with pytest.raises(aiohttp.ClientPayloadError):
        await seen.ended()
    async with client.get(WATCH) as answer:
        server.tell("second", 2)
        assert await Seen(answer).next() == "MODIFIED second 2"


async def test_an_expired_watch_says_410_and_ends_in_order(seen: Seen, proxy: Proxy) -> None:
    assert proxy.expire_watches() == 1
    assert await seen.next() == "ERROR 410"
    assert await seen.ended()


async def test_held_events_come_later_and_in_order(server: FakeServer, seen: Seen, proxy: Proxy) -> None:
    proxy.hold_events("Deployment", "shop")
    server.tell("shop", 2)
    server.tell("shop", 3, "DELETED")
    server.tell("other", 4)
    assert await seen.next() == "MODIFIED other 4"
    assert proxy.held() == 2
    assert proxy.release_events() == 2
    assert [await seen.next(), await seen.next()] == ["MODIFIED shop 2", "DELETED shop 3"]
    server.tell("shop", 5, "ADDED")
    assert await seen.next() == "ADDED shop 5"


async def test_a_stalled_watch_brings_nothing_and_stays_open_and_a_new_one_is_well(
    server: FakeServer, seen: Seen, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    assert proxy.stall_watches("Deployment") == 1
    brought = seen.answer.content.total_bytes
    async with client.get(WATCH) as anew:
        server.tell("shop", 2)
        assert await Seen(anew).next() == "MODIFIED shop 2"
    assert (proxy.watching("Deployment") >= 1, seen.answer.content.total_bytes) == (True, brought)


async def test_events_are_held_in_new_watches_too(
    server: FakeServer, seen: Seen, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    proxy.hold_events("Deployment")
    async with client.get(WATCH) as anew, client.get(PODS) as pods:
        server.tell("shop", 2)
        while proxy.held() < 2:  # each event that passes shows that the proxy had its turn
            server.tell("pod", 3, plural="pods")
            assert await Seen(pods).next() == "MODIFIED pod 3"
        assert proxy.watching("Deployment") == 2
        assert anew.content.total_bytes == 0


@pytest.mark.parametrize(("fault", "status", "first"), [(Expire(), 200, "ERROR 410"), (Refuse(503), 503, "")])
async def test_a_new_watch_can_be_refused_or_find_its_version_expired(
    server: FakeServer,
    proxy: Proxy,
    client: aiohttp.ClientSession,
    fault: Expire | Refuse,
    status: int,
    first: str,
) -> None:
    proxy.inject(fault, verb="watch", kind="Deployment")
    async with client.get(WATCH) as answer:
        assert answer.status == status
        if first:
            assert await Seen(answer).next() == first
    assert server.reached == []


async def test_a_new_watch_can_be_dropped(
    server: FakeServer, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    proxy.inject(Drop(), verb="watch", times=None)
    with pytest.raises(aiohttp.ClientError):
        await client.get(WATCH)
    assert server.reached == []


async def test_a_client_that_goes_away_ends_its_watch_at_the_server_too(
    server: FakeServer, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    async with client.get(WATCH) as answer:
        server.tell("first", 1, "ADDED")
        await Seen(answer).next()
        assert proxy.watching() == 1
    async with client.get(PODS) as answer:  # the other one is gone by the time that this one answers
        server.tell("pod", 2, plural="pods")
        assert await Seen(answer).next() == "MODIFIED pod 2"
    assert proxy.watching("Deployment") == 0
