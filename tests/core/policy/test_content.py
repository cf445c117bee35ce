"""What a spec breaks of a policy, rule by rule: with its place, and with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from builders import rollout
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.rollout import RolloutSpec
from crossfade.core.policy.content import broken
from crossfade.core.policy.rules.images import parsed

ERRORS = {"name": "errors", "builtIn": {"errors": {}}}
DIGEST = "@sha256:" + "0" * 64


def said(policy: dict[str, Any], strategy: dict[str, Any], **spec: Any) -> list[str]:
    """What the shop breaks with that strategy."""
    judged = RolloutSpec.model_validate(rollout(strategy, **spec)["spec"])
    found = broken(RolloutPolicySpec.model_validate(policy), judged, judged.template)
    return [each.message for each in found]


def canary(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"canary": {"steps": list(steps)}}


def rolling(*batches: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rolling": {"batches": list(batches), **more}}


CALM = {"weight": 5, "pauseSeconds": 600}
ASKS = {"weight": 50, "pause": "Manual"}
GROUP = {"match": [{"header": {"name": "x-group", "exact": "beta"}}]}
ROUTED: dict[str, Any] = {"traffic": {"httpRoute": {"name": "shop"}}}
AT_ONCE = [{"blueGreen": {}}, {"bigBang": {}}, rolling(), canary({"weight": 100})]


def test_a_policy_without_rules_asks_nothing() -> None:
    assert said({}, {"recreate": {}}) == []


def test_a_strategy_that_is_not_allowed_is_told_with_those_that_are() -> None:
    rule = {"strategies": {"allowed": ["canary", "blueGreen"]}}
    assert said(rule, {"recreate": {}}) == ["strategy.recreate is not allowed: use canary or blueGreen"]
    assert said(rule, {"blueGreen": {}}) == []


def test_a_first_step_may_be_as_large_as_the_limit_and_no_larger() -> None:
    rule = {"steps": {"maxInitialWeight": 10}}
    assert said(rule, canary({"weight": 10})) == []
    assert said(rule, canary({"weight": 10.1})) == [
        "steps[0].weight 10.1 is above 10: begin with a smaller step, of at most 10 %"
    ]


def test_a_step_for_a_group_alone_is_no_first_step() -> None:
    rule = {"steps": {"maxInitialWeight": 10}}
    assert said(rule, canary(GROUP, {"weight": 25}), **ROUTED) == [
        "steps[1].weight 25 is above 10: begin with a smaller step, of at most 10 %"
    ]


@pytest.mark.parametrize("strategy", AT_ONCE, ids=lambda each: next(iter(each)))
def test_what_gives_all_requests_at_once_is_above_any_limit(strategy: dict[str, Any]) -> None:
    (told,) = said({"steps": {"maxInitialWeight": 99}}, strategy)
    assert told.endswith("is above 99: begin with a smaller step, of at most 99 %")


@pytest.mark.parametrize("strategy", AT_ONCE, ids=lambda each: next(iter(each)))
def test_what_gives_all_requests_at_once_raises_them_by_100(strategy: dict[str, Any]) -> None:
    (told,) = said({"steps": {"maxIncrease": 50}}, strategy)
    assert told.endswith("is 100 more than before, and 50 is the most: add a step between")


def test_a_batch_has_the_part_that_its_pods_have() -> None:
    rule = {"steps": {"maxInitialWeight": 25}}
    batch = {"replicas": 1, "pauseSeconds": 60}
    assert said(rule, rolling(batch), replicas=4) == []
    assert said(rule, rolling(batch), replicas=3) == [
        "batches[0].replicas, 33 % of the requests, is above 25: begin with a smaller step, of at most 25 %"
    ]


def test_each_increase_is_judged_the_last_one_too() -> None:
    rule = {"steps": {"maxIncrease": 40}}
    assert said(rule, canary({"weight": 30}, {"weight": 60})) == []
    assert said(rule, canary({"weight": 10}, {"weight": 60}, {"weight": 99})) == [
        "steps[1].weight 60 is 50 more than before, and 40 is the most: add a step between"
    ]
    assert said(rule, canary({"weight": 30}, {"weight": 59})) == [
        "canary with all requests then is 41 more than before, and 40 is the most: add a step between"
    ]


def test_tenths_of_a_percent_are_compared_exactly() -> None:
    assert said({"steps": {"maxIncrease": 0.1, "maxInitialWeight": 99.9}}, canary({"weight": 99.9})) == []


def test_the_first_step_has_a_limit_of_its_own_where_there_is_one() -> None:
    strategy = canary({"weight": 50}, {"weight": 75})
    assert said({"steps": {"maxIncrease": 25, "maxInitialWeight": 50}}, strategy) == []
    assert said({"steps": {"maxIncrease": 25}}, strategy) == [
        "steps[0].weight 50 is 50 more than before, and 25 is the most: add a step between"
    ]


def test_each_stage_with_a_part_of_the_requests_rests_or_asks_a_person() -> None:
    rule = {"steps": {"minPauseSeconds": 300}}
    assert said(rule, canary(CALM, ASKS)) == []
    assert said(rule, canary(CALM, {"weight": 50, "pauseSeconds": 60})) == [
        "steps[1] rests 60 s, below 300: write pauseSeconds: 300 or pause: Manual there"
    ]
    assert said(rule, rolling({"replicas": 1})) == [
        "batches[0] rests 0 s, below 300: write pauseSeconds: 300 or pause: Manual there"
    ]


def test_a_step_of_copies_alone_needs_no_rest_and_one_of_a_group_does() -> None:
    rule = {"steps": {"minPauseSeconds": 300}}
    assert said(rule, canary({"mirror": "10%"}, CALM), **ROUTED) == []
    assert said(rule, canary(GROUP, CALM), **ROUTED) == [
        "steps[0] rests 0 s, below 300: write pauseSeconds: 300 or pause: Manual there"
    ]


def test_a_person_lets_the_last_stage_before_all_requests_pass() -> None:
    rule = {"steps": {"requireManualPromotion": True}}
    assert said(rule, canary(CALM, ASKS)) == []
    assert said(rule, {"blueGreen": {"promote": "Manual", "previewReplicas": 1}}) == []
    assert said(rule, rolling({"replicas": 1, "pause": "Manual"})) == []
    assert said(rule, canary({"weight": 5, "pause": "Manual"}, {"weight": 50})) == [
        "steps[1] goes on to all requests by itself: write pause: Manual there"
    ]
    assert said(rule, {"blueGreen": {}}) == [
        "blueGreen goes on to all requests by itself: write promote: Manual"
    ]
    assert said(rule, {"bigBang": {}}) == [
        "bigBang goes on to all requests by itself: use canary, with pause: Manual in its last step"
    ]


def test_a_pause_at_100_comes_too_late() -> None:
    rule = {"steps": {"requireManualPromotion": True}}
    assert said(rule, canary(CALM, {"weight": 100, "pause": "Manual"})) == [
        "steps[0] goes on to all requests by itself: write pause: Manual there"
    ]


def test_of_recreate_only_the_bake_is_asked() -> None:
    rule = {
        "steps": {
            "maxInitialWeight": 1,
            "maxIncrease": 1,
            "minPauseSeconds": 60,
            "requireManualPromotion": True,
            "minBakeSeconds": 600,
        }
    }
    assert said(rule, {"recreate": {}}) == ["bakeSeconds 30 is below 600: write bakeSeconds: 600"]
    assert said(rule, {"recreate": {}}, bakeSeconds=600) == []


def test_a_rollout_without_pods_is_judged_as_with_one() -> None:
    rule = {"steps": {"maxInitialWeight": 10}}
    assert said(rule, canary({"weight": 25}), replicas=0) == [
        "steps[0].weight 25 is above 10: begin with a smaller step, of at most 10 %"
    ]


@pytest.mark.parametrize(
    ("strategy", "more"),
    [
        (canary({**CALM, "analysis": {"metrics": [ERRORS]}}), {}),
        (canary(CALM, {"weight": 100, "analysis": {"metrics": [ERRORS]}}), {}),
        ({"blueGreen": {"beforeSwitch": {"metrics": [ERRORS]}}}, {}),
        (rolling(), {"analysis": {"metrics": [ERRORS]}}),
        (rolling(), {"bakeAnalysis": {"metrics": [ERRORS]}}),
    ],
    ids=["step", "step of 100", "before the switch", "background", "bake"],
)
def test_a_measurement_anywhere_will_do(strategy: dict[str, Any], more: dict[str, Any]) -> None:
    assert said({"analysis": {"required": True, "judgeRequired": True}}, strategy, **ROUTED, **more) == []


@pytest.mark.parametrize(
    ("strategy", "more"),
    [
        (canary(CALM), {}),
        (canary({"weight": 100}, {**GROUP, "analysis": {"metrics": [ERRORS]}}), {}),
        (rolling(), {"bakeAnalysis": {"metrics": [ERRORS]}, "bakeSeconds": 0}),
        (rolling(), {"analysis": {"metrics": [{**ERRORS, "dryRun": True}]}}),
    ],
    ids=["nowhere", "behind 100 %", "in a bake of no time", "only tells"],
)
def test_what_no_release_comes_to_is_no_measurement(strategy: dict[str, Any], more: dict[str, Any]) -> None:
    (told,) = said({"analysis": {"required": True}}, strategy, **ROUTED, **more)
    assert told.startswith("nothing is measured that decides: write an analysis, for example ")


@pytest.mark.parametrize(
    ("analysis", "kept"),
    [
        ({"templates": [{"name": "errors", "cluster": True}]}, True),
        ({"templates": [{"name": "speed", "cluster": True}, {"name": "errors", "cluster": True}]}, True),
        ({"templates": [{"name": "errors", "cluster": True}, {"name": "own"}]}, True),
        ({"templates": [{"name": "errors"}]}, False),
        ({"templates": [{"name": "own"}, {"name": "errors", "cluster": True}]}, False),
        ({"templates": [{"name": "errors", "cluster": True}], "metrics": [ERRORS]}, False),
    ],
    ids=[
        "alone",
        "behind another that is required",
        "before others",
        "a tenant's of that name",
        "behind others",
        "beside a metric",
    ],
)
def test_a_required_template_is_one_of_the_cluster_that_nothing_takes_the_place_of(
    analysis: dict[str, Any], *, kept: bool
) -> None:
    rule = {"analysis": {"requiredTemplates": ["errors", "speed"]}}
    speed = {"bakeAnalysis": {"templates": [{"name": "speed", "cluster": True}]}}
    told = said(rule, rolling(), analysis=analysis, **speed)
    missing = [
        (
            "ClusterAnalysisTemplate errors is not measured: name it ({name: errors, cluster: true}) before others, "
            "in an analysis without metrics of its own"
        )
    ]
    assert told == ([] if kept else missing)


def test_a_metric_that_compares_is_asked_for() -> None:
    number = {"name": "queue", "prometheus": {"query": "up"}, "success": "result < 1.0"}
    (told,) = said({"analysis": {"judgeRequired": True}}, rolling(), analysis={"metrics": [number]})
    assert told.startswith("no metric of its own compares the new revision with the stable one")


def test_a_metric_that_compares_waits_for_so_many_requests() -> None:
    rule = {"analysis": {"minRequests": 500}}
    enough = {**ERRORS, "judge": {"minRequests": 500}}
    few = {"name": "slow", "builtIn": {"latency": {"milliseconds": 250}}, "judge": {"minRequests": 499}}
    number = {"name": "queue", "prometheus": {"query": "up"}, "success": "result < 1.0"}
    assert (
        said(rule, rolling(), **ROUTED, analysis={"metrics": [enough, number, {**few, "dryRun": True}]}) == []
    )
    assert said(rule, rolling(), **ROUTED, analysis={"metrics": [enough, few]}) == [
        "metrics[slow].judge.minRequests 499 is below 500: write minRequests: 500"
    ]


def test_a_release_that_fails_may_not_be_left_as_it_is() -> None:
    rule = {"rollback": {}}
    assert said(rule, rolling(), onFailure="Pause") == [
        "onFailure: Pause leaves users with what failed: write onFailure: Abort, or leave it out"
    ]
    assert said(rule, rolling()) == []


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("nginx", "docker.io/library/nginx", ""),
        ("nginx:1.29", "docker.io/library/nginx", "1.29"),
        ("team/shop", "docker.io/team/shop", ""),
        ("docker.io/nginx", "docker.io/library/nginx", ""),
        ("index.docker.io/team/shop", "docker.io/team/shop", ""),
        ("registry.example.com/shop", "registry.example.com/shop", ""),
        ("registry.example.com:5000/shop", "registry.example.com:5000/shop", ""),
        ("registry:5000/team/shop:1", "registry:5000/team/shop", "1"),
        ("localhost/shop", "localhost/shop", ""),
        ("Registry/shop", "Registry/shop", ""),
        (f"shop:1{DIGEST}", "docker.io/library/shop", "1"),
        (f"registry:5000/shop{DIGEST}", "registry:5000/shop", ""),
    ],
)
def test_an_image_is_read_as_a_container_runtime_reads_it(image: str, repository: str, tag: str) -> None:
    assert parsed(image)[:2] == (repository, tag)


def images(image: str, **rule: Any) -> list[str]:
    return said({"images": rule}, rolling(), image=image)


def test_a_registry_is_a_beginning_up_to_a_border() -> None:
    allowed = ["registry.example.com/shop", "quay.io"]
    for image in ("registry.example.com/shop:1", "registry.example.com/shop/api", "quay.io/any/thing"):
        assert images(image, registries=allowed) == []
    for image in ("registry.example.com/shopping", "quay.io.evil.example/x", "quay.io:5000/x", "shop"):
        assert len(images(image, registries=allowed)) == 1


def test_an_image_from_elsewhere_is_told_by_the_name_that_it_is_judged_by() -> None:
    assert images("nginx", registries=["quay.io"]) == [
        "containers[app].image nginx is docker.io/library/nginx, which is from none of the allowed registries: use one of quay.io"
    ]


def test_a_digest_is_whole() -> None:
    assert images(f"shop:1{DIGEST}", digestRequired=True) == []
    for image in ("shop:1", "shop@sha256:00", f"shop{DIGEST}00"):
        assert images(image, digestRequired=True) == [
            f"containers[app].image {image} has no digest: write it as name@sha256:…"
        ]


def test_no_tag_means_latest_and_a_digest_means_none() -> None:
    assert images("shop", deniedTags=["latest"]) == [
        "containers[app].image shop has the denied tag latest: name another one"
    ]
    assert images(f"shop{DIGEST}", deniedTags=["latest"]) == []
    assert len(images(f"shop:latest{DIGEST}", deniedTags=["latest"])) == 1


BAD = {"name": "bad", "image": "evil"}
GOOD = {"name": "app", "image": "quay.io/shop"}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"initContainers": [BAD]}, "initContainers[bad].image"),
        ({"initContainers": [{**BAD, "restartPolicy": "Always"}]}, "initContainers[bad].image"),
        ({"ephemeralContainers": [BAD]}, "ephemeralContainers[bad].image"),
        ({"containers": [GOOD, BAD]}, "containers[bad].image"),
        ({"volumes": [{"name": "bad", "image": {"reference": "evil"}}]}, "volumes[bad].image.reference"),
    ],
    ids=["init", "sidecar", "ephemeral", "second", "volume"],
)
def test_no_container_is_left_out(more: dict[str, Any], place: str) -> None:
    template = {"spec": {"containers": [GOOD], **more}}
    (told,) = said({"images": {"registries": ["quay.io"]}}, rolling(), template=template)
    assert told.startswith(f"{place} evil ")


def job(image: str) -> dict[str, Any]:
    return {"job": {"template": {"spec": {"containers": [{"name": "job", "image": image}]}}}}


def test_the_jobs_of_hooks_and_metrics_run_no_other_images() -> None:
    rule = {"images": {"registries": ["quay.io"]}}
    hooks = [{"name": "migrate", "before": "Start", **job("evil")}]
    metrics = {"metrics": [{"name": "smoke", **job("worse")}]}
    told = said(rule, rolling(), image="quay.io/shop", hooks=hooks, analysis=metrics)
    assert [text.partition(" is ")[0] for text in told] == [
        "containers[job].image evil",
        "containers[job].image worse",
    ]


def test_an_image_that_is_put_together_later_is_refused_but_for_the_pods_own() -> None:
    rule = {"images": {"deniedTags": ["latest"]}}
    own = [{"name": "migrate", "before": "Start", **job("{{image}}")}]
    assert said(rule, rolling(), hooks=own) == []
    hidden = [{"name": "migrate", "before": "Start", **job("shop:{{tag}}")}]
    assert said(rule, rolling(), hooks=hidden) == [
        "containers[job].image shop:{{tag}} is known only when it runs: write the image itself, or {{image}}"
    ]


@pytest.mark.parametrize(
    "pod",
    [
        None,
        "text",
        {"containers": "none"},
        {"containers": [None, {"image": 5}]},
        {"volumes": [{"image": "x"}]},
    ],
)
def test_what_is_no_pod_is_left_to_the_api_server(pod: Any) -> None:
    policy = RolloutPolicySpec.model_validate({"images": {"digestRequired": True}})
    spec = RolloutSpec.model_validate(rollout(rolling())["spec"])
    assert broken(policy, spec, {"spec": pod}) == ()


def test_the_template_of_a_deployment_is_judged_where_it_can_be_seen() -> None:
    policy = RolloutPolicySpec.model_validate({"images": {"digestRequired": True}})
    body = {**rollout(rolling())["spec"], "workloadRef": {"name": "shop"}}
    template = body.pop("template")
    spec = RolloutSpec.model_validate(body)
    assert broken(policy, spec, None) == ()
    assert [each.rule for each in broken(policy, spec, template)] == ["images"]


def test_what_is_broken_has_the_mode_of_its_rule() -> None:
    policy = {"enforcement": "Audit", "ruleEnforcement": {"images": "Warn"}}
    rules = {"images": {"digestRequired": True}, "strategies": {"allowed": ["canary"]}}
    spec = RolloutSpec.model_validate(rollout(rolling())["spec"])
    found = broken(RolloutPolicySpec.model_validate({**policy, **rules}), spec, spec.template)
    assert [(each.rule, each.mode) for each in found] == [("strategies", "Audit"), ("images", "Warn")]
