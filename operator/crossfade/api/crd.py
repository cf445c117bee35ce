"""Writes `crds/*.yaml` from the models: `python -m crossfade.api.crd [DIRECTORY]`."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from crossfade.api.action import RolloutAction
from crossfade.api.analysis_template import AnalysisTemplate, ClusterAnalysisTemplate
from crossfade.api.base import RULES, Model
from crossfade.api.labels import GROUP, VERSION
from crossfade.api.policy import RolloutPolicy
from crossfade.api.release import Release
from crossfade.api.rollout import Rollout
from crossfade.api.structural import Schema, structural

HEADER: Final = (
    "# Generated from operator/crossfade/api by `python -m crossfade.api.crd`: change the models.\n"
)
AGE: Final = ("Age", "date", ".metadata.creationTimestamp")


@dataclass(frozen=True)
class Kind:
    """One kind: its model, its names, and what `kubectl get` prints as (name, type, path) or (…, priority)."""

    model: type[Model]
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[tuple[str, str, str] | tuple[str, str, str, int], ...]
    subresources: dict[str, Any] = field(default_factory=lambda: {"status": {}})
    namespaced: bool = True


_VALID: Final = '.status.conditions[?(@.type=="Valid")]'
VALIDITY: Final = (
    ("Valid", "string", f"{_VALID}.status"),
    AGE,
    ("Message", "string", f"{_VALID}.message"),
)

SCALE: Final = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}

KINDS: Final = (
    Kind(
        model=Rollout,
        plural="rollouts",
        short_names=("cf", "cfro"),
        columns=(
            ("Strategy", "string", ".status.strategy"),
            ("Phase", "string", ".status.phase"),
            ("Since", "date", ".status.since"),
            ("Ready", "string", ".status.ready"),
            ("Step", "string", ".status.stage"),
            ("Weight", "number", ".status.weight"),
            ("Stable", "string", ".status.stable.revision"),
            ("Candidate", "string", ".status.candidate.revision"),
            AGE,
            ("Image", "string", ".status.stable.image", 1),
            ("Message", "string", ".status.message", 1),
        ),
        subresources={"status": {}, "scale": SCALE},
    ),
    Kind(
        model=Release,
        plural="releases",
        short_names=("cfrel",),
        columns=(
            ("Rollout", "string", ".spec.rollout"),
            ("Number", "integer", ".spec.number"),
            ("Revision", "string", ".spec.revision"),
            ("Outcome", "string", ".status.outcome"),
            AGE,
            ("Why", "string", ".status.why", 1),
        ),
    ),
    Kind(
        model=RolloutAction,
        plural="rolloutactions",
        short_names=("cfa",),
        columns=(
            ("Rollout", "string", ".spec.rollout"),
            ("Action", "string", ".spec.action"),
            ("State", "string", ".status.state"),
            AGE,
            ("Message", "string", ".status.message", 1),
        ),
    ),
    Kind(
        model=AnalysisTemplate,
        plural="analysistemplates",
        short_names=("cfat",),
        columns=VALIDITY,
    ),
    Kind(
        model=ClusterAnalysisTemplate,
        plural="clusteranalysistemplates",
        short_names=("cfcat",),
        columns=VALIDITY,
        namespaced=False,
    ),
    Kind(
        model=RolloutPolicy,
        plural="rolloutpolicies",
        short_names=("cfpol",),
        columns=(
            ("Valid", "string", f"{_VALID}.status"),
            ("Enforcement", "string", ".spec.enforcement"),
            ("Matching", "integer", ".status.matching"),
            ("Violating", "integer", ".status.violating"),
            ("Active", "integer", ".status.active"),
            AGE,
            ("Message", "string", f"{_VALID}.message", 1),
        ),
        namespaced=False,
    ),
)


def definition(kind: Kind) -> dict[str, Any]:
    """Give the CustomResourceDefinition of `kind`."""
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": root_schema(kind.model)},
        "subresources": kind.subresources,
        "additionalPrinterColumns": [_column(*column) for column in kind.columns],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": _names(kind),
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [version],
        },
    }


def root_schema(model: type[Model]) -> Schema:
    """Give the structural schema of a kind: the server owns apiVersion, kind and metadata, and allows only types."""
    schema = structural(model.model_json_schema())
    metadata = schema["properties"]["metadata"]
    lifted = [{**rule, "fieldPath": f".metadata{rule['fieldPath']}"} for rule in metadata.get(RULES, [])]
    rules = [*lifted, *schema.get(RULES, [])]
    named = {key: {"type": "string", "description": text} for key, text in _TYPE_META.items()}
    schema["properties"] |= {**named, "metadata": _metadata(bool(lifted))}
    return schema | ({RULES: rules} if rules else {})


_TYPE_META: Final = {
    "apiVersion": f"Always {GROUP}/{VERSION}.",
    "kind": "Name of the kind.",
}


def _metadata(has_rules: bool) -> Schema:
    """Declare the name where a rule points at it: the server refuses a `fieldPath` that the schema does not have."""
    return {"type": "object"} | ({"properties": {"name": {"type": "string"}}} if has_rules else {})


def _names(kind: Kind) -> dict[str, Any]:
    name = kind.model.__name__
    return {
        "kind": name,
        "listKind": f"{name}List",
        "plural": kind.plural,
        "singular": name.lower(),
        "shortNames": list(kind.short_names),
        "categories": ["crossfade"],
    }


def _column(name: str, column_type: str, path: str, priority: int = 0) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": column_type, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})


def render(kind: Kind) -> str:
    """Give the file of `kind`, always the same for the same models."""
    text = yaml.dump(definition(kind), Dumper=_BlockText, sort_keys=False, allow_unicode=True, width=110)
    return HEADER + text


class _BlockText(yaml.SafeDumper):
    """Writes a text of several lines as a block, so that the files read as documentation."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Choose the style by the text."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockText.add_representer(str, _BlockText.represent_text)


def write(directory: Path) -> None:
    """Write one file for each kind into `directory`."""
    for kind in KINDS:
        (directory / f"{kind.plural}.yaml").write_text(render(kind))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "crds"))
