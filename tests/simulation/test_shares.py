"""A strategy reaches the number of states that was asked for, though some of its worlds have fewer than their share."""

import pytest

from simulation import checker
from simulation.planted.bugs import BUGS
from simulation.shares import WHOLE, Outcome, Shares, Task
from simulation.worlds import cases

STATES = WHOLE
FEW = 6000


def explored(sizes: dict[str, int], **broken: str) -> tuple[list[Task], Shares]:
    """All searches, one after the other, and what came of them; `sizes`: of worlds that have few states."""
    shares, tasks = Shares("canary", STATES), []
    while task := shares.next():
        tasks.append(task)
        shares.end(Outcome(task, min(task.states, sizes.get(task.case, STATES * 10)), **broken))
    return tasks, shares


def total(shares: Shares) -> int:
    return sum(outcome.explored for outcome in shares.outcomes)


def test_for_what_small_worlds_leave_the_largest_is_searched_further() -> None:
    usual, _ = explored({})
    tasks, shares = explored({"1 pod": 5, "an autoscaler": 5})
    assert total(shares) >= STATES
    assert tasks[:-1] == usual
    assert (tasks[-1].case, tasks[-1].walks) == ("2 pods", 0)
    assert tasks[-1].states > usual[0].states


def test_where_the_largest_world_is_small_another_is_searched_further() -> None:
    tasks, shares = explored({"2 pods": 5})
    assert total(shares) >= STATES
    assert tasks[-1].case == "a route"


def test_worlds_that_are_all_small_end() -> None:
    tasks, shares = explored(dict.fromkeys((o.task.case for o in explored({})[1].outcomes), 5))
    assert total(shares) == 5 * len(tasks)


def test_the_last_search_waits_for_those_under_way() -> None:
    shares, tasks = Shares("canary", STATES), []
    while task := shares.next():
        tasks.append(task)
    for task in reversed(tasks):
        assert shares.next() is None
        shares.end(Outcome(task, 5 if task is tasks[-1] else task.states))
    assert shares.next() is not None


def test_a_broken_promise_asks_for_no_more_states() -> None:
    tasks, _ = explored({"2 pods": 5}, broken="it never ends")
    assert len({task.case for task in tasks}) == len(tasks)


def worlds(states: int, seed: int = 1) -> set[str]:
    shares = Shares("canary", states, seed=seed)
    return {task.case for task in iter(shares.next, None)}


def test_few_states_are_spent_on_a_sample_another_one_by_each_seed() -> None:
    every, few = worlds(WHOLE), worlds(FEW)
    assert every == {case.name for case in cases("canary")}
    assert {bug.world for bug in BUGS if bug.strategy == "canary"} < few < every
    assert worlds(FEW) == few
    assert set().union(*(worlds(FEW, seed) for seed in range(30))) == every


def test_a_sample_is_given_all_the_states() -> None:
    shares = Shares("canary", FEW)
    assert FEW <= sum(task.states for task in iter(shares.next, None)) < 1.1 * FEW


@pytest.mark.parametrize(
    ("option", "told"), [("--only", "there is no strategy nope"), ("--world", "no world")]
)
def test_a_name_that_is_not_known_is_told(
    option: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["checker", option, "nope"])
    with pytest.raises(SystemExit):
        checker.main()
    assert told in capsys.readouterr().err
