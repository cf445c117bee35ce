"""What is counted has bounds: many pods, many steps, and the pods that there are and not those that are wanted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from builders import V1, V2, releasing_v2, routed_v1
from crossfade.core.evidence import crashed, ends_of
from crossfade.core.observed import Exit, Pod
from crossfade.core.strategies.canary import split_of
from samples import every
from simulation.live import phase, rest, run, stands_at, until

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def ended(name: str, ends: int) -> Pod:
    last = Exit("app", 1, "Error", "", AT, ends)
    return Pod(name, V2, ready=True, ends=ends, exits=(last,) if ends else ())


def test_so_many_pods_that_restarted_before_fit_into_the_status_and_none_is_taken_for_a_crash() -> None:
    pods = [ended(f"p{i}", 1 + i % 3) for i in range(1100)]
    before = ends_of(pods)
    assert len(before) <= 1000
    assert not crashed(pods, before)
    again = [ended(pod.name, pod.ends + 3) for pod in pods]
    assert len(crashed(again, before)) == 1100


def test_the_pods_of_a_small_release_are_counted_one_by_one() -> None:
    pods = [ended("a", 2), ended("b", 0)]
    assert ends_of(pods) == {"a": 2}
    assert [pod.name for pod in crashed([ended("a", 2), ended("b", 1)], ends_of(pods))] == ["b"]


def closest(weight: float, replicas: int, surge: int) -> tuple[int, int]:
    """As it is defined: of all totals."""
    choices = [
        (abs(100 * new / total - weight), total, new)
        for total in range(max(replicas, 2), replicas + surge + 1)
        for new in range(1, total)
    ]
    _, total, new = min(choices)
    return new, total - new


@pytest.mark.parametrize(
    ("weight", "replicas", "surge"), every(5, [1, 5, 12.5, 33, 33.3, 50, 99.9], [1, 2, 7, 10], [1, 5, 120])
)
def test_a_share_is_met_by_the_closest_split_of_all(weight: float, replicas: int, surge: int) -> None:
    assert split_of(weight, replicas, surge) == closest(weight, replicas, surge)


def test_a_large_surge_costs_no_more_than_a_small_one() -> None:
    assert split_of(50, 10_000, 10_000) == (5000, 5000)
    assert split_of(33.3, 1, 10_000) == (333, 667)


def test_of_a_few_pods_in_a_large_release_every_one_that_crashes_counts() -> None:
    steps = [{"weight": 5, "pause": "Manual"}, {"weight": 50}]
    sim = until(releasing_v2({"canary": {"steps": steps}}, replicas=100), stands_at(0))
    for pod in sim.of(V2):
        sim.crash(pod)
    until(sim, phase("RolledBack"), limit_s=60)


@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize("strategy", ["canary", "blueGreen", "bigBang"])
def test_behind_a_route_a_cure_gets_requests_though_stable_is_down(strategy: str, left: int) -> None:
    sim = routed_v1(strategy)
    sim.broken = frozenset({V1})
    for pod in sim.of(V1)[left:]:
        sim.crash(pod, ready=False)
    run(sim, 20)
    sim.set_image("shop:v2")
    until(sim, phase("Healthy"), limit_s=120)
    assert rest(sim).selected() == {V2: 4}
