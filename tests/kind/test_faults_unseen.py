"""What the watches miss is found all the same: deletions, and objects of the same name that are not the same.

With CROSSFADE_FAULTS=all (`make faults`) each is also told afterwards; here nobody ever tells, which is harder.
"""

import os
from collections.abc import Iterator

import pytest

from bench.kube import Kube, Object
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
    [("Deployment", True), ("Service", True), ("Service", False)],
    ids=["production pods", "production Service", "preview Service"],
)
def test_what_was_deleted_while_the_watches_were_cut_is_made_again(
    alone: Lane, kind: str, serving: bool, forgotten: bool
) -> None:
    before, name = alone.state(ROLLOUT), child(alone, kind, serving=serving)
    with unseen(alone, forgotten=forgotten):
        delete(alone.kube, kind, alone.namespace, name)
    alone.await_same(ROLLOUT, before, timeout_s=30)


@FORGOTTEN
@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_what_was_made_anew_under_the_same_name_while_the_watches_were_cut_is_taken_for_what_it_is(
    alone: Lane, kind: str, forgotten: bool
) -> None:
    """It comes to the same rest, and goes on to the next version, although every UID that was known is past."""
    before, name = alone.state(ROLLOUT), child(alone, kind)
    with unseen(alone, forgotten=forgotten):
        remake(alone.kube, kind, alone.namespace, name)
    alone.await_same(ROLLOUT, before, timeout_s=30)
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
        alone.wait_done(ROLLOUT, 1, timeout_s=60)
        alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, STRATEGY, "v2"))
        alone.await_same(ROLLOUT, measure.state)
