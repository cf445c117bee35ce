"""Counts of both sides, for the judge: by the router's own counters (`builtIn`), or by queries of the user's own (`compare`)."""

from __future__ import annotations

from crossfade.api.analysis import BuiltIn, Compare
from crossfade.controller.sources import by_label, filled
from crossfade.controller.sources.asked import failed
from crossfade.controller.sources.means import Means
from crossfade.controller.sources.prometheus import server_of
from crossfade.core.measured import Answer, Ask, Both, Compared, Down, Nothing, Part, Wrong
from crossfade.core.moments import moment_of
from crossfade.judge.counts import NO_REQUESTS
from crossfade.judge.counts import Counts as Judged
from crossfade.providers.builtin import app, envoy_gateway, istio, traefik
from crossfade.providers.builtin.wanted import ONE, By, Errors, Latency, Pair, Side, Sides, Target
from crossfade.providers.outcome import Counts, NoData, Outcome, Refused, SourceError
from crossfade.providers.prometheus import Prometheus as Server
from crossfade.routers.abilities import ENVOY, TRAEFIK


async def built_in(means: Means, ask: Ask, wanted: BuiltIn) -> Answer:
    """By the counters of the router that carries the route out, or of the application where there is no route."""
    late = wanted.latency
    bad = Errors() if late is None else Latency(float(late.milliseconds), means.settings.latency_buckets_ms)
    if ask.both.route and not ask.both.controllers:
        return Down("no Gateway has answered to the route yet: does its controller run?")
    sides = _router(means, ask.both, bad, ask.window.seconds)
    return Wrong(sides.why) if isinstance(sides, Refused) else await counts(means, ask, sides)


async def compared(means: Means, ask: Ask, wanted: Compare) -> Answer:
    """By queries of the user's own, asked for each side."""
    candidate = _pair(ask, wanted, "candidate", ask.both.candidate)
    stable = _pair(ask, wanted, "stable", ask.both.stable)
    if isinstance(candidate, Wrong):
        return candidate
    if isinstance(stable, Wrong):
        return stable
    by = By(wanted.by.stratum or "", wanted.by.pod or "") if wanted.by is not None else ONE
    return await counts(means, ask, Sides(candidate, stable, by=by))


async def counts(means: Means, ask: Ask, sides: Sides) -> Answer:
    """Bad and total of both sides, at the window's end, by the operator's own Prometheus."""
    server = await server_of(means, ask.both.namespace)
    if isinstance(server, Wrong | Down):
        return server
    at = moment_of(ask.window.until).timestamp()
    if sides.by.labels():
        return await _by_label(means, server, sides, at)
    candidate = await server.counts(means.fetch, sides.candidate.bad, sides.candidate.total, at)
    stable = await server.counts(means.fetch, sides.stable.bad, sides.stable.total, at)
    for told in (candidate, stable):
        if not isinstance(told, Counts | NoData):
            return failed(told)
    if isinstance(candidate, NoData) and isinstance(stable, NoData):
        return Nothing(candidate.why)
    return Compared(_whole(candidate), _whole(stable))


async def _by_label(means: Means, server: Server, sides: Sides, at: float) -> Answer:
    labels = sides.by.labels()
    candidate = await server.counts_by(means.fetch, sides.candidate.bad, sides.candidate.total, at, labels)
    stable = await server.counts_by(means.fetch, sides.stable.bad, sides.stable.total, at, labels)
    if isinstance(candidate, Refused | SourceError):
        return failed(candidate)
    if isinstance(stable, Refused | SourceError):
        return failed(stable)
    if isinstance(candidate, NoData) and isinstance(stable, NoData):
        return Nothing(candidate.why)
    return by_label.compared(candidate, stable, sides.by)


def _whole(told: Outcome) -> Judged:
    """Whole numbers; a side without data had no requests, of which the judge concludes nothing."""
    if not isinstance(told, Counts):
        return NO_REQUESTS
    total = round(told.total)
    return Judged(min(round(told.bad), total), total)


def _pair(ask: Ask, wanted: Compare, side: str, part: Part) -> Pair | Wrong:
    """The queries of a `compare`, for one side."""
    more = {"side": side, "revision": part.revision}
    bad, total = filled.in_promql(wanted.bad, ask, more), filled.in_promql(wanted.total, ask, more)
    if isinstance(bad, Wrong):
        return bad
    return total if isinstance(total, Wrong) else Pair(bad, total)


def _router(means: Means, both: Both, wanted: Errors | Latency, window_s: int) -> Sides | Refused:
    """The queries of whoever counts the requests."""
    target = Target(both.namespace, _side(both.candidate), _side(both.stable), both.route)
    if not both.route:
        return app.sides(target, wanted, window_s, means.settings.names)
    controllers = set(both.controllers)
    if controllers == {TRAEFIK}:
        return traefik.sides(target, wanted, window_s)
    if controllers == {ENVOY}:
        merged = envoy_gateway.Envoy(means.settings.envoy_merges_backends)
        return envoy_gateway.sides(target, wanted, window_s, merged)
    if controllers == {istio.CONTROLLER}:
        return istio.sides(target, wanted, window_s)
    known = ", ".join(sorted(controllers))
    return Refused(
        f"the route is carried out by {known}, whose metrics are not known: write `compare` with queries of your own"
    )


def _side(part: Part) -> Side:
    return Side(part.service, part.workload, part.revision)
