"""Delivery figures: what counts, what does not, and when there is too little to tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossfade.view.delivery import Figures, Report, report
from view.releases import V1, V2, V3, release

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY_S = 24 * 3600.0
Object = dict[str, Any]


def at(days_ago: float, seconds: float = 0) -> str:
    moment = NOW - timedelta(days=days_ago) + timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def ran(
    number: int,
    revision: str,
    outcome: str = "Completed",
    *,
    of: str = V1,
    ago: float | None = None,
    took_s: float = 60,
    judged_after_s: float | None = None,
    **fields: Any,
) -> Object:
    """A release that began `ago` days ago (by default: 30 less its number) and took so long."""
    days = 30 - number if ago is None else ago
    back = [] if judged_after_s is None else [{"at": at(days, judged_after_s), "note": "back: Aborted"}]
    return release(
        number, revision, outcome, of=of, started=at(days), ended=at(days, took_s), timeline=back, **fields
    )


def first(revision: str = V1) -> Object:
    return ran(1, revision, of="")


def of(*releases: Object, days: float = 30) -> Figures:
    return report(releases, NOW, days * DAY_S).overall


def many(count: int, outcome: str = "Completed") -> list[Object]:
    """So many changes, each of a revision of its own."""
    return [ran(n, f"r{n}", outcome, of=f"r{n - 1}", ago=20 - n) for n in range(2, count + 2)]


# What counts as a change, and which ones failed


@pytest.mark.parametrize(
    ("releases", "changes", "failed"),
    [
        ([first()], 0, 0),
        ([first(), ran(2, V2)], 1, 0),
        ([first(), ran(2, V2, "RolledBack")], 1, 1),
        ([first(), ran(2, V2, "Superseded")], 0, 0),
        ([first(), ran(2, V2, "Cancelled")], 0, 0),
        ([first(), ran(2, V2, "")], 0, 0),
        ([first(), ran(2, V2), ran(3, V1, of=V2)], 1, 1),
        ([first(), ran(2, V2, "RolledBack"), ran(3, V2)], 2, 1),
        ([first(), ran(2, V2), ran(3, V3, of=V2), ran(4, V1, of=V3)], 2, 1),
        ([first(), ran(2, V2), ran(3, V1, of=V2), ran(4, V2, of=V1)], 1, 1),
        ([first(), ran(2, V2), ran(3, V1, "RolledBack", of=V2)], 2, 1),
    ],
    ids=[
        "the first release is no change, since nothing served before it",
        "a completed release is a change",
        "a release that was rolled back is a failed change",
        "a superseded release was not judged",
        "a cancelled release was not judged",
        "a release under way is not judged yet",
        "a completed release that a way back replaced is a failed change, the way back is none",
        "a retry is a change of its own",
        "only the change that the way back replaced has failed, not the ones before it",
        "back and forth between two revisions is one change that failed once",
        "an earlier revision that is rolled back did not bring it back",
    ],
)
def test_changes(releases: list[Object], changes: int, failed: int) -> None:
    figures = of(*releases)
    assert (figures.changes, figures.failed) == (changes, failed)


@pytest.mark.parametrize(("count", "percent"), [(0, None), (4, None), (5, 20.0), (9, 100 / 9)])
def test_the_failure_rate_is_told_from_five_changes_on(count: int, percent: float | None) -> None:
    changes = many(count)
    if changes:
        changes[0]["status"]["outcome"] = "RolledBack"
    assert of(first("r1"), *changes).failure_percent == pytest.approx(percent)


# How often


def test_the_frequency_is_completed_releases_by_the_days_observed_ways_back_included() -> None:
    figures = of(first(), ran(2, V2), ran(3, V1, of=V2), ran(4, V3, "RolledBack"))
    assert figures.deployments == 2
    assert figures.per_day == pytest.approx(2 / 29)


def test_less_than_a_day_gives_no_frequency_but_the_count() -> None:
    figures = of(ran(1, V1, of="", ago=0.5), ran(2, V2, ago=0.4), ran(3, V3, of=V2, ago=0.3))
    assert (figures.deployments, figures.per_day) == (2, None)


def test_a_window_without_a_release_of_a_rollout_that_has_some_is_a_frequency_of_zero() -> None:
    figures = of(first(), ran(2, V2, ago=20), days=7)
    assert (figures.deployments, figures.per_day, figures.cut) == (0, 0.0, False)


def test_all_rollouts_together_deploy_as_often_as_the_sum_of_those_that_tell() -> None:
    shop = [ran(1, V1, of="", ago=10), ran(2, V2, ago=5)]
    cart = [ran(1, V1, of="", ago=5, rollout="cart"), ran(2, V2, ago=4, rollout="cart")]
    new = [ran(1, V1, of="", ago=0.2, rollout="new"), ran(2, V2, ago=0.1, rollout="new")]
    figures = of(*shop, *cart, *new)
    assert figures.per_day == pytest.approx(1 / 10 + 1 / 5)
    assert figures.deployments == 3


# How fast


def test_lead_time_is_the_median_from_start_to_completed_of_completed_changes() -> None:
    figures = of(
        first(),
        ran(2, V2, took_s=100),
        ran(3, V3, of=V2, took_s=300),
        ran(4, "ddd", "RolledBack", took_s=900),
    )
    assert (figures.leads, figures.lead_s) == (2, 200.0)


def test_a_way_back_is_no_lead_time_since_it_skips_what_a_change_waits_for() -> None:
    figures = of(first(), ran(2, V2, took_s=100), ran(3, V1, of=V2, took_s=5))
    assert (figures.leads, figures.lead_s) == (1, 100.0)


def test_a_rolled_back_change_is_restored_from_the_verdict_to_the_end_of_its_release() -> None:
    figures = of(first(), ran(2, V2, "RolledBack", took_s=100, judged_after_s=92.5))
    assert (figures.restores, figures.restore_s) == (1, 7.5)


def test_a_rolled_back_change_whose_verdict_is_not_on_record_gives_no_time() -> None:
    assert of(first(), ran(2, V2, "RolledBack")).restore_s is None


def test_a_completed_change_is_restored_by_the_way_back_from_its_start_to_its_end() -> None:
    figures = of(first(), ran(2, V2, took_s=100), ran(3, V1, of=V2, took_s=8))
    assert (figures.restores, figures.restore_s) == (1, 8.0)


def test_a_superseded_release_restores_nothing() -> None:
    assert of(first(), ran(2, V2, "Superseded", judged_after_s=10)).restores == 0


# How far back


def test_what_ended_before_the_window_is_not_counted() -> None:
    figures = of(first(), ran(2, V2, "RolledBack", ago=10), ran(3, V3, ago=3), days=7)
    assert (figures.changes, figures.failed, figures.observed_from) == (1, 0, NOW - timedelta(days=7))


def test_a_change_before_the_window_tells_a_way_back_inside_it() -> None:
    figures = of(first(), ran(2, V2, ago=10), ran(3, V1, of=V2, ago=3), days=7)
    assert (figures.changes, figures.deployments, figures.restores) == (0, 1, 1)


def test_a_rollout_younger_than_the_window_is_observed_from_its_first_release() -> None:
    figures = of(ran(1, V1, of="", ago=4), ran(2, V2, ago=2))
    assert (figures.observed_from, figures.cut) == (NOW - timedelta(days=4), False)
    assert figures.per_day == pytest.approx(1 / 4)


def test_where_earlier_releases_are_not_kept_counting_begins_with_the_oldest_and_says_so() -> None:
    figures = of(ran(8, V2, ago=4), ran(9, V3, of=V2, ago=2))
    assert (figures.observed_from, figures.cut) == (NOW - timedelta(days=4), True)


def test_a_release_from_before_a_gap_is_not_counted_since_those_between_are_unknown() -> None:
    figures = of(ran(3, V2, ago=20), ran(8, V3, of=V2, ago=4), ran(9, "ddd", of=V3, ago=2))
    assert (figures.changes, figures.observed_from) == (2, NOW - timedelta(days=4))


def test_releases_older_than_the_window_cut_nothing() -> None:
    assert of(ran(8, V2, ago=20), ran(9, V3, of=V2, ago=2), days=7).cut is False


# Of what


def test_each_rollout_has_figures_of_its_own_by_namespace_and_name() -> None:
    made: Report = report(
        [
            first(),
            ran(2, V2, "RolledBack"),
            ran(1, V1, of="", namespace="b"),
            ran(1, V1, of="", rollout="cart"),
        ],
        NOW,
        30 * DAY_S,
    )
    assert [(each.namespace, each.rollout, each.failed) for each in made.rollouts] == [
        ("b", "shop", 0),
        ("demo", "cart", 0),
        ("demo", "shop", 1),
    ]
    assert (made.since, made.until) == (NOW - timedelta(days=30), NOW)


def test_medians_of_all_are_over_all_releases() -> None:
    figures = of(
        first(),
        ran(2, V2, took_s=10),
        ran(1, V1, of="", rollout="cart"),
        ran(2, V2, took_s=20, rollout="cart"),
        ran(3, V3, of=V2, took_s=90, rollout="cart"),
    )
    assert (figures.leads, figures.lead_s) == (3, 20.0)


def test_without_releases_there_are_no_figures() -> None:
    made = report([], NOW, DAY_S)
    assert made.rollouts == ()
    assert (made.overall.observed_from, made.overall.per_day, made.overall.lead_s) == (None, None, None)


def test_a_release_without_any_time_is_left_out() -> None:
    assert report([release(1, V1, "", started=None)], NOW, DAY_S).rollouts == ()
