"""`crossfade convert`: the manifest on standard output, everything else on standard error."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from cli.fake_cluster import FakeCluster
from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict
from crossfade.wire.errors import ApiError
from view.deployments import applied_client_side, autoscaler, budget, deployment, service
from view.stored import rollout
from view.test_obstacles import route

Run = Callable[..., int]


@pytest.mark.parametrize("kind", ["deployment", "deploy", "deployments", "deployment.apps", "Deployment"])
def test_the_manifest_alone_is_on_standard_output(
    crossfade: Run, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert crossfade(FakeCluster(deployment(), service()), "convert", f"{kind}/shop") == 0
    printed = capsys.readouterr()
    made = parse_strict(Rollout, yaml.safe_load(printed.out))
    assert (made.metadata.name, made.spec.strategy.name) == ("shop", "rolling")
    assert printed.out.startswith("apiVersion: crossfade.dev/v1alpha1\nkind: Rollout\nmetadata:\n")
    assert printed.err.startswith("In this order nothing is lost on the way:\n1. ")


def test_warnings_and_numbered_steps_are_on_standard_error(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    around = (autoscaler(), budget({"matchLabels": {"app": "shop"}}))
    owned = service(meta=applied_client_side())
    cluster = FakeCluster(deployment(), owned, rollout(), *around)
    assert crossfade(cluster, "convert", "deployment/shop", "-n", "demo") == 0
    told = capsys.readouterr().err
    assert "! Rollout shop exists already" in told
    assert "! HorizontalPodAutoscaler shop scales the Deployment" in told
    assert "! PodDisruptionBudget shop-pdb goes on protecting the pods" in told
    assert "\nkubectl apply set-last-applied -f service.yaml -n demo\n" in told
    assert [line[:2] for line in told.splitlines() if line[:1].isdigit()] == [f"{i}." for i in range(1, 10)]


def test_the_flags_choose_strategy_service_and_name(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(deployment(), service(), service("admin"))
    chosen = ("--strategy", "canary", "--service", "admin", "--name", "shop-web")
    assert crossfade(cluster, "convert", "deployment/shop", *chosen) == 0
    made = yaml.safe_load(capsys.readouterr().out)
    assert (made["metadata"]["name"], made["spec"]["service"]["name"]) == ("shop-web", "admin")
    assert list(made["spec"]["strategy"]) == ["canary"]


def test_a_route_in_front_of_the_service_is_written_into_the_rollout(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(deployment(), service(), route("web"))
    assert crossfade(cluster, "convert", "deployment/shop", "--strategy", "canary") == 0
    assert yaml.safe_load(capsys.readouterr().out)["spec"]["traffic"] == {"httpRoute": {"name": "web"}}


def test_a_cluster_without_the_gateway_api_is_not_told_that_it_lacks_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = FakeCluster(deployment(), service())
    listed = cluster.list

    async def without_routes(kind: str, *rest: Any) -> list[dict[str, Any]]:
        if kind.endswith("Route"):
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        return await listed(kind, *rest)

    monkeypatch.setattr(cluster, "list", without_routes)
    assert crossfade(cluster, "convert", "deployment/shop", "--strategy", "canary") == 0
    printed = capsys.readouterr()
    assert "Route" not in printed.err
    assert "traffic" not in printed.out


def test_with_recreate_nobody_is_promised_that_nothing_is_lost(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(deployment(), service()), "convert", "deployment/shop", "--strategy", "recreate")
    told = capsys.readouterr().err
    assert told.startswith("In this order:\n1. ")
    assert "beside the Deployment's" not in told


@pytest.mark.parametrize("place", ["before", "after"])
def test_json_is_the_manifest_as_json(crossfade: Run, capsys: pytest.CaptureFixture[str], place: str) -> None:
    command, flags = ("convert", "deployment/shop"), ("-o", "json")
    arguments = (*flags, *command) if place == "before" else (*command, *flags)
    assert crossfade(FakeCluster(deployment(), service()), *arguments) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "Rollout"


def test_yaml_may_be_asked_for(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(FakeCluster(deployment()), "convert", "deployment/shop", "-o", "yaml") == 0
    assert yaml.safe_load(capsys.readouterr().out)["kind"] == "Rollout"


def test_what_may_not_be_read_is_said_and_holds_nothing_up(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(deployment(), service())
    cluster.unreadable = {"HorizontalPodAutoscaler", "Rollout"}
    assert crossfade(cluster, "convert", "deployment/shop") == 0
    printed = capsys.readouterr()
    assert "! Could not look for HorizontalPodAutoscalers (" in printed.err
    assert "! Could not look for Rollouts (" in printed.err
    assert yaml.safe_load(printed.out)["kind"] == "Rollout"


def test_services_must_be_readable_since_one_of_them_is_taken_over(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(deployment(), service())
    cluster.unreadable = {"Service"}
    assert crossfade(cluster, "convert", "deployment/shop") == 1
    assert capsys.readouterr().out == ""


def test_a_deployment_that_does_not_exist_is_answered_with_those_that_do(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(deployment()), "convert", "deployment/shpo") == 1
    assert "There is no Deployment 'shpo' in namespace 'demo'. There are: shop." in capsys.readouterr().err


def test_what_cannot_be_converted_prints_no_manifest(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(deployment(), service("a"), service("b"))
    assert crossfade(cluster, "convert", "deployment/shop") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Several Services select its pods: a, b." in printed.err


@pytest.mark.parametrize("text", ["shop", "statefulset/shop", "deployment/", "/shop"])
def test_anything_but_a_deployment_is_a_usage_error(
    crossfade: Run, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        crossfade(FakeCluster(deployment()), "convert", text)
    assert ended.value.code == 1
    assert "write for example deployment/shop" in capsys.readouterr().err
