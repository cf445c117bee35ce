"""Fills in the placeholders of what a metric asks: our own, and its arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from crossfade.core.measured import Ask, Wrong
from crossfade.core.moments import moment_of
from crossfade.providers import promql
from crossfade.providers.outcome import Refused


class Fillable(Protocol):
    """A query that was read."""

    def filled(self, values: Mapping[str, str], /) -> str | Refused:
        """The query to send."""


Read = Callable[[str, Collection[str]], Fillable | Refused]
"""Reads a query that may have placeholders of these arguments beside our own."""


def values_of(ask: Ask) -> dict[str, str]:
    """What stands for the placeholders: our own, and the metric's arguments."""
    both = ask.both
    return {
        **ask.arguments,
        "candidate": both.candidate.revision,
        "stable": both.stable.revision,
        "service": both.stable.service,
        "namespace": both.namespace,
        "window": f"{ask.window.seconds}s",
    }


def span_of(ask: Ask) -> tuple[float, float]:
    """The window's beginning and end, in seconds since 1970."""
    end = moment_of(ask.window.until).timestamp()
    return end - ask.window.seconds, end


def query_of(read: Read, query: str, ask: Ask, more: Mapping[str, str] | None = None) -> str | Wrong:
    """The query to send. `more`: values beside the metric's arguments, which go before them."""
    values = {**values_of(ask), **(more or {})}
    found = read(query, tuple(values))
    if isinstance(found, Refused):
        return Wrong(f"its query is wrong: {found.why}")
    filled = found.filled(values)
    return Wrong(f"its query cannot be filled in: {filled.why}") if isinstance(filled, Refused) else filled


def in_promql(query: str, ask: Ask, more: Mapping[str, str] | None = None) -> str | Wrong:
    """The same for PromQL."""
    return query_of(promql.read, query, ask, more)
