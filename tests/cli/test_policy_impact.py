"""`crossfade policy impact`: what a policy would change, before it is applied."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.fake_cluster import FakeCluster, forbidden
from cli.policies import named, namespace, policy
from crossfade.cluster import ApiError
from crossfade.core.revision import revision_of
from view.stored import default_spec

Run = Callable[..., int]
OPEN = {"name": "always", "kind": "Deny", "timeZone": "UTC", "start": "2020-01-01T00:00:00Z"}
CLOSED = {**OPEN, "end": "2999-01-01T00:00:00Z"}


def written(tmp_path: Path, *objects: Any) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    return str(path)


def shop(*more: Any) -> FakeCluster:
    """Two Rollouts at rest in production, one under way, one in dev."""
    till = named("till", phase="Healthy", stable={"revision": "aaa111"}, completed=["aaa111"])
    till["spec"]["template"]["spec"]["containers"] = [{"name": "app", "image": "till@sha256:" + "a" * 64}]
    till["spec"]["template"]["spec"].pop("initContainers")
    toy = named("toy", "play", stable={"revision": "aaa111"}, completed=["aaa111"])
    at_rest = {"stable": {"revision": "old111"}, "completed": ["old111"]}
    return FakeCluster(
        named("shop", **at_rest), till, toy, namespace("demo", env="production"), namespace("play"), *more
    )


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_new_policy_says_whom_it_is_about_and_what_it_would_refuse(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = policy(namespaceSelector={"matchLabels": {"env": "production"}}, images={"digestRequired": True})
    cluster = shop()
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, new)) == 0
    told = lines(capsys)
    assert told[0] == (
        "policy production (new: there is none of that name in the cluster): about 2 Rollouts; refuses the next change of 1; "
        "holds now 0; would hold the next release of 0"
    )
    assert "demo shop new images - - + refuses images" in told
    assert "demo till new - - - -" in told
    assert not any("toy" in line for line in told)
    assert any(
        line.startswith("! demo/shop, rule images: initContainers[migrate].image shop:v1") for line in told
    )
    assert cluster.created == cluster.patches == []


def test_a_changed_policy_says_what_becomes_stricter_and_looser(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = policy(images={"digestRequired": True}, steps={"maxInitialWeight": 10})
    new = policy(
        steps={"maxInitialWeight": 50},
        approvals=[{"name": "leads", "before": "Promote", "count": 2}],
        rolloutSelector={"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
    )
    cluster = shop(old)
    cluster.objects["Rollout", "toy"]["metadata"]["labels"] = {"tier": "web"}
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, new)) == 0
    told = lines(capsys)
    assert told[0].endswith("stricter for 2, looser for 3")
    assert "steps changed (maxInitialWeight: 10 → maxInitialWeight: 50)" in told
    assert "images removed (was digestRequired: true)" in told
    assert "approvals added ([{name: leads, before: Promote, count: 2}])" in told
    assert (
        "demo till yes - - approvals before Promote + holds approvals before Promote; - refuses steps" in told
    )
    assert any(line.startswith("play toy no more - - - - refuses steps; - refuses images") for line in told)


def test_what_waits_or_is_under_way_is_told_apart_from_the_next_release(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = policy(windows=[{**CLOSED, "applies": ["Start", "Promote"]}])
    assert crossfade(shop(), "policy", "impact", "-f", written(tmp_path, new), "-o", "json") == 0
    [told] = json.loads(capsys.readouterr().out)["policies"]
    rows = {row["rollout"]: row["after"] for row in told["rows"]}
    assert rows["shop"]["holdsNow"] == ["windows before Start"]
    assert rows["shop"]["holdsNext"] == ["windows before Start"]


def test_a_release_under_way_is_held_before_what_is_left_of_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    revision = revision_of(default_spec()["template"])
    busy = named(
        "shop",
        stable={"revision": "old111"},
        completed=["old111"],
        progress={"revision": revision, "stage": 0},
        release=2,
    )
    new = policy(freeze={"reason": "x"}, approvals=[{"name": "a", "before": "Start"}])
    cluster = FakeCluster(busy, namespace("demo"))
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, new), "-o", "json") == 0
    [told] = json.loads(capsys.readouterr().out)["policies"]
    [row] = told["rows"]
    assert row["after"]["holdsNow"] == ["freeze before Promote"]
    assert row["after"]["holdsNext"] == ["freeze before Start", "approvals before Start"]


def test_the_same_policy_changes_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    same = policy(images={"digestRequired": True, "registries": []}, enforcement="Enforce")
    cluster = shop(policy(images={"digestRequired": True}))
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, same)) == 0
    told = lines(capsys)
    assert "nothing of its spec differs" in told
    assert told[0].endswith("stricter for 0, looser for 0")


def test_a_template_in_a_deployment_is_held_and_not_refused_since_no_rollout_is_applied(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chart = named("chart", stable={"revision": "old111"}, completed=["old111"])
    del chart["spec"]["template"]
    chart["spec"]["workloadRef"] = {"name": "chart"}
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "chart", "namespace": "demo"},
        "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "chart:1"}]}}},
    }
    cluster = FakeCluster(chart, deployment, namespace("demo"))
    new = policy(images={"digestRequired": True}, freeze={"reason": "x"})
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, new)) == 0
    held = "demo chart new - freeze before Start images, freeze before Start"
    assert any(line.startswith(held) for line in lines(capsys))


def test_a_rollout_that_cannot_be_read_is_named(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = named("odd")
    broken["spec"]["replicas"] = "many"
    cluster = FakeCluster(broken, namespace("demo"))
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, policy())) == 0
    assert "? demo/odd cannot be read, so nobody can judge it here" in lines(capsys)


def test_many_reasons_are_cut_and_json_has_all(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(namespace("demo"), *(named(f"shop-{i}") for i in range(30)))
    path = written(tmp_path, policy(strategies={"allowed": ["blueGreen"]}))
    assert crossfade(cluster, "policy", "impact", "-f", path) == 0
    assert lines(capsys)[-1] == "! and 10 more: -o json has all of them"


def test_a_file_without_a_policy_or_with_a_wrong_one_is_told(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, namespace("demo"))
    assert crossfade(shop(), "policy", "impact", "-f", path) == 1
    assert f"{path}: no RolloutPolicy in it" in capsys.readouterr().err
    assert crossfade(shop(), "policy", "impact", "-f", written(tmp_path, policy(stpes={}))) == 1
    assert "RolloutPolicy 'production': spec.stpes: is not a field" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (forbidden("list", "rollouts"), 'cannot list resource "rollouts"'),
        (
            ApiError(0, "Unreachable", "cannot reach the API server at https://x"),
            "cannot reach the API server",
        ),
    ],
)
def test_a_cluster_that_does_not_answer_ends_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, failure: ApiError, told: str
) -> None:
    cluster = shop()
    cluster.failures = [failure]
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, policy())) == 1
    assert told in capsys.readouterr().err


def test_what_only_the_api_server_judges_is_not_counted_as_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    owner = {"name": "owner", "expression": "has(object.metadata.labels)", "message": "label it"}
    path = written(tmp_path, policy(expressions=[owner]))
    assert crossfade(shop(), "policy", "impact", "-f", path) == 0
    told = lines(capsys)
    assert (
        "refuses the next change of at least 0; holds now at least 0; would hold the next release of at least 0"
        in told[0]
    )
    assert "demo shop new ? expressions not known - - -" in told
    assert crossfade(shop(), "policy", "impact", "-f", path, "-o", "json") == 0
    [shown] = json.loads(capsys.readouterr().out)["policies"]
    assert {tuple(row["after"]["unknown"]) for row in shown["rows"]} == {("expressions",)}


def test_nobody_is_named_who_asked_for_a_release_to_come(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = shop()
    cluster.objects["Rollout", "shop"]["metadata"]["annotations"] = {"crossfade.dev/requester": "carl"}
    new = policy(approvals=[{"name": "leads", "before": "Promote"}])
    assert crossfade(cluster, "policy", "impact", "-f", written(tmp_path, new)) == 0
    told = capsys.readouterr().out
    assert "carl" not in told
    assert "and not who asks for it" in told
