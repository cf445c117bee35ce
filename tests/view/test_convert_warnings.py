"""What has no counterpart in a Rollout is said, and nothing else."""

from typing import Any

import pytest

from crossfade.view.convert import Around, Wish, converted
from view.deployments import autoscaler, budget, deployment, pod_template, service

Object = dict[str, Any]

HELM = {"annotations": {"meta.helm.sh/release-name": "shop-prod"}}
CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "shop-data"}}
WEB = [{"name": "a", "image": "i", "ports": [{"containerPort": 80, "hostPort": 8080}]}]
KEDA = [{"kind": "ScaledObject", "name": "shop"}]


def given(
    stored: Object | None = None, *services: Object, strategy: str | None = None, **around: Any
) -> tuple[str, ...]:
    found = Around(services or [service()], **around)
    return converted(stored or deployment(), found, Wish(strategy=strategy)).warnings


def with_pod(**pod: Any) -> Object:
    return deployment(template=pod_template(**pod))


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (deployment(paused=True), "The Deployment is paused, which a Rollout does not take over"),
        (deployment(status={"observedGeneration": 1}), "is in the middle of an update"),
        (
            deployment(status={"observedGeneration": 2, "replicas": 4, "updatedReplicas": 2}),
            "`kubectl rollout status deployment/shop` waits for the end",
        ),
        (deployment(replicas=0), "The Deployment has 0 replicas, and so will the Rollout"),
        (deployment(revisionHistoryLimit=99), "revisionHistoryLimit is 50 instead of 99"),
        (
            deployment(progressDeadlineSeconds=2147483647),
            "progressDeadlineSeconds is 604800 instead of 2147483647",
        ),
        (
            deployment(strategy={"rollingUpdate": {"maxSurge": "300%", "maxUnavailable": 0}}),
            "maxSurge is 100% instead of more",
        ),
        (
            deployment(meta={"annotations": {"reloader.example.com/auto": "true"}}),
            "Annotations of the Deployment are not carried over: reloader.example.com/auto.",
        ),
        (
            deployment(meta={"ownerReferences": [{"kind": "ShopApp", "name": "main"}]}),
            "ShopApp main owns the Deployment and may make it anew",
        ),
        (deployment(meta=HELM), "Helm release shop-prod holds the Deployment: its next upgrade writes it"),
        (
            with_pod(terminationGracePeriodSeconds=1),
            "terminationGracePeriodSeconds is 1: there is no time to drain",
        ),
        (with_pod(hostNetwork=True), "The pods use hostNetwork, which two pods"),
        (with_pod(containers=WEB), "The pods use hostPort 8080, which two pods"),
        (with_pod(volumes=[CLAIM]), "The pods use the volume claim shop-data, which two pods"),
    ],
)
def test_of_the_deployment(stored: Object, told: str) -> None:
    [warning] = given(stored)
    assert told in warning


def test_labels_of_ours_in_the_template() -> None:
    template = pod_template()
    template["metadata"]["labels"] = {"app": "shop", "crossfade.dev/revision": "abc"}
    [warning] = given(deployment(template=template))
    assert warning.startswith("Labels of the pods that begin with crossfade.dev/ are left out")


@pytest.mark.parametrize(
    "annotation",
    [
        "deployment.kubernetes.io/revision",
        "kubectl.kubernetes.io/last-applied-configuration",
        "argocd.argoproj.io/tracking-id",
    ],
)
def test_annotations_of_tools_are_not_worth_a_word(annotation: str) -> None:
    assert given(deployment(meta={"annotations": {annotation: "{}"}})) == ()


def test_of_the_strategy_that_was_chosen() -> None:
    assert [each[:40] for each in given(strategy="canary")] == [
        "The canary's steps are an example: edit w"[:40]
    ]
    recreating = deployment(strategy={"type": "Recreate"})
    assert given(recreating) == ()
    [warning] = given(recreating, strategy="bigBang")
    assert "two versions must not run at once; with bigBang they do" in warning


def test_pods_that_cannot_run_twice_are_fine_where_they_are_recreated() -> None:
    assert given(with_pod(volumes=[CLAIM]), strategy="recreate") == ()


@pytest.mark.parametrize(
    ("services", "told"),
    [
        ([service(publishNotReadyAddresses=True)], "has publishNotReadyAddresses"),
        ([service(), service("admin")], "Service admin selects the same pods by labels of the template"),
        ([service(), service("a"), service("b")], "Services a, b select the same pods"),
        ([service(meta=HELM)], "Helm release shop-prod holds the Service"),
        ([service(trafficDistribution="PreferSameNode")], "has trafficDistribution: PreferSameNode"),
        ([service("peers", clusterIP="None")], "Service peers selects the same pods"),
    ],
)
def test_of_the_services(services: list[Object], told: str) -> None:
    [warning] = given(None, *services)
    assert told in warning


def test_of_a_headless_service_that_was_asked_for() -> None:
    found = Around([service("peers", clusterIP="None")])
    [warning] = converted(deployment(), found, Wish(service="peers")).warnings
    assert "Service peers is headless" in warning


@pytest.mark.parametrize(
    ("scaler", "count"),
    [
        (autoscaler(), 1),
        (autoscaler(target="cart"), 0),
        (autoscaler(kind="StatefulSet"), 0),
        (autoscaler(metric="Value"), 2),
    ],
)
def test_of_the_autoscalers_that_scale_it(scaler: Object, count: int) -> None:
    assert len(given(autoscalers=[scaler])) == count


def test_a_value_metric_is_fine_where_the_sides_are_counted_apart() -> None:
    assert len(given(autoscalers=[autoscaler(metric="Value")], strategy="blueGreen")) == 1


def test_an_autoscaler_that_something_else_makes_is_changed_there() -> None:
    [warning] = given(autoscalers=[autoscaler(ownerReferences=KEDA)])
    assert "made by ScaledObject shop: change it there" in warning


@pytest.mark.parametrize(
    ("selector", "counts"),
    [
        ({"matchLabels": {"app": "shop"}}, True),
        ({"matchLabels": {"app": "cart"}}, False),
        ({}, True),
        (None, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web", "api"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_of_the_disruption_budgets_that_count_its_pods(selector: Object | None, counts: bool) -> None:
    warnings = given(budgets=[budget(selector)])
    assert [each.startswith("PodDisruptionBudget shop-pdb") for each in warnings] == [True] * counts
