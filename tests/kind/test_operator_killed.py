"""The operator may die at any moment: the end is the same."""

from collections.abc import Callable

import pytest

from bench.kube import Kube
from bench.load_pod import Rates
from bench.scenarios.operator_killed import MIDDLE, killed_in_the_middle

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial]


def test_an_operator_killed_in_the_middle_of_each_strategy_ends_the_same(
    kube: Kube, new_namespace: Callable[[], str]
) -> None:
    namespaces = {strategy: new_namespace() for strategy in MIDDLE}
    results = killed_in_the_middle(kube, namespaces, Rates(per_s=100, kept=2))
    for strategy, result in results.items():
        assert result.happened == "Completed", (strategy, result.why)
        assert result.figures["order"] == ["v1", "v2"], strategy
        assert result.new[-1].version == "v2", strategy
        if strategy != "recreate":
            assert result.lost == 0, (strategy, result.figures)
    assert results["recreate"].figures["mixing_s"] == 0
