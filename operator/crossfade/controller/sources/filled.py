"""Fills in the placeholders of what a metric asks: our own, and its arguments."""

from __future__ import annotations

from collections.abc import Mapping

from crossfade.core.measured import Ask, Wrong
from crossfade.providers import promql
from crossfade.providers.outcome import Refused


def values_of(ask: Ask) -> dict[str, str]:
    """What stands for our own placeholders."""
    both = ask.both
    return {
        "candidate": both.candidate.revision,
        "stable": both.stable.revision,
        "service": both.stable.service,
        "namespace": both.namespace,
        "window": f"{ask.window.seconds}s",
    }


def in_promql(query: str, ask: Ask, more: Mapping[str, str] | None = None) -> str | Wrong:
    """The query to send. `more`: values beside the metric's arguments, which go before them."""
    arguments = {**ask.arguments, **(more or {})}
    read = promql.read(query, tuple(arguments))
    if isinstance(read, Refused):
        return Wrong(f"its query is wrong {read.why}")
    filled = read.filled({**values_of(ask), **arguments})
    return Wrong(f"its query cannot be filled in: {filled.why}") if isinstance(filled, Refused) else filled
