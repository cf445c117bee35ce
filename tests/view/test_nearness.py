"""A Service that prefers near pods is warned of where two revisions share the requests by their pods."""

from typing import Any

import pytest

from crossfade.view.nearness import service_name, uneven
from view.deployments import service
from view.stored import rollout


@pytest.mark.parametrize("strategy", ["canary", "rolling"])
@pytest.mark.parametrize(
    ("preferred", "first"),
    [("PreferClose", "zone"), ("PreferSameZone", "zone"), ("PreferSameNode", "node")],
)
def test_shares_follow_the_near_pods_only(strategy: str, preferred: str, first: str) -> None:
    [warning] = uneven(strategy, service(trafficDistribution=preferred))
    assert f"Service shop has trafficDistribution: {preferred}" in warning
    assert f"the caller's {first} first" in warning


@pytest.mark.parametrize("strategy", ["blueGreen", "bigBang", "recreate"])
def test_where_one_revision_has_all_requests_there_is_no_share_to_be_wrong(strategy: str) -> None:
    assert list(uneven(strategy, service(trafficDistribution="PreferClose"))) == []


@pytest.mark.parametrize("seen", [None, {}, service(), service(trafficDistribution="PreferLater")])
def test_without_a_known_preference_there_is_nothing_to_say(seen: Any) -> None:
    assert list(uneven("canary", seen)) == []


@pytest.mark.parametrize(
    ("spec", "name"),
    [({"service": {}}, "shop"), ({"service": {"name": "web"}}, "web"), ({"service": None}, "")],
)
def test_the_production_service_has_the_rollouts_name_unless_it_says_another(
    spec: dict[str, Any], name: str
) -> None:
    assert service_name(rollout(spec=spec)) == name
