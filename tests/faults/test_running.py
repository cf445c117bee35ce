"""The proxy in a thread of its own, as the tests on the kind cluster use it."""

import asyncio
import socket
from pathlib import Path

import pytest

from crossfade.cluster import ApiError, Cluster
from faults.fake_server import FakeServer, served
from faults.proxy import Proxy, connections_closed, running
from faults.rules import CutReply, Refuse
from faults.upstream import Upstream, kubeconfig_for


async def test_the_operators_client_reaches_the_server_through_the_written_kubeconfig(tmp_path: Path) -> None:
    server, kubeconfig = FakeServer(), tmp_path / "kubeconfig"
    async with served(server) as address:
        with running(Upstream(address)) as proxy:
            kubeconfig.write_text(kubeconfig_for(proxy.address, "here"))
            async with Cluster.connect(str(kubeconfig)) as cluster:
                assert cluster.namespace == "here"
                assert await cluster.get("Deployment", "ns", "shop")
                await meet_faults(proxy, cluster)
    assert sum(reached.startswith("POST") for reached in server.reached) == 2, "the refused one is none"


async def test_a_proxy_does_not_end_before_its_last_connection() -> None:
    async def closing() -> tuple[float, bool]:
        one, other = socket.socketpair()
        with other:
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=one)
            asyncio.get_running_loop().call_later(0.05, transport.close)
            await connections_closed()
            return one.fileno(), transport.is_closing()

    assert await asyncio.to_thread(asyncio.run, closing()) == (-1, True)


async def meet_faults(proxy: Proxy, cluster: Cluster) -> None:
    """Rules may be set from another thread than the proxy's, and hold when `inject` returns."""
    body = {"metadata": {"name": "shop"}}
    await asyncio.to_thread(proxy.inject, CutReply(), verb="create")
    with pytest.raises(ApiError, match="cannot reach the API server") as unheard:
        await cluster.create("Deployment", "ns", body)
    assert (unheard.value.status, unheard.value.reason) == (0, "Unreachable")
    proxy.inject(Refuse(409), verb="create")
    with pytest.raises(ApiError) as refused:
        await cluster.create("Deployment", "ns", body)
    assert refused.value.conflict
    assert await cluster.create("Deployment", "ns", body)
    assert [each.status for each in proxy.writes("shop")] == [201, 0, 201]
