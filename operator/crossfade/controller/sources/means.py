"""What a source is given to measure with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from crossfade.controller.gateways import Gets
from crossfade.core.measured import Answer, Ask
from crossfade.providers.builtin import app
from crossfade.providers.expressions.conditions import Conditions
from crossfade.providers.fetch import Fetch


@dataclass(frozen=True)
class Settings:
    """What whoever runs the operator has set: the Prometheus to ask, and what apps call their metrics."""

    prometheus: str = ""
    names: app.Names = app.PROMETHEUS
    envoy_merges_backends: bool = False
    latency_buckets_ms: tuple[float, ...] = ()


@dataclass(frozen=True)
class Means:
    """The operator's settings, its one way out, the process that evaluates conditions, and the cluster that has Secrets."""

    settings: Settings
    fetch: Fetch
    conditions: Conditions
    reads: Gets


Measure = Callable[[Means, Ask, Any], Awaitable[Answer]]
"""Measures one window. The third is the metric's member that was written."""
