"""One namespace's flood takes nobody else's turn, and within a namespace what is urgent goes first. No time passes."""

from collections.abc import Iterable

import pytest

from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key
from crossfade.controller.turns import HEAD_START

ASKED, LOSING, USUAL = range(3)
FLOOD = [Key("flood", f"shop-{number}") for number in range(3000)]
SHOP = Key("other", "shop")


def queue_of(ranks: dict[Key, int], limit: int | None = None) -> KeyedQueue[Key]:
    return KeyedQueue(rank=lambda key: ranks[key], group=lambda key: key.namespace, limit=limit)


def worked(queue: KeyedQueue[Key], passes: int) -> list[Key]:
    """The keys of so many passes, one after the other."""
    taken = []
    for _ in range(passes):
        found = queue.take(0)
        if found is None:
            break
        taken.append(found[0])
        queue.done(found[0], 0)
    return taken


def added(queue: KeyedQueue[Key], keys: Iterable[Key]) -> None:
    for key in keys:
        queue.add(key, 0)


@pytest.mark.parametrize(
    ("rank", "within"), [(ASKED, 1), (LOSING, HEAD_START + 2), (USUAL, 2 * HEAD_START + 2)]
)
def test_whatever_is_new_elsewhere_waits_for_a_few_of_three_thousand_aborts_at_most(
    rank: int, within: int
) -> None:
    queue = queue_of({**dict.fromkeys(FLOOD, ASKED), SHOP: rank})
    added(queue, FLOOD)
    worked(queue, 100)
    queue.add(SHOP, 0)
    assert SHOP in worked(queue, within)


@pytest.mark.parametrize("floods", [1, 2, 9])
def test_a_namespace_whose_keys_can_wait_gets_its_share_beside_any_number_of_floods(floods: int) -> None:
    urgent = [Key(f"flood-{which}", str(number)) for which in range(floods) for number in range(500)]
    usual = [Key("other", str(number)) for number in range(100)]
    queue = queue_of({**dict.fromkeys(urgent, ASKED), **dict.fromkeys(usual, USUAL)})
    added(queue, [*urgent, *usual])
    taken = worked(queue, (floods + 1) * 50 + 2 * HEAD_START * floods)
    assert sum(key.namespace == "other" for key in taken) == pytest.approx(50, abs=2)


def test_one_key_that_comes_back_at_once_gets_no_more_turns_than_others() -> None:
    restless, calm = Key("restless", "shop"), [Key("calm", str(number)) for number in range(50)]
    queue = queue_of({restless: USUAL, **dict.fromkeys(calm, USUAL)})
    added(queue, [restless, *calm])
    taken = []
    for _ in range(40):
        [key] = worked(queue, 1)
        taken.append(key)
        if key == restless:
            queue.add(key, 0)
    assert taken.count(restless) == 20


def test_an_abort_goes_before_a_hundred_namespaces_whose_keys_can_wait() -> None:
    usual = [Key(f"ns-{number}", name) for number in range(100) for name in "abc"]
    queue = queue_of({**dict.fromkeys(usual, USUAL), SHOP: ASKED})
    added(queue, usual)
    worked(queue, 150)
    queue.add(SHOP, 0)
    assert worked(queue, 1) == [SHOP]


def test_in_one_namespace_an_abort_goes_first_and_equals_go_in_the_order_they_came() -> None:
    queue = queue_of({**dict.fromkeys(FLOOD, USUAL), FLOOD[-1]: ASKED, FLOOD[-2]: LOSING})
    added(queue, FLOOD)
    assert worked(queue, 4) == [FLOOD[-1], FLOOD[-2], FLOOD[0], FLOOD[1]]


def test_a_key_that_is_added_again_and_again_does_not_move_its_namespace_back() -> None:
    mine, theirs = [Key("mine", "a"), Key("mine", "b")], Key("theirs", "a")
    queue = queue_of(dict.fromkeys([*mine, theirs], USUAL))
    added(queue, [mine[0], theirs, mine[1], mine[0], mine[1]])
    assert worked(queue, 1) == [mine[0]]


def test_a_namespace_has_half_of_the_workers_while_another_is_there_and_all_where_none_is() -> None:
    queue = queue_of(dict.fromkeys([*FLOOD, SHOP], USUAL), limit=2)
    added(queue, FLOOD[:9])
    assert [queue.take(0) for _ in range(3)] == [(key, 0) for key in FLOOD[:3]]
    queue.add(SHOP, 0)
    assert queue.take(0) == (SHOP, 0)
    assert queue.take(0) is None
    queue.done(FLOOD[0], 0)
    assert queue.take(0) is None
    queue.done(FLOOD[1], 0)
    assert queue.take(0) == (FLOOD[3], 0)
    queue.done(SHOP, 0)
    assert queue.take(0) == (FLOOD[4], 0)


def test_each_key_is_given_out_once_whatever_becomes_urgent_meanwhile() -> None:
    ranks = dict.fromkeys(FLOOD[:60], USUAL)
    queue = queue_of(ranks)
    added(queue, ranks)
    ranks |= dict.fromkeys(FLOOD[:60:3], LOSING)
    added(queue, ranks)
    ranks |= dict.fromkeys(FLOOD[:60:6], ASKED)
    added(queue, ranks)
    assert len(queue) == 60
    taken = worked(queue, 100)
    assert (len(taken), len(queue)) == (60, 0)
    assert taken[:10] == sorted(FLOOD[:60:6], key=FLOOD.index)
    assert set(taken) == set(FLOOD[:60])
