"""What the ledger of slots promises, whatever passes, people and policies do in whatever order.

Worlds of eight Rollouts in three namespaces and two teams under up to three policies; passes begin, ask, store and end in any order, and
some are cut off. After each step the books are reckoned up anew from all that there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random

from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from controller.queueing import World
from crossfade.controller.slots.lanes import Pool
from crossfade.controller.slots.line import Order
from crossfade.controller.slots.members import HAVE_A_SLOT, QUEUED, Member, State
from crossfade.controller.store import Key
from crossfade.core.moments import text_of
from samples import examples

KEYS = [Key(f"ns{number % 3}", f"shop{number}") for number in range(8)]
TEAMS: list[dict[str, str]] = [{"team": "web"}, {"team": "mail"}, {}]
POLICIES = ["one", "other", "third"]
LATER = text_of(datetime(2027, 1, 1, tzinfo=UTC))

ENDS = ["well", "well", "cut off", "repeated", "stored without an answer", "lost without an answer"]
OFTEN = {
    "move_a_pass_begins",
    "move_a_pass_asks",
    "move_a_pass_ends",
    "move_a_whole_pass_runs",
    "move_whoever_was_woken_has_its_pass",
    "move_a_release_ends",
    "move_releases_are_wanted",
}
STEPS = 150


class Ledger:
    """The real ledger, and beside it who wants what: `wanted`: a release, `elsewhere`: something else holds it.

    `running`: a pass of it runs, and whether it may begin, None before it has asked. `free`: those that have a slot and needed no leave,
    or got it before the limits were what they are. `unseen`: their release has begun, and nobody has heard of it yet. `to_pass`: those
    whose pass is to come. `steps`: what was done, for whoever looks for the cause of a failure.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.world = World()
        self.world.wake = self.woken  # type: ignore[method-assign]
        self.world.start_anew()
        self.wanted = set(KEYS)
        self.elsewhere: set[Key] = set()
        self.running: dict[Key, bool | None] = {}
        self.free: set[Key] = set()
        self.unseen: set[Key] = set()
        self.to_pass: list[Key] = []
        self.steps: list[str] = []
        for policy in POLICIES:
            self.edits_policy(policy, "Enforce")
        for key in KEYS[:6]:
            self.comes(key)

    def lives(self) -> None:
        """Anything happens, and each promise is kept after each step; then all quiets down."""
        moves = [name for name in vars(Ledger) if name.startswith("move_")]
        weights = [4 if name in OFTEN else 1 for name in moves]
        for move in self.random.choices(moves, weights, k=STEPS):
            self.steps.append(move)
            getattr(self, move)()
            self.keeps_its_promises()
        self.quiets_down()

    def one_of(self, candidates: Iterable[Key]) -> list[Key]:
        found = list(candidates)
        return [self.random.choice(found)] if found else []

    def some(self) -> set[str]:
        return {policy for policy in POLICIES if self.random.random() < 0.6}

    # --- people, policies, the cluster ------------------------------------------------------------------------

    def move_another_comes(self) -> None:
        for key in self.one_of(key for key in KEYS if key not in self.world.stored):
            self.comes(key)

    def comes(self, key: Key) -> None:
        team = self.random.choice(TEAMS)
        self.world.have(key.name, key.namespace, priority=self.random.randrange(3), **team)
        self.world.about[key] = self.some()
        self.world.slots.belong(key, self.world.about[key])

    def move_one_is_deleted(self) -> None:
        for key in self.one_of(self.out_of_pass()):
            self.world.delete(key)
            for known in (self.wanted, self.elsewhere, self.free, self.unseen):
                known.discard(key)

    def move_releases_are_wanted(self) -> None:
        self.wanted.update(key for key in self.world.stored if not self.under_way(key))

    def move_one_is_wanted_no_more(self) -> None:
        self.wanted.difference_update(self.one_of(self.out_of_pass()))

    def move_something_else_holds_one_or_does_no_more(self) -> None:
        self.elsewhere.symmetric_difference_update(self.one_of(self.world.stored))

    def move_a_release_ends(self) -> None:
        for key in self.one_of(key for key in self.out_of_pass() if self.under_way(key)):
            self.world.ends(key)
            self.free.discard(key)

    def move_one_goes_back(self) -> None:
        for key in self.one_of(self.out_of_pass()):
            self.free.add(key)
            self.wanted.discard(key)
            self.unseen.discard(key)
            self.world.begins(key)

    def move_one_is_paused_or_resumed(self) -> None:
        for key in self.one_of(self.world.stored):
            self.world.edit(key, paused=not self.world.stored[key]["spec"].get("paused"))

    def move_a_priority_is_edited(self) -> None:
        for key in self.one_of(self.world.stored):
            self.world.edit(key, priority=self.random.randrange(3))

    def move_one_is_relabelled(self) -> None:
        for key in self.one_of(self.world.stored):
            self.free |= {key} & self.let_in()
            self.world.label(key, **self.random.choice(TEAMS))

    def move_one_passes_policies(self) -> None:
        for key in self.one_of(self.world.stored):
            self.free |= {key} & self.let_in()
            self.world.tell(key, bypasses=[{"policy": each, "until": LATER} for each in sorted(self.some())])

    def move_other_policies_are_about_one(self) -> None:
        for key in self.one_of(self.world.stored):
            self.free |= {key} & self.let_in()
            self.world.about[key] = self.some()
            self.world.slots.belong(key, self.world.about[key])

    def move_a_policy_is_edited(self) -> None:
        self.edits_policy(self.random.choice(POLICIES), self.random.choice(["Enforce", "Warn"]))

    def edits_policy(self, name: str, mode: str) -> None:
        self.free |= self.let_in()
        cluster, namespace, team = (self.random.choice([None, 1, 2, 3]) for _ in range(3))
        per_label = {"key": "team", "maxActive": team} if team is not None else None
        told = {"maxActive": cluster, "maxActivePerNamespace": namespace, "perLabel": per_label}
        self.world.policy(
            name, mode=mode, **{each: value for each, value in told.items() if value is not None}
        )

    def move_another_process_takes_over(self) -> None:
        self.running.clear()
        for key in list(self.unseen):
            self.sees(key)
        self.to_pass = list(self.world.stored)
        self.random.shuffle(self.to_pass)
        self.world.start_anew(self.to_pass)

    # --- passes -----------------------------------------------------------------------------------------------

    def move_a_pass_begins(self) -> None:
        for key in self.one_of(self.out_of_pass()):
            self.begin(key)

    def move_a_pass_asks(self) -> None:
        for key in self.one_of(key for key, asked in self.running.items() if asked is None):
            self.ask(key)

    def move_a_pass_ends(self) -> None:
        for key in self.one_of(self.running):
            self.end(key, self.random.choice(ENDS))

    def move_a_whole_pass_runs(self) -> None:
        for key in self.one_of(self.out_of_pass()):
            self.pass_of(key, self.random.choice(ENDS))

    def move_whoever_was_woken_has_its_pass(self) -> None:
        for key in self.to_pass[:1]:
            if key not in self.running:
                self.to_pass.remove(key)
            if key not in self.running and key in self.world.stored:
                self.pass_of(key, "well")

    def pass_of(self, key: Key, how: str) -> None:
        self.begin(key)
        self.ask(key)
        self.end(key, how)

    def begin(self, key: Key) -> None:
        self.world.passes_by()
        self.running[key] = None
        self.world.slots.begin(key)
        self.sees(key)

    def sees(self, key: Key) -> None:
        """The answer that was lost is read anew."""
        if key in self.unseen:
            self.unseen.remove(key)
            self.world.begins(key)

    def ask(self, key: Key) -> None:
        member = self.members[key]
        before, places = member.state, self.world.places(key)
        self.running[key] = self.may_begin(key) and all(
            places[policy].granted for policy in self.holding(key)
        )
        if member.state is State.GRANTED and before not in HAVE_A_SLOT:
            self.nobody_was_before(member)

    def end(self, key: Key, how: str) -> None:
        """What the pass decided is stored, or not, and it is over."""
        granted = self.running.pop(key)
        stored = how in {"well", "stored without an answer"} and granted is not None
        if stored and granted and key in self.wanted and not self.under_way(key):
            self.wanted.discard(key)
            self.unseen.add(key)
            if how == "well":
                self.sees(key)
        elif stored and self.may_wait(key):
            self.world.waits(key)
        elif stored:
            self.world.tell(key, waitingSince=None)
        unsure = how in {"stored without an answer", "lost without an answer"}
        self.world.slots.end(key, again=how == "repeated", unsure=unsure)
        self.free &= self.let_in()
        self.to_pass += [key] if how != "well" else []

    def quiets_down(self) -> None:
        """Nothing is held by anything else, releases end one after the other, and of the others those alone are looked at
        that are woken.
        """
        for key in list(self.running):
            self.end(key, "well")
        self.elsewhere.clear()
        for key in self.world.stored:
            self.world.edit(key, paused=False)
        self.to_pass = list(self.world.stored)
        while self.to_pass or any(map(self.under_way, self.world.stored)):
            while self.to_pass:
                self.pass_of(self.to_pass.pop(0), "well")
                self.keeps_its_promises()
            for key in self.one_of(key for key in self.world.stored if self.under_way(key)):
                self.world.ends(key)
                self.to_pass.append(key)
                self.free.discard(key)
        assert self.wanted & set(self.world.stored) == set(), "somebody waits, and nobody is under way"

    # --- what there is ----------------------------------------------------------------------------------------

    def out_of_pass(self) -> list[Key]:
        return [key for key in self.world.stored if key not in self.running]

    def under_way(self, key: Key) -> bool:
        return bool(self.world.stored[key]["status"].get("progress"))

    def may_wait(self, key: Key) -> bool:
        paused = self.world.stored[key]["spec"].get("paused")
        return key in self.wanted and not paused and not self.under_way(key)

    def may_begin(self, key: Key) -> bool:
        return self.may_wait(key) and key not in self.elsewhere

    def holding(self, key: Key) -> list[str]:
        """The policies that hold it, as the decision sees them: they enforce, and are not bypassed."""
        passed = {each["policy"] for each in self.world.stored[key]["status"].get("bypasses", ())}
        return [
            p
            for p in self.world.about[key]
            if self.world.specs[p].enforcement == "Enforce" and p not in passed
        ]

    @property
    def members(self) -> dict[Key, Member]:
        return self.world.slots._books.members

    def with_slots(self) -> set[Key]:
        return {key for key, member in self.members.items() if member.state in HAVE_A_SLOT}

    def let_in(self) -> set[Key]:
        """Those with a slot, those whose release has begun unseen, and those whose pass has heard that nothing holds them."""
        return self.with_slots() | self.unseen | {key for key, granted in self.running.items() if granted}

    def pools(self) -> set[Pool]:
        return {pool for member in self.members.values() for pool in member.profile.every}

    def woken(self, key: Key) -> None:
        """Whoever is woken has a slot of everything, and nobody who could have had it was before it."""
        self.to_pass.append(key)
        member = self.members[key]
        assert member.state is State.OFFERED
        assert all(pool.taken <= pool.limit for pool in member.needs)
        self.nobody_was_before(member)

    def nobody_was_before(self, member: Member) -> None:
        mine = set(member.needs)
        for other in self.members.values():
            if other.state is State.WAITS and other.order is not None and other.order < member.ordered():
                assert any(pool.taken - (pool in mine) >= pool.limit for pool in other.needs)

    # --- the promises -----------------------------------------------------------------------------------------

    def keeps_its_promises(self) -> None:
        self.slots_are_those_of_all_who_have_one()
        self.no_more_have_a_slot_than_the_limit_but_for_those_that_needed_no_leave()
        self.nobody_waits_who_could_begin()
        self.who_has_a_slot_without_a_release_has_a_pass_or_was_woken()
        self.queues_have_those_who_wait_in_their_order()
        self.each_lane_stands_in_one_line_and_that_is_of_a_full_pool()
        self.active_is_what_the_statuses_say()

    def slots_are_those_of_all_who_have_one(self) -> None:
        taken = Counter(pool for key in self.with_slots() for pool in self.members[key].profile.every)
        for pool in self.pools():
            assert pool.taken == taken[pool]
        assert len(self.world.slots._books.profiles) == len(self.pools())

    def no_more_have_a_slot_than_the_limit_but_for_those_that_needed_no_leave(self) -> None:
        asked: Counter[Pool] = Counter()
        for key in self.with_slots() - self.free:
            asked.update(self.members[key].needs)
        assert all(count <= pool.limit for pool, count in asked.items())

    def nobody_waits_who_could_begin(self) -> None:
        if self.world.slots._books._is_open:
            waiting = [member for member in self.members.values() if member.state is State.WAITS]
            assert [m.key for m in waiting if not any(pool.is_full for pool in m.needs)] == []

    def who_has_a_slot_without_a_release_has_a_pass_or_was_woken(self) -> None:
        for key, member in self.members.items():
            if member.state in {State.OFFERED, State.GRANTED}:
                assert key in self.running or key in self.to_pass

    def queues_have_those_who_wait_in_their_order(self) -> None:
        queued = [member for member in self.members.values() if member.state in QUEUED]
        for pool in self.pools():
            assert list(pool.waiting) == ordered(member for member in queued if pool in member.needs)
        for policy, limited in self.world.slots._books.policies.items():
            assert list(limited.waiting) == ordered(member for member in queued if policy in member.held_by)
            told = [each.rollout for each in self.world.slots.queued(policy)]
            assert told == [order.name for order in limited.waiting if order.name in told]

    def each_lane_stands_in_one_line_and_that_is_of_a_full_pool(self) -> None:
        books = self.world.slots._books
        ready = [member for member in self.members.values() if member.state is State.WAITS]
        heads = {lane: ordered(m for m in ready if m.needs == lane)[0] for lane in {m.needs for m in ready}}
        assert {lane.needs: lane.head for lane in books.lanes._lanes.values()} == heads
        parked = [order for pool in self.pools() for order in pool.parked]
        assert sorted([*parked, *books.lanes._new]) == sorted(heads.values())
        if books._is_open:
            assert all(pool.is_full for pool in self.pools() if pool.parked)

    def active_is_what_the_statuses_say(self) -> None:
        for policy in self.world.specs:
            under_way = [
                key for key in self.world.stored if policy in self.world.about[key] and self.under_way(key)
            ]
            assert self.world.slots.active(policy) == len(under_way)


def ordered(members: Iterable[Member]) -> list[Order]:
    return sorted(member.order for member in members if member.order is not None)


@settings(max_examples=examples(60), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_whatever_happens_the_ledger_keeps_its_promises(seed: int) -> None:
    ledger = Ledger(seed)
    try:
        ledger.lives()
    except AssertionError:
        note("\n".join(ledger.steps))
        raise
