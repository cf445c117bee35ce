"""The page on analysis shows every example, and each can be applied as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.alias_generators import to_camel

from crossfade.api import sources
from crossfade.api.analysis import VALUED, Analysis, BuiltIn, By, Compare, Judge, Metric
from crossfade.api.analysis_template import AnalysisTemplate, ClusterAnalysisTemplate
from crossfade.api.base import Model
from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "manifests" / "examples" / "analysis"
PAGE = (ROOT / "docs" / "analysis.md").read_text()
EXAMPLES = sorted(FOLDER.glob("*.yaml"))
KINDS: dict[str, type[Model]] = {
    "Rollout": Rollout,
    "AnalysisTemplate": AnalysisTemplate,
    "ClusterAnalysisTemplate": ClusterAnalysisTemplate,
}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def test_the_page_links_every_example_and_none_that_is_not_there() -> None:
    linked = set(re.findall(r"\(\.\./manifests/examples/analysis/([\w-]+\.yaml)\)", PAGE))
    assert linked == {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_object_of_an_example_is_valid(path: Path) -> None:
    for each in documents(path):
        parse_strict(KINDS[each["kind"]], each)


def test_every_field_of_an_analysis_is_in_an_example() -> None:
    text = "\n".join(path.read_text() for path in EXAMPLES)
    asked = [each for each in vars(sources).values() if isinstance(each, type) and issubclass(each, Model)]
    models = (Analysis, Metric, BuiltIn, By, Compare, Judge, *asked)
    fields = {info.alias or name for model in models for name, info in model.model_fields.items()}
    assert {each for each in fields if f"{each}:" not in text} == set()


def test_the_right_to_read_a_secret_is_that_of_the_operator_as_it_is_installed() -> None:
    (account,) = [
        each
        for each in yaml.safe_load_all((ROOT / "manifests" / "rbac.yaml").read_text())
        if each["kind"] == "ServiceAccount"
    ]
    meta = account["metadata"]
    assert f"name: {meta['name']}, namespace: {meta['namespace']}" in PAGE


def test_the_page_shows_one_of_every_source_that_gives_a_value_and_a_gate() -> None:
    shown, *_ = re.findall(r"```yaml\n(metrics:\n- name: trend.*?)```", PAGE, re.DOTALL)
    kinds = {kind for metric in yaml.safe_load(shown)["metrics"] for kind in metric}
    assert kinds >= {*map(to_camel, VALUED), "webhook"}
