"""Amazon CloudWatch: the newest whole period of the window, or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossfade.api.sources import CloudWatch, CloudWatchMetric, SecretKey
from crossfade.controller.sources import asked, secrets
from crossfade.controller.sources.filled import values_of
from crossfade.controller.sources.means import Means
from crossfade.core.measured import Answer, Ask, Down, Wrong
from crossfade.core.moments import moment_of
from crossfade.providers import cloudwatch, cloudwatch_query
from crossfade.providers.cloudwatch_query import Metric
from crossfade.providers.fetch import Limits
from crossfade.providers.outcome import Refused
from crossfade.providers.sigv4 import Keys


async def measure(means: Means, ask: Ask, wanted: CloudWatch) -> Answer:
    """The number of the one metric, or of the expression; or the list of its numbers."""
    queries = _queries(ask, wanted)
    if isinstance(queries, Wrong):
        return queries
    end = moment_of(ask.window.until).timestamp()
    periods = cloudwatch.whole_periods(end, ask.window.seconds, wanted.period_seconds)
    if isinstance(periods, Refused):
        return Wrong(periods.why)
    keys = await _keys(means, wanted, ask.both.namespace)
    if not isinstance(keys, Keys):
        return keys
    service = cloudwatch.CloudWatch(wanted.region, keys, wanted.address or "", Limits(wanted.timeout_seconds))
    measured = service.all_of if wanted.all_periods else service.newest
    return await asked.judged(means, ask, await measured(means.fetch, queries, periods, means.now()))


def _queries(ask: Ask, wanted: CloudWatch) -> Sequence[Mapping[str, Any]] | Wrong:
    values = values_of(ask)
    named = {each.id: _metric(each) for each in wanted.metrics}
    queries = cloudwatch_query.read(named, wanted.expression or "", tuple(values))
    if isinstance(queries, Refused):
        return Wrong(queries.why)
    filled = queries.filled(values, wanted.period_seconds)
    return Wrong(filled.why) if isinstance(filled, Refused) else filled


def _metric(written: CloudWatchMetric) -> Metric:
    dimensions = {each.name: each.value for each in written.dimensions}
    return Metric(written.namespace, written.name, written.statistic, dimensions)


async def _keys(means: Means, wanted: CloudWatch, namespace: str) -> Keys | Wrong | Down:
    refs: list[SecretKey] = [wanted.access_key_id, wanted.secret_access_key]
    if wanted.session_token is not None:
        refs.append(wanted.session_token)
    held = await secrets.read_all(means.reads, refs, namespace)
    return held if isinstance(held, Wrong | Down) else Keys(*held)
