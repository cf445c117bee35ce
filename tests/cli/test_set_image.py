"""`crossfade set image`: what is patched, and what is said where it cannot be."""

import json
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from view.stored import rollout

Run = Callable[..., int]


def image_of(cluster: FakeCluster, index: int, kind: str = "containers") -> str:
    stored = cluster.objects["Rollout", "shop"]
    return str(stored["spec"]["template"]["spec"][kind][index]["image"])


def test_one_container_gets_its_image_behind_a_test_of_what_was_read(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(rollout())
    assert crossfade(cluster, "set", "image", "shop", "app=shop:v2") == 0
    path = "/spec/template/spec/containers/0"
    assert cluster.patches == [
        [
            {"op": "test", "path": f"{path}/name", "value": "app"},
            {"op": "test", "path": f"{path}/image", "value": "shop:v1"},
            {"op": "replace", "path": f"{path}/image", "value": "shop:v2"},
        ]
    ]
    assert capsys.readouterr().out == (
        "shop: app shop:v1 → shop:v2\nFollow it: crossfade status shop --watch\n"
    )


def test_several_containers_change_in_one_patch_init_containers_too(crossfade: Run) -> None:
    cluster = FakeCluster(rollout())
    assert crossfade(cluster, "set", "image", "shop", "proxy=proxy:2", "migrate=shop:v2") == 0
    assert (image_of(cluster, 1), image_of(cluster, 0, "initContainers")) == ("proxy:2", "shop:v2")
    assert image_of(cluster, 0) == "shop:v1"
    assert len(cluster.patches) == 1


def test_a_container_that_is_not_there_is_refused_with_the_names_of_those_that_are(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(rollout())
    assert crossfade(cluster, "set", "image", "shop", "app=shop:v2", "web=shop:v2") == 1
    assert cluster.patches == []
    assert (
        "Rollout 'shop' has no container 'web'. It has: app, proxy, migrate. Write for example app=shop:v2."
        in capsys.readouterr().err
    )


def test_an_image_that_is_there_already_writes_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(rollout())
    assert crossfade(cluster, "set", "image", "shop", "app=shop:v1") == 0
    assert cluster.patches == []
    assert "shop: app is shop:v1 already" in capsys.readouterr().out


def test_a_change_by_somebody_else_in_between_is_read_again_and_not_overwritten_blindly(
    crossfade: Run,
) -> None:
    cluster = FakeCluster(rollout())

    def somebody_inserts_a_container() -> None:
        cluster.before_patch = lambda: None
        spec = cluster.objects["Rollout", "shop"]["spec"]["template"]["spec"]
        spec["containers"].insert(0, {"name": "log", "image": "log:1"})

    cluster.before_patch = somebody_inserts_a_container
    assert crossfade(cluster, "set", "image", "shop", "app=shop:v2") == 0
    assert [image_of(cluster, 0), image_of(cluster, 1)] == ["log:1", "shop:v2"]


def test_a_value_that_is_no_assignment_is_a_usage_error(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        crossfade(FakeCluster(rollout()), "set", "image", "shop", "shop:v2")
    assert ended.value.code == 1
    assert "'shop:v2' is not CONTAINER=IMAGE: write for example app=shop:1.4.2" in capsys.readouterr().err


def test_an_image_with_a_digest_is_taken_whole(crossfade: Run) -> None:
    cluster = FakeCluster(rollout())
    crossfade(cluster, "set", "image", "shop", "app=r.example.com:5000/shop@sha256:ab=cd")
    assert image_of(cluster, 0) == "r.example.com:5000/shop@sha256:ab=cd"


def test_as_json_what_was_asked_and_what_came_of_it_is_printed(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(rollout()), "set", "image", "shop", "app=shop:v2", "-o", "json")
    assert json.loads(capsys.readouterr().out) == {
        "action": "SetImage",
        "rollout": "shop",
        "namespace": "demo",
        "state": "Done",
        "message": "app: shop:v1 → shop:v2",
        "generation": 3,
        "images": [{"container": "app", "before": "shop:v1", "after": "shop:v2"}],
    }


def test_as_json_an_image_that_is_there_already_is_unchanged(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(rollout()), "set", "image", "shop", "app=shop:v1", "-o", "json")
    assert json.loads(capsys.readouterr().out)["state"] == "Unchanged"
