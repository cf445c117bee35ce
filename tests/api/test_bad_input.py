"""What `crossfade plan -f` says about a manifest that the API server would refuse, without any cluster."""

from __future__ import annotations

import pytest

from api.bad_inputs import BAD_INPUTS, STEPS, BadInput
from api.manifests import ABSENT, rollout
from crossfade.api.rollout import Rollout
from crossfade.api.strict import InvalidObjectError, Problem, parse_strict


def problems(changes: dict[str, object]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidObjectError) as caught:
        parse_strict(Rollout, rollout(changes))
    return caught.value.problems


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=str)
def test_a_mistake_is_named_once_by_its_path_and_with_what_to_write(bad: BadInput) -> None:
    found = problems(bad.changes)
    assert [problem.path for problem in found] == [bad.path]
    assert bad.says in found[0].message


def test_the_good_manifest_that_the_bad_ones_differ_from_is_accepted() -> None:
    assert parse_strict(Rollout, rollout()).spec.strategy.name == "canary"


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(
        {
            "metadata.name": "Shop" * 11,
            STEPS: [{"weight": 50}, {"weight": 25, "pause": "Manul"}, {"weight": 101}],
            "spec.strategy.rolling": {"maxSurge": 0},
            "spec.service.adopt": True,
            "spec.bakSeconds": 3,
            "kind": "Rollot",
        }
    )
    assert {problem.path for problem in found} == {
        "kind",
        "metadata.name",
        f"{STEPS}[1].pause",
        f"{STEPS}[2].weight",
        "spec.service.name",
        "spec.strategy.rolling",
        "spec.bakSeconds",
    }


def test_an_unknown_field_does_not_hide_a_broken_rule_beside_it() -> None:
    found = problems(
        {"spec.strategy": {"blueGreen": {"promote": "Manual", "promoteAfterSeconds": 5, "promot": 1}}}
    )
    assert [problem.path for problem in found] == [
        "spec.strategy.blueGreen",
        "spec.strategy.blueGreen.promot",
    ]


def test_a_snake_case_name_is_unknown_as_it_is_to_the_api_server() -> None:
    (found,) = problems({"spec.bake_seconds": 3})
    assert str(found) == "spec.bake_seconds: is not a field: did you mean bakeSeconds?"


def test_an_object_without_a_header_is_told_what_it_lacks() -> None:
    found = problems({"apiVersion": ABSENT, "kind": ABSENT, "metadata": ABSENT})
    assert [str(problem) for problem in found] == [
        "apiVersion: is required",
        "kind: is required",
        "metadata.name: is required",
    ]


def test_metadata_and_the_pod_template_may_have_fields_that_crossfade_does_not_read() -> None:
    changes = {"metadata.managedFields": [], "spec.template.spec.hostNetwork": True}
    assert parse_strict(Rollout, rollout(changes)).spec.template["spec"]["hostNetwork"] is True


@pytest.mark.parametrize("obj", [None, [], "rollout", 3])
def test_something_that_is_no_object_is_one_problem(obj: object) -> None:
    with pytest.raises(InvalidObjectError, match="must be an object"):
        parse_strict(Rollout, obj)


@pytest.mark.parametrize("path", ["spec.service", f"{STEPS}.0.pauseSeconds"])
def test_a_null_is_taken_for_a_field_that_was_left_out(path: str) -> None:
    assert parse_strict(Rollout, rollout({path: None})) == parse_strict(Rollout, rollout({path: ABSENT}))


@pytest.mark.parametrize(
    "metadata", [None, {"labels": None}, {"annotations": None}, {"annotations": {"note": None}}]
)
def test_labels_and_annotations_of_the_pods_may_be_null(metadata: dict[str, object] | None) -> None:
    assert parse_strict(Rollout, rollout({"spec.template.metadata": metadata})).spec.template
