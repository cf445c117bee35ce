"""The load client sees what a plain Deployment loses, and nothing where nothing is lost.

Without this, a table of zeros could mean that nobody looked.
"""

import pytest

from bench.kube import Kube
from bench.scenarios import plain


@pytest.mark.usefixtures("cluster")
@pytest.mark.quiet
@pytest.mark.deep  # that it sees losses, every test of a crash and of a recreate shows
class TestTheLoadClient:
    def test_it_loses_nothing_by_itself(self, kube: Kube, namespace: str) -> None:
        result = plain.at_rest(kube, namespace, seconds=30)
        assert result.lost == 0, result.figures
        assert result.requests > 0.7 * 200 * 30

    def test_it_sees_the_losses_of_a_plain_deployment(self, kube: Kube, namespace: str) -> None:
        result = plain.rolling_update(kube, namespace, pre_stop_s=0)
        assert result.lost >= 1, result.figures

    def test_it_sees_no_loss_where_pods_drain(self, kube: Kube, namespace: str) -> None:
        result = plain.rolling_update(kube, namespace, pre_stop_s=10)
        assert result.lost == 0, result.figures
