"""What a plan says before anything is applied."""

from decimal import Decimal
from typing import Any

import pytest

from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict
from crossfade.view.forecast import Forecast, forecast
from view.stored import rollout

READY_APP = {
    "name": "app",
    "image": "shop:v1",
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    "ports": [{"name": "http", "containerPort": 80}],
}
SERVICE = {"ports": [{"port": 80}]}


def planned(
    strategy: dict[str, Any],
    container: dict[str, Any] | None = None,
    near: dict[str, Any] | None = None,
    **spec: Any,
) -> Forecast:
    template = {"spec": {"containers": [container or READY_APP]}}
    fields = {"strategy": strategy, "template": template, "service": SERVICE, **spec}
    stored = rollout(spec=fields)
    del stored["status"]
    return forecast(parse_strict(Rollout, stored), near)


def canary(*weights: float, **step: Any) -> dict[str, Any]:
    return {"canary": {"steps": [{"weight": weight, **step} for weight in weights]}}


@pytest.mark.parametrize(
    ("strategy", "peak"),
    [
        ({"recreate": {"pullFirst": False}}, 4),
        ({"recreate": {}}, 5),
        ({"rolling": {}}, 5),
        ({"rolling": {"maxSurge": "50%"}}, 6),
        ({"rolling": {"maxSurge": 0, "maxUnavailable": 1}}, 4),
        ({"blueGreen": {}}, 8),
        ({"bigBang": {}}, 8),
        (canary(25), 7),
        (canary(25, 50), 6),
    ],
    ids=[
        "recreate never has both",
        "recreate with a pod that pulls",
        "rolling: the default surge of 25 %",
        "rolling: a surge of half",
        "rolling: no surge",
        "blue/green: both sides in full",
        "big bang: both sides in full",
        "canary: all new pods beside the three old ones of its last step",
        "canary: all new pods beside the two old ones of its last step",
    ],
)
def test_the_peak_counts_all_pods_that_may_exist_at_once(strategy: dict[str, Any], peak: int) -> None:
    assert planned(strategy).peak_pods == peak


def test_the_peak_asks_for_the_requests_of_so_many_pods() -> None:
    peak = planned({"blueGreen": {}}).peak
    assert (peak.cpu, peak.memory) == (Decimal("0.8"), Decimal(8 * 64 * 2**20))


@pytest.mark.parametrize(
    ("strategy", "spec", "seconds"),
    [
        (canary(25, 50, pauseSeconds=60), {"bakeSeconds": 30}, 150),
        ({"rolling": {}}, {"bakeSeconds": 0, "minReadySeconds": 10}, 40),
        ({"rolling": {"maxSurge": "50%"}}, {"bakeSeconds": 0, "minReadySeconds": 10}, 20),
        ({"blueGreen": {"promoteAfterSeconds": 20}}, {"bakeSeconds": 30, "minReadySeconds": 10}, 60),
        ({"blueGreen": {"previewReplicas": 1}}, {"bakeSeconds": 0, "minReadySeconds": 10}, 20),
        ({"recreate": {}}, {"bakeSeconds": 30, "drainSeconds": 7}, 37),
        ({"recreate": {}}, {"bakeSeconds": 30, "drainSeconds": 7, "service": None}, 30),
        ({"bigBang": {}}, {"bakeSeconds": 12}, 12),
    ],
    ids=[
        "pauses and the bake",
        "rolling: each of four pods proves itself in turn",
        "rolling: two at a time",
        "blue/green: preview, pause, bake",
        "blue/green: a small preview, then the rest",
        "recreate: the old pods drain first",
        "recreate: a worker does not drain",
        "big bang: the bake",
    ],
)
def test_the_earliest_finish_adds_up_what_takes_time_in_any_case(
    strategy: dict[str, Any], spec: dict[str, Any], seconds: int
) -> None:
    kept = {key: value for key, value in spec.items() if value is not None}
    fields = planned_without_service(strategy, kept) if "service" in spec else planned(strategy, **kept)
    assert fields.at_least_s == seconds


def planned_without_service(strategy: dict[str, Any], spec: dict[str, Any]) -> Forecast:
    stored = rollout(spec={"strategy": strategy, "service": None, **spec})
    del stored["status"]
    return forecast(parse_strict(Rollout, stored))


def test_each_stage_says_what_it_waits_for() -> None:
    plan = planned({"blueGreen": {"previewReplicas": 1, "promote": "Manual"}}, minReadySeconds=3)
    assert [stage.awaits for stage in plan.stages] == [
        "1 new pod is ready for 3 s, then a person promotes",
        "4 new pods are ready for 3 s",
        "all requests have moved, then 30 s without a crash",
        "the old pods are gone",
    ]
    assert plan.people == 1


def test_recreate_waits_for_the_pull_then_for_the_old_pods_to_go() -> None:
    assert [stage.awaits for stage in planned({"recreate": {}}).stages] == [
        "one pod has pulled the new images",
        "every old pod is gone",
        "4 new pods are ready, then 30 s without a crash",
    ]


@pytest.mark.parametrize(
    ("strategy", "spec", "told"),
    [
        (
            canary(5),
            {},
            "Stage '5 %' wants 5 % of the requests on the new revision, and 1 of 5 pods give 20 %",
        ),
        (canary(5), {}, "replicas: 8 would come within 5 points"),
        ({"recreate": {}}, {}, "after 120 s without a serving pod the old revision comes back"),
        ({"recreate": {"pullFirst": False}}, {}, "pullFirst is false"),
        ({"rolling": {"maxUnavailable": "50%"}}, {}, "up to 2 of 4 pods are missing"),
        (canary(50, pause="Manual"), {}, "'50 %': waits until a person types `crossfade promote`"),
        ({"bigBang": {}}, {"bakeSeconds": 0}, "bakeSeconds is 0"),
        (
            {"rolling": {}},
            {"container": {"name": "app", "image": "i"}},
            "No container has a readinessProbe (app)",
        ),
        (
            {"rolling": {}},
            {"container": {"name": "app", "image": "i"}},
            "No container requests CPU or memory",
        ),
        ({"rolling": {}}, {"replicas": 0}, "replicas is 0"),
        (
            {"rolling": {}},
            {"service": {"ports": [{"port": 80, "targetPort": 9999}]}},
            "sends requests to port 9999, and the containers list 80",
        ),
        (
            {
                "rolling": {
                    "maxSurge": 0,
                    "maxUnavailable": 1,
                    "batches": [{"replicas": 1, "pause": "Manual"}],
                }
            },
            {"replicas": 1},
            "Stage 'batch 1' already replaces the last old pod",
        ),
    ],
)
def test_what_should_be_known_is_told(strategy: dict[str, Any], spec: dict[str, Any], told: str) -> None:
    assert told in "\n".join(planned(strategy, **spec).concerns)


def test_a_plan_without_surprises_has_no_concerns() -> None:
    assert planned(canary(25, 50)).concerns == ()


def test_without_replicas_there_are_no_stages() -> None:
    plan = planned({"rolling": {}}, replicas=0)
    assert (plan.stages, plan.peak_pods) == ((), 0)


def test_a_port_that_the_service_names_and_no_container_has_is_refused() -> None:
    with pytest.raises(ValueError, match='no container has a port named "web"'):
        planned({"rolling": {}}, service={"ports": [{"port": 80, "targetPort": "web"}]})


def test_an_amount_that_is_none_is_named() -> None:
    broken = {**READY_APP, "resources": {"requests": {"memory": "64MB"}}}
    with pytest.raises(ValueError, match="'64MB' is not an amount"):
        planned({"rolling": {}}, container=broken)


def test_of_a_worker_no_requests_are_told_but_pods() -> None:
    plan = planned_without_service(canary(10, 50, pauseSeconds=5), {"bakeSeconds": 30})
    told = " ".join([*(stage.awaits for stage in plan.stages), *plan.concerns])
    assert plan.worker
    assert "request" not in told.replace("No container requests", "").replace("resources.requests", "")
    assert "Stage '10 %' wants 10 % of the pods on the new revision, and 1 of 5 pods give 20 %" in told
    assert "work side by side until the old ones are gone" in told


def test_a_workers_share_is_that_of_its_pods_also_while_the_old_ones_are_warm() -> None:
    plan = planned_without_service(canary(50), {"bakeSeconds": 30})
    assert [(stage.wanted_share, stage.real_share) for stage in plan.stages] == [
        (50, 50),
        (67, 67),
        (100, 100),
    ]


def test_a_worker_that_is_recreated_never_runs_side_by_side() -> None:
    told = " ".join(planned_without_service({"recreate": {}}, {}).concerns)
    assert "side by side" not in told
    assert (
        "nothing runs between the last old pod and the first new ready one; after 120 s without a ready pod"
        in told
    )
