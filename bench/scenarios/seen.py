"""What a story saw, as values, and the few questions about raw objects that stories share."""

from dataclasses import dataclass, field
from typing import Any

from bench import analysis
from bench.analysis import Record
from bench.kube import Object
from bench.watch import Sighting

VERSION_LABEL = "version"


@dataclass(frozen=True)
class Plateau:
    """A time in which a stage stood: `weight` is wanted, `real_weight` is what its pods allow, in percent."""

    weight: float
    real_weight: float
    since: float
    until: float


@dataclass(frozen=True)
class Result:
    """What was seen in one story.

    `requests` and `lost` count new connections; `seconds` run from the change to its end.
    `happened` is the outcome and `why` the reason, both in the Release's words.
    """

    scenario: str
    requests: int
    lost: int
    seconds: float
    happened: str
    why: str
    records: list[Record] = field(repr=False)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def new(self) -> list[Record]:
        return analysis.new(self.records)

    @property
    def kept(self) -> list[Record]:
        return analysis.kept(self.records)

    @property
    def http2(self) -> list[Record]:
        return analysis.http2(self.records)


def status_of(rollout: Object) -> Object:
    """The status, or nothing while it speaks of an older generation."""
    status: Object = rollout.get("status", {})
    current = status.get("observedGeneration") == rollout.get("metadata", {}).get("generation")
    return status if current else {}


def standing_weights(status: Object) -> tuple[float, float] | None:
    """The wanted and the real weight of a stage that stands, else None."""
    if not status.get("progress", {}).get("reachedAt"):
        return None
    weight = float(status.get("weight", 0))
    return weight, float(status.get("realWeight", weight))


def version_of(pod: Object) -> str:
    """The version of a shop pod by its label, empty for any other pod."""
    return str(pod["metadata"].get("labels", {}).get(VERSION_LABEL, ""))


def is_ready(pod: Object) -> bool:
    """Whether a pod's condition Ready is True."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def plateaus(sightings: list[Sighting]) -> list[Plateau]:
    """The times in which a stage stood, from the states of one Rollout; the last one without its end left out.

    The real weight of each is the one told last: counts alone are told up to 5 s late.
    """
    found: list[Plateau] = []
    since, standing = 0.0, None
    for seen in sightings:
        now = standing_weights(status_of(seen.object))
        if now and standing and now[0] == standing[0]:
            standing = now
            continue
        if standing:
            found.append(Plateau(*standing, since, seen.at))
        since, standing = seen.at, now
    return found
