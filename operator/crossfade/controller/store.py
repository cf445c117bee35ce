"""What is known of the cluster: the newest seen form of each watched object, found by the Rollout it belongs to.

Fed by the watches and by the answer to every write, so that the operator never has a stale view of its own writes.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from crossfade.api.labels import LABEL_ROLLOUT
from crossfade.controller.lean import lean
from crossfade.controller.naming import (
    ROUTE_KINDS,
    Claim,
    Naming,
    Route,
    claim_of,
    is_at_rest,
    tells_nothing_new,
)
from crossfade.controller.policies import KIND as POLICY
from crossfade.controller.policies import NAMESPACE, Policies, Policy, labels
from crossfade.controller.templates import MODELS as TEMPLATES
from crossfade.controller.templates import Place, Templates, is_as_it_was

Raw = dict[str, Any]

_REMEMBERED_DELETIONS: Final = 10_000


class Key(NamedTuple):
    """A Rollout by name: the unit of work."""

    namespace: str
    name: str


Names = Callable[[Mapping[str, Any]], Iterable[str]]


def namespace_of(obj: Mapping[str, Any]) -> str:
    """Where an object lives; "" for one of the cluster."""
    return str(obj["metadata"].get("namespace") or "")


def _nobody(_obj: Mapping[str, Any]) -> Iterable[str]:
    """What says nothing of Rollouts: they say it."""
    return ()


def _own_name(obj: Mapping[str, Any]) -> Iterable[str]:
    yield obj["metadata"]["name"]


def _labelled(obj: Mapping[str, Any]) -> Iterable[str]:
    yield (obj["metadata"].get("labels") or {}).get(LABEL_ROLLOUT, "")


def _named(obj: Mapping[str, Any]) -> Iterable[str]:
    """As its spec says, which nobody can edit; by its label where it says nothing."""
    name = (obj.get("spec") or {}).get("rollout")
    return (name,) if name else _labelled(obj)


@dataclass(frozen=True)
class Watched:
    """A kind to watch: `labelled` ones only where they carry our label.

    `rollouts`: the names of the Rollouts that an object is news for, all in its own namespace.
    """

    group: str
    version: str
    plural: str
    labelled: bool
    rollouts: Names = _labelled

    @property
    def selector(self) -> str | None:
        """The label selector that its list and watch ask for; None: all objects."""
        return LABEL_ROLLOUT if self.labelled else None

    def keys(self, obj: Mapping[str, Any]) -> tuple[Key, ...]:
        """The Rollouts that an object is news for, each once; none where it belongs to none."""
        names = dict.fromkeys(filter(None, self.rollouts(obj)))
        return tuple(Key(namespace_of(obj), name) for name in names)


WATCHED: Final[Mapping[str, Watched]] = {
    "Rollout": Watched("crossfade.dev", "v1alpha1", "rollouts", labelled=False, rollouts=_own_name),
    "Release": Watched("crossfade.dev", "v1alpha1", "releases", labelled=False, rollouts=_named),
    "RolloutAction": Watched("crossfade.dev", "v1alpha1", "rolloutactions", labelled=False, rollouts=_named),
    "AnalysisTemplate": Watched(
        "crossfade.dev", "v1alpha1", "analysistemplates", labelled=False, rollouts=_nobody
    ),
    "Deployment": Watched("apps", "v1", "deployments", labelled=True),
    "Service": Watched("", "v1", "services", labelled=True),
    "EndpointSlice": Watched("discovery.k8s.io", "v1", "endpointslices", labelled=True),
}
"""What every process watches; routes come to it where the cluster has them (`kinds`)."""

OF_THE_CLUSTER: Final[Mapping[str, Watched]] = {
    "ClusterAnalysisTemplate": Watched(
        "crossfade.dev", "v1alpha1", "clusteranalysistemplates", labelled=False, rollouts=_nobody
    ),
}
"""What a process watches besides that works in all namespaces: no Role can give the right to it."""


OF_POLICIES: Final[Mapping[str, Watched]] = {
    "RolloutPolicy": Watched(
        "crossfade.dev", "v1alpha1", "rolloutpolicies", labelled=False, rollouts=_nobody
    ),
    "Namespace": Watched("", "v1", "namespaces", labelled=False, rollouts=_nobody),
}
"""What tells which policies are about a Rollout. All of it belongs to the cluster, and every process needs it."""


def watched_in(namespace: str | None) -> Mapping[str, Watched]:
    """What a process watches that works in one namespace, or with None in all."""
    return {**WATCHED, **OF_POLICIES, **({} if namespace is not None else OF_THE_CLUSTER)}


Listener = Callable[[str, Key, Raw | None, Raw | None], None]
"""Told of every change: kind, key, the object before and after; None where there was or is none."""


def version_of(obj: Mapping[str, Any]) -> int:
    """Resource versions of one kind are ordered numbers (a promise of the API since 1.35)."""
    return int(obj["metadata"]["resourceVersion"])


class Store:
    """The newest seen form of each object. An older form is ignored; a deletion counts for its own UID."""

    def __init__(self, watched: Mapping[str, Watched] = WATCHED) -> None:
        self.watched = dict(watched)
        self.naming = Naming()
        self.templates = Templates()
        self.policies = Policies()
        self.brought: Counter[str] = Counter()
        """How many objects of each kind the watches have brought, news or not."""
        self._objects: dict[str, dict[tuple[str, str], Raw]] = {kind: {} for kind in watched}
        self._children: dict[tuple[str, Key], dict[str, Raw]] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()  # UID -> the version that it went with
        self._listeners: list[Listener] = []

    def watch(self, more: Mapping[str, Watched]) -> None:
        """Keep objects of these kinds too."""
        self.watched.update(more)
        for kind in more:
            self._objects.setdefault(kind, {})

    def unwatch(self, kinds: Iterable[str]) -> None:
        """Keep and watch no objects of these kinds."""
        for kind in kinds:
            self.watched.pop(kind, None)

    def listen(self, listener: Listener) -> None:
        """From now on `listener` is told of every change."""
        self._listeners.append(listener)

    def rollout(self, key: Key) -> Raw | None:
        """The Rollout of that key; None where there is none."""
        return self._objects["Rollout"].get((key.namespace, key.name))

    def children(self, kind: str, key: Key) -> list[Raw]:
        """The objects of `kind` that belong to the Rollout, in no particular order."""
        return list(self._children.get((kind, key), {}).values())

    def all(self, kind: str) -> Iterable[Raw]:
        """All objects of `kind`, of every namespace."""
        return self._objects[kind].values()

    def get(self, kind: str, namespace: str, name: str) -> Raw | None:
        """One object by its name (`namespace` "" for one of the cluster); None where there is none."""
        return self._objects[kind].get((namespace, name))

    def is_gone(self, obj: Raw) -> bool:
        """Whether `obj` is from before the object's deletion, or before it lost our label, which looks the same."""
        return version_of(obj) <= self._gone.get(obj["metadata"]["uid"], -1)

    def versions(self, kind: str) -> dict[str, int]:
        """By UID, what is known: the version of each object of a kind, and the one that a deleted one went with."""
        return {**self._gone, **{raw["metadata"]["uid"]: version_of(raw) for raw in self.all(kind)}}

    def put(self, kind: str, obj: Raw) -> tuple[Key, ...]:
        """Keep `obj` where it is news; gives the Rollouts that it is news for."""
        place = _place(obj)
        old = self._objects[kind].get(place)
        if self.is_gone(obj) or (old is not None and version_of(obj) <= version_of(old)):
            return ()
        kept = lean(kind, obj)
        self._objects[kind][place] = kept
        return self._changed(kind, place, old, kept)

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
        return self._changed(kind, (namespace, name), old, None)

    def _remember_gone(self, uid: str, version: int) -> None:
        self._gone[uid] = max(version, self._gone.pop(uid, 0))
        if len(self._gone) > _REMEMBERED_DELETIONS:
            self._gone.popitem(last=False)

    def _changed(
        self, kind: str, place: tuple[str, str], old: Raw | None, new: Raw | None
    ) -> tuple[Key, ...]:
        """Keep every index, and give the Rollouts that the change is news for, each once."""
        keys = (*self._index(kind, place[1], old, new), *self._rivals(kind, old, new))
        if kind in ROUTE_KINDS:
            keys += tuple(Key(place[0], name) for name in self.naming.rollouts(Route(kind, *place)))
            if tells_nothing_new(old, new):
                keys = tuple(key for key in keys if not is_at_rest(self.rollout(key)))
        if kind in TEMPLATES:
            self.templates.changed(Place(kind, *place))
            named = () if is_as_it_was(old, new) else self.templates.rollouts(Place(kind, *place))
            keys += tuple(Key(*each) for each in named)
        if kind == POLICY:
            keys += self._governed(old, new)
            self.policies.changed(place[1])
        if kind == NAMESPACE and new is not None and (old is None or labels(old) != labels(new)):
            keys += tuple(key for key in self.rollouts() if key.namespace == place[1])
        return tuple(dict.fromkeys(keys))

    def rollouts(self) -> Iterable[Key]:
        """The Rollouts that there are."""
        return (Key(*place) for place in self._objects["Rollout"])

    def namespace(self, name: str) -> Raw | None:
        """A namespace as it was seen; None where it was not yet."""
        return self._objects.get(NAMESPACE, {}).get(("", name))

    def policies_about(self, rollout: Raw) -> list[Policy]:
        """The policies that are about a Rollout, by name."""
        return self.policies.about(rollout, self.namespace(namespace_of(rollout)))

    def _governed(self, old: Raw | None, new: Raw | None) -> tuple[Key, ...]:
        """The Rollouts that a policy is about, or was before it changed; none where only its status did."""
        forms = self.policies.note(new, old)
        if not forms:
            return ()
        found = (
            Key(namespace_of(raw), raw["metadata"]["name"])
            for raw in self.all("Rollout")
            if self._is_of(forms, raw)
        )
        return tuple(found)

    def _is_of(self, forms: Sequence[Policy], rollout: Raw) -> bool:
        there = self.namespace(namespace_of(rollout))
        return any(there is None or each.is_about(labels(rollout), labels(there)) for each in forms)

    def _rivals(self, kind: str, old: Raw | None, new: Raw | None) -> tuple[Key, ...]:
        """The Rollouts that name a route that this one names now, or no more, or in another way."""
        before, after = (claim_of(each) if kind == "Rollout" else None for each in (old, new))
        if before == after:
            return ()
        routes = (claim.route for claim in (before, after) if claim is not None)
        rivals = (claim for route in routes for claim in self.naming.claims(route))
        return tuple(map(_claimant, rivals))

    def _index(self, kind: str, name: str, old: Raw | None, new: Raw | None) -> tuple[Key, ...]:
        """Put an object where its Rollouts find it, and tell of it: those that it left, and those that it is of now."""
        before, after = self._keys(kind, old), self._keys(kind, new)
        for key in (each for each in before if each not in after):
            self._forget_child(kind, key, name)
            self._tell(kind, key, name, old, None)
        for key in after:
            if new is not None:
                self._children.setdefault((kind, key), {})[name] = new
            self._tell(kind, key, name, old if key in before else None, new)
        return tuple(dict.fromkeys((*before, *after)))

    def _keys(self, kind: str, obj: Raw | None) -> tuple[Key, ...]:
        return self.watched[kind].keys(obj) if obj is not None else ()

    def _forget_child(self, kind: str, key: Key, name: str) -> None:
        siblings = self._children[kind, key]
        del siblings[name]
        if not siblings:
            del self._children[kind, key]

    def _tell(self, kind: str, key: Key, name: str, old: Raw | None, new: Raw | None) -> None:
        self.naming.note(kind, key.name, name, old, new)
        if kind == "Rollout":
            self.templates.note(*key, old, new)
        for listener in self._listeners:
            listener(kind, key, old, new)


def _claimant(claim: Claim) -> Key:
    return Key(claim.route.namespace, claim.rollout)


def _place(obj: Mapping[str, Any]) -> tuple[str, str]:
    return namespace_of(obj), obj["metadata"]["name"]
