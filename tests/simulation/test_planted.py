"""The model checker is not blind: it finds bugs that are planted, and says which promise each of them breaks."""

import pytest

from simulation.courses import ANEW, Unplayable, found, kept, replayed
from simulation.planted.bug import Bug
from simulation.planted.bugs import BUGS


def test_each_planted_bug_has_a_stored_course_and_each_course_its_bug() -> None:
    assert sorted(kept()) == sorted(bug.name for bug in BUGS), ANEW


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_stored_course_of_a_planted_bug_breaks_its_promise(bug: Bug) -> None:
    assert replayed(bug, kept()[bug.name]) == bug.promise, ANEW


def test_a_course_that_cannot_be_played_any_more_says_what_writes_it_anew() -> None:
    with pytest.raises(Unplayable, match=ANEW.partition(":")[0]):
        replayed(BUGS[0], {"0": "pigs fly"})


@pytest.mark.deep
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    promises = []
    for outcome in found(bug):
        promises.append(outcome.promise)
        if outcome.promise == bug.promise:
            return
    pytest.fail(f"none of {len(promises)} searches shows {bug.promise!r}: they show {promises}")
