"""Small worlds keep every promise, whatever happens: a sample of what `make check` explores."""

import pytest

from simulation.checker import searched, tasks
from simulation.worlds import STRATEGIES

pytestmark = pytest.mark.deep

SAMPLE = 100
"""States explored for each strategy here; `make check` explores 20,000, `make check-deep` a million."""


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_promise_is_broken_in_small_worlds(strategy: str) -> None:
    outcomes = [searched(task) for task in tasks(strategy, SAMPLE)]
    assert [outcome.broken for outcome in outcomes if outcome.broken] == []
    assert sum(outcome.explored for outcome in outcomes) >= SAMPLE
