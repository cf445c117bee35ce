"""The models and the generated schema accept and refuse the same specs.

Rules of several fields exist twice, in Python and in CEL, and are compared on a real API server in tests/kind.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from crossfade.api.action import RolloutAction
from crossfade.api.analysis_template import AnalysisTemplate
from crossfade.api.crd import KINDS, root_schema
from crossfade.api.rollout import Rollout, RolloutSpec
from samples import examples

BEYOND_SCHEMA = {"rule", "duplicate"}
"""Errors whose counterpart is CEL or a list map's keys, which JSON schema does not know."""


def pruned(value: Any) -> Any:
    """Leave out nulls in objects, as the API server does before it looks at the schema."""
    if isinstance(value, list):
        return [pruned(item) for item in value]
    if isinstance(value, dict):
        return {name: pruned(item) for name, item in value.items() if item is not None}
    return value


def plain(schema: Any) -> Any:
    """Write `x-kubernetes-int-or-string`, which JSON schema does not know, as a type, and a bound as it has it now."""
    if not isinstance(schema, dict):
        return schema
    said = {"type": ["integer", "string"]} if schema.get("x-kubernetes-int-or-string") is True else {}
    if schema.get("exclusiveMinimum") is True:
        said["exclusiveMinimum"] = schema["minimum"]
    return {name: plain(value) for name, value in schema.items()} | said


SCHEMAS = {kind.model: Draft202012Validator(plain(root_schema(kind.model))) for kind in KINDS}

STRATEGIES: list[dict[str, Any]] = [
    {"recreate": {"maxDowntimeSeconds": 60, "pullFirst": False}},
    {
        "rolling": {
            "maxSurge": "25%",
            "maxUnavailable": 1,
            "batches": [{"replicas": "25%", "pauseSeconds": 1}, {"replicas": 1, "pause": "Manual"}],
        }
    },
    {"blueGreen": {"previewReplicas": 1, "promote": "Automatic", "promoteAfterSeconds": 5}},
    {
        "blueGreen": {
            "previewMatch": [{"cookie": {"name": "a", "exact": "b"}, "query": {"name": "a", "regex": "b"}}],
            "previewHostnames": ["a.example", "*.example"],
        }
    },
    {
        "canary": {
            "steps": [
                {"match": [{"header": {"name": "x-group", "exact": "beta"}}], "candidateReplicas": 1},
                {"weight": 0.1, "pauseSeconds": 0, "mirror": "10%"},
                {"weight": 100, "pause": "Manual"},
            ],
            "maxSurge": 1,
            "sticky": True,
            "dynamicStable": True,
        }
    },
    {"bigBang": {}},
]
ROUTES: list[dict[str, Any]] = [
    {"httpRoute": {"name": "shop", "rule": "main"}},
    {"tcpRoute": {"name": "shop"}},
    {
        "gateway": {
            "parentRefs": [{"name": "public", "namespace": "gateways", "sectionName": "https", "port": 443}],
            "hostnames": ["shop.example"],
            "matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}],
            "filters": [{"type": "CORS", "cors": {}}],
            "timeouts": {"request": "10s", "backendRequest": "500ms"},
        }
    },
]
FULL: dict[str, Any] = {
    "replicas": 4,
    "template": {
        "metadata": {"labels": {"app": "shop"}, "annotations": {}},
        "spec": {
            "containers": [{"name": "app", "image": "shop:1", "env": []}],
            "terminationGracePeriodSeconds": 9,
        },
    },
    "service": {
        "name": "shop",
        "ports": [
            {"port": 80, "targetPort": "http", "name": "http", "protocol": "TCP"},
            {"port": 81, "targetPort": 8080, "name": "more", "protocol": "UDP"},
        ],
        "adopt": False,
    },
    "bakeSeconds": 0,
    "onFailure": "Pause",
    "progressDeadlineSeconds": 900,
    "minReadySeconds": 1,
    "drainSeconds": 0,
    "revisionHistoryLimit": 0,
    "rollbackRevisions": 0,
    "paused": True,
    "onDelete": "GiveBack",
}
"""A spec in which every field is set, so that each can be changed."""

NUMBERS = [
    -1,
    0,
    1,
    2,
    50,
    51,
    100,
    101,
    3600,
    3601,
    10_000,
    10_001,
    65_535,
    65_536,
    604_800,
    604_801,
    2**31,
    0.05,
    0.1,
    12.5,
    100.5,
]
TEXTS = [
    "",
    "a",
    "A",
    "a-b",
    "-a",
    "80",
    "http",
    "Manual",
    "Automatic",
    "Abort",
    "Pause",
    "TCP",
    "SCTP",
    "Delete",
]
NAMES = ["shop.example", "*.example", "*", "Shop", "10s", "1h2m", "10", "(beta", "x_y", "a b"]
SHARES = ["0%", "1%", "25%", "100%", "101%", "025%", "25", "%", "25%\n", "٢%"]
LENGTHS = ["a" * n for n in (15, 16, 40, 41, 55, 56, 63, 64, 1024, 1025)]
values = st.sampled_from(
    [*NUMBERS, *TEXTS, *NAMES, *SHARES, *LENGTHS, None, True, False, [], {}, [{}] * 65, ["a"], {"a": 1}]
)


def places(at: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside `at`."""
    if not isinstance(at, dict | list):
        return []
    inside = at.items() if isinstance(at, dict) else enumerate(at)
    return [found for key, value in inside for found in ((*path, key), *places(value, (*path, key)))]


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A spec in which up to three places are removed or hold something else."""
    chosen = {"strategy": draw(st.sampled_from(STRATEGIES)), "traffic": draw(st.sampled_from(ROUTES))}
    return changed(draw, {**FULL, **chosen})


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """The same of a template with one metric, of every kind."""
    metric = {
        "name": "limit",
        **draw(st.sampled_from(METRICS)),
        "success": "result < 1",
        "judge": {"burst": 2},
    }
    return changed(draw, {"metrics": [metric], "arguments": [{"name": "a", "value": "b"}]})


def changed(draw: st.DrawFn, unchanged: dict[str, Any]) -> dict[str, Any]:
    """It with up to three places removed or holding something else."""
    spec = copy.deepcopy(unchanged)
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(places(spec) or [("emptied",)]))
        at: Any = spec
        for part in parents:
            at = at[part]
        if draw(st.booleans()):
            at[last] = copy.deepcopy(draw(values))
        elif isinstance(at, dict):
            at.pop(last, None)
    return spec


KEY = {"name": "held", "key": "token"}
METRICS: list[dict[str, Any]] = [
    {"builtIn": {"latency": {"milliseconds": 250}}},
    {"compare": {"bad": "a[{{window}}]", "total": "b[{{window}}]"}},
    {
        "prometheus": {
            "query": "up",
            "address": "http://a.example",
            "bearerToken": KEY,
            "range": {"seconds": 60, "stepSeconds": 15},
            "timeoutSeconds": 5,
        }
    },
    {
        "web": {
            "url": "http://a.example",
            "method": "POST",
            "headers": [{"name": "X-A", "value": "b"}, {"name": "X-B", "secret": KEY}],
            "body": "{}",
            "jsonPath": "$.rate",
            "bearerToken": KEY,
            "timeoutSeconds": 60,
        }
    },
    {"webhook": {"url": "http://a.example", "secret": KEY, "timeoutSeconds": 1}},
    {
        "datadog": {
            "queries": [{"name": "a", "query": "b"}],
            "formula": "a",
            "aggregator": "sum",
            "apiKey": KEY,
            "applicationKey": KEY,
            "address": "https://a.example",
            "timeoutSeconds": 10,
        }
    },
    {
        "newRelic": {
            "account": 1,
            "query": "a",
            "userKey": KEY,
            "address": "https://a.example",
            "timeoutSeconds": 10,
        }
    },
    {
        "cloudWatch": {
            "region": "eu-central-1",
            "metrics": [
                {
                    "id": "a",
                    "namespace": "b",
                    "name": "c",
                    "statistic": "p99",
                    "dimensions": [{"name": "d", "value": "e"}],
                }
            ],
            "expression": "a",
            "periodSeconds": 5,
            "allPeriods": True,
            "accessKeyId": KEY,
            "secretAccessKey": KEY,
            "sessionToken": KEY,
            "address": "https://a.example",
            "timeoutSeconds": 10,
        }
    },
    {
        "influxdb": {
            "address": "https://a.example",
            "organization": "a",
            "query": "b",
            "token": KEY,
            "timeoutSeconds": 10,
        }
    },
]

actions = st.fixed_dictionaries(
    {"rollout": values, "action": st.sampled_from(["Promote", "Undo", "promote", ""])},
    optional={"revision": values, "reason": values},
)


def refused_by_model(model: type[Any], obj: dict[str, Any]) -> list[str]:
    """Where the model finds something wrong that a schema can know."""
    try:
        model.model_validate(obj, by_alias=True, by_name=False)
    except ValidationError as error:
        return [
            str(detail)
            for detail in error.errors()
            if detail["type"] not in BEYOND_SCHEMA and not by_rule(detail)
        ]
    return []


def by_rule(detail: Any) -> bool:
    """A missing strategy is left to a rule, whose message says what to write."""
    return detail["type"] == "missing" and detail["loc"] == ("spec", "strategy")


def refused_by_schema(model: type[Any], obj: dict[str, Any]) -> list[str]:
    return [error.message for error in SCHEMAS[model].iter_errors(pruned(obj))]


def ends_in_a_newline(value: object) -> bool:
    """Whether a text in it ends in a newline: Python's `$` matches before that one, the API server's (RE2) does not."""
    if isinstance(value, dict):
        return any(ends_in_a_newline(each) for each in value.values())
    if isinstance(value, list):
        return any(ends_in_a_newline(each) for each in value)
    return isinstance(value, str) and value.endswith("\n")


@settings(
    max_examples=examples(300), derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(specs())
def test_the_model_refuses_a_rollout_exactly_when_the_schema_does(spec: dict[str, Any]) -> None:
    obj = {"metadata": {"name": "shop"}, "spec": spec}
    assume(not ends_in_a_newline(obj))
    by_model, by_schema = refused_by_model(Rollout, obj), refused_by_schema(Rollout, obj)
    assert bool(by_model) == bool(by_schema), (by_model, by_schema)


@settings(
    max_examples=examples(300), derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(templates())
def test_the_model_refuses_a_template_exactly_when_the_schema_does(spec: dict[str, Any]) -> None:
    obj = {"metadata": {"name": "a"}, "spec": spec}
    assume(not ends_in_a_newline(obj))
    by_model, by_schema = refused_by_model(AnalysisTemplate, obj), refused_by_schema(AnalysisTemplate, obj)
    assert bool(by_model) == bool(by_schema), (by_model, by_schema)


@settings(max_examples=examples(200), derandomize=True, deadline=None)
@given(actions)
def test_the_model_refuses_an_action_exactly_when_the_schema_does(spec: dict[str, Any]) -> None:
    obj = {"metadata": {"name": "a"}, "spec": spec}
    assert bool(refused_by_model(RolloutAction, obj)) == bool(refused_by_schema(RolloutAction, obj))


def defaulted(schema: dict[str, Any], value: Any) -> Any:
    """Fill in the schema's defaults as the API server does when an object is stored."""
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    filled = {name: field["default"] for name, field in known.items() if "default" in field} | value
    return {name: defaulted(known.get(name, {}), item) for name, item in filled.items()}


@settings(
    max_examples=examples(300), derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(specs())
def test_what_the_api_server_stores_reads_back_equal(spec: dict[str, Any]) -> None:
    try:
        submitted = RolloutSpec.model_validate(spec)
    except ValidationError:
        return
    stored = RolloutSpec.model_validate(defaulted(root_schema(Rollout)["properties"]["spec"], pruned(spec)))
    assert pruned(stored.to_wire()) == pruned(submitted.to_wire())
