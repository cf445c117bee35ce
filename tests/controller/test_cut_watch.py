"""Kopf itself against an API server in memory: what its watches bring, what they miss, and that it writes nothing."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import kopf
import pytest
from aiohttp import web
from kopf._cogs.structs.credentials import Vault
from kopf._core.engines.peering import Identity

from controller.fakes import Raw, child, rollout, route
from crossfade.cluster import Cluster, Credentials
from crossfade.controller.handlers import Intake, registry
from crossfade.controller.relist import Relist
from crossfade.controller.scope import EVERYWHERE
from crossfade.controller.store import WATCHED, Key, Store, Watched
from crossfade.controller.watching import read_all, settings

SHOP = Key("ns", "shop")
GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}

DEEP = '{"a":' * 9_900 + "1" + "}" * 9_900
"""What the API server takes, and Python's parser does not."""


class Server:
    """Lists and watches of the watched kinds; everything that is no read is remembered."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Raw]] = {kind.plural: [] for kind in WATCHED.values()}
        self.events: dict[str, asyncio.Queue[Raw]] = {plural: asyncio.Queue() for plural in self.objects}
        self.lists: dict[str, int] = dict.fromkeys(self.objects, 0)
        self.labels: dict[str, str] = {}
        self.writes: list[str] = []
        self.address = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.path}")
        plural = request.path.rpartition("/")[2]
        if plural not in self.objects:
            return web.json_response(self.discovery(request.path))
        return await (self.watch if "watch" in request.query else self.list)(request, plural)

    def discovery(self, path: str) -> Raw:
        if path == "/api":
            return {"versions": ["v1"]}
        if path == "/apis":
            named = {(group, version) for group, version, _ in KINDS if group}
            return {"groups": [group_of(group, version) for group, version in sorted(named)]}
        here = [(k, p) for (g, v, p), k in KINDS.items() if path == (f"/apis/{g}/{v}" if g else f"/api/{v}")]
        return {"resources": [resource(kind, plural) for kind, plural in here]}

    async def list(self, request: web.Request, plural: str) -> web.StreamResponse:
        self.lists[plural] += 1
        self.labels[plural] = request.query.get("labelSelector", "")
        answer = {"metadata": {"resourceVersion": "100"}, "items": self.objects[plural]}
        return web.json_response(text=json.dumps(answer).replace('"DEEP"', DEEP))

    async def watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while event := await self.events[plural].get():
            await response.write(json.dumps(event).replace('"DEEP"', DEEP).encode() + b"\n")
            if event == GONE:
                break
        return response

    def end(self) -> None:
        """End every watch: a server that closes waits for its requests."""
        for events in self.events.values():
            events.put_nowait({})


ROUTES = Watched("gateway.networking.k8s.io", "v1", "httproutes", labelled=False)
KINDS = {(k.group, k.version, k.plural): kind for kind, k in WATCHED.items()} | {
    (ROUTES.group, ROUTES.version, ROUTES.plural): "HTTPRoute",
    ("", "v1", "namespaces"): "Namespace",  # kopf starts no watch before it has met these two
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions"): "CustomResourceDefinition",
}


def group_of(group: str, version: str) -> Raw:
    return {"name": group, "versions": [{"version": version}], "preferredVersion": {"version": version}}


def resource(kind: str, plural: str) -> Raw:
    verbs = ["list", "watch"]
    return {"kind": kind, "name": plural, "singularName": kind.lower(), "namespaced": True, "verbs": verbs}


class Bench:
    """Kopf with our handlers on the server, and a way to wait for what it brings."""

    def __init__(self, server: Server) -> None:
        self.server, self.store = server, Store()
        self.news: asyncio.Queue[Key] = asyncio.Queue()
        self.intake = Intake(self.store, self.news.put_nowait)

    def deployments(self) -> list[str]:
        return sorted(one["metadata"]["name"] for one in self.store.children("Deployment", SHOP))

    async def until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not seen():
                await self.news.get()

    async def relisted(self, cluster: Cluster) -> None:
        await Relist(cluster, self.store, self.news.put_nowait, EVERYWHERE, lambda: 1.0).compare("Deployment")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = web.AppRunner(app := web.Application())
    app.router.add_route("*", "/{path:.*}", server.answer)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    server.end()
    await runner.cleanup()


@asynccontextmanager
async def watching(bench: Bench) -> AsyncIterator[None]:
    async def credentials() -> Credentials:
        address = bench.server.address
        return Credentials(address, None, None, None, None, None, insecure=False, proxy_url=None)

    read_all()
    vault = Vault()
    tasks = await kopf.spawn_tasks(
        registry=registry(bench.intake, credentials),
        settings=settings(),
        clusterwide=True,
        identity=Identity("me"),
        vault=vault,
    )
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await vault.close()


@pytest.fixture
async def bench(server: Server) -> AsyncIterator[Bench]:
    server.objects["rollouts"] = [rollout(5)]
    server.objects["deployments"] = [child("shop-aaa", 6), child("shop-bbb", 7)]
    bench = Bench(server)
    async with watching(bench):
        await bench.until(
            lambda: bench.deployments() == ["shop-aaa", "shop-bbb"] and bool(bench.store.rollout(SHOP))
        )
        yield bench


async def test_what_is_there_and_what_changes_arrives_and_kopf_writes_nothing(bench: Bench) -> None:
    changed = child("shop-aaa", 101, status={"readyReplicas": 1})
    bench.server.events["deployments"].put_nowait({"type": "MODIFIED", "object": changed})
    await bench.until(lambda: changed in bench.store.children("Deployment", SHOP))
    bench.server.events["deployments"].put_nowait({"type": "DELETED", "object": child("shop-aaa", 102)})
    await bench.until(lambda: bench.deployments() == ["shop-bbb"])
    assert bench.server.writes == []


async def test_an_object_that_is_nested_too_deep_to_be_parsed_ends_no_list_and_no_watch(
    server: Server,
) -> None:
    server.objects["rollouts"] = [{**rollout(5), "spec": {"template": {"spec": "DEEP"}}}]
    bench = Bench(server)
    async with watching(bench):
        await bench.until(lambda: bool(bench.store.rollout(SHOP)))
        server.events["rollouts"].put_nowait(
            {"type": "MODIFIED", "object": {**rollout(101), "spec": {"template": {"spec": "DEEP"}}}}
        )
        await bench.until(lambda: (bench.store.rollout(SHOP) or {})["metadata"]["resourceVersion"] == "101")
        async with connected(server) as cluster:
            [read] = await cluster.list("Rollout")
            assert read["metadata"]["name"] == "shop"


async def test_a_deletion_while_a_watch_was_cut_is_found_by_the_comparison_alone(bench: Bench) -> None:
    bench.server.objects["deployments"] = [child("shop-bbb", 7), child("shop-ccc", 103)]
    bench.server.events["deployments"].put_nowait(GONE)
    await bench.until(lambda: "shop-ccc" in bench.deployments())
    assert "shop-aaa" in bench.deployments(), "kopf compares with nothing: this is why there is a comparison"
    async with connected(bench.server) as cluster:
        await bench.relisted(cluster)
    assert bench.deployments() == ["shop-bbb", "shop-ccc"]


async def test_routes_are_watched_where_there_are_any_and_without_a_label(server: Server) -> None:
    server.objects["httproutes"], server.events["httproutes"] = [route("web", 5)], asyncio.Queue()
    server.lists["httproutes"] = 0
    bench = Bench(server)
    bench.store.watch({"HTTPRoute": ROUTES})
    async with watching(bench):
        bench.store.put("Rollout", rollout(1, spec={"traffic": {"httpRoute": {"name": "web"}}}))
        await bench.until(lambda: bench.store.get("HTTPRoute", "ns", "web") is not None)
        server.events["httproutes"].put_nowait(
            {"type": "MODIFIED", "object": route("web", 101, generation=2)}
        )
        await bench.until(lambda: version(bench) == "101")
        server.events["httproutes"].put_nowait({"type": "DELETED", "object": route("web", 102)})
        await bench.until(lambda: version(bench) == "")
    assert server.writes == []
    assert (server.labels["httproutes"], server.labels["services"]) == ("", "crossfade.dev/rollout")


def version(bench: Bench) -> str:
    found = bench.store.get("HTTPRoute", "ns", "web")
    return "" if found is None else str(found["metadata"]["resourceVersion"])


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Cluster]:
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": server.address}}],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        async with Cluster.connect(file.name) as cluster:
            yield cluster
