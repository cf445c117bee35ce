"""Probes are true where a restart would not help, and metrics have a port of their own."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from controller.fakes import obj, rollout
from crossfade.cluster import Request
from crossfade.controller.health import SLICE, STUCK_S, Health, serving, written
from crossfade.controller.metrics import Metrics
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key, Store

SHOP = Key("ns", "shop")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def free_ports() -> tuple[int, int]:
    """Two that differ: both are taken at once."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


class Bench:
    def __init__(self) -> None:
        self.queue, self.store, self.metrics, self.behind = KeyedQueue[Key](), Store(), Metrics(), ""
        self.metrics.watch(self.store, self.queue, lambda: NOW)
        self.health = Health(self.queue, lambda: self.behind)
        self.probes, self.figures = free_ports()

    async def get(self, port: int, path: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}{path}") as answer,
        ):
            return answer.status, await answer.text()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    async with serving(bench.health, bench.metrics.registry, "127.0.0.1", bench.probes, bench.figures):
        yield bench


async def test_a_process_is_live_before_it_is_ready(bench: Bench) -> None:
    assert await bench.get(bench.probes, "/livez") == (200, "ok")
    assert (await bench.get(bench.probes, "/readyz"))[0] == 503
    bench.health.ready = True
    assert await bench.get(bench.probes, "/readyz") == (200, "ok")


async def test_a_dead_watch_is_told_by_its_kind_and_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.behind = "Deployment"
    status, text = await bench.get(bench.probes, "/livez")
    assert status == 503
    assert "the watch of Deployment" in text
    assert ["the watch of Deployment" in each for each in caplog.messages] == [True]


@pytest.mark.parametrize("taken", [False, True], ids=["waiting", "worked on"])
def test_a_rollout_that_hangs_is_told(taken: bool) -> None:
    bench = Bench()
    bench.queue.add(SHOP, 100)
    if taken:
        bench.queue.take(100)
    assert list(bench.health.complaints(100 + STUCK_S)) == []
    assert len(list(bench.health.complaints(101 + STUCK_S))) == 1


async def test_metrics_count_what_was_done_and_what_there_is(bench: Bench) -> None:
    bench.metrics.passed("success", 0.01)
    bench.metrics.wrote("Apply", "Service")
    bench.metrics.requested(Request("PATCH", "Service", 409, 0.01))
    bench.metrics.requested(Request("GET", "Pod", 0, 0.01))
    bench.store.put("Rollout", rollout(status={"phase": "Healthy"}))
    for name, at in (("cart", "11:59:01"), ("pay", "11:59:00")):
        failed = {"reason": "CandidateCrashed", "at": f"2026-01-31T{at}Z"}
        bench.store.put("Rollout", obj(name, status={"phase": "RolledBack", "failed": failed}))
    bench.queue.add(SHOP, 0)
    _, text = await bench.get(bench.figures, "/metrics")
    lines = text.splitlines()
    for line in (
        'crossfade_reconciles_total{result="success"} 1.0',
        'crossfade_writes_total{kind="Service",verb="Apply"} 1.0',
        'crossfade_api_requests_total{code="409",kind="Service",method="PATCH"} 1.0',
        'crossfade_api_requests_total{code="none",kind="Pod",method="GET"} 1.0',
        'crossfade_rollouts{phase="Healthy"} 1.0',
        "crossfade_rollouts_failed_lately 1.0",
        "crossfade_queue_depth 1.0",
    ):
        assert line in lines


async def test_metrics_count_what_policies_hold_and_who_passes_them(bench: Bench) -> None:
    held = [{"policy": "quiet", "until": "2026-01-31T11:00:00Z"}, {"policy": "leads"}]
    passed = [{"policy": "quiet", "by": "ann", "until": "2026-01-31T13:00:00Z"}]
    for name in ("shop", "cart"):
        bench.store.put("Rollout", obj(name, status={"phase": "Waiting", "heldBy": held, "bypasses": passed}))
    _, text = await bench.get(bench.figures, "/metrics")
    figures = [line for line in text.splitlines() if line.startswith("crossfade_policy_")]
    assert figures == [
        'crossfade_policy_bypasses{policy="quiet"} 2.0',
        'crossfade_policy_holds{policy="leads"} 2.0',
    ]


async def test_metrics_are_not_on_the_port_of_the_probes(bench: Bench) -> None:
    assert (await bench.get(bench.probes, "/metrics"))[0] == 404


async def test_a_long_reading_of_metrics_holds_up_nothing_else(bench: Bench) -> None:
    reading, answered = threading.Event(), threading.Event()

    class Slow(Collector):
        def collect(self) -> Iterable[Metric]:
            reading.set()
            assert answered.wait(30)
            return ()

    bench.metrics.registry.register(Slow())
    figures = asyncio.create_task(bench.get(bench.figures, "/metrics"))
    assert await asyncio.to_thread(reading.wait, 30)
    assert (await bench.get(bench.probes, "/livez"))[0] == 200
    answered.set()
    assert (await figures)[0] == 200


def test_figures_that_are_written_in_slices_are_the_same() -> None:
    Metrics()  # as in the operator: no second series for each
    registry = CollectorRegistry()
    counter = Counter("many", "Many.", ["name"], registry=registry)
    for number in range(3 * SLICE + 1):
        counter.labels(f"n{number}").inc(number)
    Histogram("some", "Some.", registry=registry).observe(1)
    assert written(registry) == generate_latest(registry)
