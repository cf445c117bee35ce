"""One operator writes at a time, whatever happens to it, and another is there within seconds.

Two operators outside the cluster compete for a Lease in the test's namespace, each behind a proxy that logs its
writes; both run on this machine, so the proxies' clocks agree.
"""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from bench.kube import Kube, wait_for
from bench.namespaces import seen_folder
from faults.lane import Lane, lane
from faults.pair import Pair, accepted, leases, pair
from faults.record import made
from faults.rules import Drop, Hold, Then

LEASE_S = 6
# Eight and two are promised; the rest is room for a machine that does other things too.
TAKEN_OVER_WITHIN_S = 8 + 6
HANDED_OVER_WITHIN_S = 2 + 4
WORKS_WITHIN_S = 3 + 15
"""From holding the Lease to the first write for a Rollout: everything is listed once before, and a pass is made."""
STOPS_WITHIN_S = 10
"""A process that has stopped writing takes a moment to be gone."""
ROLLOUT = "leased"

pytestmark = [pytest.mark.own_operator, pytest.mark.quiet]


@pytest.fixture
def folder(namespace: str) -> Path:
    """Where logs are left for a failed test."""
    return seen_folder(namespace)


@pytest.fixture
def two(kube: Kube, namespace: str, folder: Path) -> Iterator[Pair]:
    """A leader and a standby, and a Rollout that is Healthy at v1."""
    for _ in range(
        3
    ):  # a leader that waits too long for the server while the Rollout is made ends, and rightly
        with pair(kube, namespace, folder) as two:
            created(two.leader)
            if not two.leader.operator.ends:
                yield two
                return
    pytest.fail(
        "the leader has lost its Lease three times before the test began: the server answers too late"
    )


def created(lane: Lane) -> None:
    lane.wait_done(ROLLOUT, lane.apply(ROLLOUT, "canary", "v1"))


def updated(lane: Lane) -> int:
    """Apply v2; the generation to wait for."""
    return lane.apply(ROLLOUT, "canary", "v2")


@pytest.mark.parametrize("answers", [True, False], ids=["with the answer", "without the answer"])
def test_a_leader_that_was_frozen_in_the_middle_of_a_pass_never_writes_again(
    two: Pair, answers: bool
) -> None:
    """It wakes up between two writes of one pass, two Lease lengths later, and believes that it still leads."""
    frozen_at: list[float] = []

    def freeze() -> None:
        two.leader.operator.freeze()
        frozen_at.append(time.monotonic())

    two.leader.proxy.inject(Then(freeze, answers), verb="create", kind="Deployment")
    generation = updated(two.leader)
    wait_for("the freeze", lambda: frozen_at)
    taken_s = two.taken_over_s(frozen_at[0])
    assert taken_s - frozen_at[0] <= TAKEN_OVER_WITHIN_S
    wait_for("two Lease lengths", lambda: time.monotonic() > frozen_at[0] + 2 * LEASE_S, 3 * LEASE_S)
    two.leader.operator.thaw()
    assert two.leader.operator.wait_ended().code == 1
    two.standby.wait_done(ROLLOUT, generation)
    late = two.written_by_leader_after(taken_s)
    assert [each for each in late if "Lease/" not in each] == [], "it asked to write after it was replaced"
    assert [each.asked for each in leases(two.leader, taken_s)] == [], "it took the Lease back"


@pytest.mark.parametrize(("verb", "kind"), [("create", "Deployment"), ("apply", "Service")])
def test_a_write_that_arrives_after_its_writer_was_replaced_is_refused(
    two: Pair, verb: str, kind: str
) -> None:
    """No Lease can stop what is on its way already: the name, the UID and the version in the write itself do."""
    rollout = f"{ROLLOUT}-late"
    two.leader.wait_done(rollout, two.leader.apply(rollout, "bigBang", "v1"))
    let_go = Event()
    late = two.leader.proxy.inject(Hold(let_go), verb=verb, kind=kind, name=f"{rollout}*")
    generation = two.leader.apply(rollout, "bigBang", "v2")
    wait_for("the write to be on its way", lambda: late.struck, every_s=0.02)
    two.leader.operator.freeze()
    frozen_s = time.monotonic()
    taken_s = two.taken_over_s(frozen_s)
    two.standby.wait_done(rollout, generation)
    let_go.set()
    arrived = wait_for("the write to arrive", lambda: [r for r in two.leader.proxy.log if r.fault == "Hold"])
    assert [(each.status, each.answered_s > taken_s) for each in arrived] == [(409, True)]


def test_a_killed_leader_is_replaced_within_eight_seconds(two: Pair) -> None:
    two.leader.operator.kill()
    killed_s = two.leader.operator.wait_ended().at_s
    generation = updated(two.leader)
    works_s = two.works_s(ROLLOUT)
    taken_s = two.taken_over_s(killed_s)
    assert taken_s - killed_s <= TAKEN_OVER_WITHIN_S
    assert works_s - taken_s <= WORKS_WITHIN_S
    two.standby.wait_done(ROLLOUT, generation)


def test_a_leader_told_to_stop_hands_over_within_two_seconds(two: Pair) -> None:
    """Also in the middle of an update: the pass under way is finished, and the next one is the other's."""
    two.leader.proxy.inject(Then(two.leader.operator.stop, answers=True), verb="create", kind="Deployment")
    generation = updated(two.leader)
    struck = wait_for("the signal", lambda: [each for each in two.leader.proxy.log if each.fault == "Then"])
    stopped_s = struck[0].answered_s
    ended = two.leader.operator.wait_ended()
    taken_s = two.taken_over_s(stopped_s)
    works_s = two.works_s(ROLLOUT)
    assert (ended.code, ended.at_s - stopped_s < HANDED_OVER_WITHIN_S) == (0, True), ended.at_s - stopped_s
    assert taken_s - stopped_s <= HANDED_OVER_WITHIN_S
    assert works_s - taken_s <= WORKS_WITHIN_S
    two.standby.wait_done(ROLLOUT, generation)
    assert two.written_by_leader_after(taken_s) == []


def test_a_leader_that_reaches_no_server_ends_before_another_one_begins(two: Pair) -> None:
    two.leader.proxy.inject(Drop(), times=None)
    two.leader.proxy.cut_watches()
    cut_s = time.monotonic()
    ended = two.leader.operator.wait_ended()
    taken_s = two.taken_over_s(cut_s)
    assert ended.code == 1
    assert [str(each) for each in two.leader.proxy.writes() if each.at_s > taken_s] == []
    assert ended.at_s < taken_s + STOPS_WITHIN_S, "for a while two believed that they lead"
    assert taken_s - cut_s <= TAKEN_OVER_WITHIN_S


def test_two_killed_operators_come_back_and_finish_what_was_begun_once(
    kube: Kube, namespace: str, folder: Path
) -> None:
    with lane(kube, namespace, folder) as alone:
        measure = alone.live("canary")
        alone.bury()
    with pair(kube, namespace, folder, revived=True) as two:
        created(two.leader)

        def kill_both() -> None:
            two.leader.operator.kill()
            two.standby.operator.kill()

        two.leader.proxy.inject(Then(kill_both), verb="create", kind="Deployment")
        generation = updated(two.leader)
        two.leader.wait_done(ROLLOUT, generation)
        two.leader.await_same(ROLLOUT, measure.state)
        assert min(len(two.leader.operator.ends), len(two.standby.operator.ends)) >= 1
        assert made_by_both(two) == measure.made


def made_by_both(two: Pair) -> Counter[tuple[str, str]]:
    """Creates and deletes of the Rollout by whichever of the two."""
    writes = [*accepted(two.leader, f"{ROLLOUT}*"), *accepted(two.standby, f"{ROLLOUT}*")]
    return Counter({what: count for what, count in made(writes).items() if what[1] != "Event"})
