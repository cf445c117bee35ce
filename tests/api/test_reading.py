"""What is stored and cannot be used counts as lost: the field where that is enough, and all else is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from crossfade.api.action import RolloutAction
from crossfade.api.reading import read
from crossfade.api.release import Release
from crossfade.api.status import RolloutStatus

AT = "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25t10:00:00z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "2026-02-29T00:00:00Z",
        "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00",
        "2026-01-31",
        "soon",
        7,
    ],
)
def test_a_time_that_no_clock_shows_costs_nothing_but_itself(text: Any) -> None:
    stored = {"phase": "Progressing", "progress": {"revision": "aaa", "startedAt": text, "reachedAt": AT}}
    found = read(RolloutStatus, stored)
    progress = found.value.progress
    assert found.lost == ("progress.startedAt",)
    assert progress is not None
    assert (progress.revision, progress.started_at, progress.reached_at) == ("aaa", None, AT)


@pytest.mark.parametrize("text", [AT, "2026-01-31T12:00:00.123456789+02:00", "2999-12-31T23:59:59-23:59"])
def test_a_time_that_is_one_is_kept_as_it_was_written(text: str) -> None:
    assert read(RolloutStatus, {"last": {"at": text}}).value.to_wire()["last"]["at"] == text


@pytest.mark.parametrize("number", [2**63 - 1, 10**9, -1, "7"])
def test_a_number_that_has_no_next_one_is_lost(number: Any) -> None:
    found = read(RolloutStatus, {"release": number, "stable": {"revision": "aaa", "release": number}})
    assert found.lost == ("release", "stable.release")
    assert found.value.stable is not None
    assert found.value.stable.revision == "aaa"


@pytest.mark.parametrize("revision", ["a/b", "a,b=c", "A", "a" * 64])
def test_a_revision_that_can_name_no_deployment_is_lost(revision: str) -> None:
    assert read(RolloutStatus, {"candidate": {"revision": revision}}).lost == ("candidate.revision",)


def test_an_item_that_lacks_what_it_needs_goes_and_its_neighbours_stay() -> None:
    good = {"type": "Ready", "status": "True", "reason": "Fine"}
    stored = {"conditions": [{"type": "A"}, good, {"type": "B", "status": "Perhaps"}, "text"]}
    found = read(RolloutStatus, stored)
    assert [one.type for one in found.value.conditions] == ["Ready"]
    assert found.lost == ("conditions[0]", "conditions[2].status", "conditions[3]", "conditions[1]")


def test_what_is_stored_is_not_changed_by_reading_it() -> None:
    stored = {"progress": {"startedAt": "soon"}}
    read(RolloutStatus, stored)
    assert stored == {"progress": {"startedAt": "soon"}}


@pytest.mark.parametrize(
    "template",
    [
        {"metadata": {}},
        {"spec": []},
        {"spec": {"containers": None}},
        {"spec": {"containers": ["app"]}},
        {"spec": {"containers": [{"name": "app"}]}},
        {"spec": {"containers": [], "terminationGracePeriodSeconds": "30"}},
        {"spec": {"containers": []}, "metadata": "shop"},
        {"spec": {"containers": []}, "metadata": {"labels": ["shop"]}},
        {"spec": {"containers": []}, "metadata": {"annotations": "shop"}},
    ],
)
def test_a_template_that_no_pod_can_be_made_of_is_lost_and_the_rest_of_its_record_stays(
    template: Any,
) -> None:
    found = read(Release, {"spec": {"number": 3, "revision": "aaa", "template": template}})
    assert found.lost == ("spec.template",)
    assert (found.value.spec.number, found.value.spec.template) == (3, {})


@pytest.mark.parametrize(
    "template",
    [
        {"spec": {"containers": [{"image": "shop:1"}]}},
        {"spec": {"containers": [{"image": "shop:1", "new": 1}], "newer": 1}, "metadata": {"labels": None}},
    ],
)
def test_a_template_is_kept_as_it_was_submitted(template: Any) -> None:
    assert read(Release, {"spec": {"template": template}}).value.spec.template == template


def test_an_object_of_which_nothing_is_left_cannot_be_read() -> None:
    with pytest.raises(ValidationError):
        read(RolloutAction, {"spec": {"rollout": "shop", "action": "Dance"}})
