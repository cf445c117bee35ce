"""EndpointSlices: whose pods are ready, and whose still answer."""

import pytest

from controller.fakes import endpoint, endpoint_slice
from crossfade.controller.slices import count, endpoints_of, revision_in

LONG = "a-rollout-with-forty-characters-in-all-x"


KNOWN = frozenset({"abc123", "0123456789", "aaa", "bbb"})


@pytest.mark.parametrize(
    ("pod", "rollout", "revision"),
    [
        ("shop-abc123-6f7d-x2x9z", "shop", "abc123"),
        ("my-shop-abc123-6f7d-x2x9z", "my-shop", "abc123"),
        ("shop-6f7d-x2x9z", "shop", ""),
        ("cart-abc123-6f7d-x2x9z", "shop", ""),
        ("shop-web-6f7d-x2x9z", "shop", ""),
        (f"{LONG}-0123456789-6f7dabcx2x9z"[:63], LONG, "0123456789"),
        (f"{LONG}-9876543210-6f7dabcx2x9z"[:63], LONG, ""),
    ],
    ids=[
        "a pod of ours",
        "a name with dashes",
        "a plain Deployment's pod",
        "another Rollout's pod",
        "the pod of a Deployment whose name begins with the Rollout's",
        "a name so long that the server cut it, of a known revision",
        "a name so long that the server cut it, of an unknown revision",
    ],
)
def test_a_pods_name_tells_its_revision_where_that_is_a_known_one(
    pod: str, rollout: str, revision: str
) -> None:
    assert revision_in(pod, rollout, KNOWN) == revision


def test_ready_means_new_requests_and_serving_means_answers() -> None:
    seen = count(
        [
            endpoint_slice(
                endpoint("shop-aaa-r-1"),
                endpoint("shop-aaa-r-2", ready=False, serving=True, terminating=True),
                endpoint("shop-bbb-r-3", ready=False, serving=False),
                endpoint("someone-else"),
            )
        ],
        "shop",
        KNOWN,
    )
    assert seen.ready == {"aaa": 1, "": 1}
    assert seen.serving == {"aaa": 2, "": 1}


def test_ready_pods_of_no_revision_are_named() -> None:
    listed = endpoint_slice(endpoint("rogue"), endpoint("shop-aaa-1-x"), endpoint("gone", ready=False))
    assert count([listed], "shop", KNOWN).foreign == ("rogue",)


def test_a_pod_in_two_slices_counts_once() -> None:
    seen = count(
        [endpoint_slice(endpoint("shop-aaa-r-1")), endpoint_slice(endpoint("shop-aaa-r-1"))], "shop", KNOWN
    )
    assert seen.ready == {"aaa": 1}


def test_what_the_slice_does_not_say_counts_as_ready() -> None:
    silent = {"targetRef": {"name": "shop-aaa-r-1"}, "conditions": {}}
    assert count([endpoint_slice(silent)], "shop", KNOWN).ready == {"aaa": 1}


def test_a_slice_without_endpoints_has_none() -> None:
    assert count([{"endpoints": None}], "shop", KNOWN).ready == {}


def test_a_pod_that_lacks_every_port_of_the_service_answers_nobody() -> None:
    """A Service that names a port which no container has: its slice is without a port, and its pod ready."""
    listed = {**endpoint_slice(endpoint("shop-aaa-r-1")), "ports": None}
    seen = endpoints_of({"spec": {"ports": [{"port": 80, "targetPort": "web"}]}}, [listed], "shop", KNOWN)
    assert (seen.ready, seen.serving) == ({}, {})


def test_a_headless_service_without_ports_lists_its_pods_without_them() -> None:
    listed = {**endpoint_slice(endpoint("shop-aaa-r-1")), "ports": []}
    seen = endpoints_of({"spec": {"clusterIP": "None"}}, [listed], "shop", KNOWN)
    assert seen.ready == {"aaa": 1}
