"""What a Rollout breaks of a policy, judged by what stands in the store."""

from typing import Any

import pytest

from builders import rollout
from controller.test_policies import policy
from crossfade.controller.judged import Judged
from crossfade.controller.policies import parsed
from crossfade.controller.store import Key, Store, watched_in

GOOD, BAD = f"registry.example.com/job@sha256:{'a' * 64}", "evil.example.com/miner:latest"
IMAGES = parsed(policy(images={"digestRequired": True}))
WHY = "AnalysisTemplate mine: containers[x].image evil.example.com/miner:latest has no digest: write it as name@sha256:…"


def shop(*, cluster: bool = False) -> dict[str, Any]:
    analysis = {"templates": [{"name": "mine", "cluster": cluster}]}
    made = rollout({"canary": {"steps": [{"weight": 25}]}}, image=GOOD, analysis=analysis)
    made["metadata"] = {"name": "shop", "namespace": "a", "uid": "s", "resourceVersion": "2", "generation": 1}
    return made


def template(image: str, version: int, kind: str = "AnalysisTemplate") -> dict[str, Any]:
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "x", "image": image}]}}}
    meta = {"name": "mine", "uid": f"{kind}", "resourceVersion": str(version), "generation": version}
    place = {"namespace": "a"} if kind == "AnalysisTemplate" else {}
    metric = {"name": "m", "job": job}
    return {"kind": kind, "metadata": {**meta, **place}, "spec": {"metrics": [metric]}}


@pytest.fixture
def store() -> Store:
    store = Store(watched_in(None))
    store.put("Rollout", shop())
    return store


def test_the_jobs_of_a_template_are_judged_as_it_stands_and_an_edit_of_it_wakes_who_names_it(
    store: Store,
) -> None:
    judged = Judged(store)
    assert judged(IMAGES, shop()) == ()
    store.put("AnalysisTemplate", template(GOOD, 3))
    assert judged(IMAGES, shop()) == ()
    assert store.put("AnalysisTemplate", template(BAD, 4)) == (Key("a", "shop"),)
    assert [each.message for each in judged(IMAGES, shop())] == [WHY]
    store.put("AnalysisTemplate", template(GOOD, 5))
    assert judged(IMAGES, shop()) == ()


def test_what_a_template_of_the_cluster_runs_is_its_admins_own(store: Store) -> None:
    store.put("ClusterAnalysisTemplate", template(BAD, 3, "ClusterAnalysisTemplate"))
    assert Judged(store)(IMAGES, shop(cluster=True)) == ()
