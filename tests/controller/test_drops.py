"""A drop of ready pods is remembered until a pass has taken it into account."""

import pytest

from controller.fakes import Raw, child, endpoint, endpoint_slice
from crossfade.controller.drops import LINGER_S, Drops
from crossfade.controller.store import Key, Store

SHOP = Key("ns", "shop")
READY = endpoint("shop-aaa-rs1-x")
CRASHED = endpoint("shop-aaa-rs1-x", ready=False)


class Clock:
    """A clock that stands until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


CLOCK = Clock()


@pytest.fixture(autouse=True)
def _clock_stands() -> None:
    CLOCK.now_s = 100.0


def told(*slices: Raw) -> Drops:
    store, drops = Store(), Drops(CLOCK)
    store.listen(drops.note)
    for version, one in enumerate(slices, start=1):
        one["metadata"]["resourceVersion"] = str(version)
        store.put("EndpointSlice", one)
    return drops


def test_a_crash_is_remembered_though_the_pod_is_ready_again() -> None:
    drops = told(endpoint_slice(READY), endpoint_slice(CRASHED), endpoint_slice(READY))
    assert set(drops.of(SHOP)) == {"aaa"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([CRASHED], [READY]),
        ([READY], [READY, endpoint("shop-aaa-rs1-y")]),
        ([READY], [READY]),
    ],
    ids=["a pod becomes ready", "a pod is added", "nothing changes"],
)
def test_what_is_no_drop_is_not_remembered(before: list[Raw], after: list[Raw]) -> None:
    assert not told(endpoint_slice(*before), endpoint_slice(*after)).of(SHOP)


def test_an_endpoint_that_terminates_or_goes_is_a_drop() -> None:
    leaving = endpoint("shop-aaa-rs1-x", ready=True, terminating=True)
    assert set(told(endpoint_slice(READY), endpoint_slice(leaving)).of(SHOP)) == {"aaa"}
    assert set(told(endpoint_slice(READY), endpoint_slice()).of(SHOP)) == {"aaa"}


def test_only_the_revision_that_dropped_is_named() -> None:
    other = endpoint("shop-bbb-rs2-x")
    assert set(told(endpoint_slice(READY, other), endpoint_slice(READY)).of(SHOP)) == {"bbb"}


def test_fewer_ready_replicas_of_a_deployment_are_a_drop() -> None:
    store, drops = Store(), Drops(CLOCK)
    store.listen(drops.note)
    for version, ready in enumerate((4, 3, 4), start=1):
        store.put("Deployment", child("shop-aaa", version, "aaa", status={"readyReplicas": ready}))
    assert set(drops.of(SHOP)) == {"aaa"}


def test_a_slice_that_is_deleted_drops_its_pods() -> None:
    store, drops = Store(), Drops(CLOCK)
    store.listen(drops.note)
    store.put("EndpointSlice", endpoint_slice(READY))
    store.remove("EndpointSlice", "ns", "shop-x", "uid-shop-x")
    assert set(drops.of(SHOP)) == {"aaa"}


def test_a_drop_is_told_for_three_seconds_since_the_exit_code_comes_after_it() -> None:
    drops = told(endpoint_slice(READY), endpoint_slice(CRASHED))
    drops.settle(SHOP, drops.of(SHOP))
    CLOCK.now_s += LINGER_S - 0.1
    assert set(drops.of(SHOP)) == {"aaa"}


def test_each_drop_has_its_age() -> None:
    drops = told(endpoint_slice(READY), endpoint_slice(CRASHED))
    CLOCK.now_s += 1.5
    assert drops.ages_s(SHOP) == {"aaa": 1.5}


def test_a_completed_pass_forgets_what_it_knew_and_no_more() -> None:
    store, drops = Store(), Drops(CLOCK)
    store.listen(drops.note)
    store.put("EndpointSlice", endpoint_slice(READY, version=1))
    store.put("EndpointSlice", endpoint_slice(CRASHED, version=2))
    known = drops.of(SHOP)
    CLOCK.now_s += LINGER_S
    store.put("EndpointSlice", endpoint_slice(READY, version=3))
    store.put("EndpointSlice", endpoint_slice(CRASHED, version=4))
    drops.settle(SHOP, known)
    assert set(drops.of(SHOP)) == {"aaa"}, "the second drop came during the pass"
    CLOCK.now_s += LINGER_S
    drops.settle(SHOP, drops.of(SHOP))
    assert not drops.of(SHOP)


@pytest.mark.parametrize(("pods", "dropped"), [(4, {"aaa"}), (0, set())], ids=["with pods", "without any"])
def test_a_deployment_seen_for_the_first_time_may_have_lost_a_pod_if_it_has_any(
    pods: int, dropped: set[str]
) -> None:
    store, drops = Store(), Drops(CLOCK)
    store.listen(drops.note)
    store.put("Deployment", child("shop-aaa", 1, "aaa", status={"replicas": pods, "readyReplicas": 0}))
    assert set(drops.of(SHOP)) == dropped
