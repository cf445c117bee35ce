"""An autoscaler acts in the middle of releases: both sides follow, and it is never led astray."""

from collections.abc import Callable

import pytest

from bench.kube import Kube
from bench.scenarios.autoscaled import BY_NAME, SIZES, by_a_restless_writer, by_an_autoscaler
from bench.scenarios.seen import Result

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.long]


def assert_it_ended_well(result: Result) -> None:
    assert result.happened == "Completed", result.why
    assert result.figures["mismatches"] == []


def assert_it_only_ever_asked_for_more(desired: list[int]) -> None:
    """As the load grew. A number in between is that of a moment in which some of the new pods were not measured yet."""
    assert desired == sorted(desired)
    assert set(SIZES) <= set(desired)
    assert (desired[0], desired[-1]) == (SIZES[0], SIZES[-1])


def test_an_autoscaler_scales_both_sides_without_ever_changing_its_mind(
    kube: Kube, new_namespace: Callable[[], str]
) -> None:
    results = by_an_autoscaler(kube, {name: new_namespace() for name in BY_NAME})
    for name, result in results.items():
        assert_it_ended_well(result)
        assert result.figures["untrue"] == [], name
        assert_it_only_ever_asked_for_more(result.figures["desired"])
    first, middle, last = SIZES
    sizes = {name: result.figures["sizes"] for name, result in results.items()}
    assert sizes["bluegreen"] == [(first, first, 0), (middle, middle, middle), (last, last, last)]
    # In the bake the old pods of the last step are warm: half of them.
    half = middle // 2
    assert sizes["canary"] == [(first, first, 0), (middle, half, middle - half), (last, last // 2, last)]
    for name, result in results.items():
        # Never fewer than were warm when the bake began, and as many more as the load grew.
        warm = result.figures["stable_at_bake"]
        assert warm == sorted(warm), name
        assert warm[-1] == sizes[name][-1][1], name


def test_another_number_written_to_the_scale_every_second_does_not_keep_a_release_from_its_end(
    kube: Kube, new_namespace: Callable[[], str]
) -> None:
    namespaces = {name: new_namespace() for name in BY_NAME}
    for name, result in by_a_restless_writer(kube, namespaces).items():
        assert_it_ended_well(result)
        assert result.figures["written"] >= 4, name
        pods, asked = result.figures["pods"]
        assert pods == asked, name
