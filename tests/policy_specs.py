"""Specs of Rollouts and of policies of every kind, for tests of what they come to together."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WEIGHTS = st.integers(1, 1000).map(lambda tenths: tenths // 10 if tenths % 10 == 0 else tenths / 10)
PAUSES = st.sampled_from(
    [{}, {"pauseSeconds": 0}, {"pauseSeconds": 60}, {"pauseSeconds": 300}, {"pause": "Manual"}]
)
DIGEST = "@sha256:" + "a1" * 32
HOSTS = st.sampled_from(
    [
        "",
        "",
        "registry.example.com/",
        "registry.example.com:5000/",
        "localhost/",
        "Big/",
        "docker.io/",
        "index.docker.io/",
        "shop/",
    ]
)
IMAGES = st.builds(
    "".join,
    st.tuples(
        HOSTS,
        st.sampled_from(["shop", "team/shop", "team/sub/shop"]),
        st.sampled_from(["", ":1.0", ":latest", ":dev"]),
        st.sampled_from(["", DIGEST, "@sha256:12", "{{name}}"]),
    ),
) | st.just("{{image}}")
CONTAINER = st.fixed_dictionaries({"name": st.sampled_from("ab"), "image": IMAGES})
VOLUME = st.sampled_from([{"name": "v", "emptyDir": {}}]) | st.builds(
    lambda image: {"name": "i", "image": {"reference": image}}, IMAGES
)
ODD = st.sampled_from(
    [None, "text", 5, {"image": "shop"}, [None], ["text"], [{"image": None}], [{"name": 5, "image": "shop"}]]
)
"""What is no list of containers: a chart writes nulls, and only the API server knows what else is wrong."""
PODS = st.fixed_dictionaries(
    {"containers": st.builds(lambda each: [each], CONTAINER)},
    optional={
        "initContainers": st.lists(CONTAINER, max_size=2) | ODD,
        "ephemeralContainers": st.lists(CONTAINER, max_size=1) | ODD,
        "volumes": st.lists(VOLUME, max_size=2) | ODD,
    },
)
TEMPLATES = st.builds(lambda pod: {"spec": pod}, PODS)
SOURCES = st.sampled_from(
    [{"builtIn": {"errors": {}}}, {"prometheus": {"query": "up"}, "success": "result < 1.0"}]
) | st.builds(lambda template: {"job": {"template": template}}, TEMPLATES)
METRICS = st.builds(
    lambda source, more, name: {"name": name, **source, **more},
    SOURCES,
    st.sampled_from(
        [{}, {"dryRun": True}, {"dryRun": False}, {"judge": {"minRequests": 500}}, {"judge": {}}]
    ),
    st.sampled_from(["errors", "speed"]),
)
REFS = st.fixed_dictionaries(
    {"name": st.sampled_from(["errors", "speed", "own"])}, optional={"cluster": st.booleans()}
)


def refs(least: int, most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """References to templates, each once."""
    return st.lists(
        REFS, min_size=least, max_size=most, unique_by=lambda ref: (ref["name"], ref.get("cluster", False))
    )


OWN = st.lists(METRICS, min_size=1, max_size=2, unique_by=lambda metric: metric["name"])
ANALYSES = st.one_of(
    st.fixed_dictionaries({"templates": refs(1, 3)}),
    st.fixed_dictionaries({"metrics": OWN}),
    st.fixed_dictionaries({"templates": refs(1, 2), "metrics": OWN}),
)
STEPS = st.lists(
    st.tuples(
        st.none() | WEIGHTS | st.just(100),
        PAUSES,
        st.booleans(),
        st.none() | ANALYSES,
    ),
    min_size=1,
    max_size=5,
)


def canary(steps: list[tuple[float | None, dict[str, Any], bool, dict[str, Any] | None]]) -> dict[str, Any]:
    """Steps with rising weights; one without a weight has a group or copies."""
    given = iter(sorted({weight for weight, *_ in steps if weight is not None}))
    written = []
    for weight, pause, group, analysis in steps:
        own = next(given, None) if weight is not None else None
        reach = {"match": [{"header": {"name": "x", "exact": "y"}}]} if group else {"mirror": "5%"}
        step = {
            **pause,
            **({} if own is None else {"weight": own}),
            **(reach if own is None or group else {}),
        }
        written.append(step if analysis is None else {**step, "analysis": analysis})
    return {"canary": {"steps": written}}


AMOUNTS = st.integers(1, 12) | st.integers(1, 100).map("{}%".format)
BATCHES = st.lists(st.builds(lambda size, pause: {"replicas": size, **pause}, AMOUNTS, PAUSES), max_size=5)
CHOSEN = (
    STEPS.map(canary)
    | st.builds(
        lambda batches, surge, missing: {
            "rolling": {"batches": batches, "maxSurge": surge, "maxUnavailable": missing}
        },
        BATCHES,
        AMOUNTS | st.sampled_from([0, "0%"]),
        st.sampled_from([0, 1, "50%", "100%"]),
    )
    | st.builds(
        lambda promote, look: {
            "blueGreen": {"promote": promote} | ({} if look is None else {"beforeSwitch": look})
        },
        st.sampled_from(["Manual", "Automatic"]),
        st.none() | ANALYSES,
    )
    | st.sampled_from([{"bigBang": {}}, {"recreate": {}}])
)
HOOKS = st.builds(
    lambda template: [{"name": "migrate", "before": "Start", "job": {"template": template}}], TEMPLATES
)
SPECS = st.fixed_dictionaries(
    {
        "strategy": CHOSEN,
        "template": TEMPLATES,
        "replicas": st.integers(0, 12),
        "service": st.just({"ports": [{"port": 80}]}),
        "traffic": st.just({"httpRoute": {"name": "shop"}}),
    },
    optional={
        "bakeSeconds": st.sampled_from([0, 30, 600]),
        "onFailure": st.sampled_from(["Abort", "Pause"]),
        "analysis": ANALYSES,
        "bakeAnalysis": ANALYSES,
        "hooks": HOOKS,
    },
)
EACH_RULE: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "strategies": st.builds(
        lambda allowed: {"allowed": sorted(allowed)},
        st.sets(st.sampled_from(["canary", "rolling", "blueGreen", "bigBang"]), min_size=1),
    ),
    "steps": st.fixed_dictionaries(
        {},
        optional={
            "maxInitialWeight": WEIGHTS,
            "maxIncrease": WEIGHTS,
            "minPauseSeconds": st.sampled_from([60, 300]),
            "minBakeSeconds": st.sampled_from([0, 31, 600]),
            "requireManualPromotion": st.booleans(),
        },
    ),
    "analysis": st.fixed_dictionaries(
        {},
        optional={
            "required": st.booleans(),
            "requiredTemplates": st.sampled_from([[], ["errors"], ["errors", "speed"]]),
            "judgeRequired": st.booleans(),
            "minRequests": st.sampled_from([1, 500, 501]),
        },
    ),
    "rollback": st.just({"onFailure": "Abort"}),
    "images": st.fixed_dictionaries(
        {},
        optional={
            "registries": st.sampled_from(
                [
                    [],
                    ["docker.io"],
                    ["docker.io/library/", "localhost"],
                    ["registry.example.com/team", "Big"],
                ]
            ),
            "digestRequired": st.booleans(),
            "deniedTags": st.sampled_from([[], ["latest"], ["dev", "latest"]]),
        },
    ),
}
POLICIES = st.fixed_dictionaries({}, optional=EACH_RULE)
