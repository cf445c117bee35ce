"""`crossfade plan -f`: the table, JSON, and what is said of bad manifests."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cli.fake_cluster import FakeCluster, forbidden
from cli.policies import namespace, policy
from crossfade.cli.main import main
from crossfade.cluster import ApiError
from view.test_obstacles import route

Run = Callable[..., int]

GOOD = """\
apiVersion: crossfade.dev/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 4
  template:
    spec:
      containers:
      - name: app
        image: shop:v1
        resources: {requests: {cpu: 100m, memory: 64Mi}}
        readinessProbe: {httpGet: {path: /, port: 80}}
  service: {ports: [{port: 80}]}
  strategy: {canary: {steps: [{weight: 5, pauseSeconds: 60}, {weight: 50, pause: Manual}]}}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: other}\n"


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rollout.yaml"
    path.write_text(text)
    return str(path)


def test_the_table_has_stages_pods_shares_gates_peak_and_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "-f", written(tmp_path, GOOD)]) == 0
    squeezed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert squeezed[0] == "shop: canary with 4 pods"
    assert "1 5 % 1 4 5 5 %, real 20 % 1 new pod is ready, then 60 s pass" in squeezed
    assert "2 50 % 2 2 5 50 % 2 new pods are ready, then a person promotes" in squeezed
    assert "Peak 6 pods: CPU 600m, memory 384Mi; pods that drain count until they are gone" in squeezed
    assert (
        "Earliest 1 min 30 s and the time that pods need to start, and as long as one decision of a person may take"
        in squeezed
    )


def test_json_has_the_same_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-f", written(tmp_path, GOOD), "-o", "json"]) == 0
    [plan] = json.loads(capsys.readouterr().out)["rollouts"]
    assert plan["peak"] == {"cpu": "600m", "memory": "384Mi"}
    assert (plan["peakPods"], plan["atLeastSeconds"], plan["people"]) == (6, 90, 1)
    assert plan["stages"][0]["realShare"] == 20


def test_every_rollout_of_a_file_is_planned_and_other_kinds_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "---\n".join([SERVICE, GOOD, GOOD.replace("name: shop}", "name: till}"), ""])
    assert main(["plan", "-f", written(tmp_path, text)]) == 0
    printed = capsys.readouterr().out
    assert "shop: canary" in printed
    assert "till: canary" in printed


@pytest.mark.parametrize(
    ("metadata", "is_told"),
    [("{name: shop}", True), ("{name: other}", False), ("{name: shop, namespace: elsewhere}", False)],
)
def test_a_service_in_the_file_that_prefers_near_pods_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], metadata: str, *, is_told: bool
) -> None:
    near = (
        f"apiVersion: v1\nkind: Service\nmetadata: {metadata}\nspec: {{trafficDistribution: PreferClose}}\n"
    )
    assert main(["plan", "-f", written(tmp_path, f"{GOOD}---\n{near}")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert ("Service shop has trafficDistribution: PreferClose" in told) is is_told


def test_standard_input_is_read_where_the_file_is_a_dash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD))
    assert main(["plan", "-f", "-"]) == 0
    assert "shop: canary" in capsys.readouterr().out


def test_all_that_is_wrong_is_told_at_once_with_its_path_and_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = GOOD.replace("replicas: 4", "replicas: -1").replace("weight: 5,", "weigth: 5,")
    path = written(tmp_path, bad)
    assert main(["plan", "-f", path]) == 1
    told = capsys.readouterr().err
    assert f"{path}: Rollout 'shop': spec.replicas: must be at least 0, not -1" in told
    assert "spec.strategy.canary.steps[0].weigth: is not a field: did you mean weight?" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1,", "is not YAML: while parsing a flow node"),
        (
            "",
            "no Rollout in it (it is empty; a Rollout has kind: Rollout and apiVersion: crossfade.dev/v1alpha1)",
        ),
        (SERVICE, "no Rollout in it (Service of v1;"),
        (
            SERVICE.replace("apiVersion: v1\nkind: Service", "apiVersion: apps/v1\nkind: Deployment")
            + "spec: {}\n",
            "no Rollout in it (Deployment of apps/v1;",
        ),
        (GOOD.replace("crossfade.dev/v1alpha1", "argoproj.io/v1alpha1"), "Rollout of argoproj.io/v1alpha1;"),
        (GOOD.replace("v1alpha1", "v1"), "has apiVersion crossfade.dev/v1: write crossfade.dev/v1alpha1"),
        (GOOD.replace("apiVersion: crossfade.dev/v1alpha1\n", ""), "apiVersion: is required"),
        (
            GOOD.replace("64Mi", "64MB"),
            "'64MB' is not an amount: write for example 250m (CPU) or 64Mi (memory)",
        ),
    ],
)
def test_a_file_that_cannot_be_planned_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    assert main(["plan", "-f", written(tmp_path, text)]) == 1
    assert told in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-f", "nowhere.yaml"]) == 1
    assert "Cannot read nowhere.yaml: No such file or directory" in capsys.readouterr().err


WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: app, image: shop:v1, resources: {requests: {cpu: 200m}}, readinessProbe: {tcpSocket: {port: 80}}}
"""
REFERRING = """\
apiVersion: crossfade.dev/v1alpha1
kind: Rollout
metadata: {name: shop}
spec: {replicas: 4, workloadRef: {name: web}, service: {ports: [{port: 80}]}, strategy: {bigBang: {}}}
"""


def test_what_pods_of_a_deployment_elsewhere_ask_for_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, REFERRING)
    assert main(["plan", "-f", file]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Peak 8 pods: CPU unknown, memory unknown;" in told
    assert "not requested" not in told
    assert "Plan both files together" in told
    assert main(["plan", "-f", file, "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rollouts"][0]["peak"] is None


@pytest.mark.parametrize("together", [True, False], ids=["in one file", "in two files"])
def test_what_pods_of_a_deployment_in_the_files_ask_for_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, together: bool
) -> None:
    other = tmp_path / "deployment.yaml"
    other.write_text(WORKLOAD)
    file = written(tmp_path, f"{REFERRING}---\n{WORKLOAD}" if together else REFERRING)
    assert main(["plan", "-f", file, *([] if together else ["-f", str(other)])]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Peak 8 pods: CPU 1.6, memory not requested;" in told
    assert "unknown" not in told


def test_the_deployment_of_another_rollout_is_not_taken_for_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = WORKLOAD.replace("name: web", "name: till")
    assert main(["plan", "-f", written(tmp_path, f"{REFERRING}---\n{other}")]) == 0
    assert "CPU unknown" in capsys.readouterr().out


ROUTED = GOOD.replace("  strategy:", "  traffic: {httpRoute: {name: shop, rule: main}}\n  strategy:").replace(
    "weight: 5, pauseSeconds: 60", "weight: 0.5, mirror: 10%, pauseSeconds: 60"
)
GATEWAY = {
    "kind": "Gateway",
    "metadata": {"name": "public", "namespace": "demo"},
    "spec": {"gatewayClassName": "traefik"},
}
CLASS = {
    "kind": "GatewayClass",
    "metadata": {"name": "traefik"},
    "spec": {"controllerName": "traefik.io/gateway-controller"},
    "status": {"supportedFeatures": [{"name": "HTTPRoute"}]},
}


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_with_a_route_weights_are_exact_and_it_is_said_what_that_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--offline", "-f", written(tmp_path, ROUTED)]) == 0
    told = printed(capsys)
    assert "1 0.5 %, mirror 10% 1 4 5 0.5 % 1 new pod is ready, then 60 s pass" in told
    assert "Route HTTPRoute shop; nobody has looked whether it is there (--offline)" in told
    assert "· HTTPRoute shop (rule main) shares the requests exactly" in told
    assert "real 20 %" not in told


def test_where_a_cluster_answers_it_is_said_what_is_in_the_way(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, ROUTED)
    assert crossfade(FakeCluster(), "plan", "-f", file) == 2
    told = printed(capsys)
    assert "Route HTTPRoute shop; something is in the way, see below" in told
    assert "✗ There is no HTTPRoute shop in namespace demo: the release waits until there is." in told
    assert crossfade(FakeCluster(route(), GATEWAY, CLASS), "plan", "-f", file) == 2
    assert "✗ Traefik (traefik.io/gateway-controller) cannot do HTTPRouteRequestMirror" in printed(capsys)
    del_mirror = written(tmp_path, ROUTED.replace(" mirror: 10%,", ""))
    assert crossfade(FakeCluster(route(), GATEWAY, CLASS), "plan", "-f", del_mirror) == 0
    assert "Route HTTPRoute shop; nothing is in the way" in printed(capsys)


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ((route(),), "There is no Gateway demo/public: create it"),
        ((route(), GATEWAY), "Gateway demo/public is of GatewayClass traefik, and there is none"),
    ],
)
def test_a_route_whose_gateway_nobody_carries_out_is_told(
    crossfade: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    objects: tuple[dict[str, object], ...],
    told: str,
) -> None:
    assert crossfade(FakeCluster(*objects), "plan", "-f", written(tmp_path, ROUTED)) == 2
    assert told in printed(capsys)


def test_a_route_in_the_files_is_taken_for_the_one_that_will_be_there(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = route(backendRefs=[{"name": "other", "port": 80}])
    del mine["metadata"]["namespace"], mine["status"]
    beside = tmp_path / "route.yaml"
    beside.write_text(yaml.safe_dump(mine))
    files = ("-f", written(tmp_path, ROUTED), "-f", str(beside))
    assert crossfade(FakeCluster(route(), GATEWAY, CLASS), "plan", *files) == 2
    assert "does not have Service shop among its backendRefs" in printed(capsys)


def test_without_the_right_to_look_the_plan_is_told_all_the_same_and_why_nobody_looked(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(route())
    cluster.failures.append(forbidden("get", "httproutes"))
    assert crossfade(cluster, "plan", "-f", written(tmp_path, ROUTED)) == 0
    assert "nobody has looked whether it is there (httproutes.crossfade.dev is forbidden" in printed(capsys)


def test_an_offline_plan_asks_no_cluster(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster()
    cluster.failures.append(forbidden("get", "anything"))
    assert crossfade(cluster, "plan", "--offline", "-f", written(tmp_path, GOOD)) == 0
    assert cluster.failures
    assert "Route" not in printed(capsys)


def test_json_tells_obstacles_notes_and_tenths(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(), "plan", "-f", written(tmp_path, ROUTED), "-o", "json") == 2
    [plan] = json.loads(capsys.readouterr().out)["rollouts"]
    assert (plan["route"], plan["stages"][0]["wantedShare"]) == ("HTTPRoute shop", 0.5)
    assert len(plan["obstacles"]) == 1
    assert plan["notes"]


def test_hooks_stand_where_they_hold_and_those_after_it_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = yaml.safe_load(GOOD)
    job = {"template": {"spec": {"containers": [{"name": "job", "image": "{{image}}"}]}}}
    moments = ({"before": "Start"}, {"before": "Promote"}, {"after": "Promote"})
    named = zip(("migrate", "load", "clean-up"), moments, strict=True)
    manifest["spec"]["hooks"] = [{"name": name, "job": job, **when} for name, when in named]
    assert main(["plan", "-f", written(tmp_path, yaml.safe_dump(manifest)), "--offline"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("before Start: migrate") < shown.index("50 %") < shown.index("before Promote: load")
    assert "clean-up after Promote; nothing waits for it" in shown


RULES = {
    "strategies": {"allowed": ["blueGreen"]},
    "images": {"digestRequired": True},
    "ruleEnforcement": {"images": "Warn"},
    "freeze": {"reason": "incident 42", "until": "2999-01-01T00:00:00Z"},
}


def test_policies_that_would_refuse_or_hold_it_have_a_line_each(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(policy(**RULES), namespace("demo"))
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD)) == 2
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "✗ policy production, rule strategies: refused: strategy.canary is not allowed: use blueGreen" in told
    )
    assert "! policy production, rule images: only warns: containers[app].image shop:v1 has no digest" in told
    assert "! policy production, rule freeze: waits before Start: frozen until 2999-01-01 00:00 UTC" in told
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD), "-o", "json") == 2
    [plan] = json.loads(capsys.readouterr().out)["rollouts"]
    assert (len(plan["refusedBy"]), len(plan["heldBy"])) == (1, 2)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ApiError(0, "Unreachable", "cannot reach the API server"), True),
        (ApiError(404, "NotFound", "no such kind"), False),
        (ApiError(0, "NoCluster", "there is no kubeconfig"), False),
    ],
)
def test_where_policies_cannot_be_asked_the_plan_is_there_all_the_same(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], failure: ApiError, *, told: bool
) -> None:
    cluster = FakeCluster()
    cluster.failures = [failure]
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD)) == 0
    printed = capsys.readouterr().out
    assert "shop: canary with 4 pods" in printed
    assert (f"nobody knows what policies say: {failure.message}" in " ".join(printed.split())) is told


def test_who_may_not_list_policies_is_told_that_nobody_knows(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster()
    cluster.unreadable = {"RolloutPolicy"}
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD)) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "nobody knows what policies say: you may not list rolloutpolicies.crossfade.dev" in told


def test_a_template_that_the_api_server_would_refuse_is_told_and_ends_with_2(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(namespace("demo"))
    cluster.verdict = ApiError(400, "BadRequest", 'unknown field "spec.template.spec.containers[0].imagee"')
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD)) == 2
    told = " ".join(capsys.readouterr().out.split())
    assert '✗ the API server refuses the pod template: unknown field "spec.template.spec' in told
    [(replaces, asked)] = cluster.tried
    assert (replaces, asked["spec"]["replicas"]) == (False, 0)
    cluster.verdict = ApiError(403, "Forbidden", "you may not create deployments")
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD)) == 0


def test_offline_no_policy_is_asked_for(
    crossfade: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(policy(**RULES))
    assert crossfade(cluster, "plan", "--offline", "-f", written(tmp_path, GOOD), "-o", "json") == 0
    [plan] = json.loads(capsys.readouterr().out)["rollouts"]
    assert (plan["refusedBy"], plan["heldBy"], plan["unasked"]) == (None, None, "")


def test_ports_that_change_are_told_where_the_rollout_is_there_already(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], crossfade: Run
) -> None:
    before = yaml.safe_load(GOOD.replace("port: 80}]", "port: 80, targetPort: 8080}]"))
    cluster = FakeCluster({**before, "metadata": {"name": "shop", "namespace": "demo"}})
    assert crossfade(cluster, "plan", "-f", written(tmp_path, GOOD)) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "The Service's ports change from 80 → 8080 to 80 → 80" in told
