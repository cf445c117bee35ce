"""A Gateway is known by its controller and by what its class claims, or by why nobody carries it out."""

import pytest

from controller.fakes import FakeCluster, Raw, error, obj, route
from crossfade.cluster import ApiError
from crossfade.controller.look import Whose, answer
from crossfade.controller.seen import route_of
from crossfade.controller.store import Key
from crossfade.core.observed import Observed, SeenGateway, SeenRoute
from crossfade.core.plan import ReadRequest

WHOSE = Whose(Key("ns", "shop"), "uid-shop", frozenset())
PLACE = "infra/gw"
TRAEFIK = "traefik.io/gateway-controller"


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def gateway(cluster: FakeCluster, status: Raw | None = None) -> None:
    cluster.hold("Gateway", obj("gw", namespace="infra", spec={"gatewayClassName": "traefik"}))
    made = obj(
        "traefik", namespace="", spec={"controllerName": TRAEFIK}, **({"status": status} if status else {})
    )
    cluster.hold("GatewayClass", made)


async def read(cluster: FakeCluster, *routes: SeenRoute) -> SeenGateway:
    seen = Observed(routes={f"{each.kind}/{each.name}": each for each in routes})
    return (await answer(cluster, WHOSE, ReadRequest(gateways=frozenset({PLACE})), seen)).gateways[PLACE]


@pytest.mark.parametrize(
    ("status", "features"),
    [
        (None, None),
        ({"conditions": []}, None),
        ({"supportedFeatures": ["HTTPRoute", "GRPCRoute"]}, {"HTTPRoute", "GRPCRoute"}),
        ({"supportedFeatures": [{"name": "HTTPRoute"}, {"name": "GRPCRoute"}]}, {"HTTPRoute", "GRPCRoute"}),
        ({"supportedFeatures": []}, set()),
    ],
    ids=["no status", "no list", "texts", "objects with names", "nothing at all"],
)
async def test_a_gateway_has_the_controller_of_its_class_and_the_features_that_it_lists(
    cluster: FakeCluster, status: Raw | None, features: set[str] | None
) -> None:
    gateway(cluster, status)
    assert await read(cluster) == SeenGateway(
        PLACE, TRAEFIK, None if features is None else frozenset(features)
    )


async def test_a_gateway_that_is_not_there_is_told_with_what_to_do(cluster: FakeCluster) -> None:
    told = "there is no Gateway infra/gw: create it, or name another in the route's parentRefs"
    assert (await read(cluster)).missing == told


async def test_a_class_that_is_not_there_is_told_with_what_to_do(cluster: FakeCluster) -> None:
    cluster.hold("Gateway", obj("gw", namespace="infra", spec={"gatewayClassName": "traefik"}))
    told = (
        "Gateway infra/gw is of GatewayClass traefik, and there is none of that name: install its controller"
    )
    assert (await read(cluster)).missing == told


def carried_out(**ref: str) -> SeenRoute:
    parent = {"parentRef": {"name": "gw", **ref}, "controllerName": TRAEFIK}
    return route_of("HTTPRoute", route("web", status={"parents": [parent]}), "uid-shop")


@pytest.mark.parametrize("kind", ["Gateway", "GatewayClass"])
@pytest.mark.parametrize(
    ("seen", "controller"),
    [((), ""), ((carried_out(namespace="infra"),), TRAEFIK), ((carried_out(),), "")],
    ids=["nobody", "its route", "a route at another Gateway"],
)
async def test_who_carries_out_what_may_not_be_read_is_known_by_the_status_of_a_route(
    cluster: FakeCluster, kind: str, seen: tuple[SeenRoute, ...], controller: str
) -> None:
    """An operator of one namespace may read no class, and no Gateway elsewhere."""
    gateway(cluster)
    cluster.refuse("GET", kind, error(403, "Forbidden"))
    assert await read(cluster, *seen) == SeenGateway(PLACE, controller)


async def test_a_server_that_does_not_answer_is_no_missing_gateway(cluster: FakeCluster) -> None:
    cluster.refuse("GET", "Gateway", error(503, "ServiceUnavailable"))
    with pytest.raises(ApiError):
        await read(cluster)


async def test_a_gateway_is_read_only_where_it_is_asked_for(cluster: FakeCluster) -> None:
    await answer(cluster, WHOSE, ReadRequest(), Observed())
    assert cluster.asked == []


async def test_a_route_is_read_by_kind_and_name_whoever_it_belongs_to(cluster: FakeCluster) -> None:
    cluster.hold("HTTPRoute", route("web"))
    asked = ReadRequest(routes=frozenset({"HTTPRoute/web", "TCPRoute/web"}))
    found = (await answer(cluster, WHOSE, asked, Observed())).routes
    assert found["TCPRoute/web"] is None
    assert (it := found["HTTPRoute/web"]) is not None
    assert (it.kind, it.name, it.ours) == ("HTTPRoute", "web", False)


async def test_a_route_that_may_not_be_read_counts_as_none(cluster: FakeCluster) -> None:
    cluster.hold("HTTPRoute", route("web"))
    cluster.refuse("GET", "HTTPRoute", error(403, "Forbidden"))
    asked = ReadRequest(routes=frozenset({"HTTPRoute/web"}))
    assert (await answer(cluster, WHOSE, asked, Observed())).routes == {"HTTPRoute/web": None}
