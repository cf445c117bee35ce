"""The fault proxy does to requests what it is told, and nothing to all others."""

import asyncio
import json
from collections.abc import AsyncIterator
from threading import Event

import aiohttp
import pytest
from yarl import URL

from faults.fake_server import FakeServer, Slept, proxied, served
from faults.proxy import Proxy
from faults.record import by_verb, made
from faults.rules import CutReply, Delay, Drop, Fault, Hold, Refuse, Then

DEPLOYMENTS = "/apis/apps/v1/namespaces/ns/deployments"
SHOP = f"{DEPLOYMENTS}/shop"
BODY = {"metadata": {"name": "shop"}}


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
async def proxy(server: FakeServer, slept: Slept) -> AsyncIterator[Proxy]:
    async with served(server) as address, proxied(address, slept) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(proxy.address) as session:
        yield session


async def status_of(client: aiohttp.ClientSession, method: str, path: str, **options: object) -> int:
    """The status of the answer; 0 where the connection ended before it was whole."""
    try:
        async with client.request(method, path, **options) as answer:  # type: ignore[arg-type]
            await answer.read()
            return answer.status
    except aiohttp.ClientError:
        return 0


async def test_without_rules_everything_passes_unchanged(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession
) -> None:
    path = f"{DEPLOYMENTS}?fieldManager=crossfade&labelSelector=a%3Db%2Cc"
    async with client.post(URL(proxy.address + path, encoded=True), json=BODY) as answer:
        assert answer.status == 201
        assert await answer.json() == {"metadata": {"uid": "u1"}, "spec": {"replicas": 3}}
    assert server.reached == [f"POST {path} {json.dumps(BODY)}"]


async def test_a_write_is_logged_with_all_that_identifies_it_and_a_dry_run_is_no_write(
    proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    await status_of(client, "POST", f"{DEPLOYMENTS}?fieldManager=crossfade", json=BODY)
    await status_of(client, "POST", f"{DEPLOYMENTS}?dryRun=All", json=BODY)
    await status_of(client, "GET", SHOP)
    (write,) = proxy.writes()
    asked = write.asked
    assert (asked.method, asked.verb, asked.kind, asked.namespace) == ("POST", "create", "Deployment", "ns")
    assert (asked.name, asked.subresource, asked.manager) == ("shop", "", "crossfade")
    assert (write.status, write.accepted, write.fault) == (201, True, "")
    assert write.at_s <= write.answered_s
    assert made(proxy.log) == by_verb(proxy.log) == {("create", "Deployment"): 1}
    assert len(proxy.log) == 3


async def test_a_dropped_request_never_reaches_the_server(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession
) -> None:
    proxy.inject(Drop(), verb="create")
    assert await status_of(client, "POST", DEPLOYMENTS, json=BODY) == 0
    assert server.reached == []
    assert [(each.status, each.accepted, each.fault) for each in proxy.log] == [(0, False, "Drop")]
    assert await status_of(client, "POST", DEPLOYMENTS, json=BODY) == 201


@pytest.mark.parametrize("body_bytes", [0, 5])
async def test_a_cut_reply_is_carried_out_but_not_heard_of(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession, body_bytes: int
) -> None:
    proxy.inject(CutReply(body_bytes), verb="create")
    assert await status_of(client, "POST", DEPLOYMENTS, json=BODY) == 0
    assert len(server.reached) == 1
    assert [(each.status, each.accepted, each.fault) for each in proxy.log] == [(201, True, "CutReply")]


async def test_the_status_line_of_a_reply_that_is_cut_in_the_body_still_arrives(
    proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    proxy.inject(CutReply(5))
    async with client.get(SHOP) as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(409, "Conflict"), (429, "TooManyRequests"), (500, "InternalError"), (503, "ServiceUnavailable")],
)
async def test_a_refusal_looks_like_the_api_servers_and_carries_nothing_out(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession, status: int, reason: str
) -> None:
    proxy.inject(Refuse(status, retry_after_s=2 if status == 429 else None), verb="apply")
    headers = {"Content-Type": "application/apply-patch+yaml"}
    async with client.patch(SHOP, data="{}", headers=headers) as answer:
        said = await answer.json()
        assert (answer.status, said["kind"], said["code"], said["reason"]) == (
            status,
            "Status",
            status,
            reason,
        )
        assert answer.headers.get("Retry-After") == ("2" if status == 429 else None)
    assert server.reached == []
    assert not proxy.log[0].accepted


async def test_a_delayed_request_arrives_after_its_delay(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession, slept: Slept
) -> None:
    proxy.inject(Delay(7.5), verb="get")
    assert await status_of(client, "GET", SHOP) == 200
    assert (slept.seconds, len(server.reached)) == ([7.5], 1)


async def test_a_held_request_arrives_once_it_is_let_go(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession
) -> None:
    let_go = Event()
    proxy.inject(Hold(let_go), verb="write")
    answer = asyncio.create_task(status_of(client, "DELETE", SHOP))
    assert await status_of(client, "GET", SHOP) == 200
    assert (answer.done(), len(server.reached)) == (False, 1)
    let_go.set()
    assert (await answer, len(server.reached)) == (200, 2)


async def test_a_kill_comes_after_the_write_was_stored_and_before_its_answer(
    proxy: Proxy, server: FakeServer, client: aiohttp.ClientSession
) -> None:
    reached_when_killed: list[int] = []
    proxy.inject(Then(lambda: reached_when_killed.append(len(server.reached))), verb="write", after=1)
    assert await status_of(client, "DELETE", SHOP) == 200
    assert await status_of(client, "POST", DEPLOYMENTS, json=BODY) == 0
    assert await status_of(client, "POST", DEPLOYMENTS, json=BODY) == 201
    assert reached_when_killed == [2]


async def test_a_freeze_lets_the_answer_through(proxy: Proxy, client: aiohttp.ClientSession) -> None:
    happened: list[str] = []
    proxy.inject(Then(lambda: happened.append("frozen"), answers=True), verb="write")
    assert await status_of(client, "POST", DEPLOYMENTS, json=BODY) == 201
    assert happened == ["frozen"]


@pytest.mark.parametrize(
    ("where", "struck"),
    [
        ({"verb": "create"}, [0]),
        ({"kind": "Service"}, [3]),
        ({"name": "sho?"}, [0, 1, 2, 3]),
        ({"verb": "write"}, [0, 2]),
        ({"verb": "get", "kind": "Deployment"}, [1]),
        ({"kind": "Deployment", "after": 1, "times": None}, [1, 2]),
        ({"after": 1, "times": 2}, [1, 2]),
        ({"subresource": "status"}, []),
    ],
)
async def test_a_rule_strikes_by_verb_kind_name_and_count_and_nothing_else(
    proxy: Proxy, client: aiohttp.ClientSession, where: dict[str, object], struck: list[int]
) -> None:
    fault: Fault = Refuse(500)
    rule = proxy.inject(fault, **{"times": None, **where})  # type: ignore[arg-type]
    seen = [
        await status_of(client, "POST", DEPLOYMENTS, json=BODY),
        await status_of(client, "GET", SHOP),
        await status_of(client, "DELETE", SHOP),
        await status_of(client, "GET", "/api/v1/namespaces/ns/services/shop"),
    ]
    assert [i for i, status in enumerate(seen) if status == 500] == struck
    assert rule.struck == len(struck)


async def test_after_lifting_or_healing_all_requests_pass(
    proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    rule = proxy.inject(Refuse(503), times=None)
    assert await status_of(client, "GET", SHOP) == 503
    proxy.lift(rule)
    assert await status_of(client, "GET", SHOP) == 200
    proxy.inject(Drop(), times=None)
    proxy.heal()
    assert await status_of(client, "GET", SHOP) == 200


async def test_a_server_that_is_away_looks_away(slept: Slept) -> None:
    async with served(FakeServer()) as gone:
        pass
    async with proxied(gone, slept) as proxy, aiohttp.ClientSession(proxy.address) as client:
        assert await status_of(client, "GET", SHOP) == 0
        assert await status_of(client, "GET", f"{DEPLOYMENTS}?watch=true") == 0
        assert [(each.status, each.accepted) for each in proxy.log] == [(0, False)] * len(proxy.log)
