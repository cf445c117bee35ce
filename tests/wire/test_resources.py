"""Paths of objects: what a user writes as a name stays one segment of it."""

import pytest

from crossfade.wire.errors import ApiError
from crossfade.wire.resources import RESOURCES, path_of, typed


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (("Pod", "ns", "shop-1", "log"), "/api/v1/namespaces/ns/pods/shop-1/log"),
        (("Rollout", None), "/apis/crossfade.dev/v1alpha1/rollouts"),
        (("Namespace", None, "ns"), "/api/v1/namespaces/ns"),
        (("Rollout", "ns", "../x"), "/apis/crossfade.dev/v1alpha1/namespaces/ns/rollouts/..%2Fx"),
    ],
)
def test_an_object_has_its_path(place: tuple[str, ...], path: str) -> None:
    assert path_of(*place) == path


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_leads_elsewhere_is_nobodys(name: str) -> None:
    with pytest.raises(ApiError) as told:
        path_of("Rollout", "ns", name)
    assert told.value.not_found


@pytest.mark.parametrize("kind", RESOURCES)
def test_what_is_sent_says_its_kind(kind: str) -> None:
    assert typed(kind, {"metadata": {}})["kind"] == kind
