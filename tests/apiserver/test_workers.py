"""A queue consumer has no Service, and rolls by each strategy too."""

import pytest

from bench.kube import Kube
from bench.scenarios.workers import worker_update

pytestmark = pytest.mark.usefixtures("running_operator")


@pytest.mark.parametrize("strategy", ["recreate", "rolling", "blueGreen", "canary", "bigBang"])
def test_a_worker_changes_version_without_a_service(kube: Kube, namespace: str, strategy: str) -> None:
    result = worker_update(kube, namespace, strategy)
    assert result.happened == "Completed", result.why
    assert result.figures["services"] == []
    assert result.figures["drained"] == [], "nobody sends a worker requests that would need draining"
    assert result.figures["together"] is (strategy != "recreate")
