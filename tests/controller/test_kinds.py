"""The operator watches the kinds of route that there are, works without them, and notices when they come or go."""

import asyncio
import logging

import pytest

from controller.fakes import FakeCluster, error, rollout
from crossfade.controller import kinds
from crossfade.controller.kinds import Changed, Kinds
from crossfade.controller.store import WATCHED, Store

STANDARD = dict.fromkeys(("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"), "v1")


class Bench:
    def __init__(self) -> None:
        self.cluster, self.store = FakeCluster(), Store()
        self.kinds = Kinds(self.cluster, self.store, None)

    async def begun(self, **there: str) -> None:
        self.cluster.kinds = there
        await self.kinds.begin()

    def watched(self) -> dict[str, str]:
        return {kind: each.version for kind, each in self.store.watched.items() if kind not in WATCHED}


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_without_the_gateway_api_nothing_else_is_watched_and_one_question_is_asked(
    bench: Bench,
) -> None:
    await bench.begun()
    assert bench.watched() == {}
    assert bench.cluster.asked == [("DISCOVER", "gateway.networking.k8s.io", "")]


async def test_the_kinds_that_are_there_are_watched_without_a_label_in_the_version_that_is_there(
    bench: Bench,
) -> None:
    await bench.begun(HTTPRoute="v1", TCPRoute="v1alpha2", ReferenceGrant="v1")
    assert bench.watched() == {"HTTPRoute": "v1", "TCPRoute": "v1alpha2"}
    assert {bench.store.watched[kind].selector for kind in bench.watched()} == {None}
    assert bench.cluster._path("TCPRoute", "ns", "db") == (
        "/apis/gateway.networking.k8s.io/v1alpha2/namespaces/ns/tcproutes/db"
    )


async def test_a_kind_that_may_not_be_listed_is_as_one_that_is_not_there_and_is_told_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.cluster.refuse("LIST", "TCPRoute", *(error(403, "Forbidden") for _ in range(2)))
    with caplog.at_level(logging.WARNING):
        await bench.begun(**STANDARD)
        assert await bench.kinds.difference() == ""
    assert set(bench.watched()) == STANDARD.keys() - {"TCPRoute"}
    (told,) = caplog.messages
    assert "TCPRoute" in told
    assert "manifests/rbac.yaml" in told


async def test_a_server_that_lists_a_kind_only_after_some_seconds_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is after the definition of any kind came or went: 429, `storage is (re)initializing`."""
    monkeypatch.setattr(kinds, "TRIED_AGAIN_S", 0)
    bench.cluster.refuse(
        "LIST", "HTTPRoute", *(error(429, "TooManyRequests") for _ in range(kinds.TRIES - 1))
    )
    await bench.begun(HTTPRoute="v1")
    assert bench.watched() == {"HTTPRoute": "v1"}


async def test_a_kind_that_the_server_does_not_list_holds_no_start_up_and_ends_no_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "TRIED_AGAIN_S", 0)
    bench.cluster.refuse("LIST", "TCPRoute", *(error(500, "InternalError") for _ in range(kinds.TRIES)))
    await bench.begun(HTTPRoute="v1", TCPRoute="v1")
    assert bench.watched() == {"HTTPRoute": "v1"}
    bench.cluster.refuse("LIST", "HTTPRoute", *(error(500, "InternalError") for _ in range(kinds.TRIES)))
    assert "HTTPRoute" not in await bench.kinds.difference()


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ({}, "went HTTPRoute v1"),
        ({"HTTPRoute": "v1", "TCPRoute": "v1"}, "came TCPRoute v1"),
        ({"HTTPRoute": "v1alpha2"}, "came HTTPRoute v1alpha2, went HTTPRoute v1"),
    ],
)
async def test_what_came_or_went_since_is_told(bench: Bench, later: dict[str, str], told: str) -> None:
    await bench.begun(HTTPRoute="v1")
    assert await bench.kinds.difference() == ""
    bench.cluster.kinds = later
    assert told in await bench.kinds.difference()


async def test_a_right_that_came_or_went_since_is_told(bench: Bench) -> None:
    bench.cluster.refuse("LIST", "HTTPRoute", error(403, "Forbidden"))
    await bench.begun(HTTPRoute="v1")
    assert bench.watched() == {}
    assert "came HTTPRoute v1" in await bench.kinds.difference()
    await bench.begun(HTTPRoute="v1")
    bench.cluster.refuse("LIST", "HTTPRoute", error(403, "Forbidden"))
    assert "went HTTPRoute v1" in await bench.kinds.difference()


class Clock:
    """Sleeps that end at once, until so many seconds have passed."""

    def __init__(self, limit_s: float) -> None:
        self.now_s, self.limit_s = 0.0, limit_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.now_s > self.limit_s:
            await asyncio.Event().wait()


async def after(bench: Bench, monkeypatch: pytest.MonkeyPatch, seconds: float) -> int:
    """How often it was asked in so many seconds."""
    bench.cluster.asked.clear()
    monkeypatch.setattr(asyncio, "sleep", Clock(seconds).sleep)
    task = asyncio.ensure_future(bench.kinds.run())
    for _ in range(3_000):  # turns of the loop, of which each sleep and each request takes a few
        if task.done():
            task.result()
        await asyncio.wait({task}, timeout=0)
    task.cancel()
    return len(bench.cluster.asked)


async def test_at_rest_it_is_asked_every_ten_minutes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.begun(**STANDARD)
    bench.store.put("Rollout", rollout(spec={"traffic": {"httpRoute": {"name": "web"}}}))
    assert await after(bench, monkeypatch, 590) == 0
    assert await after(bench, monkeypatch, 1_200) == 2


async def test_while_a_rollout_waits_for_a_kind_it_is_asked_every_ten_seconds_by_one_question(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.begun(HTTPRoute="v1")
    bench.store.put("Rollout", rollout(spec={"traffic": {"tcpRoute": {"name": "db"}}}))
    assert await after(bench, monkeypatch, 60) == 6


async def test_a_kind_that_came_ends_the_process_in_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.begun()
    bench.store.put("Rollout", rollout(spec={"traffic": {"httpRoute": {"name": "web"}}}))
    bench.cluster.kinds = {"HTTPRoute": "v1"}
    with pytest.raises(Changed, match="came HTTPRoute v1"):
        await after(bench, monkeypatch, 30)


async def test_a_server_that_does_not_say_ends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.begun()
    bench.cluster.refuse("DISCOVER", "gateway.networking.k8s.io", error(503, "ServiceUnavailable"))
    assert await after(bench, monkeypatch, 600) == 1
