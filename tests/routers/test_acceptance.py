"""A route's status proves something only where every Gateway has answered about this generation."""

from typing import Any

import pytest

from crossfade.routers.acceptance import Acceptance, acceptance, controllers_of

GATEWAY = {"name": "traefik", "namespace": "gateways"}
SERVED = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **GATEWAY}


def said(kind: str, status: str = "True", generation: int = 3, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, "reason": kind, **more}


def answer(*conditions: dict[str, Any], parent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"parentRef": parent or SERVED, "controllerName": "x", "conditions": list(conditions)}


GOOD = answer(said("Accepted"), said("ResolvedRefs"))


def route(*answers: dict[str, Any], parents: tuple[dict[str, Any], ...] = (GATEWAY,)) -> dict[str, Any]:
    return {
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "web", "generation": 3},
        "spec": {"parentRefs": list(parents)},
        "status": {"parents": list(answers)},
    }


def test_a_route_that_its_gateway_took_with_all_references_is_ok() -> None:
    assert acceptance(route(GOOD)) == Acceptance(True, True)


def test_a_reference_that_leaves_out_what_the_api_server_fills_in_is_the_same() -> None:
    own = {"name": "traefik"}
    full = {**SERVED, "namespace": "web"}
    assert acceptance(route(answer(*GOOD["conditions"], parent=full), parents=(own,))).ok


def test_a_status_of_an_older_generation_proves_nothing() -> None:
    old = answer(said("Accepted", generation=2), said("ResolvedRefs", generation=2))
    assert acceptance(route(old)) == Acceptance(
        False,
        False,
        "Gateway gateways/traefik has not answered yet about generation 3 of HTTPRoute shop, only about an older one: "
        "is it there, and does its controller run?",
    )


@pytest.mark.parametrize(
    "conditions",
    [
        (),
        (said("Accepted"),),
        (said("ResolvedRefs"),),
        (said("Accepted"), said("ResolvedRefs", generation=2)),
        (said("Accepted", generation=2), said("ResolvedRefs")),
    ],
)
def test_half_an_answer_is_none(conditions: tuple[dict[str, Any], ...]) -> None:
    assert not acceptance(route(answer(*conditions))).seen


def test_without_any_status_the_gateway_that_is_silent_is_named() -> None:
    bare = {key: value for key, value in route().items() if key != "status"}
    assert acceptance(bare) == Acceptance(
        False,
        False,
        "Gateway gateways/traefik has not answered yet about generation 3 of HTTPRoute shop: "
        "is it there, and does its controller run?",
    )


def test_without_parents_there_is_nobody_to_carry_it_out() -> None:
    assert acceptance(route(GOOD, parents=())) == Acceptance(
        False, False, "HTTPRoute shop names no Gateway: write one in its spec.parentRefs"
    )


def test_a_refusal_is_told_with_its_reason_and_message() -> None:
    refused = answer(
        said("Accepted"), said("ResolvedRefs", "False", reason="BackendNotFound", message="no Service x ")
    )
    assert acceptance(route(refused)) == Acceptance(
        True,
        False,
        "Gateway gateways/traefik says ResolvedRefs=False of HTTPRoute shop: BackendNotFound: no Service x",
    )


def test_a_refusal_needs_no_second_condition() -> None:
    refused = answer(said("Accepted", "False", reason="NotAllowedByListeners"))
    assert acceptance(route(refused)) == Acceptance(
        True, False, "Gateway gateways/traefik says Accepted=False of HTTPRoute shop: NotAllowedByListeners"
    )


def test_a_route_of_which_a_part_is_dropped_is_not_ok() -> None:
    partly = answer(
        *GOOD["conditions"], said("PartiallyInvalid", reason="UnsupportedValue", message="bad regex")
    )
    assert acceptance(route(partly)) == Acceptance(
        True,
        False,
        "Gateway gateways/traefik says PartiallyInvalid=True of HTTPRoute shop: UnsupportedValue: bad regex",
    )
    whole = answer(*GOOD["conditions"], said("PartiallyInvalid", "False"))
    assert acceptance(route(whole)).ok


@pytest.mark.parametrize(
    "other",
    [
        {**GATEWAY, "name": "envoy"},
        {**GATEWAY, "namespace": "other"},
        {**GATEWAY, "sectionName": "https"},
        {**GATEWAY, "port": 443},
        {**GATEWAY, "kind": "Service", "group": ""},
    ],
)
def test_every_parent_must_have_answered(other: dict[str, Any]) -> None:
    parents = (GATEWAY, other)
    assert not acceptance(route(GOOD, parents=parents)).seen
    both = acceptance(route(GOOD, answer(*GOOD["conditions"], parent={**SERVED, **other}), parents=parents))
    assert both == Acceptance(True, True)


def test_one_refusal_among_several_parents_is_enough() -> None:
    https = {**SERVED, "sectionName": "https"}
    refused = answer(
        said("Accepted", "False", reason="NoMatchingListenerHostname"), said("ResolvedRefs"), parent=https
    )
    found = acceptance(route(GOOD, refused, parents=(SERVED, https)))
    assert found == Acceptance(
        True,
        False,
        "Gateway gateways/traefik (https) says Accepted=False of HTTPRoute shop: NoMatchingListenerHostname",
    )


def test_what_a_controller_that_is_gone_left_behind_hides_no_answer() -> None:
    left = answer(said("Accepted", "False", generation=1))
    assert acceptance(route(left, GOOD)) == Acceptance(True, True)


def by(controller: str, generation: int) -> dict[str, Any]:
    return {**answer(said("Accepted", generation=generation)), "controllerName": controller}


def test_the_controller_is_who_answered_last_for_a_parent_whatever_the_generation_is_now() -> None:
    assert controllers_of(route(by("new", 2), by("gone", 1))) == ("new",)
    assert controllers_of(route(by("gone", 1), by("new", 2))) == ("new",)


def test_all_controllers_are_told_where_several_answer_and_none_where_nobody_has() -> None:
    assert controllers_of(route(by("one", 3), by("two", 3), by("one", 3))) == ("one", "two")
    assert controllers_of(route()) == ()


def test_what_was_said_of_a_parent_that_the_route_no_longer_has_names_no_controller() -> None:
    other = {**by("other", 3), "parentRef": {"name": "private"}}
    assert controllers_of(route(GOOD, other)) == ("x",)
