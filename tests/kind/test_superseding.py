"""A third version that arrives before the second is done takes its place, and users notice nothing."""

import pytest

from bench.kube import Kube
from bench.scenarios.superseding import superseded_at_half, superseded_while_baking

# Quiet: what is promised is 0 lost, and a starved kube-proxy would lose requests for everybody.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]


def test_v3_applied_while_v2_holds_half_replaces_it_without_a_loss(kube: Kube, namespace: str) -> None:
    result = superseded_at_half(kube, namespace)
    assert result.lost == 0, result.figures
    assert result.happened == "Completed", result.why
    assert result.figures["v2_outcome"] == "Superseded"
    assert result.figures["v2_pods"] == 0
    assert result.figures["last"] == "v3"


@pytest.mark.parametrize("strategy", ["blueGreen"])
def test_v3_applied_while_v2_bakes_in_good_health_starts_from_v2(
    kube: Kube, namespace: str, strategy: str
) -> None:
    result = superseded_while_baking(kube, namespace, strategy)
    assert result.lost == 0, result.figures
    assert result.happened == "Completed", result.why
    assert result.figures["v2_outcome"] == "Completed"
    assert result.figures["v1_answers"] == 0
    assert result.figures["last"] == "v3"
