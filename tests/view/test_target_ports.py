"""What is told of a Service's ports that the pods may not have."""

from typing import Any

import pytest

from crossfade.view.target_ports import moved, unknown_names, unlisted_numbers

LISTS_8080 = {"spec": {"containers": [{"name": "app", "ports": [{"name": "http", "containerPort": 8080}]}]}}
LISTS_NONE = {"spec": {"containers": [{"name": "app"}]}}
ADOPTED = {"spec": {"ports": [{"port": 80, "targetPort": "web"}]}}


def spec(template: dict[str, Any], target: int | str = 9999, *, adopt: bool = False) -> dict[str, Any]:
    return {"template": template, "service": {"adopt": adopt, "ports": [{"port": 80, "targetPort": target}]}}


@pytest.mark.parametrize(
    ("template", "others_only", "told"),
    [(LISTS_8080, True, 1), (LISTS_NONE, False, 1), (LISTS_NONE, True, 0)],
)
def test_a_number_that_is_not_listed_is_a_warning(
    template: dict[str, Any], others_only: bool, told: int
) -> None:
    assert len(list(unlisted_numbers(spec(template), others_only=others_only))) == told


def test_a_number_that_is_listed_is_none() -> None:
    assert not list(unlisted_numbers(spec(LISTS_8080, 8080)))


def test_of_an_adopted_service_its_own_ports_count() -> None:
    assert '"web"' in unknown_names(spec(LISTS_8080, "http", adopt=True), ADOPTED)
    assert not unknown_names(spec(LISTS_8080, "other", adopt=True))


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ({"blueGreen": {}}, "they move in one write with the requests"),
        ({"rolling": {}}, "nothing begins (Invalid)"),
    ],
)
def test_ports_that_change_are_told_with_how_they_move(strategy: dict[str, Any], told: str) -> None:
    after = {**spec(LISTS_8080, 9090), "strategy": strategy}
    sentence = moved(spec(LISTS_8080, 8080), after)
    assert "from 80 → 8080 to 80 → 9090" in sentence
    assert told in sentence


def test_ports_that_stay_are_not_told() -> None:
    assert not moved(spec(LISTS_8080, 8080), spec(LISTS_8080, 8080))
    assert not moved({}, spec(LISTS_8080, 8080))
