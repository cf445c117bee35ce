"""A key waits once, is never worked twice at a time, and backs off on its own. Time is an argument."""

import pytest

from crossfade.controller.queue import KeyedQueue

Queue = KeyedQueue[str]


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_a_key_added_often_is_worked_on_once(queue: Queue) -> None:
    for now_s in (1.0, 2.0, 3.0):
        queue.add("a", now_s)
    assert queue.take(4.0) == ("a", 3.0)
    queue.done("a", 5.0)
    assert queue.take(6.0) is None


def test_keys_are_taken_in_the_order_they_came(queue: Queue) -> None:
    queue.add("a", 0)
    queue.add("b", 0)
    queue.add("a", 0)
    assert [queue.take(1), queue.take(1)] == [("a", 1), ("b", 1)]


def test_what_is_urgent_is_taken_before_all_that_waits_and_keeps_its_own_wait() -> None:
    ranks = dict.fromkeys("abcd", 2)
    queue = Queue(rank=lambda key: ranks[key])
    for now_s, key in enumerate("abc"):
        queue.add(key, now_s)
    ranks |= {"c": 1, "d": 0}
    queue.add("c", 3)
    queue.add("d", 4)
    ranks["d"] = 2
    queue.add("d", 5)
    assert (len(queue), queue.stands_since_s()) == (4, 0)
    assert [queue.take(5) for _ in "abcd"] == [("d", 1), ("c", 3), ("a", 5), ("b", 4)]


def test_what_became_urgent_while_it_was_worked_on_is_next() -> None:
    ranks = {"a": 1, "b": 1}
    queue = Queue(rank=lambda key: ranks[key])
    queue.add("a", 0)
    queue.take(0)
    queue.add("b", 1)
    queue.add("a", 2)
    ranks["a"] = 0
    queue.done("a", 4)
    assert [queue.take(4), queue.take(4)] == [("a", 0), ("b", 3)]


def test_a_timer_that_runs_out_is_as_urgent_as_its_key_is_then() -> None:
    ranks = {"a": 1, "b": 1}
    queue = Queue(rank=lambda key: ranks[key])
    queue.add_after("a", 2, 0)
    queue.add("b", 1)
    ranks["a"] = 0
    assert [queue.take(3), queue.take(3)] == [("a", 1), ("b", 2)]


def test_a_key_that_is_worked_on_is_not_given_to_a_second_worker(queue: Queue) -> None:
    queue.add("a", 0)
    queue.take(0)
    queue.add("a", 1)
    assert queue.take(2) is None
    queue.done("a", 3)
    assert queue.take(4) == ("a", 1)


def test_what_was_added_during_a_failing_pass_does_not_wait_for_the_back_off(queue: Queue) -> None:
    queue.add("a", 0)
    queue.take(0)
    queue.add("a", 1)
    queue.failed("a", 2)
    assert queue.take(2) == ("a", 0)


def test_a_delayed_key_comes_when_it_is_due_and_not_before(queue: Queue) -> None:
    queue.add_after("a", 5, now_s=10)
    assert queue.next_due_s() == 15
    assert queue.take(14.9) is None
    assert queue.take(15.5) == ("a", 0.5)
    assert queue.next_due_s() is None


def test_of_two_delays_the_earlier_one_counts(queue: Queue) -> None:
    queue.add_after("a", 9, 0)
    queue.add_after("a", 3, 0)
    queue.add_after("a", 6, 0)
    assert queue.take(3) == ("a", 0)
    queue.done("a", 3)
    assert queue.take(100) is None


def test_a_pass_that_begins_drops_the_timer(queue: Queue) -> None:
    queue.add_after("a", 5, 0)
    queue.add("a", 1)
    queue.take(1)
    queue.done("a", 1)
    assert queue.next_due_s() is None


def test_a_timer_that_runs_out_during_a_pass_leads_to_another_pass(queue: Queue) -> None:
    queue.add("a", 0)
    queue.take(0)
    queue.add_after("a", 1, 0)
    assert queue.take(2) is None
    queue.done("a", 3)
    assert queue.take(3) is not None


def test_failures_double_the_delay_up_to_a_minute(queue: Queue) -> None:
    delays, now_s = [], 0.0
    queue.add("a", now_s)
    for _ in range(12):
        assert queue.take(now_s) is not None
        delays.append(queue.failed("a", now_s))
        now_s += delays[-1]
    assert delays[:3] == [0.2, 0.2, 0.4]
    assert delays[-1] == 60
    assert delays == sorted(delays)


def test_success_begins_the_back_off_anew(queue: Queue) -> None:
    for _ in range(5):
        queue.add("a", 0)
        queue.take(1000)
        queue.failed("a", 1000)
    queue.take(2000)
    queue.done("a", 2000)
    queue.add("a", 2000)
    queue.take(2000)
    assert queue.failed("a", 2000) == 0.2


def test_a_first_failure_may_be_repeated_at_once_and_the_next_ones_not(queue: Queue) -> None:
    queue.add("a", 0)
    queue.take(0)
    assert queue.failed("a", 0, first_s=0) == 0
    queue.take(0)
    assert queue.failed("a", 0, first_s=0) == 0.2


def test_keys_back_off_on_their_own(queue: Queue) -> None:
    queue.add("a", 0)
    queue.take(0)
    queue.failed("a", 0)
    queue.add("b", 0)
    assert queue.take(0.1) == ("b", 0.1)


def test_jitter_spreads_the_delays() -> None:
    queue = Queue(jitter=lambda: 1.5)
    queue.add("a", 0)
    queue.take(0)
    assert queue.failed("a", 0) == pytest.approx(0.3)


def test_a_queue_stands_since_its_longest_work_or_since_none_was_taken_of_those_that_wait(
    queue: Queue,
) -> None:
    assert queue.stands_since_s() is None
    queue.add("a", 3)
    queue.add("b", 5)
    assert queue.stands_since_s() == 3
    queue.take(7)
    assert queue.stands_since_s() == 7
    queue.add("c", 8)
    queue.done("a", 9)
    assert queue.stands_since_s() == 7
    queue.take(400)
    assert queue.stands_since_s() == 400
