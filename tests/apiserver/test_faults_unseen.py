"""What the watches miss is found all the same: deletions, and objects of the same name that are not the same.

With CROSSFADE_FAULTS=all (`make faults`) each is also told afterwards; here nobody ever tells, which is harder.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from bench import manifests
from bench.kube import Kube, Object, wait_for
from bench.namespaces import seen_folder
from faults.lane import Lane, lane
from faults.unseen import delete, remake, unseen

ROLLOUT = "unseen"
ALL = os.environ.get("CROSSFADE_FAULTS") == "all"
STRATEGY = "blueGreen"  # it has two Services

pytestmark = [pytest.mark.own_operator]


@pytest.fixture
def alone(kube: Kube, namespace: str) -> Iterator[Lane]:
    """An operator, and a Rollout that has come to v2."""
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        alone.updated(ROLLOUT, STRATEGY)
        alone.await_quiet(ROLLOUT)
        yield alone


def child(alone: Lane, kind: str, *, serving: bool = True) -> str:
    """The name of a child: the one that serves, or the other one."""
    status = (alone.kube.get("Rollout", alone.namespace, ROLLOUT) or {})["status"]
    stable = status["stable"]["revision"]
    found = alone.kube.list(kind, alone.namespace, f"crossfade.dev/rollout={ROLLOUT}")
    chosen = [name_of(each) for each in found if serves(each, kind, stable) == serving]
    assert len(chosen) == 1, chosen
    return chosen[0]


def serves(each: Object, kind: str, stable: str) -> bool:
    if kind == "Service":
        return name_of(each) == ROLLOUT
    if kind == "Release":
        return bool(each["spec"]["revision"] == stable)
    return bool(each["metadata"]["labels"]["crossfade.dev/revision"] == stable)


def name_of(each: Object) -> str:
    return str(each["metadata"]["name"])


FORGOTTEN = pytest.mark.parametrize(
    "forgotten",
    [True, False] if ALL else [True],
    ids=lambda it: "told by nobody" if it else "told afterwards",
)


@FORGOTTEN
@pytest.mark.parametrize(
    ("kind", "serving"),
    [
        pytest.param("Deployment", True, id="production pods", marks=pytest.mark.deep),
        pytest.param("Service", True, id="production Service"),
        pytest.param("Service", False, id="preview Service", marks=pytest.mark.deep),
    ],
)
def test_what_was_deleted_while_the_watches_were_cut_is_made_again(
    alone: Lane, kind: str, serving: bool, forgotten: bool
) -> None:
    before, name = alone.state(ROLLOUT), child(alone, kind, serving=serving)
    with unseen(alone, forgotten=forgotten):
        delete(alone.kube, kind, alone.namespace, name)
    alone.await_same(ROLLOUT, before)


@FORGOTTEN
@pytest.mark.parametrize("kind", ["Deployment", pytest.param("Service", marks=pytest.mark.deep)])
def test_what_was_made_anew_under_the_same_name_while_the_watches_were_cut_is_taken_for_what_it_is(
    alone: Lane, kind: str, forgotten: bool
) -> None:
    """It comes to the same rest, and goes on to the next version, although every UID that was known is past."""
    before, name = alone.state(ROLLOUT), child(alone, kind)
    with unseen(alone, forgotten=forgotten):
        remake(alone.kube, kind, alone.namespace, name)
    alone.await_same(ROLLOUT, before)
    alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, STRATEGY, "v3"))


@FORGOTTEN
def test_a_rollout_made_anew_under_the_same_name_while_the_watches_were_cut_begins_anew(
    kube: Kube, namespace: str, forgotten: bool
) -> None:
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        measure = alone.live(STRATEGY)
        alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, STRATEGY, "v1"))
        with unseen(alone, forgotten=forgotten):
            remake(kube, "Rollout", namespace, ROLLOUT)
        alone.wait_done(ROLLOUT, 1, timeout_s=240)
        alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, STRATEGY, "v2"))
        alone.await_same(ROLLOUT, measure.state)


def rules(alone: Lane, name: str = ROLLOUT) -> Any:
    """The rules of a route as they are stored; None where there is none."""
    return (alone.kube.get("HTTPRoute", alone.namespace, name) or {}).get("spec", {}).get("rules")


def message(alone: Lane) -> str:
    return str((alone.kube.get("Rollout", alone.namespace, ROLLOUT) or {})["status"]["message"])


@pytest.fixture
def halved(kube: Kube, namespace: str) -> Iterator[Lane]:
    """An operator, and a Rollout whose users' route sends half of the requests to v2, until a person acts."""
    steps = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, "routed canary", "v1", strategy=steps))
        alone.apply(ROLLOUT, "routed canary", "v2", strategy=steps)
        wait_for("half of the requests", lambda: weights(alone) == [500, 500, 1])
        yield alone


def weights(alone: Lane) -> list[int]:
    return [ref["weight"] for rule in rules(alone) or () for ref in rule["backendRefs"]]


@FORGOTTEN
def test_a_route_that_git_has_written_anew_while_the_watches_were_cut_is_split_again(
    halved: Lane, forgotten: bool
) -> None:
    with unseen(halved, forgotten=forgotten):
        halved.kube.apply(written(halved), manager="git")
        assert weights(halved) == [7, 1]
    wait_for("half of the requests again", lambda: weights(halved) == [500, 500, 1])
    ends_as_written(halved)


@FORGOTTEN
def test_a_route_that_was_deleted_in_the_middle_while_the_watches_were_cut_is_waited_for(
    halved: Lane, forgotten: bool
) -> None:
    """It is its user's: it is not made again, and split again once it is."""
    route = written(halved)
    with unseen(halved, forgotten=forgotten):
        delete(halved.kube, "HTTPRoute", halved.namespace, ROLLOUT)
    wait_for("it to be missed", lambda: f"HTTPRoute {ROLLOUT}" in message(halved))
    assert rules(halved) is None
    halved.kube.create(route)
    wait_for("half of the requests again", lambda: weights(halved) == [500, 500, 1])
    ends_as_written(halved)


@FORGOTTEN
def test_a_route_that_was_deleted_at_rest_while_the_watches_were_cut_is_waited_for_by_the_next_release(
    kube: Kube, namespace: str, forgotten: bool
) -> None:
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        alone.updated(ROLLOUT, "routed canary")
        alone.await_quiet(ROLLOUT)
        route = written(alone)
        with unseen(alone, forgotten=forgotten):
            delete(kube, "HTTPRoute", namespace, ROLLOUT)
        generation = alone.apply(ROLLOUT, "routed canary", "v3")
        wait_for("it to be missed", lambda: f"HTTPRoute {ROLLOUT}" in message(alone))
        kube.create(route)
        alone.wait_done(ROLLOUT, generation)
        assert alone.route_astray(ROLLOUT) == []


@FORGOTTEN
@pytest.mark.parametrize(
    "again",
    [
        pytest.param(delete, id="deleted", marks=pytest.mark.deep),
        pytest.param(remake, id="made anew by somebody"),
    ],
)
def test_a_route_that_the_operator_owns_is_there_again_whatever_became_of_it_while_the_watches_were_cut(
    kube: Kube, namespace: str, again: Any, forgotten: bool
) -> None:
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        route = alone.route(ROLLOUT).manifest()["spec"]
        alone.spec = {"traffic": {"gateway": {key: route[key] for key in ("parentRefs", "hostnames")}}}
        alone.updated(ROLLOUT, "canary")
        alone.await_quiet(ROLLOUT)
        before = alone.state(ROLLOUT)
        assert before["HTTPRoute"]
        with unseen(alone, forgotten=forgotten):
            again(kube, "HTTPRoute", namespace, ROLLOUT)
        alone.await_same(ROLLOUT, before)
        alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, "canary", "v3"))
        assert alone.state(ROLLOUT)["HTTPRoute"] == before["HTTPRoute"]


def written(alone: Lane) -> Object:
    """The user's route as it was written first."""
    return alone.route(ROLLOUT).manifest(rules=alone.rules[ROLLOUT])


def ends_as_written(alone: Lane) -> None:
    """A person promotes: the route has its rules, byte for byte."""
    alone.kube.create(manifests.action(alone.namespace, "PromoteFull", name=ROLLOUT))
    wait_for("v2 to serve alone", lambda: alone.told(ROLLOUT)[0] == "Healthy")
    assert alone.route_astray(ROLLOUT) == []
