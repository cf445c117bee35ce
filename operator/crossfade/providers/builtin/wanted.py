"""What built-in queries are asked for, and what they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

LONGEST_WINDOW_S = 3600


@dataclass(frozen=True)
class Errors:
    """Requests that were answered with a server error."""


@dataclass(frozen=True)
class Latency:
    """Requests that took longer than so many milliseconds. `buckets_ms`: the histogram's, where they are not its default."""

    ms: float
    buckets_ms: tuple[float, ...] = ()


@dataclass(frozen=True)
class Side:
    """What one side is called: its Service, its Deployment, its revision."""

    service: str
    workload: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Target:
    """Both sides of a Rollout. `route`: the route that is split, where its requests alone count; "": those of all routes."""

    namespace: str
    candidate: Side
    stable: Side
    route: str = ""


@dataclass(frozen=True)
class Pair:
    """Two queries of one number each, or of one for each value of some labels, to be asked at the same moment."""

    bad: str
    total: str


@dataclass(frozen=True)
class By:
    """The labels by which queries give several numbers; "" for none. `stratum`: a zone, a route; `pod`: who answered."""

    stratum: str = ""
    pod: str = ""

    def labels(self) -> tuple[str, ...]:
        """Those that there are, in this order."""
        return tuple(label for label in (self.stratum, self.pod) if label)


ONE: Final = By()
"""Each query gives one number."""


@dataclass(frozen=True)
class Sides:
    """The queries of both sides. `by`: where each gives several numbers, by which labels."""

    candidate: Pair
    stable: Pair
    by: By = field(default=ONE, kw_only=True)


def bucket_refusal(wanted: Latency, known_ms: Sequence[float], where: str) -> str:
    """Say why a latency cannot be counted: it must be the edge of a bucket, since what lies within one is not known."""
    edges = wanted.buckets_ms or tuple(known_ms)
    if wanted.ms in edges:
        return ""
    listed = ", ".join(f"{each:g}" for each in sorted(edges))
    return (
        f"requests slower than {wanted.ms:g} ms cannot be counted: {where} counts them by {listed} ms. "
        "Take one of these, or give the router such a bucket and say here which it has"
    )
