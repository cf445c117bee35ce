"""What is changed while nobody runs the operator is held all the same, when it is back."""

import pytest

from bench.kube import Kube
from bench.namespaces import seen_folder
from bench.person import Person
from bench.scenarios.shop import Shop
from faults.lane import lane
from kind.policies import canary, policy

pytestmark = [pytest.mark.own_operator, pytest.mark.timeout(600)]


def test_a_change_made_while_the_operator_is_down_is_held_when_it_is_back(
    kube: Kube, dev: Person, namespace: str
) -> None:
    name, selector = f"down-{namespace}", {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    with (
        lane(kube, namespace, seen_folder(namespace), revived=False) as alone,
        Shop(dev, namespace, canary(50), replicas=2, bakeSeconds=1) as shop,
    ):
        shop.created("v1")
        alone.operator.kill()
        alone.operator.wait_ended()
        kube.apply(policy(name, namespaceSelector=selector, freeze={"reason": "quiet"}))
        shop.apply("v2")
        alone.operator.start()
        try:
            shop.wait_phase("Waiting")
            assert shop.pods_of("v2") == []
        finally:
            kube.delete("RolloutPolicy", "", name)
        shop.wait_phase("Healthy")
