"""New Relic: one number for the window, or one for each part of it."""

from __future__ import annotations

from crossfade.api.sources import NewRelic
from crossfade.controller.sources import asked, secrets
from crossfade.controller.sources.filled import query_of, span_of
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Wrong
from crossfade.providers import new_relic
from crossfade.providers.fetch import Limits
from crossfade.providers.secret import Secret


async def measure(means: Means, ask: Ask, wanted: NewRelic) -> Answer:
    """The number of a query, or those of its TIMESERIES."""
    query = query_of(new_relic.read, wanted.query, ask)
    if isinstance(query, Wrong):
        return query
    key = await secrets.read(means.reads, wanted.user_key, ask.both.namespace)
    if not isinstance(key, Secret):
        return key
    service = new_relic.NewRelic(wanted.account, key, wanted.address, Limits(wanted.timeout_seconds))
    return await asked.judged(means, ask, await service.measure(means.fetch, query, *span_of(ask)))
