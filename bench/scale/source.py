"""The cluster's Prometheus as the one that is asked: its own figures say how often, read through the API server."""

from bench.kube import Kube
from bench.scale.readings import Reading, parsed

NAMESPACE = "crossfade-metrics"
METRICS = f"/api/v1/namespaces/{NAMESPACE}/services/prometheus:http/proxy/metrics"


def read(kube: Kube) -> Reading:
    """Its figures now; ApiError where it does not answer."""
    return parsed(kube.text(METRICS))
