"""Prometheus: a number of the user's own, and the server that counts are asked of."""

from __future__ import annotations

from crossfade.api.sources import Prometheus
from crossfade.controller.sources import asked, filled, secrets
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Down, Wrong
from crossfade.core.moments import moment_of
from crossfade.providers.fetch import Limits
from crossfade.providers.prometheus import Prometheus as Server
from crossfade.providers.secret import Bearer, Secret


async def measure(means: Means, ask: Ask, wanted: Prometheus) -> Answer:
    """The number of a query, at the window's end, or those of a range that ends there."""
    server = await server_of(means, ask.both.namespace, wanted)
    if isinstance(server, Wrong | Down):
        return server
    query = filled.in_promql(wanted.query, ask)
    if isinstance(query, Wrong):
        return query
    end, over = moment_of(ask.window.until).timestamp(), wanted.range
    if over is None:
        return await asked.judged(means, ask, await server.instant(means.fetch, query, end))
    found = await server.span(means.fetch, query, end - over.seconds, end, over.step_seconds)
    return await asked.judged(means, ask, found)


async def server_of(means: Means, namespace: str, wanted: Prometheus | None = None) -> Server | Wrong | Down:
    """The one that the metric names, else the operator's own."""
    url = (wanted.address if wanted is not None else None) or means.settings.prometheus
    if not url:
        return Wrong(
            "no Prometheus is known: write `address` into the metric, or start the operator with --prometheus URL"
        )
    if wanted is None:
        return Server(url)
    limits = Limits(wanted.timeout_seconds)
    if wanted.bearer_token is None:
        return Server(url, limits=limits)
    token = await secrets.read(means.reads, wanted.bearer_token, namespace)
    return Server(url, Bearer(token), limits) if isinstance(token, Secret) else token
