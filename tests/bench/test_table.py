"""A row of the table says what happened in words."""

from typing import Any

from bench.scenarios.seen import Result
from bench.table import told


def result(happened: str = "Completed", why: str = "", **figures: Any) -> Result:
    return Result("a story", 100, 0, 1.0, happened, why, [], figures)


def test_the_outcome_comes_first_then_the_reason_then_the_figures() -> None:
    assert told(result("RolledBack", "it crashed.", back_s=1.44)) == (
        "RolledBack. it crashed. all on v1 1.4 s after the first lost request"
    )


def test_figures_that_are_not_there_are_left_out() -> None:
    assert told(result(status_downtime_s=None, downtime_s=0.1)) == "Completed"


def test_a_canary_tells_its_shares_by_pods_and_as_seen() -> None:
    measured = [(25, 25, 24.26), (50, 50, 50.61), (100, 100, 100.0)]
    assert told(result(shares=measured)) == (
        "Completed. shares: 25 % wanted, 24.3 % seen, 50 % wanted, 50.6 % seen"
    )


def test_losses_are_told_by_how_they_ended() -> None:
    assert told(result(losses={"refused": 3, "timeout": 1})) == "Completed. 3 refused, 1 timeout"
