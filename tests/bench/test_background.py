"""What goes on beside a story begins when it is entered and has ended when it is left."""

import threading

import pytest

from bench.background import Background


class Counting(Background):
    """Counts until it is told to stop."""

    def __init__(self) -> None:
        super().__init__("counting")
        self.count = 0
        self.counted = threading.Event()

    def go_on(self) -> None:
        while not self.stopping.wait(0.001):
            self.count += 1
            self.counted.set()


def test_it_goes_on_beside_the_block_and_has_ended_after_it() -> None:
    with Counting() as counting:
        assert counting.counted.wait(5)
    assert not counting.thread.is_alive()


def test_it_ends_with_a_story_that_fails_and_hides_nothing() -> None:
    counting = Counting()
    with pytest.raises(ValueError, match="the story"), counting:
        raise ValueError("the story")
    assert not counting.thread.is_alive()


def test_it_has_not_begun_before_it_is_entered() -> None:
    assert not Counting().thread.is_alive()
