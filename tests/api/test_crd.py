"""The generated CustomResourceDefinitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.api.crd import KINDS, Kind, definition, render, root_schema

CRDS = Path(__file__).parents[2] / "crds"
SERVER_OWNED = (".apiVersion", ".kind", ".metadata", ".metadata.name")
Node = tuple[str, dict[str, Any]]
TEMPLATES = [kind for kind in KINDS if kind.plural.endswith("templates")]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[Node]:
    """Every schema inside `schema`, with its path."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}[]")


def of_spec(kind: Kind) -> list[Node]:
    return list(nodes(root_schema(kind.model)["properties"]["spec"], "spec"))


@each_kind
def test_the_file_is_what_the_models_say_now(kind: Kind) -> None:
    stored = (CRDS / f"{kind.plural}.yaml").read_text()
    assert stored == render(kind), "run: python -m crossfade.api.crd"


def test_there_is_no_file_without_a_kind_and_kustomize_names_them_all() -> None:
    files = {path.name for path in CRDS.glob("*.yaml")}
    assert files == {f"{kind.plural}.yaml" for kind in KINDS}
    assert set(yaml.safe_load((CRDS / "Kustomization").read_text())["resources"]) == files


@each_kind
def test_every_list_and_every_text_has_a_bound(kind: Kind) -> None:
    schema = root_schema(kind.model)
    free = [path for path, node in nodes(schema) if path not in SERVER_OWNED and is_unbounded(node)]
    assert free == []


@each_kind
def test_every_bound_of_a_number_fits_into_64_bits_as_the_api_server_reads_it(kind: Kind) -> None:
    every = [node for _, node in nodes(root_schema(kind.model))]
    bounds = [node[name] for node in every for name in ("minimum", "maximum") if name in node]
    assert all(abs(bound) < 2**63 for bound in bounds)


def is_unbounded(node: dict[str, Any]) -> bool:
    if node.get("type") == "array":
        return "maxItems" not in node
    return node.get("type") == "string" and not node.keys() & {"maxLength", "enum", "format"}


@each_kind
def test_every_field_is_documented(kind: Kind) -> None:
    fields = [(path, node) for path, node in nodes(root_schema(kind.model)) if not path.endswith("[]")]
    assert [path for path, node in fields if path not in SERVER_OWNED and not node.get("description")] == []


@each_kind
def test_every_description_is_whole_sentences(kind: Kind) -> None:
    texts = [
        (path, node["description"]) for path, node in nodes(root_schema(kind.model)) if "description" in node
    ]
    assert [path for path, text in texts if not text.strip().endswith((".", "}"))] == []


@each_kind
def test_no_field_of_the_template_has_a_default_which_would_change_its_hash(kind: Kind) -> None:
    assert [
        path for path, node in of_spec(kind) if path.startswith("spec.template") and "default" in node
    ] == []


@each_kind
def test_every_list_of_objects_in_a_spec_says_how_writers_share_it_or_is_ordered(kind: Kind) -> None:
    ordered = {".steps", ".batches", ".plan", ".match", ".previewMatch", ".previewHostnames"}
    ordered |= {".parentRefs", ".hostnames", ".matches", ".filters", ".matchExpressions", ".values"}
    ordered |= {"spec.groups"}  # of an action, which nobody changes
    lists = [(path, node) for path, node in of_spec(kind) if node.get("type") == "array"]
    shared = {path for path, node in lists if node.get("x-kubernetes-list-type") in {"map", "set"}}
    assert {path for path, _ in lists} - shared == {p for p, _ in lists if p.endswith(tuple(ordered))}


@each_kind
def test_columns_point_at_fields_that_exist(kind: Kind) -> None:
    paths = {path for path, _ in nodes(root_schema(kind.model))} | {".metadata.creationTimestamp"}
    columns = definition(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
    assert {re.sub(r"\[\?[^]]*\]", "[]", column["jsonPath"]) for column in columns} <= paths


@pytest.mark.parametrize("kind", TEMPLATES, ids=lambda kind: kind.plural)
def test_a_template_shows_whether_it_is_valid_and_why_not(kind: Kind) -> None:
    version = definition(kind)["spec"]["versions"][0]
    shown = {column["name"]: column["jsonPath"] for column in version["additionalPrinterColumns"]}
    assert shown["Valid"] == '.status.conditions[?(@.type=="Valid")].status'
    assert shown["Message"] == '.status.conditions[?(@.type=="Valid")].message'
    assert version["subresources"] == {"status": {}}


def test_a_rollout_shows_how_it_stands_at_a_glance_and_its_image_where_more_is_asked_for() -> None:
    columns = definition(KINDS[0])["spec"]["versions"][0]["additionalPrinterColumns"]
    shown = {column["name"]: (column["jsonPath"], column.get("priority", 0)) for column in columns}
    assert shown["Ready"] == (".status.ready", 0)
    assert shown["Since"] == (".status.since", 0)
    assert shown["Image"] == (".status.stable.image", 1)


def test_a_new_rollout_is_not_taken_for_one_that_the_operator_has_seen() -> None:
    status = root_schema(KINDS[0].model)["properties"]["status"]
    assert status["default"] == {"observedGeneration": -1}


def test_the_names_that_people_type() -> None:
    names = {
        kind.plural: (kind.short_names, definition(kind)["spec"]["names"]["categories"]) for kind in KINDS
    }
    assert names == {
        "rollouts": (("cf", "cfro"), ["crossfade"]),
        "releases": (("cfrel",), ["crossfade"]),
        "rolloutactions": (("cfa",), ["crossfade"]),
        "analysistemplates": (("cfat",), ["crossfade"]),
        "clusteranalysistemplates": (("cfcat",), ["crossfade"]),
        "rolloutpolicies": (("cfpol",), ["crossfade"]),
    }
