"""A drop of ready pods is remembered until they are back, and a pass has looked once more."""

import pytest

from controller.fakes import Raw, child, endpoint, endpoint_slice
from crossfade.controller.drops import LINGER_S, Drops
from crossfade.controller.store import Key, Store

SHOP = Key("ns", "shop")
READY = endpoint("shop-aaa-rs1-x")
CRASHED = endpoint("shop-aaa-rs1-x", ready=False)
LONG = "a-rollout-with-forty-characters-in-all-x"


class Bench:
    """The drops of a store, with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.store = Store()
        self.drops = Drops(self.store, lambda: self.now_s)
        self.store.listen(self.drops.note)
        self.version = 0
        for order, revision in enumerate(("aaa", "bbb"), start=1):
            self.put("Release", child(f"shop-{order}", spec={"rollout": "shop", "revision": revision}))

    def put(self, kind: str, raw: Raw) -> None:
        self.version += 1
        raw["metadata"]["resourceVersion"] = str(self.version)
        self.store.put(kind, raw)

    def slices(self, *slices: Raw) -> set[str]:
        """The revisions that dropped, after a slice was seen in these forms."""
        for one in slices:
            self.put("EndpointSlice", one)
        return set(self.drops.of(SHOP))

    def deployment(self, ready: int, wanted: int = 4, **status: int) -> None:
        told = {"readyReplicas": ready, **status}
        self.put("Deployment", child("shop-aaa", revision="aaa", spec={"replicas": wanted}, status=told))

    def look(self, after_s: float = LINGER_S) -> set[str]:
        """A pass, so long after the last one; what is told to it."""
        self.now_s += after_s
        told = self.drops.of(SHOP)
        self.drops.settle(SHOP, told)
        return set(told)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_crash_is_remembered_though_the_pod_is_ready_again(bench: Bench) -> None:
    assert bench.slices(endpoint_slice(READY), endpoint_slice(CRASHED), endpoint_slice(READY)) == {"aaa"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([CRASHED], [READY]),
        ([READY], [READY, endpoint("shop-aaa-rs1-y")]),
        ([READY], [READY]),
        ([endpoint("shop-web-rs1-x")], []),
    ],
    ids=["a pod becomes ready", "a pod is added", "nothing changes", "a pod of no known revision goes"],
)
def test_what_is_no_drop_is_not_remembered(bench: Bench, before: list[Raw], after: list[Raw]) -> None:
    assert not bench.slices(endpoint_slice(*before), endpoint_slice(*after))


def test_an_endpoint_that_terminates_or_goes_is_a_drop() -> None:
    leaving = endpoint("shop-aaa-rs1-x", ready=True, terminating=True)
    assert Bench().slices(endpoint_slice(READY), endpoint_slice(leaving)) == {"aaa"}
    assert Bench().slices(endpoint_slice(READY), endpoint_slice()) == {"aaa"}


@pytest.mark.parametrize("length", range(34, 41))
def test_a_crash_is_remembered_however_long_the_rollouts_name_is(length: int) -> None:
    bench, name = Bench(), LONG[:length]
    labels, owner = {"crossfade.dev/rollout": name}, {"rollout": name, "revision": "0123456789"}
    bench.put("Release", child("a-release", labels=labels, spec=owner))
    pod = f"{name}-0123456789-6f7d8c9b5"[:58] + "x2x9z"
    for ready in (True, False):
        one = endpoint_slice(endpoint(pod, ready=ready))
        one["metadata"]["labels"] |= labels
        bench.put("EndpointSlice", one)
    assert set(bench.drops.of(Key("ns", name))) == {"0123456789"}


def test_a_crash_behind_the_canary_service_is_remembered_though_no_pod_behind_another_is_affected(
    bench: Bench,
) -> None:
    """Where a route divides the requests, the candidate's pods are behind that Service alone."""
    bench.slices(endpoint_slice(endpoint("shop-bbb-rs2-x")))
    before, after = (
        endpoint_slice(pod, name="shop-canary-x", service="shop-canary") for pod in (READY, CRASHED)
    )
    assert bench.slices(before, after) == {"aaa"}


def test_only_the_revision_that_dropped_is_named(bench: Bench) -> None:
    other = endpoint("shop-bbb-rs2-x")
    assert bench.slices(endpoint_slice(READY, other), endpoint_slice(READY)) == {"bbb"}


def test_fewer_ready_replicas_of_a_deployment_are_a_drop(bench: Bench) -> None:
    for ready in (4, 3, 4):
        bench.deployment(ready)
    assert set(bench.drops.of(SHOP)) == {"aaa"}


def test_a_slice_that_is_deleted_drops_its_pods(bench: Bench) -> None:
    bench.slices(endpoint_slice(READY))
    bench.store.remove("EndpointSlice", "ns", "shop-x", "uid-shop-x")
    assert set(bench.drops.of(SHOP)) == {"aaa"}


def test_a_drop_is_told_for_three_seconds_at_least_since_counts_follow_endpoints_late(bench: Bench) -> None:
    bench.deployment(4)
    bench.slices(endpoint_slice(READY), endpoint_slice(CRASHED))
    assert bench.look(after_s=0)
    assert bench.look(after_s=LINGER_S - 0.1)
    assert bench.look(after_s=0.1)
    assert not bench.look(after_s=0)


def test_each_drop_has_its_age(bench: Bench) -> None:
    bench.slices(endpoint_slice(READY), endpoint_slice(CRASHED))
    bench.now_s += 1.5
    assert bench.drops.ages_s(SHOP) == {"aaa": 1.5}


def test_a_drop_stands_until_as_many_pods_are_ready_again_and_one_look_more(bench: Bench) -> None:
    for ready in (4, 3):
        bench.deployment(ready)
    assert [bench.look() for _ in range(5)] == [{"aaa"}] * 5
    bench.deployment(4)
    assert bench.look() == {"aaa"}, "the exit code was written before the pod became ready again"
    assert bench.look() == set()


def test_pods_that_drop_one_after_the_other_must_all_be_back(bench: Bench) -> None:
    for ready in (4, 3, 2, 3):
        bench.deployment(ready)
    assert [bench.look() for _ in range(3)] == [{"aaa"}] * 3
    bench.deployment(4)
    assert [bench.look() for _ in range(2)] == [{"aaa"}, set()]


def test_a_deployment_that_asks_for_less_now_needs_no_more(bench: Bench) -> None:
    bench.deployment(4)
    bench.deployment(2, wanted=2)
    assert [bench.look() for _ in range(2)] == [{"aaa"}, set()]


def test_what_has_no_deployment_any_more_has_nothing_to_bring_back(bench: Bench) -> None:
    bench.deployment(4)
    bench.store.remove("Deployment", "ns", "shop-aaa", "uid-shop-aaa")
    assert [bench.look() for _ in range(2)] == [{"aaa"}, set()]


def test_a_revision_that_the_traffic_left_with_all_its_pods_ready_is_over(bench: Bench) -> None:
    bench.deployment(4)
    bench.slices(endpoint_slice(READY), endpoint_slice())
    assert [bench.look() for _ in range(2)] == [{"aaa"}, set()]


def test_a_drop_that_came_during_the_pass_stays(bench: Bench) -> None:
    bench.deployment(1, wanted=1)
    bench.slices(endpoint_slice(READY), endpoint_slice(CRASHED))
    known = bench.drops.of(SHOP)
    bench.slices(endpoint_slice(READY), endpoint_slice(CRASHED))
    bench.now_s += LINGER_S
    bench.drops.settle(SHOP, known)
    assert bench.look(after_s=0) == {"aaa"}
    assert bench.look(after_s=0) == set()


def test_what_came_back_during_the_pass_is_looked_at_once_more(bench: Bench) -> None:
    for ready in (4, 3):
        bench.deployment(ready)
    bench.now_s += LINGER_S
    known = bench.drops.of(SHOP)
    bench.deployment(4)
    bench.drops.settle(SHOP, known)
    assert [bench.look(after_s=0) for _ in range(2)] == [{"aaa"}, set()]


@pytest.mark.parametrize(("pods", "dropped"), [(4, {"aaa"}), (0, set())], ids=["with pods", "without any"])
def test_a_deployment_seen_for_the_first_time_may_have_lost_a_pod_if_it_has_any(
    bench: Bench, pods: int, dropped: set[str]
) -> None:
    bench.deployment(0, replicas=pods)
    assert set(bench.drops.of(SHOP)) == dropped


def test_a_deployment_seen_for_the_first_time_is_whole_with_all_that_it_asks_for(bench: Bench) -> None:
    bench.deployment(3, replicas=4)
    assert [bench.look() for _ in range(3)] == [{"aaa"}] * 3
    bench.deployment(4, replicas=4)
    assert [bench.look() for _ in range(2)] == [{"aaa"}, set()]


def test_a_drop_is_news_while_it_is_fresh_or_no_pass_knows_of_it(bench: Bench) -> None:
    for ready in (4, 3):
        bench.deployment(ready)
    bench.now_s += LINGER_S
    assert bench.drops.fresh(SHOP) == {"aaa"}
    bench.look(after_s=0)
    assert bench.drops.fresh(SHOP) == set()
    assert bench.drops.ages_s(SHOP) == {"aaa": LINGER_S}
