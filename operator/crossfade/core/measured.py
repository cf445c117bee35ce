"""What measurements came to, as values: what the shell brings, and what the core asks it for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossfade.api.analysis import Metric
from crossfade.judge.counts import Counts, Pod, Stratum


@dataclass(frozen=True)
class Compared:
    """Bad and all requests of both sides.

    `strata`: the same by zone or route, where they came so; what is in none of them is the rest. `pods`: the candidate's.
    """

    candidate: Counts
    stable: Counts
    strata: tuple[Stratum, ...] = ()
    pods: tuple[Pod, ...] = ()


@dataclass(frozen=True)
class Valued:
    """A number, and what the metric's conditions say of it: good, bad, or None where neither is true.

    `told`: how it is told where it is one of several, as `0.3, the last of 12,`; `value` is the last one then.
    """

    value: float
    good: bool | None
    told: str = ""


@dataclass(frozen=True)
class Said:
    """What a source says itself, without a number: good, bad, or None for "not yet". `told`: as a sentence without its end.

    `after_s`: when it wants to be asked again, in seconds; 0 where it does not say.
    """

    good: bool | None
    told: str
    after_s: float = 0.0


@dataclass(frozen=True)
class Nothing:
    """The source answered, and had nothing: neither good nor bad."""

    why: str


@dataclass(frozen=True)
class Down:
    """The source did not answer, or with nothing that can be read: no fault of the candidate's. Asked again later.

    `after_s`: not before so many seconds are over; 0 where it does not say.
    """

    why: str
    after_s: float = 0.0


@dataclass(frozen=True)
class Wrong:
    """It cannot be asked as it is written: it stays so until somebody changes it."""

    why: str


Answer = Compared | Valued | Said | Nothing | Down | Wrong


@dataclass(frozen=True)
class Window:
    """One window of a metric: the `number`-th of its run, `seconds` long until `until` (RFC 3339).

    `definition`: hash of the metric as it was when it was asked: one that is edited meanwhile has other windows.
    """

    run: str
    metric: str
    number: int
    until: str
    seconds: int
    definition: str = ""


@dataclass(frozen=True)
class Part:
    """One side: its revision, its Deployment, the Service that the route sends its requests to, and its first image."""

    revision: str
    workload: str
    service: str
    image: str = ""


@dataclass(frozen=True)
class Both:
    """Whose requests are counted. `route`: the route that shares them, "" without one; `controllers`: who carries it out."""

    namespace: str
    candidate: Part
    stable: Part
    route: str = ""
    controllers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owner:
    """For which Rollout it is measured, and the number of its release."""

    rollout: str = ""
    uid: str = ""
    release: int = 0


@dataclass(frozen=True)
class Ask:
    """What is to be measured: a window of a metric, of whom, the values of its arguments, and for whom."""

    window: Window
    metric: Metric
    both: Both
    arguments: Mapping[str, str] = field(default_factory=dict)
    owner: Owner = Owner()


@dataclass(frozen=True)
class Measured:
    """What it came to."""

    window: Window
    answer: Answer
