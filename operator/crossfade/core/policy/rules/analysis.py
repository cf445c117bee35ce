"""`analysis`: what must be measured.

An analysis that the plan never comes to counts for nothing: one of a step behind 100 %, and one of a bake of no seconds. Nor does a
metric with `dryRun`, which decides nothing. What templates measure is not known here, so `judgeRequired` and `minRequests` are about
the Rollout's own metrics (stricter than the field says for what comes from templates): an admin who trusts a template asks for it by
`requiredTemplates`. In an analysis with metrics of its own, or behind a template that nobody asks for, a metric of the same name would
take the place of the template's, so a required one stands first, and alone. The CEL form is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crossfade.api.analysis import Analysis, Metric
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import AnalysisRule
from crossfade.core.policy.about import About, Cel, said_if

NONE: Final = "nothing is measured that decides: write an analysis, for example analysis: {metrics: [{name: errors, builtIn: {errors: {}}}]}"
NOT_COMPARED: Final = "no metric of its own compares the new revision with the stable one: write one, for example {name: errors, builtIn: {errors: {}}}"


def problems(policy: RolloutPolicySpec, about: About) -> Iterator[str]:
    """What is not measured."""
    rule = policy.analysis
    if rule is None:
        return
    found = list(analyses(about))
    if rule.required and not any(each.templates or _deciding(each) for each in found):
        yield NONE
    for name in rule.required_templates:
        if not any(_keeps(each, name, rule.required_templates) for each in found):
            yield _unnamed(name)
    if rule.judge_required and not any(_compares(metric) for each in found for metric in _deciding(each)):
        yield NOT_COMPARED
    if rule.min_requests is not None:
        yield from _hasty(rule.min_requests, found)


def _hasty(least: int, found: list[Analysis]) -> Iterator[str]:
    """The first metric that compares and may pass with fewer requests."""
    for metric in (each for analysis in found for each in _deciding(analysis)):
        have = metric.judge.min_requests
        if _compares(metric) and have < least:
            yield f"metrics[{metric.name}].judge.minRequests {have} is below {least}: write minRequests: {least}"
            return


def analyses(about: About) -> Iterator[Analysis]:
    """All that a release comes to."""
    spec = about.spec
    background = [spec.analysis, spec.bake_analysis if spec.bake_seconds else None]
    yield from (each for each in (*background, *(stage.analysis for stage in about.plan)) if each is not None)


def is_asked(rule: AnalysisRule, analysis: Analysis) -> bool:
    """Whether an analysis is one of those that the rule wants to be measured."""
    deciding, named = _deciding(analysis), {each.name for each in analysis.templates if each.cluster}
    compares = rule.judge_required or rule.min_requests is not None
    return (
        (rule.required and bool(analysis.templates or deciding))
        or not named.isdisjoint(rule.required_templates)
        or (compares and any(_compares(metric) for metric in deciding))
    )


def _deciding(analysis: Analysis) -> list[Metric]:
    return [metric for metric in analysis.metrics if not metric.dry_run]


def _compares(metric: Metric) -> bool:
    return metric.built_in is not None or metric.compare is not None


def _keeps(analysis: Analysis, name: str, required: list[str]) -> bool:
    """Whether it measures by that template, and nothing that a user wrote can take the place of its metrics."""
    for ref in analysis.templates:
        if not ref.cluster or ref.name not in required:
            return False
        if ref.name == name:
            return not analysis.metrics
    return False


def _unnamed(name: str) -> str:
    return f"ClusterAnalysisTemplate {name} is not measured: name it ({{name: {name}, cluster: true}}) before others, in an analysis without metrics of its own"


_RULE: Final = "variables.policy.analysis"
_DECIDES: Final = "!(has(m.dryRun) && m.dryRun)"
_COMPARES: Final = "(has(m.builtIn) || has(m.compare))"
_STEPS: Final = (
    "variables.below.filter(i, has(variables.steps[i].analysis)).map(i, variables.steps[i].analysis) + "
    "variables.steps.filter(s, has(s.weight) && s.weight == 100 && has(s.analysis)).map(s, s.analysis)"
)
_ANALYSES: Final = " + ".join(
    [
        said_if("has(variables.spec.analysis)", "variables.spec.analysis"),
        said_if(
            "has(variables.spec.bakeAnalysis) && !(has(variables.spec.bakeSeconds) && variables.spec.bakeSeconds == 0)",
            "variables.spec.bakeAnalysis",
        ),
        _STEPS,
        said_if(
            "has(variables.spec.strategy.blueGreen) && has(variables.spec.strategy.blueGreen.beforeSwitch)",
            "variables.spec.strategy.blueGreen.beforeSwitch",
        ),
    ]
)
_KEPT: Final = (
    "variables.analyses.exists(a, has(a.templates) && !(has(a.metrics) && a.metrics.size() > 0) && "
    "variables.index.exists(i, i < a.templates.size() && a.templates[i].name == t && variables.index.all(j, j > i || "
    f"(has(a.templates[j].cluster) && a.templates[j].cluster && a.templates[j].name in {_RULE}.requiredTemplates))))"
)
_MEASURED: Final = (
    "variables.analyses.exists(a, (has(a.templates) && a.templates.size() > 0) || "
    f"(has(a.metrics) && a.metrics.exists(m, {_DECIDES})))"
)
_JUDGED: Final = (
    f"variables.analyses.exists(a, has(a.metrics) && a.metrics.exists(m, {_DECIDES} && {_COMPARES}))"
)
_LEAST: Final = f"{_RULE}.minRequests"
_HAVE: Final = "(has(m.judge) && has(m.judge.minRequests) ? m.judge.minRequests : 0)"
_SHORT: Final = (
    f"variables.analyses.filter(a, has(a.metrics)).map(a, a.metrics.filter(m, {_DECIDES} && {_COMPARES} && {_HAVE} < {_LEAST}))"
    ".filter(found, found.size() > 0)"
)
_HASTY: Final = (
    f"{_SHORT}.map(found, found[0]).map(m, 'metrics[' + m.name + '].judge.minRequests ' + string({_HAVE}) + ' is below ' + "
    f"string({_LEAST}) + ': write minRequests: ' + string({_LEAST}))"
)
_TOLD: Final = "'" + _unnamed("TEMPLATE").replace("TEMPLATE", "' + t + '") + "'"

CEL: Final = Cel(
    " + ".join(
        [
            said_if(f"has({_RULE}.required) && {_RULE}.required && !{_MEASURED}", f"'{NONE}'"),
            f"(has({_RULE}.requiredTemplates) ? {_RULE}.requiredTemplates.filter(t, !{_KEPT}).map(t, {_TOLD}) : [])",
            said_if(
                f"has({_RULE}.judgeRequired) && {_RULE}.judgeRequired && !{_JUDGED}", f"'{NOT_COMPARED}'"
            ),
            said_if(f"has({_LEAST}) && {_SHORT}.size() > 0", f"{_HASTY}[0]"),
        ]
    ),
    (("analyses", _ANALYSES),),
)
