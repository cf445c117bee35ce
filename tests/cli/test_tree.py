"""`crossfade tree`: what it reads, prints, and gives to programs."""

import json
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from view.deployments import deployment
from view.pods import own_service, pod, revision, slice_of
from view.releases import release
from view.stored import under_way

Run = Callable[..., int]


def cluster() -> FakeCluster:
    stored = under_way()
    stored["spec"]["service"] = {"name": "shop"}
    others = pod("till-1", "bbb222")
    others["metadata"]["labels"]["crossfade.dev/rollout"] = "till"
    return FakeCluster(
        stored,
        release(2, "bbb222", ""),
        revision("bbb222", release="2"),
        pod("shop-bbb222-1", "bbb222"),
        others,
        own_service(),
        slice_of("shop", "shop-bbb222-1"),
    )


def test_all_that_belongs_to_the_rollout_is_drawn_and_nothing_else(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(cluster(), "tree", "cf/shop") == 0
    printed = capsys.readouterr().out
    for line in ("2  bbb222", "Deployment shop-bbb222: candidate", "Pod shop-bbb222-1", "1 ready endpoint\n"):
        assert line in printed
    assert "till" not in printed


def test_the_deployment_that_holds_the_template_and_a_service_that_is_not_ours_yet_are_found_by_name(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster()
    found.objects["Rollout", "shop"]["spec"] |= {"workloadRef": {"name": "web"}, "service": {"name": "web"}}
    web = own_service("web")
    web["metadata"]["labels"], web["spec"]["selector"] = {}, {"app": "shop"}
    found.objects["Service", "web"] = web
    found.objects["Deployment", "web"] = deployment(meta={"name": "web"})
    assert crossfade(found, "tree", "shop") == 0
    printed = capsys.readouterr().out
    assert "Service web: production, selects app=shop, 0 ready endpoints" in printed
    assert "Deployment web: template, 0/3 ready" in printed


def test_without_the_right_to_read_pods_the_rest_is_shown(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cluster()
    found.unreadable = {"Pod"}
    assert crossfade(found, "tree", "shop") == 0
    printed = capsys.readouterr().out
    assert "Deployment shop-bbb222" in printed
    assert "! Pods are left out: the API server did not give them." in printed


def test_json_has_pods_within_their_deployments_and_no_templates(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(cluster(), "tree", "shop", "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    [found] = shown["deployments"]
    assert (found["role"], found["pods"][0]["name"], found["pods"][0]["restarts"]) == (
        "candidate",
        "shop-bbb222-1",
        0,
    )
    assert "template" not in shown["releases"][0]
