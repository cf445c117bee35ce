"""`crossfade policy test`: what is said of a manifest, with a cluster and without."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
ALWAYS = {"name": "always", "kind": "Deny", "timeZone": "UTC", "start": "2020-01-01T00:00:00Z"}
CLOSED = {**ALWAYS, "end": "2999-01-01T00:00:00Z", "reason": "no releases"}
DENIED = (
    "rollouts.crossfade.dev \"shop\" is forbidden: ValidatingAdmissionPolicy 'crossfade-policies-enforce' with binding "
    "'crossfade-policies-enforce' denied request: policy production, rule images"
)


def manifest(image: str = "shop:v2", name: str = "shop", **spec: Any) -> dict[str, Any]:
    """A Rollout as somebody writes it."""
    body: dict[str, Any] = {**default_spec(), **spec}
    body["template"] = {"spec": {"containers": [{"name": "app", "image": image}]}}
    return {
        "apiVersion": "crossfade.dev/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": body,
    }


def written(tmp_path: Path, *objects: Any, name: str = "rollout.yaml") -> str:
    path = tmp_path / name
    path.write_text(yaml.safe_dump_all(objects))
    return str(path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def stored(image: str = "shop:v1", **status: Any) -> dict[str, Any]:
    """The same Rollout, applied before with another image, which serves."""
    found = named("shop", phase="Healthy", stable={"revision": "aaa111"}, **status)
    found["spec"] = manifest(image)["spec"]
    return found


def test_a_manifest_that_keeps_all_is_taken(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(policy(strategies={"allowed": ["canary"]}), namespace("demo"))
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    assert lines(capsys) == [
        "shop in demo: taken",
        "policy production (Enforce)",
        "✓ strategies kept",
        "API server: takes it (dry run)",
    ]
    [(replaces, body)] = cluster.tried
    assert (replaces, body["metadata"]) == (False, {"name": "shop", "namespace": "demo"})


def test_a_manifest_that_breaks_a_rule_is_refused_and_the_server_says_so_too(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(policy(images={"digestRequired": True}), namespace("demo"))
    cluster.verdict = ApiError(403, "Forbidden", DENIED)
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 2
    told = lines(capsys)
    assert told[0] == "shop in demo: refused"
    assert told[2].startswith("✗ images refused: containers[app].image shop:v2 has no digest")
    assert told[3] == f"API server: refuses it: {DENIED}"
    assert len(told) == 4


def test_where_the_two_answers_differ_it_says_so_and_what_that_may_be(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, manifest())
    lax = FakeCluster(policy(images={"digestRequired": True}), namespace("demo"))
    assert crossfade(lax, "policy", "test", "-f", path) == 2
    assert "Differs: the API server takes it, although a policy refuses it" in capsys.readouterr().out
    strict = FakeCluster(policy(), namespace("demo"))
    strict.verdict = ApiError(403, "Forbidden", DENIED)
    assert crossfade(strict, "policy", "test", "-f", path) == 2
    assert (
        "Differs: the API server refuses it, and no policy that was found here does"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("mode", "told"), [("Warn", "! images only warns"), ("Audit", "· images only written down")]
)
def test_a_rule_that_only_warns_refuses_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, mode: str, told: str
) -> None:
    rules = policy(images={"digestRequired": True}, ruleEnforcement={"images": mode})
    cluster = FakeCluster(rules, namespace("demo"))
    cluster.verdict = ("policy production, rule images",)
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    shown = lines(capsys)
    assert shown[2].startswith(f"{told}: containers[app].image")
    assert shown[-1] == "! it warns: policy production, rule images"


def test_what_holds_a_release_is_told_with_its_moment_and_its_end(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = policy(
        windows=[{**CLOSED, "applies": ["Promote"]}],
        freeze={"reason": "incident 42", "until": "2999-01-01T00:00:00Z"},
        approvals=[
            {"name": "leads", "before": "Promote", "count": 2, "groups": ["leads"]},
            {"name": "dba", "before": "Step", "step": 7},
        ],
    )
    cluster = FakeCluster(rules, namespace("demo"), stored())
    cluster.user = "ann"
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    told = lines(capsys)
    assert told[0] == "shop in demo: taken, and its release waits"
    assert any(
        each.startswith("… freeze waits before Start: frozen until 2999-01-01 00:00 UTC: incident 42")
        for each in told
    )
    assert any(each.startswith("… windows waits before Promote: window always is closed") for each in told)
    assert any(
        each.startswith("… approvals waits before Promote: approval leads before Promote: 0 of 2 given")
        and "needs somebody of leads, and not who asks for it: " in each
        for each in told
    )
    assert any(
        each.startswith("… approvals waits before Promote: approval dba before Step 7: 0 of 1")
        for each in told
    )


def test_a_window_that_rejects_refuses_what_is_applied_meanwhile(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(policy(windows=[{**CLOSED, "onClosed": "Reject"}]), namespace("demo"), stored())
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 2
    assert lines(capsys)[2].startswith("✗ windows refused before Start: window always is closed")


def test_what_brings_no_release_or_is_the_way_back_is_held_by_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frozen = policy(freeze={"reason": "incident 42"})
    old, new = (revision_of(manifest(image)["spec"]["template"]) for image in ("shop:v1", "shop:v2"))
    path = written(tmp_path, manifest("shop:v1"))
    same = stored(completed=[old])
    same["status"]["stable"] = {"revision": old}
    assert crossfade(FakeCluster(frozen, namespace("demo"), same), "policy", "test", "-f", path) == 0
    assert "· freeze not asked: the template is the one that serves: no release begins" in lines(capsys)
    later = stored("shop:v2", completed=[new, old])
    later["status"]["stable"] = {"revision": new}
    assert crossfade(FakeCluster(frozen, namespace("demo"), later), "policy", "test", "-f", path) == 0
    assert (
        "· freeze not asked: it is the return to a revision that has proved itself, which nothing holds"
        in lines(capsys)
    )


def test_a_spec_that_does_not_change_is_not_refused_and_its_release_waits(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(policy(images={"digestRequired": True}), namespace("demo"), stored("shop:v2"))
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest(replicas=9))) == 0
    assert lines(capsys)[2].startswith("… images waits: containers[app].image")


def test_a_policy_that_is_passed_for_now_says_by_whom(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    passed = {"policy": "production", "by": "bob", "reason": "down", "until": "2999-01-01T00:00:00Z"}
    ended = {**passed, "by": "ann", "until": "2020-01-01T00:00:00Z"}
    cluster = FakeCluster(
        policy(images={"digestRequired": True}), namespace("demo"), stored(bypasses=[ended, passed])
    )
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    assert lines(capsys)[2].startswith(
        "· images passed: passed by bob until 2999-01-01 00:00 UTC: down; else containers[app].image"
    )
    kept = FakeCluster(
        policy(strategies={"allowed": ["canary"]}), namespace("demo"), stored(bypasses=[passed])
    )
    assert crossfade(kept, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    assert lines(capsys)[2] == "✓ strategies kept: passed by bob until 2999-01-01 00:00 UTC: down"


def test_the_dry_run_asks_for_what_an_apply_would_store(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    live = stored()
    live["metadata"]["labels"] = {"team": "web"}
    live["spec"]["replicas"] = 7
    mine = manifest(strategy={"blueGreen": {}})
    del mine["spec"]["replicas"]
    cluster = FakeCluster(namespace("demo"), live)
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, mine)) == 0
    [(replaces, body)] = cluster.tried
    assert replaces
    assert body["spec"] == {**mine["spec"], "replicas": 7}
    assert body["metadata"]["labels"] == {"team": "web"}
    assert body["metadata"]["resourceVersion"] == "7"
    assert "No RolloutPolicy is about it." in capsys.readouterr().out


def test_who_may_not_write_there_is_told_that_the_server_judged_nothing(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(policy(), namespace("demo"))
    cluster.verdict = forbidden("create", "rollouts")
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    assert "API server: not asked: you may not create Rollouts in demo" in capsys.readouterr().out


def test_labels_of_the_namespace_and_of_the_rollout_say_which_policies_are_about_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    by_namespace = policy("one", namespaceSelector={"matchLabels": {"env": "production"}})
    by_rollout = policy("two", rolloutSelector={"matchLabels": {"tier": "web"}})
    mine = manifest()
    mine["metadata"]["labels"] = {"tier": "web"}
    cluster = FakeCluster(by_namespace, by_rollout, namespace("demo", env="dev"))
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, mine)) == 0
    told = capsys.readouterr().out
    assert "policy two" in told
    assert "policy one" not in told


def test_a_slot_that_is_taken_is_told_with_the_place(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = named("till", progress={"revision": "bbb222"})
    cluster = FakeCluster(policy(concurrency={"maxActive": 1}), namespace("demo"), stored(), other)
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    assert (
        "… concurrency waits before Start: 1 of 1 release is under way in the cluster, among those of this policy; place 1"
        in " ".join(lines(capsys))
    )


def test_a_quota_that_is_used_up_is_told_with_its_end(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    cluster = FakeCluster(
        policy(quota={"maxPerDay": 1}), namespace("demo"), stored(starts=[begun.isoformat()])
    )
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest()), "-o", "json") == 0
    [told] = json.loads(capsys.readouterr().out)["rollouts"]
    [rule] = told["policies"][0]["rules"]
    assert (rule["verdict"], rule["before"], rule["now"]) == ("Held", "Start", True)
    assert datetime.fromisoformat(rule["until"]) == begun + timedelta(days=1)


def test_what_may_not_be_read_is_said(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(policy(concurrency={"maxActive": 1}), stored())
    cluster.unreadable = {"Namespace"}
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    assert "? you may not list namespaces" in " ".join(lines(capsys))


def test_a_policy_that_cannot_be_read_holds(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, manifest())
    cluster = FakeCluster(
        policy(steps={"maxInitialWeight": "ten"}), policy("new", colour={}), namespace("demo")
    )
    assert crossfade(cluster, "policy", "test", "-f", path) == 0
    told = " ".join(lines(capsys))
    assert "spec waits before Start: it cannot be read, so it holds: spec.steps.maxInitialWeight" in told
    assert "spec.colour: this version of crossfade does not know that field" in told


def test_without_a_cluster_the_policies_of_the_files_are_asked(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = policy(
        namespaceSelector={"matchLabels": {"env": "production"}},
        strategies={"allowed": ["blueGreen"]},
        concurrency={"maxActive": 1},
        expressions=[{"name": "owner", "expression": "true", "message": "label it"}],
    )
    del rules["metadata"]["resourceVersion"]
    files = ("-f", written(tmp_path, manifest()), "-f", written(tmp_path, rules, name="policy.yaml"))
    cluster = FakeCluster()
    cluster.failures = [ApiError(0, "Unreachable", "no cluster is to be asked")]
    assert crossfade(cluster, "policy", "test", *files, "--namespace-labels", "env=production") == 2
    told = lines(capsys)
    assert told[2] == "✗ strategies refused: strategy.canary is not allowed: use blueGreen"
    assert "? expressions not known: owner: CEL, which the API server alone judges (label it)" in told
    assert "? concurrency not known: without a cluster nobody knows how many releases are under way" in told
    assert told[-1] == "API server: not asked: no cluster was asked: the policies are those of the files"
    assert crossfade(cluster, "policy", "test", *files) == 0
    assert (
        "the labels of namespace default are not known, and production asks for some"
        in capsys.readouterr().out
    )
    labelled = {**namespace("default", env="production"), "apiVersion": "v1"}
    more = ("-f", written(tmp_path, labelled, name="namespace.yaml"))
    assert crossfade(cluster, "policy", "test", *files, *more) == 2
    assert cluster.tried == []


def test_the_name_of_a_namespace_is_a_label_that_is_known(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = policy(
        namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "web"}},
        steps={"maxInitialWeight": 10},
    )
    files = ("-f", written(tmp_path, manifest(), rules))
    assert crossfade(FakeCluster(), "policy", "test", *files, "-n", "web") == 2
    assert "labels of namespace" not in capsys.readouterr().out
    assert crossfade(FakeCluster(), "policy", "test", *files, "-n", "other") == 0
    assert lines(capsys)[0] == "shop in other: taken"


def test_programs_get_the_same(crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cluster = FakeCluster(policy(images={"digestRequired": True}), namespace("demo"))
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest()), "-o", "json") == 2
    [told] = json.loads(capsys.readouterr().out)["rollouts"]
    assert (told["refused"], told["held"], told["server"]["asked"]) == (True, False, True)
    assert told["policies"][0]["rules"][0]["verdict"] == "Refused"


def test_all_that_is_wrong_in_the_files_is_told_at_once(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    friday = {"name": "friday", "kind": "Deny", "timeZone": "Europe/Belrin", "dates": ["2026-12-24"]}
    wrong, typo = policy(windows=[friday]), policy("other", stpes={})
    files = ("-f", written(tmp_path, manifest()), "-f", written(tmp_path, wrong, typo, name="policy.yaml"))
    assert crossfade(FakeCluster(), "policy", "test", *files) == 1
    told = capsys.readouterr().err
    assert "policy.yaml: RolloutPolicy 'production': window friday: " in told
    assert "policy.yaml: RolloutPolicy 'other': spec.stpes: is not a field: did you mean steps?" in told
    bad = manifest(replicas=-1)
    assert crossfade(FakeCluster(), "policy", "test", "-f", written(tmp_path, bad)) == 1
    assert "Rollout 'shop': spec.replicas: must be at least 0" in capsys.readouterr().err
    assert crossfade(FakeCluster(), "policy", "test", "-f", written(tmp_path, policy())) == 1
    assert "no Rollout in it (RolloutPolicy of crossfade.dev/v1alpha1" in capsys.readouterr().err


def test_expressions_are_kept_where_the_server_has_judged_them(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    owner = {"name": "owner", "expression": "has(object.metadata.labels)", "message": "label it"}
    path = written(tmp_path, manifest())
    judged = FakeCluster(policy(expressions=[owner]), namespace("demo"))
    assert crossfade(judged, "policy", "test", "-f", path) == 0
    assert "✓ expressions kept: owner: by the API server's dry run" in lines(capsys)
    warned = FakeCluster(policy(expressions=[owner], enforcement="Warn"), namespace("demo"))
    assert crossfade(warned, "policy", "test", "-f", path) == 0
    assert "? expressions not known: owner: CEL, which the API server alone judges (label it)" in lines(
        capsys
    )


def test_who_may_not_list_policies_gets_the_answer_of_the_server_alone(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster(namespace("demo"))
    cluster.unreadable = {"RolloutPolicy"}
    cluster.verdict = ApiError(403, "Forbidden", DENIED)
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 2
    told = lines(capsys)
    assert told[:2] == ["shop in demo: refused", f"API server: refuses it: {DENIED}"]
    assert told[-1].startswith(
        "? you may not list rolloutpolicies.crossfade.dev, so only the API server's own"
    )
    cluster.verdict = ()
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 0
    told = lines(capsys)
    assert told[:2] == ["shop in demo: taken, as far as known", "API server: takes it (dry run)"]
    assert "crossfade-policy-viewer by a ClusterRoleBinding" in told[-1]


def test_a_cluster_that_does_not_answer_ends_it_with_what_to_do(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster = FakeCluster()
    cluster.failures = [ApiError(0, "Unreachable", "cannot reach the API server at https://x")]
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest())) == 1
    assert "cannot reach the API server at https://x" in capsys.readouterr().err


def test_labels_without_policies_in_files_or_of_a_wrong_form_are_told(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, manifest())
    assert crossfade(FakeCluster(), "policy", "test", "-f", path, "--namespace-labels", "env=prod") == 1
    assert "--namespace-labels is for tests without a cluster" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        crossfade(FakeCluster(), "policy", "test", "-f", path, "--namespace-labels", "env")
    assert "'env' is not KEY=VALUE: write for example env=production" in capsys.readouterr().err


@pytest.mark.parametrize("image", ["shop:v1", "shop:v2"])
def test_who_asked_for_the_last_release_is_named_for_no_other_one(
    crossfade: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str
) -> None:
    """What is stored already was asked for by somebody; what is to be applied was not."""
    asked = stored()
    asked["metadata"]["annotations"] = {"crossfade.dev/requester": "carl"}
    asks = policy(approvals=[{"name": "leads", "before": "Promote"}])
    cluster = FakeCluster(asks, namespace("demo"), asked)
    assert crossfade(cluster, "policy", "test", "-f", written(tmp_path, manifest(image))) == 0
    told = capsys.readouterr().out
    assert ("not carl who asked for it" in told) == (image == "shop:v1")
    assert ("not who asks for it" in told) == (image == "shop:v2")
