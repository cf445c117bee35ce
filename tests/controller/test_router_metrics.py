"""What is known from a router's own metrics: to which Services it was seen to send requests, and when last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from controller.fakes import FakeCluster
from controller.scripted import Bench, plan
from crossfade.controller import router_metrics
from crossfade.controller.look import Means, Whose, answer
from crossfade.controller.router_metrics import Counters, RouterMetrics, counted, is_of
from crossfade.controller.store import Key
from crossfade.core.observed import Observed
from crossfade.core.plan import Plan, ReadRequest

HERE = "127.0.0.1"
BESIDE = "127.0.0.2"

TRAEFIK = """\
# HELP traefik_service_requests_total How many HTTP requests processed on a service, partitioned by status code, protocol, and method.
# TYPE traefik_service_requests_total counter
traefik_service_requests_total{code="200",method="GET",protocol="http",service="httproute-r1-shop-gw-crossfade-gateway-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-r1-shop-0@kubernetesgateway"} 1.024e+06
traefik_service_requests_total{code="200",method="GET",protocol="http",service="httproute-r1-shop-gw-crossfade-gateway-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-r1-shop-canary-1@kubernetesgateway"} 155
traefik_service_requests_total{code="502",method="GET",protocol="http",service="httproute-r1-shop-gw-crossfade-gateway-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-r1-shop-canary-1@kubernetesgateway"} 3
traefik_service_requests_total{code="200",method="GET",protocol="http",service="httproute-r1-shop-gw-crossfade-gateway-traefik-ep-web-0-51d021ab6cbf0e66b27e-wrr@kubernetesgateway"} 1.024158e+06
traefik_service_requests_total{code="200",method="GET",protocol="http",service="httproute-t-33a285e2-shop-canary-gw-crossfade-gateway-traefik-ep-web-0-725591b43355be1b80a4-svc-t-33a285e2-shop-canary-0@kubernetesgateway"} 51
traefik_service_requests_bytes_total{code="200",method="GET",protocol="http",service="httproute-r1-shop-gw-crossfade-gateway-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-r1-shop-canary-1@kubernetesgateway"} 999
"""

ENVOY = """\
# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="prometheus_stats"} 2
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="service/cluster-two/shop-v1/80/http"} 36024
envoy_cluster_upstream_rq_0rtt{envoy_cluster_name="service/cluster-two/shop-v1/80/http"} 7
envoy_cluster_upstream_rq_completed{envoy_cluster_name="service/cluster-two/shop-v1/80/http"} 36024
envoy_cluster_upstream_rq_total{envoy_cluster_name="service/cluster-two/shop-v1/80/http"} 36025
envoy_cluster_upstream_rq_total{envoy_cluster_name="service/cluster-two/shop-v2/80/http"} 25330
envoy_cluster_upstream_rq_total{envoy_cluster_name="xds_cluster"} 1
"""


def counts_of(text: str) -> dict[str, float]:
    counts: dict[str, float] = {}
    counted(text.encode(), counts)
    return counts


def sent(text: str, namespace: str, service: str) -> float:
    """The requests that a router says it has sent to a Service."""
    return sum(n for name, n in counts_of(text).items() if is_of(name, namespace, service))


# --- what is read -------------------------------------------------------------------------------------


def test_of_traefik_the_requests_of_a_service_are_those_of_all_status_codes() -> None:
    assert len(counts_of(TRAEFIK)) == 4
    assert (sent(TRAEFIK, "r1", "shop"), sent(TRAEFIK, "r1", "shop-canary")) == (1_024_000, 158)
    assert sent(TRAEFIK, "t-33a285e2", "shop-canary") == 51


def test_of_envoy_the_requests_of_a_service_are_those_of_its_cluster() -> None:
    assert sent(ENVOY, "cluster-two", "shop-v1") == 36024 + 36025
    assert sent(ENVOY, "cluster-two", "shop-v2") == 25330


@pytest.mark.parametrize(
    ("namespace", "service"),
    [("r1", "canary"), ("33a285e2", "shop-canary"), ("t", "shop-canary"), ("r1", "sho")],
)
def test_a_name_with_dashes_is_nobody_elses(namespace: str, service: str) -> None:
    assert sent(TRAEFIK, namespace, service) == 0


def test_a_service_of_another_namespace_with_both_names_in_its_own_is_another() -> None:
    other = "httproute-web-shop-gw-x-y-ep-web-0-abc-svc-web-a-svc-b-shop-canary-0@kubernetesgateway"
    assert is_of(other, "web", "a-svc-b-shop-canary")
    assert not is_of(other, "b", "shop-canary")
    assert not is_of("service/b/shop-canary-two/80/http", "b", "shop-canary")


def test_what_a_client_sent_is_no_name_of_a_backend() -> None:
    spoiled = 'traefik_service_requests_total{method="A\\",service=\\"x",protocol="http",service="real"} 1\n'
    assert counts_of(spoiled) == {"real": 1}


@pytest.mark.parametrize(
    "text",
    [
        'traefik_service_requests_total{service="a"} NaN\n',
        'traefik_service_requests_total{service="a"',
        'traefik_service_requests_total{service="a"} -1\n',
        "\x00\xff{}} 1",
    ],
)
def test_what_is_no_count_counts_nothing(text: str) -> None:
    assert counts_of(text) == {}


# --- when it last grew --------------------------------------------------------------------------------

CANARY = "httproute-ns-shop-gw-g-traefik-ep-web-0-abc-svc-ns-shop-canary-1@kubernetesgateway"


def grew_at(*told: tuple[str, float, float | None]) -> float | None:
    """When it last grew, after each proxy has told its count at a time; None: it has none."""
    counters = Counters()
    for address, now, count in told:
        counters.note(address, {} if count is None else {CANARY: count}, now)
        counters.keep({address for address, *_ in told}, now)
    return counters.grew_at("ns", "shop-canary")


def test_a_count_that_stands_still_grew_when_it_was_first_seen() -> None:
    assert grew_at(("a", 1, 10), ("a", 2, 10), ("a", 3, 10)) == 1


def test_a_count_that_grows_grew_when_it_was_seen_to() -> None:
    assert grew_at(("a", 1, 10), ("a", 2, 11), ("a", 3, 11)) == 2


def test_a_counter_that_begins_anew_grew_only_if_it_counted_since() -> None:
    assert grew_at(("a", 1, 10), ("a", 2, 0), ("a", 3, 0)) == 1
    assert grew_at(("a", 1, 10), ("a", 2, 4), ("a", 3, 4)) == 2


def test_a_counter_that_is_gone_has_not_grown_since_and_one_that_is_back_has() -> None:
    assert grew_at(("a", 1, 10), ("a", 2, None), ("a", 3, None)) == 1
    assert grew_at(("a", 1, 10), ("a", 2, None), ("a", 3, 10)) == 3


def test_of_several_proxies_the_one_that_sent_last_counts() -> None:
    assert grew_at(("a", 1, 10), ("b", 1, 500), ("a", 2, 10), ("b", 2, 501), ("a", 3, 10), ("b", 3, 501)) == 2


def test_a_service_that_no_router_knows_has_no_time() -> None:
    assert grew_at(("a", 1, None)) is None


def test_what_is_gone_is_forgotten_in_the_end() -> None:
    assert grew_at(("a", 1, 10), ("a", 200, None)) is None


# --- who is asked -------------------------------------------------------------------------------------


@dataclass
class Clock:
    """A clock that stands until it is told to go on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Told:
    """A proxy: what it tells, and what it was asked."""

    counts: dict[str, float] = field(default_factory=lambda: {CANARY: 7.0})
    status: int = 200
    pad: int = 0
    hangs: asyncio.Event | None = None
    asked: list[web.Request] = field(default_factory=list)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.hangs is not None:
            await self.hangs.wait()
        lines = [f'traefik_service_requests_total{{service="{n}"}} {c}\n' for n, c in self.counts.items()]
        headers = {"Location": "/other"} if self.status == 302 else None
        return web.Response(text="".join([*lines, "#" * self.pad]), status=self.status, headers=headers)


@asynccontextmanager
async def served(told: Told, address: str = HERE, port: int = 0) -> AsyncIterator[int]:
    """A proxy's metrics on an address; gives the port."""
    app = web.Application()
    app.router.add_get("/metrics", told.metrics)
    app.router.add_get("/other", told.metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, address, port)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(router_metrics, "PATIENCE_S", 20.0)  # until it is read, however slow this machine is
    monkeypatch.setattr(router_metrics, "WITHIN_S", 10.0)
    return Clock()


async def quiet_s(router: RouterMetrics) -> float | None:
    return (await router.quiet_s("ns", ["shop-canary"]))["shop-canary"]


async def after(router: RouterMetrics, clock: Clock, seconds: float) -> float | None:
    clock.now += seconds
    return await quiet_s(router)


async def test_a_count_that_stands_still_is_quiet_and_one_that_grows_is_not(clock: Clock) -> None:
    told = Told()
    async with served(told) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        assert [await quiet_s(router), await after(router, clock, 1), await after(router, clock, 1)] == [
            0,
            1,
            2,
        ]
        told.counts[CANARY] += 1
        assert [await after(router, clock, 1), await after(router, clock, 1)] == [0, 1]


async def test_all_rollouts_together_ask_once_a_second(clock: Clock) -> None:
    told = Told()
    async with served(told) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        names = [f"shop-{i}" for i in range(50)]
        await asyncio.gather(*(router.quiet_s("ns", [name]) for name in names))
        await after(router, clock, 0.9)
        assert len(told.asked) == 1
        await after(router, clock, 0.1)
        assert len(told.asked) == 2


async def test_every_address_of_a_host_is_asked_under_the_hosts_name(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = Told(), Told({CANARY: 100.0})
    async with served(one) as port, served(other, BESIDE, port):
        resolves(monkeypatch, HERE, BESIDE)
        router = RouterMetrics([f"http://traefik.gateways:{port}/metrics"], clock)
        assert [await quiet_s(router), await after(router, clock, 1)] == [0, 1]
        other.counts[CANARY] += 1
        assert await after(router, clock, 1) == 0
        assert {each.headers["Host"] for each in (*one.asked, *other.asked)} == {f"traefik.gateways:{port}"}


async def test_a_proxy_that_does_not_answer_says_nothing_and_the_others_do(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(Told()) as port:
        resolves(monkeypatch, HERE, BESIDE)
        router = RouterMetrics([f"http://traefik.gateways:{port}/metrics"], clock)
        with caplog.at_level(logging.INFO):
            assert [await quiet_s(router), await after(router, clock, 1)] == [0, 1]
        warned = [each.getMessage() for each in caplog.records]
        assert len(warned) == 1, "it is told once"
        assert f"http://{BESIDE}:{port}/metrics say nothing" in warned[0]


async def test_once_all_answer_again_that_is_told(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    told = Told(status=503)
    async with served(told) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        assert await quiet_s(router) is None
        told.status = 200
        caplog.clear()
        with caplog.at_level(logging.INFO):
            assert await after(router, clock, 1) == 0
        assert [each.getMessage() for each in caplog.records] == ["the router's metrics answer again"]


@pytest.mark.parametrize("useless", [Told(status=500), Told(status=302), Told(pad=9 * 1024 * 1024)])
async def test_an_answer_of_no_use_says_nothing_and_no_redirect_is_followed(
    clock: Clock, useless: Told
) -> None:
    async with served(useless) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        assert [await quiet_s(router), await after(router, clock, 1)] == [None, None]
        assert {each.path for each in useless.asked} == {"/metrics"}


async def test_a_host_without_an_address_says_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> list[Any]:
        raise OSError("Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert await quiet_s(RouterMetrics(["http://nobody.example/metrics"], clock)) is None


async def test_a_pass_waits_for_a_slow_proxy_no_longer_than_its_patience(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first answer says counts; until then pods are kept, and after a proxy that was too slow they are not."""
    monkeypatch.setattr(router_metrics, "PATIENCE_S", 0.0)
    told = Told(hangs=asyncio.Event())
    async with served(told) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        assert await quiet_s(router) == 0.0
        assert told.hangs is not None
        told.hangs.set()
        monkeypatch.setattr(router_metrics, "PATIENCE_S", 20.0)
        assert [await quiet_s(router), await after(router, clock, 2)] == [0.0, 2.0]


async def test_a_proxy_that_takes_too_long_says_nothing_also_while_it_is_asked_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router_metrics, "WITHIN_S", 0.02)
    told = Told(hangs=asyncio.Event())
    async with served(told) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        assert await quiet_s(router) is None
        monkeypatch.setattr(router_metrics, "PATIENCE_S", 0.0)
        assert [await after(router, clock, 1) for _ in range(5)] == [None] * 5


async def test_what_was_read_long_ago_says_nothing(clock: Clock) -> None:
    told = Told()
    async with served(told) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        assert await quiet_s(router) == 0
        told.status = 500
        assert [await after(router, clock, 1) for _ in range(4)] == [0, 0, 0, None]


async def test_looking_answers_for_the_services_of_the_rollouts_namespace(clock: Clock) -> None:
    whose, asked = (
        Whose(Key("ns", "shop"), "uid", frozenset()),
        ReadRequest(sent=frozenset({"shop-canary", "x"})),
    )
    async with served(Told()) as port:
        router = RouterMetrics([f"http://{HERE}:{port}/metrics"], clock)
        found = await answer(FakeCluster(), whose, asked, Observed(), Means(router))
        assert found.quiet_s == {"shop-canary": 0.0, "x": None}
    found = await answer(FakeCluster(), whose, asked, Observed())
    assert found.quiet_s == {"shop-canary": None, "x": None}


class Quiet:
    """A router that has sent nothing for 3 s."""

    async def quiet_s(self, namespace: str, services: Collection[str]) -> dict[str, float | None]:
        return dict.fromkeys((f"{namespace}/{each}" for each in services), 3.0)


async def test_a_pass_asks_the_router_where_one_is_named() -> None:
    bench = Bench(Quiet())
    await bench.decided(Plan("Reading", read=ReadRequest(sent=frozenset({"shop-canary"}))), plan())
    assert all(each.asks_router for each in bench.core.shown)
    assert bench.core.shown[-1].found.quiet_s["ns/shop-canary"] == 3.0


async def test_a_pass_knows_that_no_router_is_named() -> None:
    bench = Bench()
    await bench.decided(plan())
    assert not bench.core.shown[0].asks_router


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def found(host: str, port: int, **_: object) -> list[Any]:
        return [(2, 1, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
