"""What the judge promises, each shown on thousands of simulated releases. The tables are in docs/judge.md."""

import re
import runpy
from dataclasses import fields
from pathlib import Path

import pytest

from crossfade.api.base import to_camel
from crossfade.judge.settings import Settings
from judge import bake, figures, past, wanting
from judge.streams import World

pytestmark = pytest.mark.deep

DOCS = Path(__file__).parents[2] / "docs"
ALPHA = Settings().alpha
FIVE, TWO = World(200, 0.005, 5), World(2000, 0.005, 2)


@pytest.mark.parametrize("key", figures.STILL)
def test_good_candidates_are_taken_back_in_5_of_100_at_most_however_often_one_looks(
    key: tuple[int, float],
) -> None:
    assert figures.false_aborts()[key]["**Crossfade**"] <= ALPHA


def test_nor_more_where_the_share_grows_step_by_step() -> None:
    assert figures.stepped()["**Crossfade**"] <= ALPHA


@pytest.mark.parametrize("key", figures.STILL)
def test_candidates_twice_as_bad_pass_in_5_of_100_at_most(key: tuple[int, float]) -> None:
    assert figures.false_passes()[key][0] <= ALPHA


def test_good_candidates_pass_where_there_are_requests_enough() -> None:
    assert figures.false_passes()[2000, 0.001][1] > 0.95
    assert figures.false_passes()[200, 0.005][1] > 0.9


def test_a_candidate_5x_worse_is_caught_within_3_windows_of_200() -> None:
    assert figures.caught(FIVE)["**Crossfade**"].three >= 0.9
    assert figures.caught(FIVE)["**Crossfade**"].six >= 0.99


def test_a_candidate_2x_worse_is_caught_within_3_windows_of_2000() -> None:
    assert figures.caught(TWO)["**Crossfade**"].three >= 0.9


@pytest.mark.parametrize("tolerance", figures.TOLERANCES[1:])
def test_no_greater_tolerance_would_keep_all_that_is_promised(tolerance: float) -> None:
    assert figures.soon()["2x, in 3 windows of 2,000"][tolerance] < 0.9


def test_others_keep_no_5_of_100_or_are_slower() -> None:
    rows = figures.false_aborts().values()
    assert sum(row["limit of 1 %"] > ALPHA for row in rows) > 10
    assert all(row["Fisher"] > ALPHA for row in rows)
    assert figures.caught(FIVE)["Mann-Whitney, 1 point a window"].three < 0.1
    assert figures.caught(FIVE)["Mann-Whitney, 10 points a window"].six < 0.1


def test_where_errors_are_not_rare_more_is_found_than_by_thinning() -> None:
    for world in figures.WORSE_WORLDS:
        if world.base == 0.05:
            assert figures.caught(world)["**Crossfade**"].one > figures.caught(world)["thinning"].one


def test_a_mixture_of_products_finds_more_than_a_product_of_mixtures() -> None:
    designs = figures.designs()
    assert designs["mixture of products, no cap"][3] > designs["product of mixtures, no cap"][3] + 0.03


def test_a_candidate_a_tenth_worse_is_hardly_ever_taken_back_and_one_half_worse_always() -> None:
    assert figures.tolerances()[1.1][1.0] < 0.1
    assert figures.tolerances()[1.5][1.0] > 0.99


@pytest.mark.parametrize("length", bake.LENGTHS)
@pytest.mark.parametrize("requests", [20, 200, 2000])
def test_in_the_bake_a_good_candidate_is_alarmed_as_seldom_as_promised(length: int, requests: int) -> None:
    assert bake.run_length(length, requests) >= length


def test_in_the_bake_a_late_leak_is_found_sooner_than_by_a_verdict() -> None:
    assert bake.delay(1000)[0] < bake.delay_of_a_verdict()[0] - 1


@pytest.mark.parametrize("size", past.SIZES)
def test_the_past_takes_back_few_good_candidates_and_finds_bad_ones_later(size: int) -> None:
    assert past.fails(size, 1).any(axis=1).mean() <= ALPHA
    assert past.fails(size, 5)[:, :3].any(axis=1).mean() < figures.caught(FIVE)["**Crossfade**"].three


@pytest.mark.parametrize(("candidate", "stable"), wanting.STATES)
def test_the_estimate_is_near_what_it_takes(candidate: wanting.Counts, stable: wanting.Counts) -> None:
    each = wanting.compared(candidate, stable)
    assert 0.7 * each.median <= each.estimate <= 1.5 * each.median
    assert each.as_told >= 0.85


def test_strata_that_are_of_no_use_cost_little_and_keep_the_bound() -> None:
    whole, most = figures.strata()[1], figures.strata()[max(figures.PARTS)]
    assert most[0] <= ALPHA
    assert most[2] > whole[2] - 0.05


def test_what_breaks_the_bound_is_shown_and_what_mends_it() -> None:
    broken, mended = list(figures.distrust().values())[::2], list(figures.distrust().values())[1::2]
    assert min(broken) > 0.3
    assert max(mended) <= ALPHA


def test_the_page_has_the_tables_of_the_study() -> None:
    writer = runpy.run_path(str(DOCS / "judge_study.py"))
    page = (DOCS / "judge.md").read_text()
    assert writer["rewritten"](page) == page, "run: PYTHONPATH=operator:tests python docs/judge_study.py"


def test_the_page_tells_every_setting_and_its_default() -> None:
    page = (DOCS / "judge.md").read_text()
    for field in fields(Settings):
        default = "none" if field.default is None else f"{field.default:g}"  # type: ignore[str-format]
        assert re.search(rf"^\| `{to_camel(field.name)}` \| {re.escape(default)} \|", page, re.MULTILINE), (
            field.name
        )
