"""Datadog: one number for the window."""

from __future__ import annotations

from crossfade.api.sources import Datadog
from crossfade.controller.sources import asked, secrets
from crossfade.controller.sources.filled import span_of, values_of
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Down, Wrong
from crossfade.providers import datadog
from crossfade.providers.fetch import Limits
from crossfade.providers.outcome import Refused


async def measure(means: Means, ask: Ask, wanted: Datadog) -> Answer:
    """The number of the one query, or of the formula."""
    named, values = {each.name: each.query for each in wanted.queries}, values_of(ask)
    queries = datadog.read(named, wanted.formula or "", tuple(values))
    if isinstance(queries, Refused):
        return Wrong(queries.why)
    filled = queries.filled(values)
    if isinstance(filled, Refused):
        return Wrong(filled.why)
    refs = (wanted.api_key, wanted.application_key)
    keys = await secrets.read_all(means.reads, refs, ask.both.namespace)
    if isinstance(keys, Wrong | Down):
        return keys
    api_key, application_key = keys
    service = datadog.Datadog(api_key, application_key, wanted.address, Limits(wanted.timeout_seconds))
    found = await service.scalar(means.fetch, filled, queries.formula, span_of(ask), wanted.aggregator)
    return await asked.judged(means, ask, found)
