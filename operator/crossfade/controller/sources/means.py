"""What a source is given to measure with."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crossfade.controller.gateways import Gets
from crossfade.core.measured import Answer, Ask
from crossfade.providers.builtin import app
from crossfade.providers.expressions.conditions import Conditions
from crossfade.providers.expressions.paths import Paths
from crossfade.providers.fetch import Fetch


@dataclass(frozen=True)
class Settings:
    """What whoever runs the operator has set: the Prometheus to ask, and what apps call their metrics."""

    prometheus: str = ""
    names: app.Names = app.PROMETHEUS
    envoy_merges_backends: bool = False
    latency_buckets_ms: tuple[float, ...] = ()


Raw = dict[str, Any]


class Runs(Protocol):
    """The part of a Cluster that this needs."""

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""

    async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Raw:
        """Make one."""

    async def list(self, kind: str, namespace: str | None = None, labels: str | None = None) -> Sequence[Raw]:
        """List those with these labels."""


@dataclass(frozen=True)
class Means:
    """The operator's settings, its one way out, the process that evaluates conditions and follows paths, and the cluster.

    `reads`: for Secrets; `runs`: for Jobs; `now`: the time, in seconds since 1970.
    """

    settings: Settings
    fetch: Fetch
    conditions: Conditions
    paths: Paths
    reads: Gets
    runs: Runs
    now: Callable[[], float] = time.time


Measure = Callable[[Means, Ask, Any], Awaitable[Answer]]
"""Measures one window. The third is the metric's member that was written."""
