"""How moments are told."""

from datetime import UTC, datetime, timedelta

import pytest

from crossfade.view.times import ago

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (779, "12 min ago"),
        (5400, "90 min ago"),
        (5 * 3600, "5 h ago"),
        (47 * 3600, "47 h ago"),
        (72 * 3600, "3 d ago"),
    ],
)
def test_how_long_ago_is_told_in_the_one_unit_that_tells_enough(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_a_moment_that_seems_to_come_by_another_clock_is_now() -> None:
    assert ago(NOW + timedelta(seconds=3), NOW) == "0 s ago"
