"""What policies cost: the same phases without any and under many of them, and how fast an edited policy reaches those it is about."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from bench.kube import Kube, Object, wait_for
from bench.manifests import API_VERSION
from bench.scale import figures, many, phases
from bench.scale.fake_node import LABELS
from bench.scale.figures import LATENCY, Changes, Row, marked, requests

PREFIX = "crossfade-scale-"
EDITED = f"{PREFIX}edited"
ABOUT = 2
"""The edited policy is about so many of the namespaces; the others must not notice."""
REACHES_WITHIN_S = 10.0
FINDS_OUT_S = 60.0
COSTS_LIMIT = 1.10
MEMORY_LIMIT = 1.05

RULES: tuple[Object, ...] = (
    {"strategies": {"allowed": ["canary", "blueGreen"]}},
    {"steps": {"maxInitialWeight": 25, "maxIncrease": 50}},
    {"rollback": {"onFailure": "Abort"}},
    {"images": {"deniedTags": ["latest"]}},
    {
        "windows": [
            {
                "name": "night",
                "kind": "Deny",
                "schedule": "0 2 * * SUN",
                "durationSeconds": 60,
                "timeZone": "Europe/Berlin",
            }
        ]
    },
    {"concurrency": {"maxActive": 10_000}},
    {"quota": {"maxPerDay": 50}},
)
"""Each is kept by every Rollout of the bench, so that the phases are the same."""


@dataclass(frozen=True)
class Reach:
    """Seconds until all `about` Rollouts told of an edited policy, and how many others were written to."""

    seconds: float
    about: int
    others: int


@dataclass(frozen=True)
class Compared:
    """The same phases without policies and under so many."""

    policies: int
    without: Changes
    under: Changes
    reach: Reach


def measure(kube: Kube, rollouts: int, per_second: float, rest_s: float, policies: int) -> Compared:
    """Run both, and leave nothing behind."""
    without, _ = phases.changes(kube, rollouts, per_second, rest_s, lambda _places: None)
    with under(kube, policies):
        ruled, reach = phases.changes(
            kube, rollouts, per_second, rest_s, lambda places: reached(kube, places)
        )
    return Compared(policies, without, ruled, reach)


@contextlib.contextmanager
def under(kube: Kube, policies: int) -> Iterator[None]:
    """So many policies about the namespaces of the bench, for the length of the block."""
    names = [f"{PREFIX}{number}" for number in range(policies)]
    try:
        for number, name in enumerate(names):
            spec = {"namespaceSelector": {"matchLabels": LABELS}, **RULES[number % len(RULES)]}
            kube.apply(policy(name, spec))
        yield
    finally:
        for name in (*names, EDITED):
            kube.delete("RolloutPolicy", "", name)


def policy(name: str, spec: Object) -> Object:
    return {"apiVersion": API_VERSION, "kind": "RolloutPolicy", "metadata": {"name": name}, "spec": spec}


def reached(kube: Kube, places: list[str]) -> Reach:
    """Edit a policy about some of the namespaces so that all Rollouts there break it, and see when they tell."""
    mine = places[:ABOUT]
    chosen = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": mine}
    spec = {"namespaceSelector": {"matchExpressions": [chosen]}, "enforcement": "Warn"}
    kube.apply(policy(EDITED, spec))
    time.sleep(5)  # what the new policy itself makes of them is over
    before = {_place(each): each["metadata"]["resourceVersion"] for each in many.listed(kube)}
    about = {place for place in before if place[0] in mine}
    started = time.monotonic()
    kube.apply(policy(EDITED, {**spec, "steps": {"minBakeSeconds": 600}}))
    wait_for("all of them to tell", lambda: _told(kube) >= about, FINDS_OUT_S, every_s=0.2)
    seconds = time.monotonic() - started
    after = {_place(each): each["metadata"]["resourceVersion"] for each in many.listed(kube)}
    others = sum(before[place] != after.get(place) for place in before if place not in about)
    print(
        f"An edited policy was told by {len(about)} Rollouts after {seconds:.1f} s; others written to: {others}."
    )
    return Reach(seconds, len(about), others)


def _told(kube: Kube) -> set[tuple[str, str]]:
    """Those whose condition says that a rule is broken."""
    return {_place(each) for each in many.listed(kube) if _warned(each)}


def _warned(rollout: Object) -> bool:
    conditions = (rollout.get("status") or {}).get("conditions", ())
    return any(each["type"] == "PolicyCompliant" and each["reason"] == "Warned" for each in conditions)


def _place(rollout: Object) -> tuple[str, str]:
    return rollout["metadata"]["namespace"], rollout["metadata"]["name"]


def rows(compared: Compared) -> list[tuple[str, str, Row]]:
    """Each figure without and under policies, with the row of their ratio; at rest nothing is written, whatever it was before."""
    one, other = compared.without, compared.under
    pairs = {
        "create: requests per Rollout": (_each(one, "created"), _each(other, "created"), COSTS_LIMIT),
        "update: requests per Rollout": (_each(one, "updated"), _each(other, "updated"), COSTS_LIMIT),
        "create: pass p99, ms": (_p99(one, "created"), _p99(other, "created"), COSTS_LIMIT),
        "update: pass p99, ms": (_p99(one, "updated"), _p99(other, "updated"), COSTS_LIMIT),
        "memory of the leader, MB": (one.memory_bytes / 1e6, other.memory_bytes / 1e6, MEMORY_LIMIT),
    }
    made = []
    for what, (before, after, limit) in pairs.items():
        ratio = after / before
        made.append((f"{before:.1f}", f"{after:.1f}", Row(what, f"{ratio:.2f}", ratio, limit)))
    rest, ruled = figures.writes(one.rested.growth), figures.writes(other.rested.growth)
    made.append((f"{rest:.0f}", f"{ruled:.0f}", Row("at rest: writes", f"{ruled:.0f}", ruled, 0)))
    reach = compared.reach
    told = Row(
        f"an edit is told by {reach.about} Rollouts, s",
        f"{reach.seconds:.1f}",
        reach.seconds,
        REACHES_WITHIN_S,
    )
    made.append(("", "", told))
    made.append(("", "", Row("others that were written to", f"{reach.others}", reach.others, 0)))
    return made


def _each(measured: Changes, stretch: str) -> float:
    return requests(getattr(measured, stretch).growth) / measured.rollouts


def _p99(measured: Changes, stretch: str) -> float:
    return 1000 * float(getattr(measured, stretch).growth.quantile(LATENCY, 0.99))


def missed(compared: Compared) -> list[str]:
    """A sentence for each target that was not reached."""
    return [f"{row.figure}: {row.shown}, target {row.target}" for _, _, row in rows(compared) if row.missed]


def table(compared: Compared) -> Table:
    """Every figure, without and under policies, and how they compare."""
    drawn = Table(title=f"{compared.without.name}, and the same under {compared.policies} policies")
    for name in ("figure", "without", f"under {compared.policies}", "as a multiple", "target"):
        drawn.add_column(name, justify="left" if name == "figure" else "right")
    for before, after, row in rows(compared):
        drawn.add_row(row.figure, before, after, marked(row), row.target)
    return drawn
