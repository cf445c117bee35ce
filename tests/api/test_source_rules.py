"""The rules of metrics and of their sources say the same in CEL and in Python, for every way to write one."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any, Final

import pytest
from cel_expr_python import cel
from pydantic import ValidationError

from crossfade.api.analysis import Compare, Metric
from crossfade.api.base import Model
from crossfade.api.sources import CloudWatch, Datadog, Header, Range, Web

KEY: Final = {"name": "held", "key": "token"}
WEB: Final = {"url": "http://a.example", "jsonPath": "$"}
SOURCES: Final[dict[str, dict[str, Any]]] = {
    "builtIn": {"errors": {}},
    "prometheus": {"query": "up"},
    "web": {**WEB, "method": "GET"},
    "webhook": {"url": "http://a.example", "secret": KEY},
    "job": {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}},
}
CLOUDWATCH: Final[dict[str, Any]] = {
    "region": "eu-central-1",
    "metrics": [{"namespace": "Shop", "name": "Errors", "statistic": "Sum"}],
    "periodSeconds": 60,
    "accessKeyId": KEY,
    "secretAccessKey": KEY,
}
CONDITIONS: Final = ({}, {"success": "result < 1"}, {"failure": "result > 1"})
WAYS: Final[dict[type[Model], list[dict[str, Any]]]] = {
    Metric: [
        {"name": "limit", **{name: SOURCES[name] for name in names}, **conditions}
        for many in range(3)
        for names, conditions in product(combinations(SOURCES, many), CONDITIONS)
    ]
    + [
        {"name": "limit", "cloudWatch": CLOUDWATCH, "intervalSeconds": seconds, **conditions}
        for seconds, conditions in product((119, 120, 60_000, 60_001), CONDITIONS)
    ],
    CloudWatch: [
        {**CLOUDWATCH, "metrics": CLOUDWATCH["metrics"] * many, "periodSeconds": seconds, **expression}
        for many, seconds, expression in product(range(3), (1, 2, 30, 60, 90), ({}, {"expression": "a"}))
    ],
    Range: [
        {"seconds": seconds, "stepSeconds": step}
        for seconds, step in product((1, 10, 999, 9999, 10_000), (1, 10, 15, 10_000))
    ],
    Header: [
        {"name": "X", **more} for more in ({}, {"value": ""}, {"secret": KEY}, {"value": "a", "secret": KEY})
    ],
    Web: [{**WEB, "method": way, **body} for way, body in product(("GET", "POST"), ({}, {"body": "{}"}))],
    Datadog: [
        {"queries": [{"name": "a", "query": "b"}] * many, "apiKey": KEY, "applicationKey": KEY, **formula}
        for many, formula in product((1, 2), ({}, {"formula": "a"}))
    ],
}
ENVIRONMENT: Final = cel.NewEnv(
    config=cel.NewEnvConfigFromYaml('name: rules\nvariables:\n  - name: "self"\n    type_name: "dyn"\n')
)


def obeys(model: type[Model], written: dict[str, Any]) -> bool:
    """Whether every rule's CEL is true of it, with the schema's defaults written out."""
    return all(ENVIRONMENT.compile(rule.cel).eval(data={"self": written}).value() for rule in model.rules)


def is_taken(model: type[Model], written: dict[str, Any]) -> bool:
    try:
        model.model_validate(written)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("model", WAYS, ids=lambda model: model.__name__)
def test_the_api_server_and_the_command_line_take_the_same(model: type[Model]) -> None:
    taken = [is_taken(model, each) for each in WAYS[model]]
    assert [obeys(model, each) for each in WAYS[model]] == taken
    assert {*taken} == {True, False}


@pytest.mark.parametrize("query", ["up", "{{Window}}", "window", "{{windows}}"])
def test_a_count_without_a_window_is_refused_since_it_would_count_again_and_again(query: str) -> None:
    assert is_taken(Compare, {"bad": "a[{{window}}]", "total": "a[{{ window }}]"})
    assert not is_taken(Compare, {"bad": "a[{{window}}]", "total": query})
    assert not is_taken(Compare, {"bad": query, "total": "a[{{window}}]"})
