"""What is measured: bad requests and all requests, of both sides, in one window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Counts:
    """So many requests were bad of so many. Whole numbers; bad is what the metric calls so: failed, or slower than N ms.

    Raises ValueError for what cannot be counted. Two queries of two moments can give more bad than all: who asks them
    cuts that, or asks both in one.
    """

    bad: int = 0
    total: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.total:
            raise ValueError(f"{self.bad} bad of {self.total} requests cannot be: write 0 <= bad <= total")

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.bad + other.bad, self.total + other.total)

    @property
    def rate(self) -> float:
        """The part that was bad, 0 to 1; 0 of nothing."""
        return self.bad / self.total if self.total else 0.0


NO_REQUESTS: Final = Counts()


@dataclass(frozen=True)
class Stratum:
    """A part of the requests in which both sides can be compared: a zone, a route."""

    name: str
    candidate: Counts
    stable: Counts


@dataclass(frozen=True)
class Pod:
    """What one pod of the candidate answered. Nothing is decided by it; it may be named.

    `expected`: how many bad requests would be its part, by its part of the requests of each stratum; None where all is one.
    """

    name: str
    counts: Counts
    expected: float | None = None

    def __add__(self, other: Pod) -> Pod:
        known = self.expected is not None and other.expected is not None
        expected = (self.expected or 0.0) + (other.expected or 0.0) if known else None
        return Pod(self.name, self.counts + other.counts, expected)


@dataclass(frozen=True)
class Window:
    """The counts of one look. `at`: its end, in seconds since the candidate's first request.

    `strata`: the same requests by zone or route, all or some of them; the rest is a stratum of its own. Raises ValueError
    where they add up to more than the whole.
    """

    at: float
    candidate: Counts
    stable: Counts = NO_REQUESTS
    strata: tuple[Stratum, ...] = ()
    pods: tuple[Pod, ...] = ()

    def __post_init__(self) -> None:
        list(self.parts())

    def parts(self) -> Iterator[tuple[Counts, Counts]]:
        """The candidate's and stable's counts, each pair to be compared in itself."""
        yield from ((each.candidate, each.stable) for each in self.strata)
        candidate = without(self.candidate, [each.candidate for each in self.strata])
        stable = without(self.stable, [each.stable for each in self.strata])
        if candidate.total or stable.total:
            yield candidate, stable


@dataclass(frozen=True)
class Past:
    """What is compared with where stable gets no requests. `told`: whose counts they are. Example: `release 7`."""

    counts: Counts
    told: str


def without(whole: Counts, parts: Iterable[Counts]) -> Counts:
    """What is in none of the parts. Raises ValueError where they add up to more than the whole."""
    part = sum(parts, NO_REQUESTS)
    try:
        return Counts(whole.bad - part.bad, whole.total - part.total)
    except ValueError:
        raise ValueError(
            f"the strata have {part.bad} bad of {part.total} requests, the window {whole.bad} of {whole.total}: "
            "count both from the same requests"
        ) from None
