"""The model checker is not blind: it finds bugs that are planted, and says which promise each of them breaks."""

import pytest

from simulation.checker import Task, searched
from simulation.planted.bug import Bug, Patch
from simulation.planted.bugs import BUGS

pytestmark = pytest.mark.deep

STATES = 2000
"""States within which a planted bug must be found; and its walks."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(monkeypatch: Patch, bug: Bug) -> None:
    bug.plant(monkeypatch)
    outcome = searched(Task(bug.strategy, bug.world, STATES, bug.walks))
    assert outcome.promise == bug.promise, outcome.broken
