"""The ledger of slots: who may begin, who is next, and who is woken."""

from __future__ import annotations

from typing import Any

import pytest

from controller.queueing import World
from crossfade.api.policy import RolloutPolicySpec
from crossfade.controller.store import Key
from crossfade.core.moments import text_of
from crossfade.core.policy.matched import Place


@pytest.fixture
def world() -> World:
    return World()


def test_as_many_begin_as_there_are_slots_and_the_others_are_told_their_place(world: World) -> None:
    world.policy(maxActive=2)
    a, b, c, d = (world.have(name) for name in "abcd")
    assert [world.tries(key) for key in (a, b, c, d)] == [True, True, False, False]
    world.slots.begin(d)
    assert world.places(d) == {
        "calm": Place(granted=False, place=2, active=2, limit=2, where="in the cluster")
    }
    assert world.slots.active("calm") == 2
    assert [(each.rollout, each.place, each.since) for each in world.slots.queued("calm")] == [
        ("c", 1, text_of(world.now)),
        ("d", 2, text_of(world.now)),
    ]


def test_of_two_passes_that_race_for_the_last_slot_only_one_gets_it(world: World) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    assert [world.asks(a), world.asks(b)] == [True, False]
    world.begins(a)
    world.waits(b)
    world.slots.end(b)
    world.slots.end(a)
    assert (world.asks(b), world.woken) == (False, [])


def test_when_a_slot_comes_free_the_next_one_alone_is_woken_at_once_and_nobody_else_gets_it(
    world: World,
) -> None:
    world.policy(maxActive=1)
    a, b, c, late = (world.have(name) for name in ("a", "b", "c", "late"))
    for key in (a, b, c):
        world.tries(key)
        world.passes_by()
    world.ends(a)
    assert world.woken == [b]
    assert not world.tries(late)
    assert world.taken_turns() == [b]
    world.ends(b)
    assert world.taken_turns() == [c]


def test_the_higher_priority_goes_first_then_who_waits_longer(world: World) -> None:
    world.policy(maxActive=1)
    active, early, late = world.have("active"), world.have("early"), world.have("late")
    urgent = world.have("urgent", priority=10)
    for key in (active, early, late, urgent):
        world.tries(key)
        world.passes_by()
    world.edit(late, priority=5)
    order = []
    for _ in range(3):
        world.ends(active)
        (active,) = world.taken_turns()
        order.append(active)
    assert order == [urgent, late, early]


def test_a_full_namespace_holds_up_nobody_of_another(world: World) -> None:
    world.policy(maxActive=2, maxActivePerNamespace=1)
    a1, a2, b1, b2 = (
        world.have("a1", "a"),
        world.have("a2", "a"),
        world.have("b1", "b"),
        world.have("b2", "b"),
    )
    assert [world.tries(key) for key in (a1, a2, b1, b2)] == [True, False, True, False]
    assert world.places(a2)["calm"] == Place(
        granted=False, place=1, active=1, limit=1, where="in namespace a"
    )
    world.ends(b1)
    assert world.taken_turns() == [b2]


def test_of_two_full_limits_the_one_is_told_at_which_it_stands_last(world: World) -> None:
    world.policy(maxActive=1, maxActivePerNamespace=1)
    first, a, b = world.have("first", "a"), world.have("a", "a"), world.have("b", "b")
    assert [world.tries(key) for key in (first, b, a)] == [True, False, False]
    place = world.places(a)["calm"]
    assert (place.place, place.where) == (1, "in namespace a")
    world.edit(b, priority=1)
    place = world.places(a)["calm"]
    assert (place.place, place.where) == (2, "in the cluster")


def test_each_value_of_a_label_is_counted_by_itself_and_those_without_it_together(world: World) -> None:
    world.policy(perLabel={"key": "team", "maxActive": 1})
    web, more_web, api = world.have("a", team="web"), world.have("b", team="web"), world.have("c", team="api")
    bare, barer = world.have("d"), world.have("e")
    assert [world.tries(key) for key in (web, more_web, api, bare, barer)] == [True, False, True, True, False]
    assert world.places(more_web)["calm"].where == "with team=web"
    assert world.places(barer)["calm"].where == "without label team"
    world.label(more_web, team="mail")
    assert world.taken_turns() == [more_web]


def test_a_label_that_is_changed_while_it_runs_takes_its_slot_along(world: World) -> None:
    world.policy(perLabel={"key": "team", "maxActive": 1})
    web, mail, waits = world.have("a", team="web"), world.have("b", team="mail"), world.have("c", team="web")
    assert [world.tries(key) for key in (web, mail, waits)] == [True, True, False]
    world.label(web, team="mail")
    assert world.taken_turns() == [waits]
    assert world.slots.active("calm") == 3


def test_slots_of_several_policies_are_taken_all_at_once_or_not_at_all(world: World) -> None:
    world.policy("one", maxActive=1)
    world.policy("other", maxActive=1)
    both, only_one, only_other = world.have("both"), world.have("x"), world.have("y")
    for key, policy in ((only_one, "one"), (only_other, "other")):
        world.about[key] = {policy}
        world.slots.belong(key, {policy})
    assert [world.tries(only_one), world.tries(both)] == [True, False]
    waits = world.places(both)
    assert (waits["one"].active, waits["one"].limit) == (1, 1)
    assert waits["other"] == Place(granted=False, place=1, active=0, limit=1, where="in the cluster")
    assert [each.rollout for each in world.slots.queued("one")] == ["both"]
    assert world.slots.queued("other") == []
    assert world.tries(only_other)
    world.ends(only_one)
    assert (world.woken, world.tries(only_one)) == ([], True)
    world.ends(only_one)
    world.ends(only_other)
    assert world.taken_turns() == [both]


# --- a slot that is not used --------------------------------------------------------------------------------


def test_who_is_held_by_something_else_keeps_its_place_and_is_passed_over(world: World) -> None:
    world.policy(maxActive=1)
    active, held, next_one = world.have("a"), world.have("b"), world.have("c")
    for key in (active, held, next_one):
        world.tries(key)
        world.passes_by()
    world.ends(active)
    assert world.woken == [held]
    world.asks(held)  # an approval is missing: it does not begin
    world.slots.end(held)
    assert world.woken == [held, next_one]
    world.tries(next_one)
    assert [each.rollout for each in world.slots.queued("calm")] == ["b"]
    world.woken.clear()
    world.ends(next_one)
    assert world.woken == []
    assert world.tries(held)  # the approval has come


def test_who_is_held_by_something_else_goes_before_later_ones_as_soon_as_it_asks_again(world: World) -> None:
    world.policy(maxActive=1)
    active, held, later = world.have("a"), world.have("b"), world.have("c")
    for key in (active, held, later):
        world.tries(key)
        world.passes_by()
    world.tell(held, phase="Invalid")
    world.tell(held, phase="Waiting")
    world.tries(held)
    world.ends(active)
    assert world.woken == [held]


def test_a_pass_of_one_at_rest_leaves_nothing_behind(world: World) -> None:
    world.policy(maxActive=1)
    rests, active = world.have("a"), world.have("b")
    world.asks(rests)
    world.slots.end(rests)
    assert world.tries(active)
    world.asks(rests)
    world.slots.end(rests)
    assert world.slots.queued("calm") == []


def test_a_slot_that_was_offered_to_one_that_does_not_ask_any_more_goes_to_the_next(world: World) -> None:
    world.policy(maxActive=1)
    active, gone, later = world.have("a"), world.have("b"), world.have("c")
    for key in (active, gone, later):
        world.tries(key)
        world.passes_by()
    world.ends(active)
    world.slots.begin(gone)
    world.slots.end(gone)
    assert world.woken == [gone, later]


def test_a_pass_that_began_before_the_slot_came_free_does_not_lose_it(world: World) -> None:
    world.policy(maxActive=1)
    active, waits, later = world.have("a"), world.have("b"), world.have("c")
    for key in (active, waits, later):
        world.tries(key)
        world.passes_by()
    world.asks(waits)
    world.ends(active)
    world.slots.end(waits)
    assert world.woken == [waits]
    assert world.taken_turns() == [waits]


def test_a_pass_that_is_repeated_at_once_keeps_its_slot_once(world: World) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    assert world.asks(a)
    world.slots.end(a, again=True)
    assert not world.tries(b)
    assert world.asks(a)
    world.slots.end(a, again=True)
    assert world.woken == [b]


def test_an_edit_while_a_pass_runs_takes_no_slot_away_from_it(world: World) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    assert world.asks(a)
    world.edit(a, priority=1)
    world.edit(a, paused=True)
    assert not world.tries(b)
    world.slots.end(a)
    assert world.woken == [b]


def test_while_nobody_knows_whether_a_release_has_begun_its_slot_is_kept(world: World) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    for _ in range(3):
        world.asks(a)
        world.slots.end(a, unsure=True)
        assert not world.tries(b)
    world.begins(a)  # it had: the status was read anew
    world.slots.begin(a)
    world.slots.end(a)
    assert (world.tries(b), world.woken, world.slots.active("calm")) == (False, [], 1)


# --- who has no place ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["spec.paused", "a Pause", "deletion", "gone"])
def test_what_is_paused_or_deleted_has_no_place_and_its_slot_goes_to_the_next(world: World, how: str) -> None:
    world.policy(maxActive=1)
    active, stops, later = world.have("a"), world.have("b"), world.have("c")
    for key in (active, stops, later):
        world.tries(key)
        world.passes_by()
    world.ends(active)
    match how:
        case "spec.paused":
            world.edit(stops, paused=True)
        case "a Pause":
            world.tell(stops, pausedBy={"actor": "ann"})
        case "deletion":
            world.is_being_deleted(stops)
        case "gone":
            world.delete(stops)
    assert world.woken == [stops, later]
    assert world.slots.queued("calm") == []
    if how != "gone":
        assert not world.asks(stops)


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "still being deleted"])
def test_a_rollout_that_is_deleted_while_it_runs_frees_its_slot(world: World, *, gone: bool) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    assert [world.tries(a), world.tries(b)] == [True, False]
    if gone:
        world.delete(a)
    else:
        world.is_being_deleted(a)
    assert world.taken_turns() == [b]


def test_an_invalid_one_is_passed_over(world: World) -> None:
    world.policy(maxActive=1)
    active, invalid, later = world.have("a"), world.have("b"), world.have("c")
    for key in (active, invalid, later):
        world.tries(key)
        world.passes_by()
    world.tell(invalid, phase="Invalid")
    world.ends(active)
    assert world.woken == [later]


def test_what_goes_back_takes_a_slot_without_asking_and_the_others_wait_until_there_is_room(
    world: World,
) -> None:
    world.policy(maxActive=1)
    a, back, waits = world.have("a"), world.have("back"), world.have("c")
    world.tries(a)
    world.begins(back)
    assert (world.tries(waits), world.places(waits)["calm"].active) == (False, 2)
    world.ends(a)
    assert world.woken == []
    world.ends(back)
    assert world.woken == [waits]


# --- policies -----------------------------------------------------------------------------------------------


def test_what_runs_when_a_policy_comes_goes_on_and_counts(world: World) -> None:
    running = [world.have(name) for name in "abc"]
    late = world.have("late")
    for key in running:
        world.begins(key)
    world.policy(maxActive=2)
    assert (world.slots.active("calm"), world.tries(late)) == (3, False)
    world.ends(running[0])
    assert world.woken == []
    world.ends(running[1])
    assert world.taken_turns() == [late]


def test_a_higher_limit_lets_in_as_many_more_and_a_lower_one_stops_nobody(world: World) -> None:
    world.policy(maxActive=1)
    keys = [world.have(name) for name in "abcde"]
    for key in keys:
        world.tries(key)
        world.passes_by()
    world.policy(maxActive=3)
    assert world.taken_turns() == keys[1:3]
    world.policy(maxActive=1)
    world.ends(keys[0])
    assert (world.woken, world.slots.active("calm")) == ([], 2)


@pytest.mark.parametrize("how", ["it is gone", "it limits nothing", "it only warns", "it is about another"])
def test_who_waits_is_woken_where_a_policy_holds_it_no_more(world: World, how: str) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    assert [world.tries(a), world.tries(b)] == [True, False]
    match how:
        case "it is gone":
            world.slots.limit("calm", None)
        case "it limits nothing":
            world.policy()
        case "it only warns":
            world.policy(mode="Warn", maxActive=1)
        case "it is about another":
            world.slots.belong(b, ())
    assert world.woken == [b]


def test_a_policy_that_only_warns_holds_nobody_and_says_when_it_would(world: World) -> None:
    world.policy("strict", maxActive=1, maxActivePerNamespace=1)
    world.policy("soft", mode="Warn", maxActive=1)
    a, b = world.have("a", "a"), world.have("b", "b")
    world.policy("strict", maxActive=5)
    assert world.tries(a)
    world.slots.begin(b)
    places = world.places(b)
    assert places["strict"].granted
    assert places["soft"] == Place(granted=False, place=1, active=1, limit=1, where="in the cluster")
    assert world.slots.queued("soft") == []


def test_a_bypass_needs_no_slot_of_its_policy_and_takes_one(world: World) -> None:
    world.policy("one", maxActive=1)
    world.policy("other", maxActive=1, maxActivePerNamespace=1)
    a, b = world.have("a"), world.have("b")
    world.policy("other", maxActive=2)
    assert [world.tries(a), world.tries(b)] == [True, False]
    world.tell(b, bypasses=[{"policy": "one", "until": "2026-01-31T12:01:00Z"}])
    assert world.woken == [b]
    world.slots.begin(b)
    assert world.places(b)["other"].granted
    world.begins(b)
    assert [world.slots.active(policy) for policy in ("one", "other")] == [2, 2]


@pytest.mark.parametrize("glass", [{"allowed": False}, {"maxSeconds": 60}])
def test_a_bypass_that_its_policy_allows_no_more_passes_nothing(world: World, glass: dict[str, Any]) -> None:
    world.policy("one", maxActive=1)
    world.policy("other", maxActive=2)
    a, b = world.have("a"), world.have("b")
    world.tries(a)
    at, until = text_of(world.now), "2026-01-31T12:10:00Z"
    world.tell(b, bypasses=[{"policy": "one", "at": at, "until": until}])
    world.passes_by(90)
    spec = {"concurrency": {"maxActive": 1}, "breakGlass": glass}
    world.slots.limit("one", RolloutPolicySpec.model_validate(spec))
    world.slots.begin(b)
    assert not world.places(b)["other"].granted


def test_a_bypass_that_is_over_passes_nothing_though_the_status_still_has_it(world: World) -> None:
    world.policy(maxActive=1)
    a, b = world.have("a"), world.have("b")
    assert [world.tries(a), world.tries(b)] == [True, False]
    world.tell(b, bypasses=[{"policy": "calm", "until": "2026-01-31T12:01:00Z"}, {"policy": "calm"}])
    world.passes_by(60)
    assert not world.tries(b)
    world.woken.clear()
    world.ends(a)
    assert world.taken_turns() == [b]


def test_what_the_ledger_was_not_told_of_has_no_slot(world: World) -> None:
    world.policy(maxActive=1)
    a = world.have("a")
    assert not world.slots.place(a, "unknown", world.now).granted
    assert not world.slots.place(Key("ns", "unknown"), "calm", world.now).granted


def test_policies_and_whom_they_are_about_may_be_told_in_any_order(world: World) -> None:
    a, b = world.have("a"), world.have("b")
    for key in (a, b):
        world.concerns(key, "calm", "calm", "idle")
    world.policy(maxActive=1)
    assert [world.tries(a), world.tries(b)] == [True, False]
    assert (world.slots.active("calm"), world.slots.active("idle"), world.slots.active("unknown")) == (
        1,
        1,
        0,
    )


# --- another process ----------------------------------------------------------------------------------------


def test_another_process_knows_who_is_active_and_who_is_next_from_the_statuses(world: World) -> None:
    world.policy(maxActive=2)
    a, b, c, d = (world.have(name) for name in "abcd")
    urgent = world.have("e", priority=1)
    for key in (a, b, d, c, urgent):
        world.tries(key)
        world.passes_by()
    world.start_anew([d, c, urgent, b, a])
    assert world.slots.active("calm") == 2
    assert [each.rollout for each in world.slots.queued("calm")] == ["e", "d", "c"]


def test_a_slot_that_came_free_while_nobody_worked_goes_to_the_first_in_the_queue_whoever_asks_first(
    world: World,
) -> None:
    world.policy(maxActive=1)
    a, b, c = (world.have(name) for name in "abc")
    for key in (a, b, c):
        world.tries(key)
        world.passes_by()
    del world.stored[a]["status"]["progress"]
    world.start_anew([c, b, a])
    assert not world.tries(c)
    assert world.taken_turns() == [b]


def test_nothing_is_kept_of_what_is_gone(world: World) -> None:
    world.policy(maxActive=1, maxActivePerNamespace=1, perLabel={"key": "team", "maxActive": 1})
    keys = [world.have(name, f"ns-{name}", team=name) for name in "abcd"]
    for key in keys:
        world.tries(key)
    for key in keys:
        world.delete(key)
    world.slots.limit("calm", None)
    books = world.slots._books
    assert (books.members, books.policies, len(books.profiles), len(books.lanes)) == ({}, {}, 0, 0)
