"""What the lines of the load client mean: losses, shares, outages, and how long versions mix.

Everything here is pure. Times are unix seconds; `answered_at` is when an answer had arrived.
Functions take any iterable of records, so a question is narrowed by filtering first:
`share(between(new(records), t0, t1), "v2")`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from math import exp, lgamma, log, log1p

OK = "200"


@dataclass(frozen=True)
class Record:
    """One request: when it started, how it ended, and which version answered ("-": none).

    A WebSocket is one too, and its latency is its life. `user` has a number where users are told apart.
    """

    at: float
    kind: str
    outcome: str
    version: str
    latency_s: float
    user: int | None = None

    @property
    def answered_at(self) -> float:
        return self.at + self.latency_s

    @property
    def lost(self) -> bool:
        return self.outcome != OK


@dataclass(frozen=True)
class Outage:
    """A time in which requests failed: the start of its first and its last failure, and how many."""

    started_at: float
    ended_at: float
    lost: int

    @property
    def seconds(self) -> float:
        return self.ended_at - self.started_at


@dataclass(frozen=True)
class Run:
    """A stretch of answers of one version."""

    version: str
    first_at: float
    last_at: float
    answers: int


def parsed(line: str) -> list[Record]:
    """The records in a line; none in a note (`#`), and not the one where a line was cut."""
    if line.startswith("#"):
        return []
    wholes = (fields for fields in (each.split() for each in line.split(";")) if _is_whole(fields))
    return [_record(*fields) for fields in wholes]


def _is_whole(fields: list[str]) -> bool:
    return len(fields) > 1 and len(fields) == (6 if fields[1] == "u" else 5)


def _record(at: str, kind: str, outcome: str, version: str, latency_ms: str, user: str = "") -> Record:
    return Record(float(at), kind, outcome, version, float(latency_ms) / 1000, int(user) if user else None)


def parse(lines: Iterable[str]) -> list[Record]:
    """The records in the order of their starts; a slow request is written late."""
    records = [record for line in lines for record in parsed(line)]
    return sorted(records, key=lambda record: record.at)


def is_whole(lines: Iterable[str]) -> bool:
    """Whether the client came to its end, so that nothing is missing."""
    return any(line.startswith("# end") for line in lines)


def new(records: Iterable[Record]) -> list[Record]:
    """The requests that each opened a connection."""
    return [record for record in records if record.kind == "n"]


def kept(records: Iterable[Record]) -> list[Record]:
    """The requests on kept-alive connections."""
    return [record for record in records if record.kind == "k"]


def http2(records: Iterable[Record]) -> list[Record]:
    """The requests over HTTP/2."""
    return [record for record in records if record.kind == "h"]


def of_users(records: Iterable[Record]) -> list[Record]:
    """The requests of users with cookie jars."""
    return [record for record in records if record.kind == "u"]


def sockets(records: Iterable[Record]) -> list[Record]:
    """The WebSockets, in the order in which they were opened; those that never opened have no version."""
    return [record for record in records if record.kind == "s"]


def requests(records: Iterable[Record]) -> list[Record]:
    """Everything but the WebSockets, whose outcome is how they ended."""
    return [record for record in records if record.kind != "s"]


def between(records: Iterable[Record], since: float, until: float) -> list[Record]:
    """The requests that started in [since, until)."""
    return [record for record in records if since <= record.at < until]


def lost(records: Iterable[Record]) -> list[Record]:
    """The requests without a good answer."""
    return [record for record in records if record.lost]


def losses_by_outcome(records: Iterable[Record]) -> dict[str, int]:
    """How many requests ended in which way, the good ones left out."""
    counts: dict[str, int] = {}
    for record in lost(records):
        counts[record.outcome] = counts.get(record.outcome, 0) + 1
    return counts


def answers(records: Iterable[Record], version: str) -> list[Record]:
    """The good answers of one version."""
    return [record for record in records if record.version == version and not record.lost]


def share(records: Iterable[Record], version: str) -> float:
    """Percent of the good answers that one version gave; 0 when there was none at all."""
    good = [record for record in records if not record.lost]
    return 100 * len(answers(good, version)) / len(good) if good else 0.0


def versions_by_user(records: Iterable[Record]) -> dict[int, list[str]]:
    """What each user met, in the order of the answers, without repeats of the version before."""
    good = [record for record in records if record.user is not None and not record.lost]
    met: dict[int, list[str]] = {}
    for record in sorted(good, key=lambda each: each.answered_at):
        seen = met.setdefault(record.user or 0, [])
        if seen[-1:] != [record.version]:
            seen.append(record.version)
    return met


def share_is_right(records: Iterable[Record], version: str, percent: float, error: float = 0.001) -> bool:
    """Whether a version's share of the good answers may have come about at that weight.

    Exact, by the binomial distribution: false for what happens in less than `error` of all cases, half of it on
    either side. Every answer is taken for chosen by itself; a router that deals them out in turn is nearer.
    """
    good = [record for record in records if not record.lost]
    seen = len(answers(good, version))
    low, high = binomial_bounds(len(good), percent / 100, error)
    return bool(good) and low <= seen <= high


def binomial_bounds(n: int, p: float, error: float = 0.001) -> tuple[int, int]:
    """The least and the most hits of n that are not among the rarest, `error / 2` of all cases on either side.

    The chances are added up in floating point, in logarithms first, since p to the n is too small to be written.
    """
    if p <= 0 or p >= 1:
        return (0, 0) if p <= 0 else (n, n)
    rising = list(accumulate(exp(_log_chance(k, n, p)) for k in range(n + 1)))
    low = next(k for k, below in enumerate(rising) if below > error / 2)
    falling = accumulate(exp(_log_chance(k, n, p)) for k in range(n, -1, -1))
    high = n - next(k for k, above in enumerate(falling) if above > error / 2)
    return low, high


def _log_chance(k: int, n: int, p: float) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p)


def first_answer(records: Iterable[Record], version: str) -> float | None:
    """When a version first answered, well or badly, or None."""
    return min((record.answered_at for record in records if record.version == version), default=None)


def last_answer(records: Iterable[Record], version: str) -> float | None:
    """When a version last answered, well or badly, or None."""
    return max((record.answered_at for record in records if record.version == version), default=None)


def mixing_s(records: Sequence[Record], leaving: str, coming: str) -> float:
    """For how many seconds both versions answered: 0 when one ended before the other began."""
    first, last = first_answer(records, coming), last_answer(records, leaving)
    return 0.0 if first is None or last is None else max(last - first, 0.0)


def versions_in_order(records: Iterable[Record]) -> list[str]:
    """The versions by the time of their first good answer."""
    seen: dict[str, None] = {}
    for record in sorted((each for each in records if not each.lost), key=lambda each: each.answered_at):
        seen.setdefault(record.version)
    return list(seen)


def runs(records: Iterable[Record]) -> list[Run]:
    """The good answers as stretches of one version each, in the order of their arrival."""
    good = sorted((record for record in records if not record.lost), key=lambda record: record.answered_at)
    stretches = [list(group) for _, group in groupby(good, key=lambda record: record.version)]
    return [Run(each[0].version, each[0].answered_at, each[-1].answered_at, len(each)) for each in stretches]


def outages(records: Iterable[Record], apart_s: float = 1.0) -> list[Outage]:
    """The times in which requests failed; failures less than `apart_s` apart are one outage."""
    found: list[Outage] = []
    for record in lost(records):
        if found and record.at - found[-1].ended_at < apart_s:
            found[-1] = Outage(found[-1].started_at, record.at, found[-1].lost + 1)
        else:
            found.append(Outage(record.at, record.at, 1))
    return found


def downtime_s(records: Iterable[Record]) -> float:
    """The longest time without a single good answer.

    The lost requests alone would tell less: one that began shortly before the end only waits.
    """
    arrivals = sorted(record.answered_at for record in records if not record.lost)
    return max((later - earlier for earlier, later in pairwise(arrivals)), default=0.0)


def back_on_s(records: Sequence[Record], version: str) -> float | None:
    """Seconds from the first lost request until the version alone answers, and all is well.

    None when nothing was lost. Infinite when the last request of the record is still lost or
    still answered by another version.
    """
    failed = lost(records)
    if not failed:
        return None
    wrong = [record for record in records if record.lost or record.version != version]
    last_wrong = max(record.at for record in wrong)
    if last_wrong == max(record.at for record in records):
        return float("inf")
    return max(last_wrong - failed[0].at, 0.0)
