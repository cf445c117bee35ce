"""Measures whatever a metric names, for as long as the operator runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from crossfade.controller.options import Options
from crossfade.controller.sources.means import Means, Runs, Settings
from crossfade.controller.sources.registered import REGISTERED
from crossfade.core.measured import Answer, Ask, Wrong
from crossfade.providers.allowed import allow_list
from crossfade.providers.builtin import app
from crossfade.providers.expressions.conditions import Conditions
from crossfade.providers.expressions.paths import Paths
from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.fetch import Fetch


@dataclass(frozen=True)
class Sources:
    """Asks the source that the metric names."""

    means: Means

    async def __call__(self, ask: Ask) -> Answer:
        """The answer to one window."""
        for name, measure in REGISTERED.items():
            wanted = getattr(ask.metric, name)
            if wanted is not None:
                return await measure(self.means, ask, wanted)
        return Wrong(
            "it names no source that this operator knows: is the operator older than its definitions?"
        )


@asynccontextmanager
async def measuring_by(options: Options, cluster: Runs) -> AsyncIterator[Sources]:
    """Everything that measures, for as long as the operator runs."""
    allowed = allow_list([*([options.prometheus] if options.prometheus else []), *options.sources])
    names = app.OPENTELEMETRY if options.app_metrics == "opentelemetry" else app.PROMETHEUS
    settings = Settings(
        options.prometheus, names, options.envoy_merges_backends, tuple(options.latency_buckets)
    )
    evaluator = Evaluator()
    async with Fetch(allowed) as fetch:
        try:
            yield Sources(Means(settings, fetch, Conditions(evaluator), Paths(evaluator), cluster, cluster))
        finally:
            await evaluator.close()
