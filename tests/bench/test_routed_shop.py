"""What the tests of routes read from a load's record and from a route."""

import random

import pytest

from bench.analysis import Record
from kind.routers import moved_at, percent_of

MOVED_S = 3.3


def answers(before: float, after: float, per_s: int = 500) -> list[Record]:
    """Seven seconds of answers by chance, whose share of v2 changes after `MOVED_S`."""
    drawn = random.Random(11)  # the same answers every time

    def record(at_s: float) -> Record:
        percent = before if at_s < MOVED_S else after
        return Record(at_s, "n", "200", "v2" if drawn.random() * 100 < percent else "v1", 0.002)

    return [record(number / per_s) for number in range(7 * per_s)]


@pytest.mark.parametrize(("before", "after"), [(5, 25), (25, 50), (50, 100), (60, 0)])
def test_the_moment_of_a_change_of_shares_is_read_from_the_answers(before: float, after: float) -> None:
    assert moved_at(answers(before, after), "v2", before, after) == pytest.approx(MOVED_S, abs=0.2)


@pytest.mark.parametrize(
    ("weights", "percent"),
    [
        ({"shop": None}, 0),
        ({"shop": 999, "shop-canary": 1}, 0.1),
        ({"shop": 0, "shop-canary": 1000}, 100),
        ({"shop": 200, "shop-canary": 200, "archive": 100}, 50),
    ],
)
def test_the_candidates_share_is_that_of_what_the_shop_gets(
    weights: dict[str, int | None], percent: float
) -> None:
    refs = [
        {"name": name, **({} if weight is None else {"weight": weight})} for name, weight in weights.items()
    ]
    assert percent_of({"spec": {"rules": [{"backendRefs": refs}]}}, "shop") == percent
