"""A revision is named by the template as submitted, and by nothing else."""

from typing import Any

import pytest

from builders import serving_v1, template
from crossfade.core.revision import revision_of
from simulation.live import rest

SAME: dict[str, Any] = {
    "spec": {"b": None, "containers": [{"image": "shop:v1", "name": "app", "args": None}]}
}


def test_the_order_of_keys_and_nulls_do_not_matter() -> None:
    other = {"spec": {"containers": [{"name": "app", "image": "shop:v1"}]}}
    assert revision_of(SAME) == revision_of(other)


@pytest.mark.parametrize(
    "extra", [{"emptyDir": {}}, {"tolerations": []}, {"hostNetwork": False}, {"x": 0}, {"y": ""}]
)
def test_empty_values_mean_something(extra: dict[str, Any]) -> None:
    plain = template()
    assert revision_of({**plain, "spec": {**plain["spec"], **extra}}) != revision_of(plain)


POD = template()["spec"]
SAYING_NOTHING: list[dict[str, Any]] = [
    {"metadata": None},
    {"metadata": {}},
    {"metadata": {"labels": None}},
    {"metadata": {"labels": {}}},
    {"metadata": {"annotations": None}},
    {"metadata": {"labels": {}, "annotations": {}, "creationTimestamp": None}},
    {"metadata": {"annotations": {"note": None}}},
]


@pytest.mark.parametrize("extra", SAYING_NOTHING, ids=str)
def test_labels_and_annotations_that_are_null_empty_and_absent_are_one_revision(
    extra: dict[str, Any],
) -> None:
    sim = serving_v1("bigBang", template={"spec": POD})
    before = dict(sim.deployments)
    sim.edit(template={**extra, "spec": POD})
    assert rest(sim).deployments == before
    assert list(sim.releases) == ["shop-1"]


@pytest.mark.parametrize("extra", SAYING_NOTHING, ids=str)
def test_a_null_reaches_no_pod_and_stops_no_restart(extra: dict[str, Any]) -> None:
    sim = serving_v1("recreate", template={**extra, "spec": {**POD, "initContainers": None}})
    sim.act("Restart")
    made = next(iter(rest(sim).deployments.values()))["spec"]["template"]
    assert None not in (*made["metadata"].values(), *made["metadata"]["annotations"].values())
    assert list(made["metadata"]["annotations"]) == ["crossfade.dev/restarted-at"]
    assert "initContainers" not in made["spec"]


def test_one_label_more_is_another_revision() -> None:
    assert revision_of({"metadata": {"labels": {"a": ""}}, "spec": POD}) != revision_of({"spec": POD})


def test_the_order_of_a_list_matters() -> None:
    assert revision_of({"a": [1, 2]}) != revision_of({"a": [2, 1]})


def test_the_name_of_a_template_never_changes() -> None:
    """An upgrade of the operator must not redeploy anything: these digits are a promise."""
    assert revision_of(template("shop:v1")) == "f2f5e39347"


def _pre_stop(pod: dict[str, Any], *, service: bool = True, **spec: Any) -> list[Any]:
    sim = serving_v1("rolling", service=service, template={"metadata": {}, "spec": pod}, **spec)
    made = next(iter(sim.deployments.values()))["spec"]["template"]["spec"]["containers"]
    return [c.get("lifecycle", {}).get("preStop") for c in made]


APP = {"name": "app", "image": "shop:v1"}
OWN = {**APP, "name": "own", "lifecycle": {"preStop": {"exec": {"command": ["/stop"]}}}}


def test_a_container_without_pre_stop_sleeps_before_it_stops() -> None:
    assert _pre_stop({"containers": [APP]}) == [{"sleep": {"seconds": 5}}]


def test_a_pre_stop_of_ones_own_is_kept() -> None:
    assert _pre_stop({"containers": [OWN, APP]})[0] == {"exec": {"command": ["/stop"]}}


def test_the_sleep_ends_before_the_grace_period() -> None:
    pod = {"containers": [APP], "terminationGracePeriodSeconds": 4}
    assert _pre_stop(pod, drainSeconds=30) == [{"sleep": {"seconds": 3}}]


def test_a_worker_and_a_drain_of_nothing_get_no_sleep() -> None:
    assert _pre_stop({"containers": [APP]}, service=False) == [None]
    assert _pre_stop({"containers": [APP]}, drainSeconds=0) == [None]


def test_the_drain_is_no_part_of_the_revision() -> None:
    sim = serving_v1("rolling")
    before = set(sim.deployments)
    sim.edit(drainSeconds=20)
    assert set(rest(sim).deployments) == before
