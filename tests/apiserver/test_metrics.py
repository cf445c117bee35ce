"""The delivery figures that the working operator exports are those of its Rollouts."""

import pytest
import urllib3

from apiserver.control_plane import free_ports
from bench import manifests
from bench.kube import Kube, wait_for
from bench.namespaces import seen_folder
from bench.scale.readings import parsed
from bench.scenarios.shop import Shop
from faults.lane import lane

TOLD_WITHIN_S = 60


@pytest.mark.own_operator
def test_a_completed_release_shows_in_the_metrics_and_a_deleted_rollout_does_not(
    kube: Kube, namespace: str
) -> None:
    (port,) = free_ports(1)
    options = (f"--metrics-port={port}", "--settle-seconds=0.5")

    def figure(name: str) -> float:
        """The figure of the Rollout; 0 where there is no series of it."""
        text = urllib3.request("GET", f"http://127.0.0.1:{port}/metrics", timeout=5).data.decode()
        where = {"namespace": namespace, "rollout": manifests.NAME}
        return parsed(text).total(f"crossfade_delivery_{name}", **where)

    with (
        lane(kube, namespace, seen_folder(namespace), options=options),
        Shop(kube, namespace, manifests.strategy("bigBang"), replicas=1, bakeSeconds=1) as shop,
    ):
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.wait_outcome(2)
        wait_for("one deployment to be told", lambda: figure("deployments") == 1, TOLD_WITHIN_S)
        assert figure("changes") == 1
        assert figure("failed_changes") == 0
        assert 1 <= figure("lead_time_seconds") <= 600
        kube.delete("Rollout", namespace, manifests.NAME)
        wait_for("its series to be gone", lambda: figure("observed_seconds") == 0, TOLD_WITHIN_S)
