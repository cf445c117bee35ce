"""InfluxDB 2: the number of one row, or those of several."""

from __future__ import annotations

from crossfade.api.sources import InfluxDB
from crossfade.controller.sources import asked, secrets
from crossfade.controller.sources.filled import query_of
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Wrong
from crossfade.providers import influxdb
from crossfade.providers.fetch import Limits
from crossfade.providers.secret import Secret


async def measure(means: Means, ask: Ask, wanted: InfluxDB) -> Answer:
    """The number of a query, or its numbers."""
    query = query_of(influxdb.read, wanted.query, ask)
    if isinstance(query, Wrong):
        return query
    token = await secrets.read(means.reads, wanted.token, ask.both.namespace)
    if not isinstance(token, Secret):
        return token
    server = influxdb.InfluxDB(wanted.address, wanted.organization, token, Limits(wanted.timeout_seconds))
    return await asked.judged(means, ask, await server.measure(means.fetch, query))
