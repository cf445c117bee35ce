"""An autoscaler may act in the middle of a release."""

import pytest

from bench.kube import Kube
from bench.scenarios.scale import scaled_in_the_middle

SAMPLING = 3  # points: kube-proxy draws lots, and 1,000 requests miss by more than 5 in 3 of 1,000 runs

# Quiet: what is promised is 0 lost, and a starved kube-proxy would lose requests for everybody.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]


def test_scaling_in_the_middle_of_a_canary_keeps_the_shares_and_loses_nothing(
    kube: Kube, namespace: str
) -> None:
    result = scaled_in_the_middle(kube, namespace, (8, 3))
    assert result.lost == 0, result.figures
    assert result.happened == "Completed", result.why
    for replicas, old, new, share in result.figures["sizes"]:
        assert replicas <= old + new <= replicas + max(1, replicas // 4)
        assert 100 * new / (old + new) == pytest.approx(50, abs=5)
        assert share == pytest.approx(100 * new / (old + new), abs=5 + SAMPLING)
