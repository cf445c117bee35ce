"""What the store keeps of an object: less than the API server sends, and each text once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from sys import intern
from typing import Any, Final

from crossfade.api.labels import FIELD_MANAGER
from crossfade.api.parsing import KEPT_LEVELS
from crossfade.controller.naming import ROUTE_KINDS
from crossfade.controller.templates import MODELS as TEMPLATES

Raw = dict[str, Any]

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

_WORD: Final = re.compile(r"[^\d\n]{1,40}")


def lean(kind: str, obj: Raw) -> Raw:
    """A copy without what nobody reads, which shares its texts with all others."""
    kept: Raw = _shared(_without_last_applied(kind, _without_managers(kind, obj)))
    return kept


def _without_managers(kind: str, obj: Raw) -> Raw:
    """Leave out managedFields, a third of an object's size, where nobody reads them.

    A Service's say who else writes its selector; a route's who writes its rules; a Deployment's who else has written its pod
    template or replicas; a Rollout's who changed its template last, and no more of that.
    """
    meta = obj["metadata"]
    if "managedFields" not in meta:
        return obj
    kept: list[Raw] = []
    if kind == "Service":
        kept = _writing(meta["managedFields"], "selector")
    if kind in ROUTE_KINDS:
        kept = _writing(meta["managedFields"], "rules")
    if kind == "Rollout":
        kept = _newest(_writing(meta["managedFields"], "template"))
    if kind == "Deployment":
        kept = others_writing(meta["managedFields"], "template", "replicas")
    rest = {key: value for key, value in meta.items() if key != "managedFields"}
    return {**obj, "metadata": {**rest, "managedFields": kept} if kept else rest}


def _without_last_applied(kind: str, obj: Raw) -> Raw:
    """Leave out what kubectl has put into a route or a template beside its spec: the same once more. All of a cluster are kept."""
    notes = obj["metadata"].get("annotations") or {}
    if kind not in (*ROUTE_KINDS, *TEMPLATES) or _LAST_APPLIED not in notes:
        return obj
    rest = {key: value for key, value in notes.items() if key != _LAST_APPLIED}
    return {**obj, "metadata": {**obj["metadata"], "annotations": rest}}


def _newest(entries: Iterable[Raw]) -> list[Raw]:
    """The entry that changed last, without what it owns."""
    last = max(entries, key=lambda entry: str(entry.get("time") or ""), default=None)
    return [{**last, "fieldsV1": {"f:spec": {"f:template": {}}}}] if last is not None else []


def _shared(value: Any, levels: int = KEPT_LEVELS) -> Any:
    """The value, less what is nested too deep, with one copy of each field's name and of each short word for all objects.

    Words with digits are left as they are. Without it they take some 40 % of the store (measured). Texts with digits (UIDs, times) are seldom the same twice.
    """
    if isinstance(value, dict):
        return {intern(key): _shared(inside, levels - 1) for key, inside in value.items()} if levels else None
    if isinstance(value, list):
        return [_shared(one, levels - 1) for one in value] if levels else None
    return intern(value) if isinstance(value, str) and _WORD.fullmatch(value) else value


def _writing(entries: Iterable[Raw], field: str) -> list[Raw]:
    """The entries of managedFields of all who own something of a field of a spec, each with nothing but that."""
    parts = [(entry, _part(entry, [field])) for entry in entries]
    return [{**entry, "fieldsV1": {"f:spec": part}} for entry, part in parts if part]


def others_writing(entries: Iterable[Raw], *fields: str) -> list[Raw]:
    """The entries of managedFields of others than us, each with what it alone owns of these fields of a spec.

    Who changes a field takes it from us. Who applies the value that it has anyway shares it with us: nothing was edited,
    so what is shared is left out, and with it an entry that has nothing else.
    """
    parts = [(entry, _part(entry, fields)) for entry in entries]
    ours = [part for entry, part in parts if entry.get("manager") == FIELD_MANAGER]
    others = (
        (entry, _unshared(part, ours)) for entry, part in parts if entry.get("manager") != FIELD_MANAGER
    )
    return [{**entry, "fieldsV1": {"f:spec": alone}} for entry, alone in others if alone]


def _part(entry: Raw, fields: Iterable[str]) -> Raw:
    """What an entry owns of these fields of a spec, in the form of fieldsV1: `f:` and a field, `k:` and an item's key."""
    spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
    return {f"f:{field}": spec[f"f:{field}"] for field in fields if f"f:{field}" in spec}


def _unshared(fields: Raw, others: Sequence[Raw]) -> Raw:
    """What of `fields` none of the other sets has, itself (which is written `.`) or something in it."""
    left: Raw = {}
    for name, inside in fields.items():
        same = [other[name] for other in others if name in other]
        rest = (
            _unshared({key: value for key, value in inside.items() if key != "."}, same) if same else inside
        )
        if rest or not same:
            left[name] = rest
    return left
