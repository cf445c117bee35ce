"""The operator may die at any moment: the end is the same."""

import signal
import time
from functools import partial

import pytest

from bench.kube import Kube, wait_for
from bench.load_pod import Rates
from bench.namespaces import seen_folder
from bench.scenarios.operator_killed import MIDDLE, killed_in_the_middle
from faults.lane import lane
from faults.operator_process import Operator

# One that is killed twice in the middle of a canary is in test_faults_load.
pytestmark = [pytest.mark.own_operator, pytest.mark.serial, pytest.mark.deep]


def killed_for(operator: Operator, seconds: float) -> None:
    """Kill it, and start it again that many seconds later; its Lease has to run out then."""
    ended = len(operator.ends)
    operator.revived = False
    operator.kill()
    end = operator.wait_ended(ended + 1)
    assert end.code == -signal.SIGKILL
    until = end.at_s + seconds
    wait_for("its absence to last", lambda: time.monotonic() > until, seconds + 5)
    operator.start()
    operator.revived = True


def test_an_operator_killed_in_the_middle_of_each_strategy_ends_the_same(kube: Kube, namespace: str) -> None:
    with lane(kube, namespace, seen_folder(namespace), lease=True) as alone:
        results = killed_in_the_middle(
            kube,
            dict.fromkeys(MIDDLE, namespace),
            Rates(per_s=50, kept=2),
            partial(killed_for, alone.operator),
        )
    for strategy, result in results.items():
        assert result.happened == "Completed", (strategy, result.why)
        assert result.figures["order"] == ["v1", "v2"], strategy
        assert result.new[-1].version == "v2", strategy
        if strategy != "recreate":
            assert result.lost == 0, f"{strategy}: {result.figures}"
    assert results["recreate"].figures["mixing_s"] == 0
