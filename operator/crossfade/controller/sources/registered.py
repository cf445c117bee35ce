"""The sources, by the member of `Metric` that names them. A new one is a line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crossfade.controller.sources import (
    cloudwatch,
    counted,
    datadog,
    influxdb,
    job,
    new_relic,
    prometheus,
    web,
    webhook,
)
from crossfade.controller.sources.means import Measure

REGISTERED: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "built_in": counted.built_in,
        "compare": counted.compared,
        "prometheus": prometheus.measure,
        "web": web.measure,
        "datadog": datadog.measure,
        "new_relic": new_relic.measure,
        "influxdb": influxdb.measure,
        "cloud_watch": cloudwatch.measure,
        "webhook": webhook.measure,
        "job": job.measure,
    }
)
