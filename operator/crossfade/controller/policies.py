"""The RolloutPolicies that there are, each parsed once, and which of them are about a Rollout.

Told of every change of a policy and of the labels of namespaces. One whose selectors cannot be read is about every Rollout: nobody
can say that it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.selector import Selector, selects
from crossfade.api.strict import InvalidObjectError, parse_strict
from crossfade.core.policy.stored import stored_spec

Raw = dict[str, Any]

KIND: Final = "RolloutPolicy"
NAMESPACE: Final = "Namespace"
KINDS: Final = (KIND, NAMESPACE)
"""What has to be watched so that anybody can say which policies are about a Rollout."""


@dataclass(frozen=True)
class Policy:
    """A policy as it is stored: `spec` None where it cannot be read, and why in `problem`. `version`: of its spec.

    `namespaces`, `rollouts`: whom it selects; None: everybody.
    """

    name: str
    uid: str
    version: str
    spec: RolloutPolicySpec | None = None
    problem: str = ""
    namespaces: Selector | None = None
    rollouts: Selector | None = None

    def is_about(self, rollout_labels: Mapping[str, str], namespace_labels: Mapping[str, str]) -> bool:
        """Whether it selects a Rollout with these labels in a namespace with those."""
        return selects(self.namespaces, namespace_labels) and selects(self.rollouts, rollout_labels)


class Policies:
    """All of them. `unknown`: why this process cannot know them, as a sentence; "" where it does."""

    def __init__(self) -> None:
        self._policies: dict[str, Policy] = {}
        self._listeners: tuple[Callable[[str], None], ...] = ()
        self.unknown = ""

    def note(self, new: Raw | None, old: Raw | None) -> tuple[Policy, ...]:
        """Keep a policy in its new form; gives the forms that it has now and had before, where they differ: (), or those two."""
        name = (new or old or {"metadata": {"name": ""}})["metadata"]["name"]
        before = self._policies.pop(name, None)
        after = parsed(new) if new is not None else None
        if after is not None:
            self._policies[name] = after
        if before is not None and after is not None and before.version == after.version:
            return ()
        return tuple(each for each in (before, after) if each is not None)

    def listen(self, listener: Callable[[str], None]) -> None:
        """From now on `listener` is told the name of every policy that came, changed or went, also of what is told of it."""
        self._listeners = (*self._listeners, listener)

    def changed(self, name: str) -> None:
        """A policy came, changed or went."""
        for listener in self._listeners:
            listener(name)

    def __len__(self) -> int:
        return len(self._policies)

    def all(self) -> Iterable[Policy]:
        """All policies, by name."""
        return [self._policies[name] for name in sorted(self._policies)]

    def get(self, name: str) -> Policy | None:
        """The policy of that name; None where there is none."""
        return self._policies.get(name)

    def about(self, rollout: Raw, namespace: Raw | None) -> list[Policy]:
        """Those about a Rollout, by name. `namespace`: its namespace, None where nobody has seen it yet: then all may be."""
        if namespace is None:
            return [each for each in self.all() if selects(each.rollouts, labels(rollout))]
        there, own = labels(namespace), labels(rollout)
        return [each for each in self.all() if each.is_about(own, there)]


def labels(obj: Raw) -> Mapping[str, str]:
    """The labels of an object."""
    found: Mapping[str, str] = obj["metadata"].get("labels") or {}
    return found


def parsed(raw: Raw) -> Policy:
    """A stored policy as a value."""
    meta = raw["metadata"]
    name, uid = str(meta["name"]), str(meta["uid"])
    version = f"{uid}/{meta.get('generation', 0)}"
    asked = raw.get("spec") or {}
    chosen = [_selector(asked.get(each)) for each in ("namespaceSelector", "rolloutSelector")]
    return Policy(name, uid, version, *stored_spec(asked), *chosen)


def _selector(stored: object) -> Selector | None:
    """A selector; everybody where there is none, and where it cannot be read."""
    try:
        return parse_strict(Selector, stored) if stored is not None else None
    except InvalidObjectError:
        return None
