"""The figures of the bench mean what they say."""

import math
from fractions import Fraction

import pytest

from bench import analysis
from bench.analysis import Record


def request(
    at: float,
    version: str = "v1",
    outcome: str = "200",
    kind: str = "n",
    latency_s: float = 0.0,
    user: int | None = None,
) -> Record:
    return Record(at, kind, outcome, version, latency_s, user)


def failure(at: float, outcome: str = "refused") -> Record:
    return request(at, "-", outcome)


def test_a_line_becomes_a_record_with_its_latency_in_seconds() -> None:
    assert analysis.parse(["1764000000.123 n 200 v2 1.9"]) == [
        Record(1764000000.123, "n", "200", "v2", 0.0019)
    ]


def test_notes_and_a_line_that_was_cut_are_left_out() -> None:
    assert analysis.parse(["# begin 1.0 10.96.0.9:80", "2.0 n 200 v1 1.0;3.0 n 2", "4.0 n"]) == [
        request(2.0, latency_s=0.001)
    ]


def test_a_users_record_tells_who_it_was_and_one_cut_before_that_is_left_out() -> None:
    parsed = analysis.parse(["2.0 u 200 v1 1.0 17", "3.0 u 200 v1 1.0"])
    assert parsed == [request(2.0, kind="u", latency_s=0.001, user=17)]


def test_records_are_in_the_order_of_their_starts_although_a_slow_one_is_written_late() -> None:
    parsed = analysis.parse(["2.0 n 200 v1 1.0", "1.0 n timeout - 3000.0"])
    assert [record.at for record in parsed] == [1.0, 2.0]


def test_a_record_is_whole_only_with_its_end() -> None:
    assert analysis.is_whole(["# begin", "# end"])
    assert not analysis.is_whole(["# begin", "1.0 n 200 v1 1.0"])


@pytest.mark.parametrize("outcome", ["500", "refused", "reset", "closed", "unreachable", "timeout"])
def test_everything_but_a_200_is_lost(outcome: str) -> None:
    assert analysis.lost([request(1.0), request(2.0, outcome=outcome)]) == [request(2.0, outcome=outcome)]


def test_the_kinds_of_load_are_told_apart() -> None:
    kinds = {
        "n": analysis.new,
        "k": analysis.kept,
        "h": analysis.http2,
        "u": analysis.of_users,
        "s": analysis.sockets,
    }
    records = [request(1.0, kind=kind) for kind in kinds]
    assert [chosen(records) for chosen in kinds.values()] == [[record] for record in records]


def test_a_web_socket_is_no_request_that_could_be_lost() -> None:
    records = [request(1.0), request(1.0, outcome="closed", kind="s")]
    assert analysis.requests(records) == [records[0]]


def test_losses_are_counted_by_how_they_ended() -> None:
    records = [request(0.0), failure(1.0), failure(2.0), failure(3.0, "timeout")]
    assert analysis.losses_by_outcome(records) == {"refused": 2, "timeout": 1}


def test_a_window_includes_its_start_and_not_its_end() -> None:
    records = [request(1.0), request(2.0), request(3.0)]
    assert [record.at for record in analysis.between(records, 1.0, 3.0)] == [1.0, 2.0]


def test_a_share_is_percent_of_the_good_answers() -> None:
    records = [request(1.0), request(2.0, "v2"), request(3.0), request(4.0), failure(5.0)]
    assert analysis.share(records, "v2") == 25.0


def test_the_share_of_nothing_is_zero() -> None:
    assert analysis.share([failure(1.0)], "v2") == 0.0


def test_a_users_versions_are_told_in_order_and_a_lost_request_is_none() -> None:
    records = [
        request(at, version, user=user) for at, version, user in ((1, "v1", 0), (2, "v2", 1), (3, "v1", 0))
    ]
    records += [request(4.0, "-", "502", user=1), request(5.0, "v1", user=1)]
    assert analysis.versions_by_user(records) == {0: ["v1"], 1: ["v2", "v1"]}


@pytest.mark.parametrize(("n", "percent"), [(100, 1.0), (200, 5.0), (300, 25.0), (80, 50.0)])
def test_the_binomial_bounds_are_the_exact_ones(n: int, percent: float) -> None:
    p, tail = Fraction(percent) / 100, Fraction(1, 2000)
    chances = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    low = next(k for k in range(n + 1) if sum(chances[: k + 1]) > tail)
    high = next(k for k in range(n, -1, -1) if sum(chances[k:]) > tail)
    assert analysis.binomial_bounds(n, percent / 100) == (low, high)


def test_nothing_and_everything_have_no_room() -> None:
    assert analysis.binomial_bounds(5000, 0.0) == (0, 0)
    assert analysis.binomial_bounds(5000, 1.0) == (5000, 5000)


@pytest.mark.parametrize(("v2", "right"), [(28, False), (29, True), (75, True), (76, False)])
def test_a_share_is_right_within_the_bounds_and_wrong_beyond_them(v2: int, right: bool) -> None:
    records = [request(at, "v2" if at < v2 else "v1") for at in range(5000)]
    assert analysis.share_is_right(records, "v2", 1.0) is right


def test_a_share_of_nothing_is_not_right() -> None:
    assert not analysis.share_is_right([failure(1.0)], "v2", 0.0)


def test_first_and_last_answer_are_told_by_their_arrival() -> None:
    records = [request(1.0, "v2", latency_s=2.0), request(1.5, "v2", latency_s=0.5)]
    assert analysis.first_answer(records, "v2") == 2.0
    assert analysis.last_answer(records, "v2") == 3.0
    assert analysis.last_answer(records, "v3") is None


def test_an_error_of_a_version_is_still_its_answer() -> None:
    assert analysis.last_answer([request(1.0, "v3"), request(2.0, "v3", "500")], "v3") == 2.0


def test_versions_mix_from_the_first_answer_of_one_to_the_last_of_the_other() -> None:
    records = [request(1.0), request(2.0, "v2"), request(3.5), request(4.0, "v2")]
    assert analysis.mixing_s(records, "v1", "v2") == 1.5


def test_versions_that_follow_each_other_do_not_mix() -> None:
    assert analysis.mixing_s([request(1.0), request(2.0, "v2")], "v1", "v2") == 0.0
    assert analysis.mixing_s([request(1.0)], "v1", "v2") == 0.0


def test_versions_are_listed_by_their_first_good_answer() -> None:
    records = [request(1.0), request(2.0, "v2"), request(3.0), request(4.0, "v3", "500"), failure(5.0)]
    assert analysis.versions_in_order(records) == ["v1", "v2"]


def test_a_version_that_comes_back_is_a_run_of_its_own() -> None:
    records = [request(1.0), request(2.0), request(3.0, "v2"), request(4.0)]
    assert [(run.version, run.answers) for run in analysis.runs(records)] == [("v1", 2), ("v2", 1), ("v1", 1)]


def test_failures_close_together_are_one_outage() -> None:
    records = [failure(1.0), request(1.2), failure(1.9), request(5.0), failure(6.0)]
    assert analysis.outages(records) == [analysis.Outage(1.0, 1.9, 2), analysis.Outage(6.0, 6.0, 1)]


def test_down_time_is_the_longest_time_without_a_good_answer() -> None:
    records = [request(1.0), failure(1.5), request(2.0), failure(2.1), request(3.0, latency_s=2.5)]
    assert analysis.downtime_s(records) == 3.5
    assert analysis.downtime_s([request(1.0)]) == 0.0
    assert analysis.downtime_s([failure(1.0), failure(9.0)]) == 0.0


def test_back_is_counted_from_the_first_lost_request_to_the_last_wrong_one() -> None:
    records = [request(0.0, "v2"), failure(1.0), request(2.0), request(2.5, "v2"), request(3.0)]
    assert analysis.back_on_s(records, "v1") == 1.5


def test_back_is_never_when_the_last_request_went_wrong() -> None:
    assert analysis.back_on_s([failure(1.0), request(2.0, "v2")], "v1") == math.inf


def test_back_has_no_figure_when_nothing_was_lost() -> None:
    assert analysis.back_on_s([request(1.0), request(2.0, "v2")], "v1") is None
