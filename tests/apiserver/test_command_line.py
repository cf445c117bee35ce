"""The command line as a user runs it, a process of its own, against a real API server and the operator."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from bench import manifests
from bench.kube import Kube, Object, wait_for
from bench.scenarios.shop import Shop
from fixtures import Kubectl, Run, told

pytestmark = pytest.mark.usefixtures("running_operator")

SAME_IMAGE_BY_ANOTHER_NAME = f"docker.io/library/{manifests.IMAGE}"
WAITS = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
ME = "kubernetes-admin"
"""The user of the kubeconfig."""


# Acting


def test_a_canary_is_released_watched_promoted_and_aborted_by_commands(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    canary = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
    with Shop(kube, namespace, canary, replicas=2, bakeSeconds=1) as shop:
        shop.created()
        release_and_promote(crossfade)
        release_and_abort(crossfade, shop)


def release_and_promote(crossfade: Run) -> None:
    changed = crossfade("set", "image", "shop", f"shop={SAME_IMAGE_BY_ANOTHER_NAME}")
    assert changed.returncode == 0, told(changed)
    assert f"{manifests.IMAGE} → {SAME_IMAGE_BY_ANOTHER_NAME}" in changed.stdout
    waiting = crossfade("status", "shop", "--watch")
    assert waiting.returncode == 4, told(waiting)
    assert "stage 1/" in waiting.stdout.splitlines()[-1]
    shown = crossfade("status", "shop")
    assert shown.returncode == 4, told(shown)
    assert "crossfade promote shop -n" in shown.stdout
    promoted = crossfade("promote", "shop", "--reason", "looks well")
    assert promoted.returncode == 0, told(promoted)
    assert promoted.stdout.startswith("Done: ")
    done = crossfade("status", "shop", "--watch", "-o", "json")
    assert done.returncode == 0, told(done)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["phase"], last["outcome"]) == ("Healthy", "Done")
    assert last["stable"]["image"] == SAME_IMAGE_BY_ANOTHER_NAME


def release_and_abort(crossfade: Run, shop: Shop) -> None:
    """Back to the first image is a way back, which does not pause; so a third template is released."""
    shop.apply("v3")
    assert crossfade("status", "shop", "--watch").returncode == 4
    impatient = crossfade("promote", "shop", "--revision", "0000000000")
    assert impatient.returncode == 2, told(impatient)
    assert impatient.stdout.startswith("Refused: ")
    aborted = crossfade("abort", "shop", "--reason", "not today")
    assert aborted.returncode == 0, told(aborted)
    back = crossfade("status", "shop", "--watch")
    assert back.returncode == 2, told(back)
    shown = crossfade("status", "shop")
    assert shown.returncode == 2, told(shown)
    assert "not today" in shown.stdout
    assert "crossfade retry shop -n" in shown.stdout


def test_pause_holds_resume_lets_go_and_a_watch_gives_up_when_its_time_is_over(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    canary = manifests.strategy("canary", steps=[{"weight": 50, "pauseSeconds": 600}])
    with Shop(kube, namespace, canary, replicas=2, bakeSeconds=1) as shop:
        shop.created()
        shop.apply("v2")
        shop.wait_reached(50)
        late = crossfade("status", "shop", "--watch", "--timeout", "1")
        assert late.returncode == 3, told(late)
        assert "was not settled within 1 s" in late.stderr
        assert crossfade("pause", "shop").returncode == 0
        paused = crossfade("status", "shop", "--watch")
        assert paused.returncode == 4, told(paused)
        assert crossfade("resume", "shop").returncode == 0
        assert crossfade("promote", "shop").returncode == 0
        done = crossfade("status", "shop", "--watch")
        assert done.returncode == 0, told(done)
        undone = crossfade("undo", "shop")
        assert undone.returncode == 0, told(undone)
        shop.wait_phase("RolledBack")
        shop.wait_gone("v2")
        assert len(shop.pods_of("v1")) == 2


def test_a_rollout_that_does_not_exist_is_answered_with_those_that_do(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    kube.apply(
        manifests.rollout(namespace, manifests.strategy("rolling"), manifests.template("v1"), replicas=0)
    )
    answer = crossfade("status", "shpo")
    assert answer.returncode == 1
    assert f"There is no Rollout 'shpo' in namespace '{namespace}'. Did you mean 'shop'?" in answer.stderr


def test_somebody_without_rights_is_told_which_right_is_missing(
    kube: Kube, namespace: str, crossfade: Run, tmp_path: Path
) -> None:
    answer = crossfade("status", "shop", kubeconfig=powerless(kube, namespace, tmp_path))
    assert answer.returncode == 1
    assert 'cannot get resource "rollouts" in API group "crossfade.dev"' in answer.stderr
    assert "kubectl auth can-i --list" in answer.stderr


def test_a_cluster_that_does_not_answer_is_named(crossfade: Run, kube: Kube, tmp_path: Path) -> None:
    config = yaml.safe_load(kube.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = tmp_path / "nowhere"
    path.write_text(yaml.safe_dump(config))
    answer = crossfade("status", "shop", kubeconfig=path)
    assert answer.returncode == 1
    assert "cannot reach the API server at https://127.0.0.1:1" in answer.stderr


def powerless(kube: Kube, namespace: str, folder: Path) -> Path:
    """A kubeconfig of a service account that may do nothing."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    wait_for("the default service account", lambda: kube.request("GET", accounts)["items"])
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = kube.request("POST", f"{accounts}/default/token", request)["status"]["token"]
    config = yaml.safe_load(kube.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path = folder / "powerless"
    path.write_text(yaml.safe_dump(config))
    return path


# Looking around


def test_list_tree_and_columns_show_both_sides_of_a_canary(
    kube: Kube, namespace: str, crossfade: Run, kubectl: Kubectl
) -> None:
    with Shop(kube, namespace, WAITS, replicas=2, bakeSeconds=1) as shop:
        shop.created()
        shop.apply("v2")
        shop.wait_phase("Paused")
        assert_the_list_has_it(crossfade, namespace)
        assert_the_tree_has_all_of_it(crossfade, shop)
        assert_kubectl_has_the_columns(kubectl)
        promoted = crossfade("promote", "rollouts.crossfade.dev/shop", "--reason", "seen", "-o", "json")
        assert promoted.returncode == 0, told(promoted)
        answer = json.loads(promoted.stdout)
        assert (answer["action"], answer["state"], answer["reason"], answer["release"]) == (
            "Promote",
            "Done",
            "seen",
            2,
        )
        assert kube.get("RolloutAction", namespace, answer["name"])


def assert_the_list_has_it(crossfade: Run, namespace: str) -> None:
    listed = crossfade("list")
    assert listed.returncode == 4, told(listed)
    [titles, line] = listed.stdout.splitlines()
    shown = dict(zip(titles.split(), line.split(), strict=False))
    assert (shown["NAME"], shown["PHASE"], shown["WEIGHT"], shown["READY"]) == (
        "shop",
        "Paused",
        "50%",
        "2/2",
    )
    everywhere = crossfade("status", "-A", "-o", "yaml")
    rows = yaml.safe_load(everywhere.stdout)["rollouts"]
    assert [row["name"] for row in rows if row["namespace"] == namespace] == ["shop"]


def assert_the_tree_has_all_of_it(crossfade: Run, shop: Shop) -> None:
    serves = "Service shop: production, selects crossfade.dev/rollout=shop, 2 ready endpoints"
    drawn = wait_for(
        "both endpoints",  # a slice may still list a stable pod that ends
        lambda: seen if serves in (seen := crossfade("tree", "cf/shop")).stdout else None,
        every_s=1,
    )
    assert drawn.returncode == 0, told(drawn)
    for word in (": candidate, release 2, 1/1 ready", ": stable, release 1, 1/1 ready"):
        assert word in drawn.stdout
    names = [pod["metadata"]["name"] for version in ("v1", "v2") for pod in shop.pods_of(version)]
    assert [name for name in names if f"Pod {name}  ready" not in drawn.stdout] == []


def assert_kubectl_has_the_columns(kubectl: Kubectl) -> None:
    """By both names: where Argo's definitions are installed too, `rollouts` alone may be theirs."""
    for kind in ("cf", "rollouts.crossfade.dev"):
        titles, line = kubectl("get", kind, "-o", "wide").splitlines()
        assert {"SINCE", "READY", "IMAGE"} <= set(titles.split())
        assert "2/2" in line.split()
        assert manifests.IMAGE in line.split()


def test_names_are_completed_from_the_cluster(
    kube: Kube, namespace: str, crossfade: Run, tmp_path: Path
) -> None:
    for name in ("shop", "till"):
        kube.apply(
            manifests.rollout(
                namespace, manifests.strategy("rolling"), manifests.template("v1"), name=name, replicas=0
            )
        )
    line, answer = f"crossfade -n {namespace} tree cf/s", tmp_path / "answer"
    said = crossfade(
        more={
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        }
    )
    assert (said.stdout, said.stderr) == ("", "")
    assert answer.read_text().split() == ["cf/shop"]


def test_a_converted_template_is_the_authors_and_makes_the_very_same_pods(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    """What is left out is exactly what the server puts back: stored again, the short form is equal to the stored one."""
    author = manifests.deployment(namespace, everything(), replicas=0)
    stored = kube.create(copy.deepcopy(author))
    answer = crossfade("convert", "deployment/shop", "-o", "json")
    assert answer.returncode == 0, told(answer)
    short = json.loads(answer.stdout)["spec"]["template"]
    assert short == plain(author["spec"]["template"])
    again = {**author, "metadata": {**author["metadata"], "name": "again"}}
    again["spec"] = {**author["spec"], "template": short}
    assert kube.create(again)["spec"]["template"] == stored["spec"]["template"]


def everything() -> Object:
    """The shop's template with what the server fills in more than elsewhere."""
    template = manifests.template("v1")
    spec = template["spec"]
    [shop] = spec["containers"]
    shop |= {
        "livenessProbe": {"grpc": {"port": 9000}},
        "lifecycle": {"preStop": {"httpGet": {"path": "/stop", "port": 8080}}},
    }
    shop["env"].append({"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}})
    info = {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}
    spec |= {
        "serviceAccountName": "default",
        "initContainers": [{"name": "first", "image": "first"}],
        "volumes": [
            {"name": "conf", "configMap": {"name": "shop"}},
            {"name": "key", "secret": {"secretName": "shop"}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "host", "hostPath": {"path": "/data"}},
            {"name": "info", "downwardAPI": info},
            {
                "name": "all",
                "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"downwardAPI": info}]},
            },
        ],
    }
    return template


def plain(template: Object) -> Object:
    """The author's template less the two values in it that are defaults."""
    made = copy.deepcopy(template)
    for container in made["spec"]["containers"]:
        if container["image"].rpartition(":")[2] != "latest":
            container.pop("imagePullPolicy", None)
    return made


# What was


def test_a_release_is_found_by_its_number_gone_back_to_and_counted_as_a_failed_change(
    kube: Kube, namespace: str, crossfade: Run
) -> None:
    with Shop(kube, namespace, manifests.strategy("bigBang"), replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.wait_outcome(2)
        assert "the only one" not in crossfade("diff", "shop").stdout
        undone = crossfade("undo", "shop", "--to", "1", "--reason", "wrong prices").stdout
        shop.wait_phase("RolledBack")
        shop.wait_outcome(3)
        check_what_is_left_to_do(undone, crossfade)
        check_history(crossfade)
        check_report(crossfade)
        again = crossfade("undo", "shop", "--to", "3", code=2).stderr
        assert "is what serves already" in again


def check_what_is_left_to_do(undone: str, crossfade: Run) -> None:
    """The difference that undo prints is the one between the two releases."""
    changed = ["-      value: v2", "+      value: v1"]
    assert [line for line in undone.splitlines() if line in changed] == changed
    compared = crossfade("diff", "shop").stdout.splitlines()
    assert [line for line in compared if line in changed] == changed


def check_history(crossfade: Run) -> None:
    shown = json.loads(crossfade("history", "shop", "-o", "json").stdout)
    rows = [(each["number"], each["outcome"], each["mark"]) for each in shown["releases"]]
    assert rows == [(3, "Completed", "stable"), (2, "Completed", "undone"), (1, "Completed", "")]
    assert shown["releases"][0]["revision"] == shown["releases"][2]["revision"]
    assert all(each["seconds"] > 0 for each in shown["releases"])
    assert shown["releases"][1]["undone"]["reason"] == "wrong prices"
    assert shown["releases"][0]["acted"] == [f"Undo by {ME}: wrong prices"]


def check_report(crossfade: Run) -> None:
    """The change that was undone has failed, and what it took to go back is what it took to restore."""
    shown = json.loads(crossfade("report", "-o", "json").stdout)
    [figures] = shown["rollouts"]
    assert (figures["deployments"], figures["changes"], figures["failed"]) == (2, 1, 1)
    assert (figures["perDay"], figures["failurePercent"]) == (None, None)
    assert 0 < figures["restoreSeconds"] < 60
