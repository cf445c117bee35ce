"""How many more requests: an estimate that follows the present rates. The study says how near it comes."""

import pytest

from crossfade.judge.counts import Counts, Past, Stratum, Window
from crossfade.judge.needed import Needed, needed
from crossfade.judge.progress import folded, start
from crossfade.judge.settings import Settings

SETTINGS = Settings()


def wanting(*windows: Window, past: Past | None = None, settings: Settings = SETTINGS) -> Needed:
    told = needed(folded(windows, settings, past), settings, past)
    assert told
    return told


def test_more_requests_so_far_leave_fewer_to_come() -> None:
    few, more = (Window(10.0, Counts(k, 200 * k), Counts(9 * k, 1800 * k)) for k in (2, 8))
    assert wanting(few).requests > wanting(more).requests > 1
    assert not wanting(few).fails


def test_a_candidate_that_looks_worse_is_expected_to_fail() -> None:
    assert wanting(Window(10.0, Counts(4, 200), Counts(9, 1800))).fails


def test_the_time_is_told_at_the_rate_of_the_last_window() -> None:
    """It got 10 requests a second, and now 100."""
    slow, fast = Window(10.0, Counts(1, 100), Counts(9, 900)), Window(12.0, Counts(1, 200), Counts(9, 1800))
    told = wanting(slow, fast)
    assert told.seconds == pytest.approx(told.requests / 100)


@pytest.mark.parametrize(("bad", "fails"), [(45, False), (5, True)])
def test_without_stable_the_rate_of_the_past_is_what_it_is_held_against(bad: int, fails: bool) -> None:
    past = Past(Counts(bad, 9000), "release 7")
    assert wanting(Window(10.0, Counts(2, 400), Counts()), past=past).fails == fails


def test_there_is_no_estimate_without_requests_nor_where_no_end_is_known() -> None:
    some = [Window(10.0, Counts(1, 200), Counts(9, 1800))]
    assert needed(folded([Window(10.0, Counts(), Counts(9, 1800))], SETTINGS), SETTINGS) is None
    assert needed(folded(some, SETTINGS, None, start(endless=True)), SETTINGS) is None


def test_there_is_none_where_no_number_of_requests_would_do() -> None:
    """1.75 times as bad: not more than 1.7 times plus what the smallest bet needs, nor less than 1.8 by as much."""
    settings = Settings(tolerance=1.7, certify=1.8)
    seen = folded([Window(10.0, Counts(175, 10_000), Counts(900, 90_000))], settings)
    assert needed(seen, settings) is None


def test_where_the_worse_zone_has_most_of_the_candidates_requests_it_is_not_expected_to_fail() -> None:
    """As bad as stable in each zone; together it looks three times as bad."""
    bad = Stratum("a", Counts(30, 300), Counts(30, 300))
    good = Stratum("b", Counts(1, 100), Counts(10, 1000))
    look = Window(10.0, Counts(31, 400), Counts(40, 1300), (bad, good))
    together = Window(10.0, look.candidate, look.stable)
    assert wanting(together).fails
    assert not wanting(look).fails
