"""Every value of every field of the spec on a real API server, from a rest and from the middle of a release.

Those of fields about routes are tried in the simulation and by tests/kind/test_routes.py; here it is refused what is wrong.

Here one allowed value of every eighth field at rest, for where it shows, and of every 24th in the middle, for the end it
comes to; in `make test-all` of each and of every third; with CROSSFADE_FAULTS=all (`make faults`) all of both. What is not
allowed is cheap, and all of it is tried. The pods are kwok's.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest

from bench import namespaces
from bench.kube import ApiError, Kube, NeverHappenedError, Object, collection, wait_for
from bench.watch import Watch
from mutation.bases import BASES, ROUTED
from mutation.cases import Case, cases
from mutation.on_kind import SETTLED_WITHIN_S, Place, with_image
from mutation.seen import Seen

ALL = os.environ.get("CROSSFADE_FAULTS") == "all"
SHARE = 1 if os.environ.get("DEEP") else 8
AT_ONCE = 20
REST_S = 12
NOWHERE = {"nodeSelector": {"nobody": "has-this"}}
EMPTIED = "what a server-side apply empties of ours becomes a null, and a null is refused"
NO_IMAGES = "kwok pulls none"
NOT_HERE = {
    ("replicas", "max"): "10,000 pods; in the simulation they cost nothing",
    ("template.metadata.labels", "fewest"): EMPTIED,
    ("template.metadata.labels", "absent"): EMPTIED,
    ("template.metadata.labels{}", "absent"): EMPTIED,
    ("holdWhenOthersFail", "true"): "others fail beside it",
    ("strategy.recreate.pullFirst", "true"): NO_IMAGES,
    ("strategy.recreate.pullFirst", "default"): NO_IMAGES,
    ("strategy.recreate.pullFirst", "absent"): NO_IMAGES,
}

CASES = [c for c in cases() if c.row.base != "workload" and (c.leaf, c.kind) not in NOT_HERE]
ALLOWED = [case for case in CASES if case.allowed and case.row.base not in ROUTED]
FIRST_OF_EACH = [next(group) for _, group in groupby(ALLOWED, key=lambda case: case.leaf)]

pytestmark = [
    pytest.mark.usefixtures("running_operator"),
    pytest.mark.long,
    pytest.mark.timeout(3600 if ALL else 1800),
]


@pytest.fixture(scope="module")
def place(kube: Kube) -> Iterator[Place]:
    """A namespace, in which kwok plays."""
    namespace = namespaces.make(kube, "t")
    with Watch(kube, "Rollout", namespace) as rollouts:
        yield Place(kube, namespace, rollouts)
    kube.delete("Namespace", "", namespace)


def side_by_side(what: list[Case], story: Callable[[Case], str]) -> dict[str, str]:
    """What was wrong, by case."""

    def told(case: Case) -> tuple[str, str]:
        try:
            return str(case), story(case)
        except (NeverHappenedError, ApiError) as error:
            return str(case), str(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {case: wrong for case, wrong in pool.map(told, what) if wrong}


def test_a_value_that_is_not_allowed_is_refused_and_the_next_good_one_is_taken(place: Place) -> None:
    """With its name the Service cannot be changed, so that is asked of one that is stored."""
    refused = [case for case in CASES if not case.allowed]
    name = place.new_name()
    place.apply(name, BASES["canary"])

    def story(case: Case) -> str:
        stored = case.row.server_only
        asked_of = name if stored else place.new_name()
        told = place.refusal(asked_of, case.over(case.before), stored=stored)
        return "" if told and case.says in told else f"it is answered: {told or 'nothing'}"

    assert side_by_side(refused, story) == {}
    assert place.settle(name, place.apply(name, BASES["canary"])).phase == "Healthy"


def test_an_allowed_value_shows_where_it_must_and_leaves_no_trace_of_the_way(
    place: Place, tell: Callable[[str], None]
) -> None:
    began = time.monotonic()
    chosen = ALLOWED if ALL else FIRST_OF_EACH[::SHARE]
    wrong = side_by_side(chosen, lambda case: at_rest(place, case))
    middle = [case for case in (ALLOWED if ALL else FIRST_OF_EACH[:: 3 * SHARE]) if not case.row.fails]
    wrong |= {
        f"in the middle, {k}": v for k, v in side_by_side(middle, lambda c: in_the_middle(place, c)).items()
    }
    tell(
        f"{len(chosen)} values at rest and {len(middle)} in the middle of a release,"
        f" {len(wrong)} wrong, {time.monotonic() - began:.0f} s"
    )
    assert wrong == {}


def at_rest(place: Place, case: Case) -> str:
    name, fresh = place.new_name(), place.new_name()
    spec = case.over(case.before)
    fresh_generation = place.apply(fresh, spec) if ALL and not spec.get("paused") else 0
    place.settle(name, place.apply(name, case.before))
    settled = place.settle(name, place.apply(name, spec))
    if fresh_generation:
        place.settle(fresh, fresh_generation)
        traces = place.otherwise(name, fresh, drains=not case.row.drains)
        if traces:
            return f"a trace of the way: {traces}"
    return place.shows(case, settled, ended(place, case, name, spec))


def ended(place: Place, case: Case, name: str, spec: Object) -> Seen:
    """After the release that follows."""
    if case.row.fails:
        return failing(place, name, place.apply(name, with_image(spec, "shop:v2", **NOWHERE)), case)
    updated = place.settle(name, place.apply(name, with_image(spec, "shop:v2")))
    return place.settle(name, place.apply(name, spec)) if case.row.back else updated


def failing(place: Place, name: str, generation: int, case: Case) -> Seen:
    """Its pods cannot be scheduled: until it has failed, or where it is to be patient, until it waits for them."""
    patient = case.leaf != "onFailure" and case.value != 1

    def came_to_it() -> bool:
        seen = place.seen(name)
        if seen.status.get("observedGeneration", -1) < generation:
            return False
        return seen.under_way if patient else seen.phase == "RolledBack" or seen.reason == "PausedByFailure"

    wait_for(f"{name} to fail", came_to_it, SETTLED_WITHIN_S, every_s=0.5)
    return place.seen(name)


def in_the_middle(place: Place, case: Case) -> str:
    name, fresh, v2 = place.new_name(), place.new_name(), with_image(case.before, "shop:v2")
    place.settle(name, place.apply(name, case.before))
    place.holding(name, place.apply(name, v2))
    spec = case.over(v2)
    generation = place.apply(name, spec)
    if case.kind in case.row.waits or spec.get("paused"):
        wait_for("it to be seen", lambda: place.seen(name).status["observedGeneration"] == generation)
        spec = v2
        generation = place.apply(name, spec)
    place.settle(name, generation)
    place.settle(fresh, place.apply(fresh, spec))
    return "; ".join(place.otherwise(name, fresh, drains=not case.row.drains))


def test_at_rest_nothing_is_written_although_every_rollout_is_looked_at_again(place: Place) -> None:
    """Each is touched, which makes a pass; nothing but what was touched has another version then."""
    for strategy in ("canary", "blueGreen", "recreate"):
        name = place.new_name()
        place.settle(name, place.apply(name, BASES[strategy]))
    wait_for(
        "the last counts to be told", lambda: unchanged_for(place, REST_S), SETTLED_WITHIN_S, every_s=0.1
    )
    touched = {
        f"Rollout {each['metadata']['name']}": touch(place, each)
        for each in place.kube.list("Rollout", place.namespace)
    }
    before = place.versions()
    assert unchanged_for(place, REST_S)
    rollouts = {name: version for name, version in before.items() if name.startswith("Rollout ")}
    assert rollouts.items() <= touched.items()


def unchanged_for(place: Place, seconds: float) -> bool:
    """Whether no object gets another version for so long."""
    before, until = place.versions(), time.monotonic() + seconds
    wait_for("the rest to last", lambda: time.monotonic() > until, seconds + 5)
    return place.versions() == before


def touch(place: Place, rollout: Object) -> str:
    """Annotate it; its new version."""
    path = f"{collection('Rollout', place.namespace)}/{rollout['metadata']['name']}"
    body = {"metadata": {"annotations": {"touched": "yes"}}}
    changed = place.kube.request("PATCH", path, body, "application/merge-patch+json")
    return str(changed["metadata"]["resourceVersion"])
