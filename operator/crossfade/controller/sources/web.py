"""Any service that answers with JSON."""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.sources import Web
from crossfade.controller.sources import asked, secrets
from crossfade.controller.sources.filled import values_of
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Down, Wrong
from crossfade.providers import web
from crossfade.providers.fetch import Limits
from crossfade.providers.outcome import Refused
from crossfade.providers.secret import Bearer, Secret


async def measure(means: Means, ask: Ask, wanted: Web) -> Answer:
    """The number, or the numbers, that the path leads to."""
    values = values_of(ask)
    source = web.read(wanted.url, wanted.json_path, wanted.body or "", wanted.method, tuple(values))
    if isinstance(source, Refused):
        return Wrong(source.why)
    headers = await _headers(means, ask.both.namespace, wanted)
    if isinstance(headers, Wrong | Down):
        return headers
    timed = replace(source, limits=Limits(wanted.timeout_seconds))
    return await asked.judged(means, ask, await timed.measure(means.fetch, means.paths, values, headers))


async def _headers(means: Means, namespace: str, wanted: Web) -> dict[str, Secret] | Wrong | Down:
    """Those that are written and those of Secrets; the bearer token goes before an `Authorization` among them."""
    found: dict[str, Secret] = {}
    for each in wanted.headers:
        held = (
            Secret(each.value or "")
            if each.secret is None
            else await secrets.read(means.reads, each.secret, namespace)
        )
        if not isinstance(held, Secret):
            return held
        found[each.name.title()] = held
    if wanted.bearer_token is None:
        return found
    token = await secrets.read(means.reads, wanted.bearer_token, namespace)
    return {**found, "Authorization": Bearer(token).header()} if isinstance(token, Secret) else token
