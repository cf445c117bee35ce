"""What the proxy takes a request for."""

import pytest

from faults.asked import Asked, read
from faults.rules import Where

APPLY = "application/apply-patch+yaml"
JSON = "application/json"
SHOP = "/apis/crossfade.dev/v1alpha1/namespaces/ns/rollouts/shop"


def asked(method: str, path: str, content: str = JSON, body: bytes = b"", **query: str) -> Asked:
    return read(method, path, query, content, body)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (asked("GET", "/api"), "discover "),
        (asked("GET", "/apis/apps/v1"), "discover "),
        (asked("GET", "/apis/apps/v1/deployments"), "list Deployment"),
        (asked("GET", "/apis/apps/v1/deployments", watch="true"), "watch Deployment"),
        (asked("GET", "/apis/apps/v1/namespaces/ns/deployments"), "list Deployment/ns"),
        (asked("GET", "/api/v1/namespaces/ns"), "get Namespace/ns"),
        (asked("GET", "/api/v1/namespaces/ns/services/shop"), "get Service/ns/shop"),
        (asked("PATCH", SHOP, APPLY), "apply Rollout/ns/shop"),
        (asked("PATCH", f"{SHOP}/status", APPLY), "apply Rollout/ns/shop/status"),
        (asked("PATCH", SHOP, "application/json-patch+json"), "patch Rollout/ns/shop"),
        (asked("PUT", "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l"), "update Lease/ns/l"),
        (asked("DELETE", SHOP), "delete Rollout/ns/shop"),
        (asked("DELETE", "/api/v1/namespaces/ns/pods"), "deletecollection Pod/ns"),
        (asked("GET", "/api/v1/namespaces/ns/configmaps/x"), "get configmaps/ns/x"),
    ],
)
def test_a_request_is_read_as_verb_kind_namespace_name_and_subresource(seen: Asked, expected: str) -> None:
    assert str(seen) == expected


def test_the_name_of_a_new_object_is_read_from_its_body() -> None:
    path = "/apis/apps/v1/namespaces/ns/deployments"
    assert asked("POST", path, body=b'{"metadata": {"name": "shop-1"}}').name == "shop-1"
    assert asked("POST", path, body=b'{"metadata": {"generateName": "shop-"}}').name == ""
    assert asked("POST", path, body=b"no json").name == ""


def test_a_dry_run_is_no_write_and_the_field_manager_is_known() -> None:
    path = "/apis/apps/v1/namespaces/ns/deployments"
    real = asked("POST", path, fieldManager="crossfade")
    assert (real.is_write, real.manager) == (True, "crossfade")
    assert not asked("POST", path, dryRun="All").is_write
    assert not asked("GET", path).is_write


def test_a_dry_run_is_not_struck_as_the_create_that_it_looks_like() -> None:
    path = "/apis/apps/v1/namespaces/ns/deployments"
    create, dry_run = asked("POST", path), asked("POST", path, dryRun="All")
    for where in (Where("create", "Deployment"), Where("write")):
        assert where.fits(create)
        assert not where.fits(dry_run)
    assert Where(kind="Deployment").fits(dry_run)
