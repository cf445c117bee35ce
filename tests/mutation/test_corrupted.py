"""Whatever becomes of our marks and of our memory: it is put right, or told; and users are served meanwhile.

Here every fourth corruption; with CROSSFADE_FAULTS=all (`make faults`) every single one.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache

import pytest

from builders import V1, V2
from crossfade.core.plan import Verb, Write
from mutation.bases import BASES
from mutation.corruptions import OTHER_UID, Corruption, corruptions
from mutation.seen import Object, Seen, differences, standing
from mutation.simulated import half_way, made, seen, settle, still_writes, update
from simulation.cluster import Sim
from simulation.live import quiet, step
from simulation.stored import identity, versioned

pytestmark = pytest.mark.deep

SHARE = 1 if os.environ.get("CROSSFADE_FAULTS") == "all" else 4
STRATEGIES = ["recreate", "rolling", "blueGreen", "canary", "bigBang", "route"]
TABLES = {"Deployment": "deployments", "Service": "services", "Release": "releases"}
HARMED_S = 3
"""So long after a Deployment or its Service was deleted, new pods are awaited."""


def _updated(base: Object) -> Sim:
    """v1 was there, v2 serves."""
    sim = made(base)
    update(sim)
    settle(sim)
    return sim


@cache
def _state(strategy: str, middle: bool) -> Sim:
    """A Rollout at rest or in the middle of a release, in a cluster where somebody else's pods look alike."""
    sim = half_way(BASES[strategy]) if middle else _updated(BASES[strategy])
    labels = {"app": "shop"}
    meta = {"name": "stranger", "uid": "stranger-uid", "labels": labels, "generation": 1}
    sim.deployments["stranger"] = {
        "metadata": {**meta, "resourceVersion": "1"},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": labels}}},
    }
    sim.controllers()
    sim.kubelet()
    quiet(sim)
    return sim


def _ours(sim: Sim) -> Seen:
    """Without the stranger, and without what was made somebody else's."""
    there = seen(sim)
    return replace(
        there, deployments={n: d for n, d in there.deployments.items() if n != "stranger" and not _foreign(d)}
    )


def _foreign(obj: Object) -> bool:
    return any(owner["uid"] == OTHER_UID for owner in obj["metadata"].get("ownerReferences", ()))


def life_after(sim: Sim, corruption: Corruption, undisturbed: Seen) -> str:
    """Corrupt, and let the world go on; what was wrong, "" where it came to the same end or told why not."""
    corrupt(sim, corruption)
    exclusive = "recreate" in sim.rollout["spec"]["strategy"]
    stranger = sim.deployments["stranger"]["spec"]
    try:
        for second in range(HARMED_S + 10):
            quiet(sim)
            waits = second < HARMED_S and corruption.harms
            wrong = _unserved(sim)
            if wrong and not exclusive and not waits:
                return f"after {second} s {wrong}"
            step(sim)
        settle(sim)
    except AssertionError as error:
        return f"never at rest: {error}"
    if sim.deployments["stranger"]["spec"] != stranger:
        return "a stranger was touched"
    if astray := _astray(sim):
        return astray
    waits = sim.status["phase"] == "Invalid" and sim.status.get("progress")  # in vain, until its deadline
    return _unserved(sim) or _otherwise(sim, undisturbed) or ("" if waits else "; ".join(still_writes(sim)))


def _astray(sim: Sim) -> str:
    """How the user's route is not as he wrote it, which sends everything to the shop, though nothing is under way."""
    if sim.status.get("progress"):
        return ""
    for name, route in sim.routes.items():
        (rule,) = route["spec"]["rules"]
        (whole,) = sim.git[name]
        if [ref["name"] for ref in rule["backendRefs"]] != [ref["name"] for ref in whole["backendRefs"]]:
            return f"the route is {rule}"
    return ""


def _unserved(sim: Sim) -> str:
    served = sim.selected()
    if not sum(served.values()):
        return "production is empty"
    return "" if set(served) <= {V1, V2} else f"production selects {served}"


def _otherwise(sim: Sim, undisturbed: Seen) -> str:
    """In what the end is another one, where nobody is told."""
    now = _ours(sim)
    if now.status["message"] and now.is_told:
        return ""
    marks, expected = _marks(now), _marks(undisturbed)
    known = marks.keys() & expected.keys()
    pairs = (
        (standing(undisturbed), standing(now)),
        ({name: expected[name] for name in known}, {name: marks[name] for name in known}),
    )
    return "; ".join(line for one, other in pairs for line in differences(one, other))


def _marks(there: Seen) -> dict[str, Object]:
    """Labels and owner of every record."""
    return {
        name: {"labels": meta["labels"], "owners": [owner["uid"] for owner in meta["ownerReferences"]]}
        for name, release in there.releases.items()
        if (meta := release["metadata"]) and not _foreign(release)
    }


def corrupt(sim: Sim, corruption: Corruption) -> None:
    if corruption.kind == "Rollout":
        sim.rollout = versioned(corruption.change(sim.rollout) or {}, sim.tick_version())
        return
    table = getattr(sim, TABLES[corruption.kind])
    was = table[corruption.name]
    after = corruption.change(was)
    if after is None:
        sim.write(Write(Verb.DELETE, corruption.kind, corruption.name, None, identity(was)))
        return
    generation = was["metadata"].get("generation", 0) + (after["spec"] != was["spec"])
    table[corruption.name] = versioned(after, sim.tick_version(), generation=generation)
    sim.sync_all()


@pytest.mark.parametrize("middle", [False, True], ids=["at rest", "in the middle"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_whatever_is_corrupted_is_put_right_or_told(strategy: str, middle: bool) -> None:
    sim = _state(strategy, middle)
    undisturbed = sim.fork()
    settle(undisturbed)
    chosen = list(corruptions(_ours(sim)))[
        STRATEGIES.index(strategy) % SHARE :: SHARE
    ]  # another quarter each
    wrong = {str(each): told for each in chosen if (told := life_after(sim.fork(), each, _ours(undisturbed)))}
    print(f"{strategy}: {len(chosen)} corruptions")
    assert wrong == {}
