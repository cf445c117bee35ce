"""Templates are watched: a pass sees those that its Rollout names, and their changes wake the Rollouts that name them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.fakes import FakeCluster, Raw, error, obj, rollout
from crossfade.controller.handlers import Intake
from crossfade.controller.look import Whose, answer
from crossfade.controller.observe import Observer
from crossfade.controller.scope import EVERYWHERE
from crossfade.controller.store import Key, Store, watched_in
from crossfade.core.observed import Observed
from crossfade.core.plan import ReadRequest

SHOP = Key("ns", "shop")
SPEC = {"metrics": [{"name": "errors", "builtIn": {"errors": {}}}]}
OWN, SHARED = {"name": "errors"}, {"name": "errors", "cluster": True}


def template(version: int = 5, name: str = "errors", namespace: str | None = "ns", **parts: Any) -> Raw:
    made = obj(name, version, uid=f"uid-{namespace}-{name}", **{"spec": SPEC, **parts})
    if namespace is None:
        del made["metadata"]["namespace"]
    else:
        made["metadata"]["namespace"] = namespace
    return made


def naming(*refs: dict[str, Any], version: int = 1, namespace: str = "ns") -> Raw:
    made = rollout(version, spec={"analysis": {"templates": [*refs]}})
    made["metadata"]["namespace"] = namespace
    return made


@pytest.fixture
def store() -> Store:
    return Store(watched_in(None))


@pytest.mark.parametrize(
    "spec",
    [
        {"analysis": {"templates": [OWN]}},
        {"bakeAnalysis": {"templates": [OWN]}},
        {"strategy": {"blueGreen": {"beforeSwitch": {"templates": [OWN]}}}},
        {"strategy": {"canary": {"steps": [{"weight": 5}, {"analysis": {"templates": [OWN]}}]}}},
    ],
    ids=["background", "bake", "before the switch", "a step"],
)
def test_a_template_is_news_for_the_rollouts_that_name_it_wherever_they_do(store: Store, spec: Raw) -> None:
    store.put("Rollout", rollout(spec=spec))
    store.put("Rollout", obj("cart", spec={"analysis": {"templates": [{"name": "latency"}]}}))
    assert store.put("AnalysisTemplate", template()) == (SHOP,)
    assert store.put("AnalysisTemplate", template(namespace="another")) == ()
    assert store.remove("AnalysisTemplate", "ns", "errors", "uid-ns-errors") == (SHOP,)


def test_a_template_of_the_cluster_is_news_in_every_namespace(store: Store) -> None:
    store.put("Rollout", naming(SHARED))
    store.put("Rollout", naming(SHARED, namespace="another"))
    store.put("Rollout", obj("cart", spec={"analysis": {"templates": [OWN]}}))
    assert store.put("ClusterAnalysisTemplate", template(namespace=None)) == (Key("another", "shop"), SHOP)


def test_what_is_told_of_a_template_is_news_for_nobody(store: Store) -> None:
    store.put("Rollout", naming(OWN))
    store.put("AnalysisTemplate", template(5))
    assert store.put("AnalysisTemplate", template(6, status={"observedGeneration": 1})) == ()
    assert store.put("AnalysisTemplate", template(7, spec={"metrics": []})) == (SHOP,)


def test_a_rollout_that_names_it_no_more_is_not_told(store: Store) -> None:
    store.put("Rollout", naming(OWN, version=1))
    store.put("Rollout", naming({"name": "latency"}, version=2))
    assert store.put("AnalysisTemplate", template()) == ()
    assert store.put("AnalysisTemplate", template(name="latency")) == (SHOP,)


def seen(store: Store, raw: Raw) -> dict[tuple[str, bool], bool]:
    """By template, whether a pass sees one."""
    found = Observer(store).observed(SHOP, raw, {}, namespace_terminating=False)
    return {named: each is not None for named, each in found.templates.items()}


def test_a_pass_sees_the_templates_that_its_rollout_names_and_which_there_are_not(store: Store) -> None:
    store.put("AnalysisTemplate", template())
    store.put("AnalysisTemplate", template(name="broken", spec={"metrics": "none"}))
    store.put("ClusterAnalysisTemplate", template(name="latency", namespace=None))
    asked = naming(OWN, {"name": "broken"}, {"name": "gone"}, {"name": "latency", "cluster": True})
    assert seen(store, asked) == {
        ("errors", False): True,
        ("broken", False): False,
        ("gone", False): False,
        ("latency", True): True,
    }


def test_the_newest_form_of_a_template_is_seen_and_one_that_did_not_change_is_parsed_once(
    store: Store,
) -> None:
    observer, asked = Observer(store), naming(OWN)

    def observed() -> Any:
        found = observer.observed(SHOP, asked, {}, namespace_terminating=False)
        return found.templates["errors", False]

    store.put("AnalysisTemplate", template(5))
    first = observed()
    assert observed() is first
    store.put("AnalysisTemplate", template(6, spec={**SPEC, "arguments": [{"name": "most"}]}))
    assert [each.name for each in observed().spec.arguments] == ["most"]


def test_an_operator_of_one_namespace_does_not_watch_what_belongs_to_the_cluster() -> None:
    assert watched_in(None).keys() - watched_in("ns").keys() == {"ClusterAnalysisTemplate"}
    assert seen(Store(watched_in("ns")), naming(SHARED)) == {}, "unknown: to be read"


async def test_where_it_is_not_watched_a_template_of_the_cluster_is_read_by_its_name() -> None:
    cluster = FakeCluster()
    cluster.objects["ClusterAnalysisTemplate", "", "errors"] = template(namespace=None)
    whose = Whose(SHOP, "uid-shop", frozenset())
    asked = ReadRequest(templates=frozenset({"errors", "gone"}))
    found = await answer(cluster, whose, asked, Observed())
    assert {named: each is not None for named, each in found.templates.items()} == {
        ("errors", True): True,
        ("gone", True): False,
    }
    cluster.refuse("GET", "ClusterAnalysisTemplate", error(403, "Forbidden"), error(403, "Forbidden"))
    assert set((await answer(cluster, whose, asked, Observed())).templates.values()) == {None}


def test_what_a_watch_brings_of_a_template_of_the_cluster_queues_who_names_it(store: Store) -> None:
    queued: list[Key] = []
    store.put("Rollout", naming(SHARED))
    intake = Intake(store, queued.append, scope=EVERYWHERE)
    intake.take("ClusterAnalysisTemplate", "ADDED", template(5, namespace=None))
    intake.take("ClusterAnalysisTemplate", "DELETED", template(6, namespace=None))
    assert queued == [SHOP, SHOP]
    assert store.get("ClusterAnalysisTemplate", "", "errors") is None


def test_what_kubectl_puts_into_a_template_beside_its_spec_is_not_kept(store: Store) -> None:
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "kept"}
    store.put("AnalysisTemplate", template(metadata={"annotations": notes}))
    stored = store.get("AnalysisTemplate", "ns", "errors")
    assert stored is not None
    assert stored["metadata"]["annotations"] == {"note": "kept"}
