"""`crossfade status`: what it prints, when it ends, and with which exit code."""

import json
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from crossfade.cli import follow
from crossfade.cluster import ApiError
from view.deployments import autoscaler, service
from view.stored import condition, release, rollout, under_way

Run = Callable[..., int]
HEALTHY = rollout(phase="Healthy", message="Revision bbb222 serves.")


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        ("Healthy", 0),
        ("Progressing", 0),
        ("Waiting", 0),
        ("RolledBack", 2),
        ("RollingBack", 2),
        ("Degraded", 2),
        ("Invalid", 2),
        ("Paused", 4),
    ],
)
def test_one_look_ends_with_the_exit_code_of_the_phase(crossfade: Run, phase: str, code: int) -> None:
    assert crossfade(FakeCluster(rollout(phase=phase)), "status", "shop") == code


def test_one_look_prints_all_rows_as_plain_text(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    crossfade(FakeCluster(under_way(), release()), "status", "shop")
    printed = capsys.readouterr().out
    assert "shop in demo: Progressing (canary, release 2)\n" in printed
    assert "  Stage      2 of 3: 50 %\n" in printed
    assert "\x1b" not in printed


def test_without_the_right_to_read_releases_the_rest_is_still_shown(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way(), release())
    cluster.unreadable = {"Release"}
    assert crossfade(cluster, "status", "shop") == 0
    assert "Stage      2 of 3\n" in capsys.readouterr().out


def test_an_autoscaler_that_would_be_misled_is_warned_of_and_none_is_needed(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way(), autoscaler(kind="Rollout", metric="Value"))
    assert crossfade(cluster, "status", "shop") == 0
    assert "  Warning    HorizontalPodAutoscaler shop has a metric" in capsys.readouterr().out
    cluster.unreadable = {"HorizontalPodAutoscaler"}
    assert crossfade(cluster, "status", "shop") == 0
    assert "Warning" not in capsys.readouterr().out


def test_a_service_that_prefers_near_pods_is_warned_of_and_none_is_needed(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = under_way()
    seen["spec"]["service"] = {"name": "web"}
    cluster = FakeCluster(seen, service("web", trafficDistribution="PreferClose"))
    assert crossfade(cluster, "status", "shop") == 0
    assert "  Warning    Service web has trafficDistribution: PreferClose" in capsys.readouterr().out
    cluster.unreadable = {"Service"}
    assert crossfade(cluster, "status", "shop") == 0
    assert "Warning" not in capsys.readouterr().out


def test_json_is_one_object_with_the_outcome_and_what_to_type(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(FakeCluster(under_way(), release()), "status", "shop", "-o", "json", "-n", "demo")
    shown = json.loads(capsys.readouterr().out)
    assert (shown["phase"], shown["stage"]["name"], shown["outcome"]) == ("Progressing", "50 %", "UnderWay")
    assert shown["nextSteps"][1]["command"] == "crossfade abort shop -n demo"


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (HEALTHY, 0),
        (rollout(phase="RolledBack"), 2),
        (rollout(phase="Invalid"), 2),
        (under_way("Paused"), 4),
    ],
)
def test_watching_ends_when_it_is_settled(crossfade: Run, last: dict[str, object], code: int) -> None:
    cluster = FakeCluster(under_way(), release())
    cluster.coming["Rollout"] = [under_way("RollingBack"), rollout(phase="Degraded"), last]
    assert crossfade(cluster, "status", "shop", "--watch") == code
    assert cluster.coming["Rollout"] == []


def test_watching_does_not_take_the_state_before_the_latest_change_for_the_end(crossfade: Run) -> None:
    before = rollout(phase="Healthy", observedGeneration=2)
    cluster = FakeCluster(before)
    cluster.coming["Rollout"] = [under_way(), rollout(phase="RolledBack")]
    assert crossfade(cluster, "status", "shop", "--watch") == 2


def test_watching_prints_a_line_for_each_change_and_none_for_a_repeat(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way(), release())
    cluster.coming["Rollout"] = [under_way(), under_way(realWeight=50), HEALTHY]
    crossfade(cluster, "status", "shop", "--watch")
    lines = capsys.readouterr().out.splitlines()
    stage = "Progressing, stage 2/3 50 %, weight: wanted 50 %, now {} %, stable 2/2, candidate 1/2: "
    message = "Half of the requests go to the candidate."
    assert [line[9:] for line in lines] == [
        stage.format(33) + message,
        stage.format(50) + message,
        "Healthy: Revision bbb222 serves.",
    ]


def test_watching_as_json_prints_one_object_per_line(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way())
    cluster.coming["Rollout"] = [HEALTHY]
    crossfade(cluster, "status", "shop", "--watch", "-o", "json")
    assert [json.loads(line)["phase"] for line in capsys.readouterr().out.splitlines()] == [
        "Progressing",
        "Healthy",
    ]


def test_watching_goes_on_when_the_server_ends_the_watch_or_is_away_for_a_moment(
    crossfade: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "RETRY_AFTER_S", 0)
    cluster = FakeCluster(under_way())
    away = [
        ApiError(0, "Unreachable", "cannot reach the API server"),
        ApiError(503, "ServiceUnavailable", "etcd"),
    ]

    def cut() -> None:
        cluster.failures = list(away)
        cluster.objects["Rollout", "shop"] = HEALTHY

    cluster.coming["Rollout"] = [under_way()]
    cluster.when_watch_ends = cut
    assert crossfade(cluster, "status", "shop", "--watch") == 0


def test_watching_ends_with_3_when_time_is_over_and_tells_what_was_seen_last(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way())
    cluster.silent = True
    assert crossfade(cluster, "status", "shop", "--watch", "--timeout", "0.01") == 3
    told = capsys.readouterr().err
    assert "'shop' was not settled within 0.01 s. Last seen: Progressing, stage 2/3" in told


def test_watching_a_rollout_that_is_deleted_says_so(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way())
    cluster.coming["Rollout"] = [None]
    assert crossfade(cluster, "status", "shop", "--watch") == 1
    assert "Rollout 'shop' was deleted." in capsys.readouterr().err


def waiting_for_argo() -> tuple[dict[str, object], dict[str, object]]:
    argo = {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:spec": {"f:selector": {}}}}
    theirs = service("shop")
    theirs["kind"] = "Service"
    theirs["metadata"]["managedFields"] = [argo, {**argo, "manager": "crossfade"}]
    reason = condition("Reconciling", "NotSoleOwner")
    return under_way("Waiting", conditions=[reason], message="stage 2 of 3 waits for argocd"), theirs


def test_waiting_for_a_services_other_owner_ends_with_4_and_tells_what_to_type(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    stored, theirs = waiting_for_argo()
    assert crossfade(FakeCluster(stored, theirs), "status", "shop", "-n", "demo") == 4
    printed = capsys.readouterr().out
    assert "  1.         The selector of Service shop is applied again and again (argocd)." in printed
    assert "             kubectl apply --server-side -f service.yaml -n demo\n" in printed


def test_watching_ends_there_too_and_reads_the_service_as_it_is_by_then(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    stored, theirs = waiting_for_argo()
    cluster = FakeCluster(under_way(), service("shop") | {"kind": "Service"})
    cluster.coming["Rollout"] = [stored]
    views = cluster.get

    async def get(kind: str, namespace: str | None, name: str) -> dict[str, object] | None:
        found = await views(kind, namespace, name)
        cluster.objects["Service", "shop"] = theirs
        return found

    cluster.get = get  # type: ignore[method-assign]
    assert crossfade(cluster, "status", "shop", "--watch") == 4
    assert "kubectl apply --server-side -f service.yaml" in capsys.readouterr().out


def test_watching_tells_below_the_last_line_what_the_container_wrote_last(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(under_way())
    cluster.coming["Rollout"] = [rollout(phase="RolledBack", lastLines=["ValueError: no DATABASE_URL"])]
    assert crossfade(cluster, "status", "shop", "--watch") == 2
    assert capsys.readouterr().out.splitlines()[-1] == "  Last line  ValueError: no DATABASE_URL"
