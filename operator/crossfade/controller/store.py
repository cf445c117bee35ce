"""What is known of the cluster: the newest seen form of each watched object, found by the Rollout it belongs to.

Fed by the watches and by the answer to every write, so that the operator never has a stale view of its own writes.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any, Final, NamedTuple

from crossfade.api.labels import FIELD_MANAGER, LABEL_ROLLOUT

Raw = dict[str, Any]

_REMEMBERED_DELETIONS: Final = 10_000
_WORD: Final = re.compile(r"[^\d\n]{1,40}")


class Key(NamedTuple):
    """A Rollout by name: the unit of work."""

    namespace: str
    name: str


@dataclass(frozen=True)
class Watched:
    """A kind to watch: `labelled` ones only where they carry our label."""

    group: str
    version: str
    plural: str
    labelled: bool

    @property
    def selector(self) -> str | None:
        return LABEL_ROLLOUT if self.labelled else None


WATCHED: Final[Mapping[str, Watched]] = {
    "Rollout": Watched("crossfade.dev", "v1alpha1", "rollouts", labelled=False),
    "Release": Watched("crossfade.dev", "v1alpha1", "releases", labelled=False),
    "RolloutAction": Watched("crossfade.dev", "v1alpha1", "rolloutactions", labelled=False),
    "Deployment": Watched("apps", "v1", "deployments", labelled=True),
    "Service": Watched("", "v1", "services", labelled=True),
    "EndpointSlice": Watched("discovery.k8s.io", "v1", "endpointslices", labelled=True),
}

Listener = Callable[[str, Key, Raw | None, Raw | None], None]
"""Told of every change: kind, key, the object before and after; None where there was or is none."""


def owner_key(kind: str, obj: Mapping[str, Any]) -> Key | None:
    """The Rollout that an object belongs to; None for one that belongs to none."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    if kind == "Rollout":
        name = meta["name"]
    elif kind in {"Release", "RolloutAction"}:
        name = spec.get("rollout") or (meta.get("labels") or {}).get(LABEL_ROLLOUT)
    else:
        name = (meta.get("labels") or {}).get(LABEL_ROLLOUT)
    return Key(meta["namespace"], name) if name else None


def version_of(obj: Mapping[str, Any]) -> int:
    """Resource versions of one kind are ordered numbers (a promise of the API since 1.35)."""
    return int(obj["metadata"]["resourceVersion"])


class Store:
    """The newest seen form of each object. An older form is ignored; a deletion counts for its own UID."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[tuple[str, str], Raw]] = {kind: {} for kind in WATCHED}
        self._children: dict[tuple[str, Key], dict[str, Raw]] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()  # UID -> the version that it went with
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def rollout(self, key: Key) -> Raw | None:
        return self._objects["Rollout"].get((key.namespace, key.name))

    def children(self, kind: str, key: Key) -> list[Raw]:
        """The objects of `kind` that belong to the Rollout, in no particular order."""
        return list(self._children.get((kind, key), {}).values())

    def all(self, kind: str) -> Iterable[Raw]:
        return self._objects[kind].values()

    def get(self, kind: str, namespace: str, name: str) -> Raw | None:
        return self._objects[kind].get((namespace, name))

    def is_gone(self, obj: Raw) -> bool:
        """Whether `obj` is from before the object's deletion, or before it lost our label, which looks the same."""
        return version_of(obj) <= self._gone.get(obj["metadata"]["uid"], -1)

    def put(self, kind: str, obj: Raw) -> tuple[Key, ...]:
        """Keep `obj` where it is news; gives the Rollouts that it is news for."""
        place = _place(obj)
        old = self._objects[kind].get(place)
        if self.is_gone(obj) or (old is not None and version_of(obj) <= version_of(old)):
            return ()
        lean: Raw = _shared(_lean(kind, obj))
        self._objects[kind][place] = lean
        return self._index(kind, old, lean)

    def remove(
        self, kind: str, namespace: str, name: str, uid: str, version: int | None = None
    ) -> tuple[Key, ...]:
        """Forget the object with that UID; what is said of it up to `version` (default: the one stored) is past."""
        old = self._objects[kind].get((namespace, name))
        is_it = old is not None and old["metadata"]["uid"] == uid
        if version is None and old is not None and is_it:
            version = version_of(old)
        self._remember_gone(uid, version or 0)
        if old is None or not is_it:
            return ()
        del self._objects[kind][namespace, name]
        return self._index(kind, old, None)

    def _remember_gone(self, uid: str, version: int) -> None:
        self._gone[uid] = max(version, self._gone.pop(uid, 0))
        if len(self._gone) > _REMEMBERED_DELETIONS:
            self._gone.popitem(last=False)

    def _index(self, kind: str, old: Raw | None, new: Raw | None) -> tuple[Key, ...]:
        before = owner_key(kind, old) if old is not None else None
        after = owner_key(kind, new) if new is not None else None
        if old is not None and before is not None and before != after:
            self._forget_child(kind, before, old["metadata"]["name"])
            self._tell(kind, before, old, None)
        if new is not None and after is not None:
            self._children.setdefault((kind, after), {})[new["metadata"]["name"]] = new
            self._tell(kind, after, old if before == after else None, new)
        return tuple(key for key in dict.fromkeys((before, after)) if key is not None)

    def _forget_child(self, kind: str, key: Key, name: str) -> None:
        siblings = self._children[kind, key]
        del siblings[name]
        if not siblings:
            del self._children[kind, key]

    def _tell(self, kind: str, key: Key, old: Raw | None, new: Raw | None) -> None:
        for listener in self._listeners:
            listener(kind, key, old, new)


def _place(obj: Mapping[str, Any]) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta["namespace"], meta["name"]


def _lean(kind: str, obj: Raw) -> Raw:
    """Leave out managedFields, a third of an object's size, where nobody reads them.

    A Service's say who else writes its selector; a Deployment's who else has written its pod template or replicas.
    """
    meta = obj["metadata"]
    if "managedFields" not in meta:
        return obj
    kept: list[Raw] = []
    if kind == "Service":
        kept = _writing(meta["managedFields"], "selector")
    if kind == "Deployment":
        kept = others_writing(meta["managedFields"], "template", "replicas")
    rest = {key: value for key, value in meta.items() if key != "managedFields"}
    return {**obj, "metadata": {**rest, "managedFields": kept} if kept else rest}


def _shared(value: Any) -> Any:
    """The value with one copy of each field's name, and of each short word without digits, for all objects.

    Without it they take some 40 % of the store (measured). Texts with digits (UIDs, times) are seldom the same twice.
    """
    if isinstance(value, dict):
        return {intern(key): _shared(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_shared(one) for one in value]
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
