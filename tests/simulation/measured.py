"""What is measured in worlds that measure: metrics that one window decides, and templates that bring them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.api.analysis_template import AnalysisTemplate
from crossfade.core.observed import Template

Spec = Mapping[str, Any]

NUMBER: dict[str, Any] = {"name": "limit", "prometheus": {"query": "up"}, "success": "result < 1.0"}
LIMIT = {**NUMBER, "intervalSeconds": 2, "maxSeconds": 10, "errorLimit": 1, "noDataLimit": 0}
"""What a step waits for: it gives up after two errors, without data at once, and after its 10 s."""

TRIED = {**LIMIT, "name": "tried", "dryRun": True}
STRICT = {**LIMIT, "name": "strict", "inconclusive": "Abort"}
LENIENT = {**LIMIT, "intervalSeconds": 5, "inconclusive": "Promote"}
ERRORS = {**LENIENT, "name": "errors", "builtIn": {"errors": {}}, "prometheus": None, "success": None}
LONG = {**LIMIT, "intervalSeconds": 3, "count": 2, "initialDelaySeconds": 1}

THROUGHOUT: Spec = {
    "replicas": 2,
    "analysis": {"metrics": [LONG, {**TRIED, "count": 2}]},
    "bakeAnalysis": {"metrics": [{**LIMIT, "intervalSeconds": 2, "count": 2}]},
}
"""In the background, and in the bake; where a person holds it, its metrics have passed some time."""


def steps(*each: Spec) -> dict[str, Any]:
    """A canary of these steps."""
    return {"canary": {"steps": [*each]}}


IN_A_STEP = steps({"weight": 50, "analysis": {"metrics": [LIMIT, TRIED]}})
_FIRST_STEP: Spec = {"weight": 33, "analysis": {"metrics": [LIMIT]}}
_SECOND_STEP: Spec = {"weight": 50, "pauseSeconds": 4, "analysis": {"metrics": [STRICT]}}
TWICE = steps(_FIRST_STEP, _SECOND_STEP)
EDITS = (
    steps(_FIRST_STEP, {**_SECOND_STEP, "analysis": {"metrics": [{**STRICT, "success": "result < 2.0"}]}}),
    steps(_FIRST_STEP, {**_SECOND_STEP, "weight": 66}),
)
"""Another metric of the same name, and the same metric at another weight."""

COMPARED = steps({"weight": 50, "analysis": {"metrics": [ERRORS]}})
BY_A_TEMPLATE = steps({"weight": 50, "analysis": {"templates": [{"name": "shared"}]}})
BEFORE_SWITCH: Spec = {"blueGreen": {"beforeSwitch": {"metrics": [LIMIT, TRIED]}, "previewReplicas": 1}}


def template(metric: Spec) -> Mapping[tuple[str, bool], Template]:
    """The template that a step names, with one metric."""
    body = {"metadata": {"name": "shared", "namespace": "prod"}, "spec": {"metrics": [metric]}}
    return {("shared", False): AnalysisTemplate.model_validate(body)}


FIRST = template(LIMIT)
NEXT = template({**LIMIT, "success": "result < 2.0"})


def names_a_template(spec: Spec) -> bool:
    """Whether what is measured in it is said by a template."""
    return bool(spec["strategy"] == BY_A_TEMPLATE)
