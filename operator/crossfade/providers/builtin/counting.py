"""How counters become the events of a window, none lost and none twice.

`increase()` is not used: it guesses beyond its first and last sample, and of a series that begins within the window it drops what the
first sample held already, which are just the first errors of a candidate. Here a series counts by what it was last, within the window,
less what it was a window ago; one that is new, or began anew since (less than before), counts by what it was last. Windows that follow
each other add up to the counter, also that of a pod that is gone since. A series is new only where the metric was there a window ago:
else all of the past would be counted into this window. A window must be longer than the time between two scrapes.
"""

from __future__ import annotations

from crossfade.providers.promql import literally, quoted


def events(metric: str, matchers: str, window_s: int, by: str = "") -> str:
    """How many events the series of a counter have had in the last `window_s` seconds; no number where there are no series.

    `by`: a label for each of whose values there is to be a number.
    """
    total = f"sum by ({by}) " if by else "sum"
    series, before = f"{metric}{{{matchers}}}", f"offset {window_s}s"
    last = f"last_over_time({series}[{window_s}s])"
    return f"{total}(({last} - {series} {before}) >= 0 or {last} and on() count({metric} {before}))"


def or_none(bad: str, total: str) -> str:
    """Bad events where total has a number: none of them while nobody has counted one, and no number where total has none."""
    return f"{bad} or 0 * {total}"


def equal(label: str, value: str) -> str:
    """A matcher for just this value."""
    return f'{label}="{quoted(value)}"'


def like(label: str, expression: str) -> str:
    """A matcher by a regular expression, which Prometheus takes as that of the whole value."""
    return f'{label}=~"{quoted(expression)}"'


def edge(value: float) -> str:
    """The matcher of a bucket's edge. Prometheus 3 writes whole ones as 1.0, older ones as the program did: 1."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return like("le", literally(text) + (r"(\.0)?" if "." not in text else ""))


def plain(name: str) -> str:
    """A name within a regular expression."""
    return literally(name)
