"""Who else owns a part of a Deployment has edited it only where it is not ours any more."""

from copy import deepcopy
from typing import Any

import pytest

from controller.fakes import Raw, child
from crossfade.controller.seen import side_of
from crossfade.controller.store import Key, Store

CONTAINER = 'k:{"name":"shop"}'
ENV = 'k:{"name":"MODE"}'
PORT = 'k:{"containerPort":8080,"protocol":"TCP"}'
MADE: Raw = {
    "f:replicas": {},
    "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}, "f:type": {}},
    "f:template": {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}, "f:crossfade.dev/revision": {}}},
        "f:spec": {
            "f:containers": {
                CONTAINER: {
                    ".": {},
                    "f:args": {},
                    "f:env": {".": {}, ENV: {".": {}, "f:name": {}, "f:value": {}}},
                    "f:image": {},
                    "f:imagePullPolicy": {},
                    "f:name": {},
                    "f:ports": {".": {}, PORT: {".": {}, "f:containerPort": {}, "f:protocol": {}}},
                    "f:resources": {},
                }
            },
            "f:restartPolicy": {},
            "f:securityContext": {},
            "f:terminationGracePeriodSeconds": {},
        },
    },
}
"""What the API server says that the maker of a Deployment owns, with the values that it filled in itself."""

APPLIED: Raw = {
    "f:replicas": {},
    "f:template": {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:containers": {
                CONTAINER: {
                    ".": {},
                    "f:args": {},
                    "f:env": {ENV: {".": {}, "f:name": {}, "f:value": {}}},
                    "f:image": {},
                    "f:name": {},
                }
            },
            "f:terminationGracePeriodSeconds": {},
        },
    },
}
"""What one owns who applies a part of it server-side, with a default written out."""


def entry(manager: str, fields: Raw, operation: str = "Update") -> Raw:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": fields},
    }


def at(fields: Raw, *path: str) -> Raw:
    for part in path:
        fields = fields[part]
    return fields


def less(*path: str) -> Raw:
    """What is left of what we made when somebody else has changed that field."""
    fields = deepcopy(MADE)
    del at(fields, *path[:-1])[path[-1]]
    return fields


def only(*path: str) -> Raw:
    """The field at the path alone."""
    fields: Raw = {}
    for part in reversed(path):
        fields = {part: fields}
    return fields


def told(*entries: Raw, stored: bool) -> tuple[str, str]:
    """Who edited the template, and who the replicas, of a Deployment as read or as the store keeps it."""
    raw = child("shop-aaa", metadata={"managedFields": list(entries)})
    if stored:
        store = Store()
        store.put("Deployment", raw)
        (raw,) = store.children("Deployment", Key("ns", "shop"))
    side = side_of(raw, "uid-shop")
    return side.edited_by, side.scaled_by


stored_or_read = pytest.mark.parametrize("stored", [True, False], ids=["stored", "read"])


@stored_or_read
@pytest.mark.parametrize("fields", [APPLIED, MADE, {"f:template": {"f:metadata": {}}}])
def test_who_applies_the_values_that_are_there_has_edited_and_scaled_nothing(
    fields: Raw, stored: bool
) -> None:
    assert told(entry("crossfade", MADE), entry("argocd", fields, "Apply"), stored=stored) == ("", "")


@stored_or_read
def test_what_we_applied_and_what_we_made_is_ours_together(stored: bool) -> None:
    parts = [entry("crossfade", only("f:replicas"), "Apply"), entry("crossfade", less("f:replicas"))]
    assert told(*parts, entry("argocd", APPLIED, "Apply"), stored=stored) == ("", "")


POD = ("f:template", "f:spec")
SHOP = (*POD, "f:containers", CONTAINER)
EDITS: dict[str, tuple[str, ...]] = {
    "an image": (*SHOP, "f:image"),
    "an argument added or removed": (*SHOP, "f:args"),
    "a variable": (*SHOP, "f:env", ENV, "f:value"),
    "a label": ("f:template", "f:metadata", "f:labels", "f:app"),
    "a default": (*POD, "f:terminationGracePeriodSeconds"),
}
ADDED: dict[str, tuple[str, ...]] = {
    "a container": (*POD, "f:containers", 'k:{"name":"debug"}'),
    "a variable": (*SHOP, "f:env", 'k:{"name":"HAND"}'),
    "a label": ("f:template", "f:metadata", "f:labels", "f:hand"),
    "a limit": (*SHOP, "f:resources", "f:limits"),
    "an annotation": ("f:template", "f:metadata", "f:annotations"),
}


@stored_or_read
@pytest.mark.parametrize("path", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("operation", ["Update", "Apply"])
def test_a_value_that_somebody_else_changed_is_an_edit(
    path: tuple[str, ...], operation: str, stored: bool
) -> None:
    theirs = entry("hand", only(*path), operation)
    assert told(entry("crossfade", less(*path)), theirs, stored=stored) == ("hand", "")


@stored_or_read
@pytest.mark.parametrize("path", ADDED.values(), ids=ADDED)
def test_what_somebody_else_added_is_an_edit(path: tuple[str, ...], stored: bool) -> None:
    theirs: dict[str, Any] = only(*path)
    at(theirs, *path)["."] = {}
    co_owner = entry("argocd", APPLIED, "Apply")
    assert told(entry("crossfade", MADE), co_owner, entry("hand", theirs), stored=stored) == ("hand", "")


@stored_or_read
def test_replicas_that_somebody_else_changed_are_told_apart_from_the_template(stored: bool) -> None:
    parts = [entry("crossfade", less("f:replicas")), entry("kubectl", only("f:replicas"))]
    assert told(*parts, stored=stored) == ("", "kubectl")


def test_the_store_keeps_nothing_of_one_who_changed_nothing() -> None:
    store = Store()
    fields = [entry("crossfade", MADE), entry("argocd", APPLIED, "Apply")]
    store.put("Deployment", child("shop-aaa", metadata={"managedFields": fields}))
    assert "managedFields" not in store.children("Deployment", Key("ns", "shop"))[0]["metadata"]
