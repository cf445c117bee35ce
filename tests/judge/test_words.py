"""Each verdict in a sentence that a person can act on."""

import pytest

from crossfade.judge.counts import Counts, Past, Pod, Stratum, Window
from crossfade.judge.settings import Settings
from crossfade.judge.verdict import verdict, watch
from crossfade.judge.words import sentence

SETTINGS = Settings(max_seconds=600)
RELEASE_7 = Past(Counts(30, 9000), "release 7")


def said(
    at: float,
    ours: tuple[int, int],
    theirs: tuple[int, int] = (0, 0),
    past: Past | None = None,
    **others: float,
) -> str:
    settings = Settings(**{"max_seconds": 600, **others})
    return sentence(
        verdict([Window(at, Counts(*ours), Counts(*theirs))], settings, past), "errors", settings, past
    )


ROWS = [
    (
        said(100, (3, 4120), (9, 37_100)),
        (
            "errors: candidate 3 of 4,120, stable 9 of 37,100; not worse than 2x yet shown; "
            "at these rates it is worse than stable, shown after about 13,000 more requests, 5 min"
        ),
    ),
    (
        said(60, (0, 412), (9, 3710)),
        (
            "errors: candidate 0 of 412, stable 9 of 3,710; not worse than 2x yet shown; "
            "about 680 more requests needed, 99 s at this rate"
        ),
    ),
    (
        said(700, (0, 500), (0, 4500)),
        (
            "errors: candidate 0 of 500, stable 0 of 4,500; not worse than 2x yet shown; its time of 10 min is over; "
            "about 7,200 more requests needed, 3 h at this rate"
        ),
    ),
    (
        said(60, (90, 2000), (90, 18_000)),
        "errors: candidate 90 of 2,000, stable 90 of 18,000; shown to be worse than stable",
    ),
    (
        said(60, (190, 2000), (90, 18_000), tolerance=1.5),
        "errors: candidate 190 of 2,000, stable 90 of 18,000; shown to be more than 1.5x as bad as stable",
    ),
    (
        said(60, (20, 20), (0, 180)),
        "errors: candidate 20 of 20, stable 0 of 180; plainly broken: more than 25 % of its requests are bad",
    ),
    (
        said(60, (8, 4000), (270, 36_000)),
        "errors: candidate 8 of 4,000, stable 270 of 36,000; shown to be less than 2x worse",
    ),
    (
        said(60, (30, 1000), past=RELEASE_7),
        (
            "errors: candidate 30 of 1,000, release 7 30 of 9,000 (compared with the past, which is weaker); "
            "shown to be worse than release 7"
        ),
    ),
    (
        said(60, (3, 1000)),
        (
            "errors: candidate 3 of 1,000; nothing to compare with: stable has had no requests, "
            "and no release before it was counted"
        ),
    ),
    (said(60, (0, 0), (3, 1000)), "errors: candidate 0 of 0, stable 3 of 1,000; it has had no requests yet"),
]


@pytest.mark.parametrize(("given", "wanted"), ROWS)
def test_a_verdict_says_counts_what_is_shown_and_what_is_wanting(given: str, wanted: str) -> None:
    assert given == wanted


def test_what_no_number_of_requests_shows_is_said() -> None:
    settings = Settings(tolerance=1.5)
    seen = verdict([Window(60, Counts(900, 10_000), Counts(4500, 90_000))] * 1, settings)
    wide = sentence(seen, "errors", settings)
    assert "at these rates nothing is shown by any number of requests" in wide


def test_one_that_is_fine_by_itself_is_told_so() -> None:
    windows = [Window(at, Counts(0, 5000), Counts(0, 45_000)) for at in (60.0, 120.0)]
    assert sentence(verdict(windows, SETTINGS), "errors", SETTINGS) == (
        "errors: candidate 0 of 10,000, stable 0 of 90,000; shown to be fine: less than 0.1 % of its requests are bad"
    )


def test_the_pod_with_most_of_the_errors_is_named() -> None:
    pods = (Pod("shop-1", Counts(28, 300)), Pod("shop-2", Counts(2, 350)), Pod("shop-3", Counts(0, 350)))
    window = Window(60, Counts(30, 1000), Counts(45, 9000), pods=pods)
    seen = verdict([window], SETTINGS)
    assert sentence(seen, "errors", SETTINGS) == (
        "errors: candidate 30 of 1,000, stable 45 of 9,000; shown to be worse than stable; "
        "28 of the candidate's 30 on pod shop-1"
    )


def test_in_the_bake_it_is_said_what_was_not_found() -> None:
    windows = [Window(60, Counts(3, 1000), Counts(30, 9000))]
    assert sentence(watch(windows, SETTINGS), "slow requests", SETTINGS) == (
        "slow requests: candidate 3 of 1,000, stable 30 of 9,000; not shown to be worse than stable"
    )


def test_where_all_errors_are_one_pods_that_is_said() -> None:
    pods = (Pod("shop-1", Counts(12, 300)), Pod("shop-2", Counts(0, 350)))
    window = Window(60, Counts(12, 650), Counts(45, 9000), pods=pods)
    assert sentence(verdict([window], SETTINGS), "errors", SETTINGS).endswith(
        "all 12 of the candidate's on pod shop-1"
    )


ZONE_A, ZONE_B = Stratum("a", Counts(6, 600), Counts(3, 300)), Stratum("b", Counts(0, 100), Counts(1, 900))


@pytest.mark.parametrize(
    ("strata", "says"),
    [
        ((), "stable 4 of 1,200; not worse"),
        ((ZONE_A, ZONE_B), "stable 4 of 1,200, compared in each of 2 strata by itself; not worse"),
        ((ZONE_A,), "stable 4 of 1,200, compared in one stratum and outside of it; not worse"),
    ],
)
def test_where_the_sides_are_compared_by_strata_that_is_said(strata: tuple[Stratum, ...], says: str) -> None:
    window = Window(60, Counts(6, 700), Counts(4, 1200), strata)
    assert says in sentence(verdict([window], SETTINGS), "errors", SETTINGS)


def test_others_than_the_named_strata_are_said_to_be_one_more() -> None:
    window = Window(60, Counts(6, 700), Counts(4, 1300), (ZONE_A, ZONE_B))
    assert "compared in each of 2 strata by itself, all others as one;" in sentence(
        verdict([window], SETTINGS), "errors", SETTINGS
    )
