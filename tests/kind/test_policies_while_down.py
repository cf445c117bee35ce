"""What is changed while nobody runs the operator is held all the same, when it is back."""

import pytest

from bench import operator_pods
from bench.kube import Kube
from bench.person import Person
from bench.scenarios.shop import Shop
from kind.policies import canary, policy

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial, pytest.mark.timeout(600)]


def test_a_change_made_while_the_operator_is_down_is_held_when_it_is_back(
    kube: Kube, dev: Person, namespace: str
) -> None:
    name, selector = f"down-{namespace}", {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    with Shop(dev, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        with operator_pods.away(kube):
            kube.apply(policy(name, namespaceSelector=selector, freeze={"reason": "quiet"}))
            shop.apply("v2")
        try:
            shop.wait_phase("Waiting")
            assert shop.pods_of("v2") == []
        finally:
            kube.delete("RolloutPolicy", "", name)
        shop.wait_phase("Healthy")
