"""A settled cluster is left alone."""

from collections.abc import Callable

import pytest

from bench.kube import Kube
from bench.manifests import STRATEGIES
from bench.scenarios.at_rest import at_rest

REST_S = 120

# Half a minute of it, by what goes through a proxy, is in tests/apiserver.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.deep]


def test_two_minutes_of_rest_see_no_write_but_the_lease(kube: Kube, new_namespace: Callable[[], str]) -> None:
    quiet = at_rest(kube, {strategy: new_namespace() for strategy in STRATEGIES}, REST_S)
    assert quiet.before["create crossfade.dev/releases"] >= len(STRATEGIES), (
        "the writes of the operator are not seen"
    )
    assert quiet.writes == {}
    assert quiet.lease_renewals, "no Lease was renewed: there was no operator that could have written"
