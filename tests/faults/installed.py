"""The operator that is installed in the cluster, out of the way while another one runs outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench import operator_pods
from bench.kube import Kube, wait_for

REPLICAS = 2


@contextmanager
def installed_operator_away(kube: Kube) -> Iterator[None]:
    """Scale it to 0 for the length of the block, and back whatever happens."""
    operator_pods.start(kube, 0)
    try:
        wait_for("the end of the installed operator", lambda: not operator_pods.pods(kube), 60)
        yield
    finally:
        operator_pods.start(kube, REPLICAS)
        operator_pods.wait_available(kube)
