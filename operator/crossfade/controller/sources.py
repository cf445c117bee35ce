"""From what a decision asks to be measured to the source that is asked, and from what it answers to what the core knows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from crossfade.api.analysis import Metric, Prometheus, SecretKey
from crossfade.cluster import ApiError
from crossfade.controller import gateways
from crossfade.controller.gateways import Gets
from crossfade.controller.options import Options
from crossfade.core.measured import Answer, Ask, Both, Compared, Down, Nothing, Part, Valued, Wrong
from crossfade.core.moments import moment_of
from crossfade.judge.counts import NO_REQUESTS
from crossfade.judge.counts import Counts as Judged
from crossfade.providers import promql
from crossfade.providers.allowed import allow_list
from crossfade.providers.builtin import app, envoy_gateway, traefik
from crossfade.providers.builtin.wanted import Errors, Latency, Pair, Side, Sides, Target
from crossfade.providers.expressions.conditions import Conditions, Value, value_of
from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.fetch import Fetch
from crossfade.providers.outcome import Counts, NoData, Number, Outcome, Refused, SourceError
from crossfade.providers.prometheus import Prometheus as Server
from crossfade.providers.secret import Bearer, Secret
from crossfade.routers.abilities import ENVOY, TRAEFIK


@dataclass(frozen=True)
class Settings:
    """What whoever runs the operator has set: the Prometheus to ask, and what apps call their metrics."""

    prometheus: str = ""
    names: app.Names = app.PROMETHEUS
    envoy_merges_backends: bool = False
    latency_buckets_ms: tuple[float, ...] = ()


@dataclass(frozen=True)
class Sources:
    """Measures by Prometheus."""

    settings: Settings
    fetch: Fetch
    conditions: Conditions
    reads: Gets

    async def __call__(self, ask: Ask) -> Answer:
        """The answer to one window."""
        server = await self._server(ask.metric.prometheus, ask.both.namespace)
        if isinstance(server, Wrong | Down):
            return server
        if ask.metric.prometheus is not None:
            return await self._valued(server, ask, ask.metric.prometheus.query)
        pairs = await self._pairs(ask)
        return pairs if isinstance(pairs, Wrong) else await self._compared(server, ask, pairs)

    # --- who is asked -----------------------------------------------------------------------------

    async def _server(self, asked: Prometheus | None, namespace: str) -> Server | Wrong | Down:
        url = (asked.address if asked is not None else None) or self.settings.prometheus
        if not url:
            return Wrong(
                "no Prometheus is known: write `address` into the metric, or start the operator with --prometheus URL"
            )
        if asked is None or asked.bearer_token is None:
            return Server(url)
        token = await self._secret(asked.bearer_token, namespace)
        return Server(url, Bearer(token)) if isinstance(token, Secret) else token

    async def _secret(self, ref: SecretKey, namespace: str) -> Secret | Wrong | Down:
        try:
            found = await self.reads.get("Secret", namespace, ref.name)
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return Wrong(
                    f"the operator may not read Secret {ref.name}: give it that right by a Role and a RoleBinding in "
                    f"namespace {namespace} (docs/analysis.md has both)"
                )
            return Down(f"Secret {ref.name} cannot be read now: {error}")
        stored = ((found or {}).get("data") or {}).get(ref.key)
        if stored is None:
            return Wrong(f"Secret {ref.name} has no key {ref.key}: create it, or name another")
        try:
            return Secret(base64.b64decode(stored, validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            return Wrong(f"key {ref.key} of Secret {ref.name} is no text: write a token there")

    # --- a number of the user's own ---------------------------------------------------------------

    async def _valued(self, server: Server, ask: Ask, query: str) -> Answer:
        filled = _filled(query, _values(ask), ask.arguments)
        if isinstance(filled, Wrong):
            return filled
        found = await server.instant(self.fetch, filled, moment_of(ask.window.until).timestamp())
        return await self._judged(ask, found) if isinstance(found, Number) else _failed(found)

    async def _judged(self, ask: Ask, found: Number) -> Answer:
        """Good, bad, or neither, by the metric's conditions."""
        values: dict[str, Value] = {name: value_of(text) for name, text in ask.arguments.items()}
        values["result"] = found.value
        good = await self._holds(ask.metric.success, values)
        bad = await self._holds(ask.metric.failure, values)
        for told in (good, bad):
            if not isinstance(told, bool | None):
                return _failed(told)
        return Valued(found.value, _good(good is True, bad is True, ask.metric))

    async def _holds(self, condition: str | None, values: Mapping[str, Value]) -> bool | Outcome | None:
        return None if condition is None else await self.conditions.check(condition, values)

    # --- counts of both sides ---------------------------------------------------------------------

    async def _pairs(self, ask: Ask) -> Sides | Wrong:
        if ask.metric.compare is not None:
            return _own(ask)
        errors = ask.metric.built_in is None or ask.metric.built_in.latency is None
        wanted = Errors() if errors else self._latency(ask.metric)
        found = await self._built_in(ask.both, wanted, ask.window.seconds)
        return Wrong(found.why) if isinstance(found, Refused) else found

    def _latency(self, metric: Metric) -> Latency:
        asked = metric.built_in.latency if metric.built_in is not None else None
        return Latency(float(asked.milliseconds if asked else 0), self.settings.latency_buckets_ms)

    async def _built_in(self, both: Both, wanted: Errors | Latency, window_s: int) -> Sides | Refused:
        target = Target(both.namespace, _side(both.candidate), _side(both.stable), both.route)
        if not both.route:
            return app.sides(target, wanted, window_s, self.settings.names)
        controllers = {
            each.controller for each in (await gateways.read(self.reads, both.gateways, ())).values()
        }
        if controllers == {TRAEFIK}:
            return traefik.sides(target, wanted, window_s)
        if controllers == {ENVOY}:
            merged = envoy_gateway.Envoy(self.settings.envoy_merges_backends)
            return envoy_gateway.sides(target, wanted, window_s, merged)
        known = ", ".join(sorted(controllers)) or "nobody"
        return Refused(
            f"the route is carried out by {known}, whose metrics are not known: write `compare` with queries of your own"
        )

    async def _compared(self, server: Server, ask: Ask, sides: Sides) -> Answer:
        at = moment_of(ask.window.until).timestamp()
        candidate = await server.counts(self.fetch, sides.candidate.bad, sides.candidate.total, at)
        stable = await server.counts(self.fetch, sides.stable.bad, sides.stable.total, at)
        for told in (candidate, stable):
            if not isinstance(told, Counts | NoData):
                return _failed(told)
        if isinstance(candidate, NoData) and isinstance(stable, NoData):
            return Nothing(candidate.why)
        return Compared(_counts(candidate), _counts(stable))


@asynccontextmanager
async def measuring_by(options: Options, reads: Gets) -> AsyncIterator[Sources]:
    """Everything that measures, for as long as the operator runs."""
    allowed = allow_list([*([options.prometheus] if options.prometheus else []), *options.sources])
    names = app.OPENTELEMETRY if options.app_metrics == "opentelemetry" else app.PROMETHEUS
    settings = Settings(
        options.prometheus, names, options.envoy_merges_backends, tuple(options.latency_buckets)
    )
    evaluator = Evaluator()
    async with Fetch(allowed) as fetch:
        try:
            yield Sources(settings, fetch, Conditions(evaluator), reads)
        finally:
            await evaluator.close()


def _side(part: Part) -> Side:
    return Side(part.service, part.workload, part.revision)


def _own(ask: Ask) -> Sides | Wrong:
    """The queries of a `compare`, for each side."""
    compare = ask.metric.compare
    pairs = []
    for side, part in (("candidate", ask.both.candidate), ("stable", ask.both.stable)):
        more = {**ask.arguments, "side": side, "revision": part.revision}
        asked = [] if compare is None else [compare.bad, compare.total]
        filled = [_filled(query, _values(ask), more) for query in asked]
        wrong = next((each for each in filled if isinstance(each, Wrong)), None)
        if wrong is not None:
            return wrong
        pairs.append(Pair(*[each for each in filled if isinstance(each, str)]))
    return Sides(*pairs)


def _values(ask: Ask) -> dict[str, str]:
    both = ask.both
    return {
        "candidate": both.candidate.revision,
        "stable": both.stable.revision,
        "service": both.stable.service,
        "namespace": both.namespace,
        "window": f"{ask.window.seconds}s",
    }


def _filled(query: str, values: Mapping[str, str], arguments: Mapping[str, str]) -> str | Wrong:
    read = promql.read(query, tuple(arguments))
    if isinstance(read, Refused):
        return Wrong(f"its query is wrong {read.why}")
    filled = read.filled({**values, **arguments})
    return Wrong(f"its query cannot be filled in: {filled.why}") if isinstance(filled, Refused) else filled


def _good(good: bool, bad: bool, metric: Metric) -> bool | None:
    """`failure` decides before `success`; where only one is written, its contrary is the other."""
    if bad:
        return False
    if good or metric.success is None:
        return True
    return False if metric.failure is None else None


def _counts(told: Outcome) -> Judged:
    """Whole numbers; a side without data had no requests, of which the judge concludes nothing."""
    if not isinstance(told, Counts):
        return NO_REQUESTS
    total = round(told.total)
    return Judged(min(round(told.bad), total), total)


def _failed(told: Outcome) -> Answer:
    if isinstance(told, NoData):
        return Nothing(told.why)
    if isinstance(told, SourceError):
        return Down(told.why)
    return Wrong(
        told.why if isinstance(told, Refused) else f"it gives {type(told).__name__}, and one number is wanted"
    )
