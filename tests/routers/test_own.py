"""The route that a Rollout with `gateway` owns is made from its spec, and split like any other."""

from crossfade.api.traffic import GatewaySpec, ParentRef, Timeouts
from crossfade.routers.own import own_route
from crossfade.routers.rules import before_of, changes, problem, with_split
from crossfade.routers.split import Names, Split

PARENT = ParentRef(name="traefik", namespace="gateways", section_name="web", port=8000)
SERVED_PARENT = {
    "group": "gateway.networking.k8s.io",
    "kind": "Gateway",
    "name": "traefik",
    "namespace": "gateways",
    "sectionName": "web",
    "port": 8000,
}
BACKEND = {"group": "", "kind": "Service", "name": "shop", "port": 80, "weight": 1}


def test_all_that_the_spec_says_is_in_the_route_and_nothing_else() -> None:
    gateway = GatewaySpec(
        parent_refs=[PARENT],
        hostnames=["shop.example.org"],
        matches=[{"path": {"type": "PathPrefix", "value": "/shop"}}],
        filters=[{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-debug"]}}],
        timeouts=Timeouts(request="10s", backend_request="5s"),
    )
    assert own_route(gateway, "shop", 80) == {
        "parentRefs": [SERVED_PARENT],
        "hostnames": ["shop.example.org"],
        "rules": [
            {
                "name": "main",
                "matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}],
                "filters": [
                    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-debug"]}}
                ],
                "timeouts": {"request": "10s", "backendRequest": "5s"},
                "backendRefs": [BACKEND],
            }
        ],
    }


def test_a_spec_that_names_only_its_gateway_is_enough() -> None:
    spec = own_route(GatewaySpec(parent_refs=[ParentRef(name="traefik")]), "shop", 80)
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "traefik"}
    assert spec == {"parentRefs": [parent], "rules": [{"name": "main", "backendRefs": [BACKEND]}]}


def test_it_is_split_like_a_users() -> None:
    spec = own_route(GatewaySpec(parent_refs=[PARENT]), "shop", 80)
    route = {"kind": "HTTPRoute", "metadata": {"name": "shop", "namespace": "web"}, "spec": spec}
    names = Names("shop", "shop-canary", "main")
    assert problem(route, names) == ""
    patch = changes(route, with_split(route, names, before_of(route, names), Split(1)))
    assert [each["path"] for each in patch] == ["/spec/rules/0/backendRefs"]
    assert [ref["weight"] for ref in patch[0]["value"]] == [999, 1]
