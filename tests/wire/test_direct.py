"""The command line's own client, against a server that speaks HTTP: what it asks, what it makes of the answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from crossfade.wire.direct import Direct
from crossfade.wire.errors import ApiError
from crossfade.wire.kubeconfig import Access

WORD = "open-sesame"
LISTED = {"metadata": {}, "items": [{"metadata": {"name": "shop"}}]}


@dataclass
class Server:
    """Says what it is told to say, byte by byte, and remembers what it was asked and over how many connections."""

    answers: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    address: str = ""
    closes: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.asked.append(head)
                self.bodies.append(await reader.readexactly(length_of(head)))
                writer.write(self.answers.pop(0))
                await writer.drain()
                if self.closes:
                    return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def length_of(head: str) -> int:
    sizes = [line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")]
    return int(sizes[0]) if sizes else 0


def whole(body: object, status: int = 200, *headers: str) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(text.encode())}", *headers]
    return "\r\n".join([*head, "", text]).encode()


def chunked(*parts: str) -> bytes:
    chunks = "".join(f"{len(part.encode()):x}\r\n{part}\r\n" for part in (*parts, ""))
    return f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}".encode()


def refused(code: int, reason: str) -> bytes:
    return whole({"kind": "Status", "code": code, "reason": reason, "message": f"said {reason}"}, code)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    told = Server()
    listening = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield told


@pytest.fixture
async def cluster(server: Server) -> AsyncIterator[Direct]:
    async with Direct(Access(f"{server.address}/k8s/c-1", "team", token=WORD)) as direct:
        yield direct


async def test_an_object_is_read_by_its_place_as_the_user(server: Server, cluster: Direct) -> None:
    server.answers = [whole({"metadata": {"name": "shop"}})]
    assert await cluster.get("Rollout", "ns", "shop") == {"metadata": {"name": "shop"}}
    request, *headers = server.asked[0].split("\r\n")
    assert request == "GET /k8s/c-1/apis/crossfade.dev/v1alpha1/namespaces/ns/rollouts/shop HTTP/1.1"
    assert "Authorization: Bearer open-sesame" in headers
    assert cluster.namespace == "team"


async def test_requests_one_after_the_other_go_over_one_connection(server: Server, cluster: Direct) -> None:
    server.answers = [whole(LISTED), chunked(json.dumps(LISTED)), whole({})]
    assert await cluster.list("Rollout", "ns") == await cluster.list("Rollout", None) == LISTED["items"]
    await cluster.get("Pod", "ns", "shop-1")
    assert server.connections == 1


async def test_an_object_that_is_not_there_is_none_and_other_refusals_are_raised(
    server: Server, cluster: Direct
) -> None:
    server.answers = [refused(404, "NotFound"), refused(403, "Forbidden")]
    assert await cluster.get("Rollout", "ns", "shop") is None
    with pytest.raises(ApiError) as told:
        await cluster.get("Rollout", "ns", "shop")
    assert (told.value.status, told.value.reason, told.value.message) == (403, "Forbidden", "said Forbidden")


async def test_a_list_is_read_page_by_page_with_its_selector(server: Server, cluster: Direct) -> None:
    first = {"metadata": {"continue": "t"}, "items": [{"metadata": {"name": "till"}}]}
    server.answers = [whole(first), whole(LISTED)]
    names = [
        each["metadata"]["name"] for each in await cluster.list("Release", "ns", "crossfade.dev/rollout=shop")
    ]
    assert names == ["till", "shop"]
    assert "labelSelector=crossfade.dev%2Frollout%3Dshop&continue=t " in server.asked[1]


async def test_what_is_created_and_changed_has_its_kind_and_says_who_wrote_it(
    server: Server, cluster: Direct
) -> None:
    server.answers = [whole({}, 201), whole({})]
    await cluster.create("RolloutAction", "ns", {"metadata": {"generateName": "shop-"}})
    await cluster.json_patch("Rollout", "ns", "shop", [{"op": "test"}], manager="kubectl-crossfade")
    assert json.loads(server.bodies[0])["kind"] == "RolloutAction"
    assert server.asked[1].startswith("PATCH ")
    assert "fieldManager=kubectl-crossfade" in server.asked[1]
    assert "Content-Type: application/json-patch+json" in server.asked[1]


async def test_a_dry_run_stores_nothing_and_gives_all_that_the_server_warns_of(
    server: Server, cluster: Direct
) -> None:
    warned = ('Warning: 299 - "say \\"why\\", please"', 'Warning: 299 - "two – three"')
    server.answers = [whole({}, 201, *warned), whole({})]
    body = {"metadata": {"name": "shop"}}
    assert await cluster.dry_run("Rollout", "ns", body, replaces=False) == (
        'say "why", please',
        "two – three",
    )
    assert await cluster.dry_run("Rollout", "ns", body, replaces=True) == ()
    assert server.asked[0].startswith("POST ")
    assert "/namespaces/ns/rollouts?" in server.asked[0]
    assert "dryRun=All" in server.asked[0]
    assert server.asked[1].startswith("PUT ")
    assert "/namespaces/ns/rollouts/shop?" in server.asked[1]
    assert "dryRun=All" in server.asked[1]


async def test_logs_are_read_as_text(server: Server, cluster: Direct) -> None:
    server.answers = [whole("one\ntwo\n")]
    assert await cluster.logs("ns", "shop-1", {"tailLines": "2"}) == "one\ntwo\n"
    assert "/api/v1/namespaces/ns/pods/shop-1/log?tailLines=2 " in server.asked[0]


async def test_a_watch_gives_changes_however_they_are_cut_into_chunks(
    server: Server, cluster: Direct
) -> None:
    lines = "".join(json.dumps({"type": "MODIFIED", "object": {"n": n}}) + "\n" for n in range(3))
    server.answers = [chunked(lines[:20], lines[20:60], lines[60:])]
    seen = [state async for state in cluster.watch("Rollout", "ns", name="shop", resource_version="7")]
    assert seen == [("MODIFIED", {"n": n}) for n in range(3)]
    assert "fieldSelector=metadata.name%3Dshop&resourceVersion=7 " in server.asked[0]


async def test_a_watch_of_something_too_old_says_gone(server: Server, cluster: Direct) -> None:
    server.answers = [
        chunked(json.dumps({"type": "ERROR", "object": {"code": 410, "reason": "Expired"}}) + "\n")
    ]
    with pytest.raises(ApiError) as told:
        [state async for state in cluster.watch("Rollout", "ns")]
    assert told.value.status == 410


async def test_a_read_is_repeated_where_the_server_has_closed_the_connection_meanwhile(
    server: Server, cluster: Direct
) -> None:
    server.closes = True
    server.answers = [whole({}), whole({})]
    await cluster.get("Rollout", "ns", "shop")
    await cluster.get("Rollout", "ns", "shop")
    assert server.connections == 2


async def test_a_write_is_never_repeated(server: Server, cluster: Direct) -> None:
    """It may have been carried out: the user is told, and looks."""
    server.closes = True
    server.answers = [whole({}), whole({})]
    await cluster.get("Rollout", "ns", "shop")
    with pytest.raises(ApiError) as told:
        await cluster.create("RolloutAction", "ns", {})
    assert told.value.reason == "Unreachable"
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0 hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]
)
async def test_an_answer_that_is_cut_or_no_http_is_an_outage(
    server: Server, cluster: Direct, answer: bytes
) -> None:
    server.closes = True
    server.answers = [answer]
    with pytest.raises(ApiError) as told:
        await cluster.get("Rollout", "ns", "shop")
    assert (told.value.status, told.value.reason) == (0, "Unreachable")


async def test_a_server_that_is_not_there_is_named_with_what_to_check() -> None:
    async with Direct(Access("https://127.0.0.1:1")) as direct:
        with pytest.raises(ApiError) as told:
            await direct.get("Rollout", "ns", "shop")
    assert "cannot reach the API server at https://127.0.0.1:1" in told.value.message
    assert told.value.status == 0


async def test_every_request_is_asked_as_whom_the_kubeconfig_impersonates(server: Server) -> None:
    as_bob = (("Impersonate-User", "bob"), ("Impersonate-Group", "leads"), ("Impersonate-Group", "dba"))
    server.answers = [whole({}), chunked("{}\n")]
    async with Direct(Access(server.address, token=WORD, impersonation=as_bob)) as direct:
        await direct.create("SelfSubjectReview", None, {})
        with pytest.raises(KeyError):
            await anext(direct.watch("Rollout", "team"))
    for head in server.asked:
        lines = [line for line in head.split("\r\n") if line.startswith("Impersonate-")]
        assert lines == ["Impersonate-User: bob", "Impersonate-Group: leads", "Impersonate-Group: dba"]
    assert len(server.asked) == 2
