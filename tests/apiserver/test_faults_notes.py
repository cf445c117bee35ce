"""What the operator notes of a route is spoiled on the real cluster: nobody is harmed, and the proportions come back.

Here some notes of those that tests/mutation/test_spoiled_notes.py tries in the simulation; with CROSSFADE_FAULTS=all
(`make faults`) every fourth. The API server is the judge of what is written back.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from bench import manifests
from bench.kube import Kube, NeverHappenedError, Object, collection, wait_for
from bench.namespaces import seen_folder
from crossfade.api.labels import ANNOTATION_ROUTE
from faults.lane import Lane, lane
from mutation.memos import OTHER_ROUTE, Note, notes

ALL = os.environ.get("CROSSFADE_FAULTS") == "all"
CHOSEN = {
    "taken away",
    "nested too deep and closed",
    "huge",
    f'of route "{OTHER_ROUTE}"',
    'of route "../../other/httproutes/theirs"',
    "a rule with somebody else's backend",
    "a rule with a filter",
    "a rule with a weight that is NaN",
    "before.0.backendRefs.1.name taken away",
    'the rule is number "-1"',
}
AT_ONCE = 5
SEEN_S = 2.0
"""So long after a note was spoiled, the operator has made its passes."""
STRATEGY = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}

pytestmark = [pytest.mark.own_operator, pytest.mark.timeout(3600 if ALL else 1800)]


@pytest.fixture
def alone(kube: Kube, namespace: str) -> Iterator[Lane]:
    """An operator, somebody else's route, and a Service of theirs that gets a part of everybody's requests."""
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        legacy = {"selector": {"app": "legacy"}, "ports": [{"port": 80}]}
        meta = {"name": "legacy", "namespace": namespace}
        kube.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": legacy})
        theirs = alone.route(OTHER_ROUTE).manifest({"name": "legacy", "port": 80})
        alone.rules[OTHER_ROUTE] = kube.create(theirs)["spec"]["rules"]
        yield alone


def test_a_note_that_is_spoiled_harms_nobody_and_the_route_gets_its_proportions_back(alone: Lane) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lives = pool.map(lambda what: (what, life(alone, what)), chosen())
        wrong = {what: told for what, told in lives if told}
    assert wrong == {}
    assert alone.operator.ends == []
    assert alone.route_astray(OTHER_ROUTE) == []


def backends(rollout: str) -> list[Object]:
    """Of its route, as the API server stores them."""
    named = {"group": "", "kind": "Service", "port": 80}
    return [{**named, "name": rollout, "weight": 80}, {**named, "name": "legacy", "weight": 20}]


def chosen() -> list[str]:
    """What is done to the notes. Names of what is done depend on the form of a note only."""
    rule = {"backendRefs": backends("shop")}
    told = {"kind": "HTTPRoute", "name": "shop", "rule": "main", "before": {"0": rule}}
    every = [str(note) for note in notes(json.dumps(told))]
    assert set(every) >= CHOSEN
    return every[::4] if ALL else sorted(CHOSEN)


def life(alone: Lane, what: str) -> list[str]:
    """A Rollout whose note is spoiled at its half, and that is then aborted; what was wrong."""
    rollout = alone.new_name()
    made = alone.kube.create(alone.route(rollout).manifest(*backends(rollout)))
    alone.rules[rollout] = made["spec"]["rules"]
    alone.wait_done(rollout, alone.apply(rollout, "routed canary", "v1", strategy=STRATEGY))
    alone.apply(rollout, "routed canary", "v2", strategy=STRATEGY)
    wait_for(f"{rollout} to share", lambda: f"{rollout}-canary" in parts(alone, rollout))
    spoil(alone, rollout, what)
    until = time.monotonic() + SEEN_S
    wait_for("passes", lambda: time.monotonic() > until, SEEN_S + 5)
    halved = {rollout: Fraction(2, 5), f"{rollout}-canary": Fraction(2, 5), "legacy": Fraction(1, 5)}
    wrong = [] if parts(alone, rollout) == halved else [f"spoiled, the parts were {parts(alone, rollout)}"]
    alone.kube.create(manifests.action(alone.namespace, "Abort", name=rollout, now=True))
    try:
        wait_for(f"the end of {rollout}", lambda: alone.told(rollout)[0] == "RolledBack")
    except NeverHappenedError as error:
        wrong.append(str(error))
    left = parts(alone, rollout)
    whole = {rollout: Fraction(4, 5), "legacy": Fraction(1, 5)}
    return wrong if left == whole else [*wrong, f"at the end the parts are {left}"]


def parts(alone: Lane, rollout: str) -> dict[str, Fraction]:
    """What part of the requests each Service gets; a rule that has become another one has none."""
    (rule,) = (alone.kube.get("HTTPRoute", alone.namespace, rollout) or {})["spec"]["rules"]
    if rule.keys() != alone.rules[rollout][0].keys():
        return {}
    whole = sum(ref["weight"] for ref in rule["backendRefs"])
    return {ref["name"]: Fraction(ref["weight"], whole) for ref in rule["backendRefs"] if ref["weight"]}


def spoil(alone: Lane, rollout: str, what: str) -> None:
    """Somebody who may edit Services writes another note."""
    beside = f"{rollout}-canary"
    live = alone.kube.get("Service", alone.namespace, beside) or {}
    told = live["metadata"]["annotations"][ANNOTATION_ROUTE]
    note: Note = next(each for each in notes(told) if str(each) == what)
    path = f"{collection('Service', alone.namespace)}/{beside}"
    change = {"metadata": {"annotations": {ANNOTATION_ROUTE: note.text}}}
    alone.kube.request("PATCH", path, change, "application/merge-patch+json")
