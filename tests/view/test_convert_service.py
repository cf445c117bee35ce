"""Which Service is taken over, and who else writes its selector."""

from typing import Any

import pytest

from crossfade.view.convert_error import ConversionError
from crossfade.view.convert_service import Writer, chosen_service, ports_of, writers
from view.deployments import applied_client_side, applied_server_side, deployment, service

Object = dict[str, Any]

OTHER_PODS = service("cart", selector={"app": "cart"})
NARROWER = service("beta", selector={"app": "shop", "track": "beta"})
NO_SELECTOR = service("external", selector=None)
BY_NAME = service("by-name", type="ExternalName")
HEADLESS = service("peers", clusterIP="None")
NO_PORTS = service("dns", ports=[])
ADMIN, API = service("admin"), service("api")


def name_of(*services: Object, wanted: str | None = None) -> str | None:
    found = chosen_service(deployment(), services, wanted)
    return found["metadata"]["name"] if found else None


@pytest.mark.parametrize(
    ("services", "name"),
    [
        ([], None),
        ([OTHER_PODS, NARROWER, NO_SELECTOR, BY_NAME], None),
        ([API, OTHER_PODS], "api"),
        ([API, service()], "shop"),
        ([API, HEADLESS, NO_PORTS], "api"),
        ([HEADLESS], None),
    ],
    ids=[
        "without Services it is a worker",
        "those that select other pods, fewer pods, nothing, or are names only are not meant",
        "the only one that selects the pods is taken",
        "of several the one named like the Deployment is taken",
        "one with an address and ports is preferred to those without",
        "a headless one moves no requests, so it is not taken unasked",
    ],
)
def test_the_service_is_found(services: list[Object], name: str | None) -> None:
    assert name_of(*services) == name


def test_several_of_other_names_are_left_to_the_user() -> None:
    with pytest.raises(ConversionError, match=r"admin, api\. Choose the one to take over with --service"):
        name_of(API, ADMIN)


@pytest.mark.parametrize("wanted", ["admin", "shop", "peers"])
def test_any_that_selects_the_pods_can_be_asked_for(wanted: str) -> None:
    assert name_of(service(), ADMIN, HEADLESS, wanted=wanted) == wanted


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("none", r"There is no Service none\. Its pods are selected by: admin, dns, shop\."),
        ("cart", r"Service cart does not select its pods\. Its pods are selected by: admin, dns, shop\."),
        ("dns", r"Service dns has no ports"),
    ],
)
def test_one_that_cannot_be_taken_over_is_refused_with_those_that_can(wanted: str, told: str) -> None:
    with pytest.raises(ConversionError, match=told):
        name_of(service(), ADMIN, OTHER_PODS, NO_PORTS, wanted=wanted)


def test_a_service_of_another_rollout_is_refused() -> None:
    taken = service(meta={"labels": {"crossfade.dev/rollout": "other"}})
    with pytest.raises(ConversionError, match="belongs to Rollout other already"):
        name_of(taken)


def test_ports_keep_names_targets_and_protocols_and_leave_the_rest_on_the_service() -> None:
    ports = [
        {
            "name": "http",
            "port": 80,
            "targetPort": "web",
            "protocol": "TCP",
            "nodePort": 30080,
            "appProtocol": "h2c",
        },
        {"name": "dns", "port": 53, "protocol": "UDP"},
    ]
    assert ports_of(service(ports=ports)) == [
        {"name": "http", "port": 80, "targetPort": "web"},
        {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"},
    ]


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        ({}, []),
        (applied_client_side(), [Writer("client")]),
        (applied_client_side(selector=None), []),
        ({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "not json"}}, []),
        ({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "[]"}}, []),
        (
            applied_server_side("kustomize-controller", "argocd-controller"),
            [Writer("server", "argocd-controller"), Writer("server", "kustomize-controller")],
        ),
        (applied_server_side("crossfade"), []),
        (applied_server_side("kubectl", field="f:ports"), []),
        (applied_server_side("kubectl-edit", operation="Update"), []),
        (
            {**applied_client_side(), **applied_server_side("kubectl")},
            [Writer("client"), Writer("server", "kubectl")],
        ),
    ],
    ids=[
        "nobody",
        "kubectl apply, by its annotation",
        "kubectl apply of a manifest without a selector writes none",
        "an annotation that cannot be read",
        "an annotation that is no object",
        "server-side appliers, by name",
        "the operator itself is not meant",
        "a server-side applier of other fields is not meant",
        "who edited it once by hand is not meant",
        "both kinds",
    ],
)
def test_who_writes_the_selector_again_is_found(meta: Object, found: list[Writer]) -> None:
    assert writers(service(meta=meta)) == found
