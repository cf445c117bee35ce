"""The converter from pydantic's JSON schema to the structural schema of a CustomResourceDefinition."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from crossfade.api.base import Model, PodsOrPercent, Rule, list_map
from crossfade.api.structural import Schema, UnknownConstructError, structural


def field_schema(annotation: Any, default: Any = ...) -> Schema:
    """The structural schema of the one field of a model."""
    model = type("Probe", (BaseModel,), {"__annotations__": {"x": annotation}, "x": default})
    fields: Schema = structural(model.model_json_schema())["properties"]
    return fields["x"]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int | None, {"type": "integer"}),
        (Literal["Manual"], {"enum": ["Manual"], "type": "string"}),
        (Literal["A", "B"], {"enum": ["A", "B"], "type": "string"}),
        (Annotated[int, Field(gt=0)], {"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        (Annotated[float, Field(lt=5)], {"type": "number", "maximum": 5, "exclusiveMaximum": True}),
        (int | str, {"x-kubernetes-int-or-string": True}),
        (dict[str, str], {"type": "object", "additionalProperties": {"type": "string"}}),
        (
            dict[str, str | None],
            {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
        ),
        (dict[str, Any], {"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
        (set[int], {"type": "array", "items": {"type": "integer"}}),
        (list[int | None], {"type": "array", "items": {"type": "integer"}}),
    ],
    ids=str,
)
def test_a_construct_gets_its_structural_form(annotation: Any, expected: Schema) -> None:
    assert field_schema(annotation) == expected


@pytest.mark.parametrize(
    ("annotation", "default"), [(int | None, None), (str, ""), (list[str], []), (dict[str, int], {})]
)
def test_an_empty_default_is_left_out_lest_it_be_written_into_every_object(
    annotation: Any, default: object
) -> None:
    assert "default" not in field_schema(annotation, default)


@pytest.mark.parametrize("default", [0, False, -1])
def test_a_default_of_zero_or_false_is_a_value(default: object) -> None:
    assert field_schema(type(default), default)["default"] is default


def test_pods_or_percent_bounds_both_forms() -> None:
    schema = field_schema(PodsOrPercent, "25%")
    assert schema.items() >= {"x-kubernetes-int-or-string": True, "maximum": 10000, "default": "25%"}.items()


def test_a_reference_is_inlined_and_the_description_of_the_field_wins() -> None:
    class Inner(Model):
        """Of the class."""

        a: int = 1

    class Outer(Model):
        with_words: Inner
        """Of the field."""
        without: Inner

    schema = structural(Outer.model_json_schema())["properties"]
    assert schema["withWords"]["description"] == "Of the field."
    assert schema["without"]["description"] == "Of the class."
    assert "$ref" not in str(schema)


def test_rules_and_list_keys_are_kept() -> None:
    class Item(Model):
        rules = (Rule("self.n > 1", "write 2", lambda self: self.n > 1, ("n",)),)
        n: int

    class Holder(Model):
        items: list[Item] = Field(json_schema_extra=list_map("n"))

    items = structural(Holder.model_json_schema())["properties"]["items"]
    assert items["x-kubernetes-list-map-keys"] == ["n"]
    assert items["items"]["x-kubernetes-validations"] == [
        {"rule": "self.n > 1", "message": "write 2", "fieldPath": ".n"}
    ]


def test_lines_of_a_paragraph_are_joined_and_examples_stay_as_they_are() -> None:
    schema = structural(
        {"type": "object", "description": "One\ntwo.\n\nThree:\n\n    a:\n      b\n\nfour\nfive"}
    )
    assert schema["description"] == "One two.\n\nThree:\n\n    a:\n      b\n\nfour five"


class Cycle(BaseModel):
    """A model that contains itself."""

    again: Cycle | None = None


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (Cycle.model_json_schema(), "Cycle contains itself|Cycle → Cycle contains itself"),
        ({"type": "object", "patternProperties": {}}, r"\$: the keyword 'patternProperties'"),
        ({"properties": {"a": {"items": {"if": {}}}}}, r"\$\.a\[\]: the keyword 'if'"),
        ({"properties": {"a": {"allOf": []}}}, r"\$\.a: the keyword 'allOf'"),
        ({"anyOf": [{"type": "string"}, {"type": "boolean"}]}, r"only X \| None and int \| str"),
        ({"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}, r"only X \| None and int \| str"),
        ({"$ref": "#/$defs/A"}, "points nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_structural_form_is_an_error_that_says_where(schema: Schema, says: str) -> None:
    with pytest.raises(UnknownConstructError, match=says):
        structural(schema)
