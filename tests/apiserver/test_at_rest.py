"""A settled cluster is left alone."""

import time

import pytest

from bench.kube import Kube, wait_for
from bench.namespaces import seen_folder
from faults.lane import STRATEGIES_BY_PODS, Lane, lane

pytestmark = [pytest.mark.own_operator]

REST_S = 30
WITHOUT_IMAGES = {**STRATEGIES_BY_PODS, "recreate": {"recreate": {"pullFirst": False}}}
"""Nothing is pulled here."""


def test_half_a_minute_of_rest_sees_no_write_but_the_lease(kube: Kube, namespace: str) -> None:
    with lane(kube, namespace, seen_folder(namespace), lease=True) as alone:
        settle(alone)
        since = time.monotonic()
        wait_for("a time of rest", lambda: time.monotonic() > since + REST_S, 2 * REST_S, every_s=1)
        writes = [each for each in alone.proxy.log if each.asked.is_write and each.at_s > since]
    kinds = {each.asked.kind for each in writes}
    assert kinds == {"Lease"}, [str(each) for each in writes if each.asked.kind != "Lease"]


def settle(alone: Lane) -> None:
    """A Rollout of each strategy, updated once."""
    for version in ("v1", "v2"):
        applied = {
            name.lower(): alone.apply(name.lower(), name, version, strategy=strategy)
            for name, strategy in WITHOUT_IMAGES.items()
        }
        for name, generation in applied.items():
            alone.wait_done(name, generation)
    for name in applied:
        alone.await_quiet(name)
