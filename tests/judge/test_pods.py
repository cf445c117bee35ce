"""A pod is named where the errors are its own, and not where chance put them there."""

import pytest

from crossfade.judge.counts import Counts, Pod
from crossfade.judge.pods import MAX_PODS, OTHERS, added, culprit
from judge.exact import binomial


def pods(*bad: int, total: int = 100) -> list[Pod]:
    return [Pod(f"shop-{i}", Counts(each, total)) for i, each in enumerate(bad)]


@pytest.mark.parametrize("bad", [(10, 0, 0, 0), (12, 1, 1, 0), (4, 0, 0, 0, 0, 0, 0, 0, 0, 0)])
def test_the_pod_that_has_nearly_all_errors_is_named(bad: tuple[int, ...]) -> None:
    assert culprit(pods(*bad)) == Pod("shop-0", Counts(bad[0], 100))


@pytest.mark.parametrize(
    "bad",
    [
        (),
        (10,),
        (1, 0, 0, 0),
        (3, 3, 2, 3),
        (6, 5),
        (0, 0, 0),
        (3, *[0] * 9),
        (20, *[5] * 9),
        (20, 15, 18, 17),
    ],
)
def test_none_is_named_where_errors_are_spread_or_few_or_there_is_one_pod(bad: tuple[int, ...]) -> None:
    assert culprit(pods(*bad)) is None


def test_a_pod_that_answers_most_requests_is_not_named_for_it() -> None:
    assert culprit([Pod("big", Counts(20, 2000)), Pod("small", Counts(1, 100))]) is None


@pytest.mark.parametrize("errors", [5, 12, 30])
def test_alike_pods_are_named_by_chance_in_one_of_a_hundred_at_most(errors: int) -> None:
    """Two pods: all ways in which so many errors can fall on them."""
    named = sum(p for k, p in binomial(errors, 0.5) if culprit(pods(k, errors - k)))
    assert named <= 0.01


def test_counts_without_a_pods_name_are_named_by_nobody() -> None:
    assert culprit([Pod(OTHERS, Counts(30, 100)), Pod("shop-1", Counts(0, 100))]) is None


def test_where_most_pods_are_known_as_one_each_of_them_may_have_been_it() -> None:
    """Two errors on one of 100 alike pods are chance: on whichever they fall, it would be the one that is looked at."""
    others = Pod(OTHERS, Counts(0, 9900))
    assert culprit([Pod("shop-1", Counts(2, 100)), others]) is None
    assert culprit([Pod("shop-1", Counts(3, 100)), others]) == Pod("shop-1", Counts(3, 100))


def test_sums_of_pods_lose_no_request_however_many_there_are() -> None:
    known: tuple[Pod, ...] = ()
    for window in range(3):
        known = added(known, [Pod(f"shop-{window}-{i}", Counts(i % 3, 10)) for i in range(MAX_PODS)])
    assert len(known) == MAX_PODS + 1
    assert sum((pod.counts for pod in known), Counts()).total == 3 * MAX_PODS * 10


def test_a_pod_in_a_zone_that_fails_more_is_not_named_for_its_zone() -> None:
    """Half of the requests go to the zone with nearly all errors, and each of its two pods has its part of them."""
    zone = [Pod("b-1", Counts(31, 100), 30.0), Pod("b-2", Counts(29, 100), 30.0)]
    calm = [Pod("a-1", Counts(0, 100), 0.5), Pod("a-2", Counts(1, 100), 0.5)]
    assert culprit([*zone, *calm]) is None
    only = [Pod("b-1", Counts(60, 200), 60.0), Pod("a-1", Counts(1, 200), 1.0)]
    assert culprit(only) is None
    assert culprit([Pod(each.name, each.counts) for each in only]) == Pod("b-1", Counts(60, 200))


@pytest.mark.parametrize("parts", [(0.5, 0.5), (0.9, 0.1), (0.99, 0.02)])
def test_pods_that_are_alike_in_each_of_two_strata_are_named_as_seldom(parts: tuple[float, float]) -> None:
    """Fifteen errors in one stratum and five in the other, of which the first pod gets these parts: all ways."""
    expected = 15 * parts[0] + 5 * parts[1]
    named = sum(
        p * q
        for k, p in binomial(15, parts[0])
        for m, q in binomial(5, parts[1])
        if culprit(
            [
                Pod("a", Counts(k + m, 1000), expected),
                Pod("b", Counts(20 - k - m, 1000), 20 - expected),
            ]
        )
    )
    assert named <= 0.01
