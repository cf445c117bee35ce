"""Which Rollouts a RolloutPolicy is about. Reads raw objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.selector import selects

Object = Mapping[str, Any]
NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server gives every namespace."""


def selected(
    spec: RolloutPolicySpec, rollouts: Iterable[Object], namespaces: Mapping[str, Mapping[str, str]]
) -> list[Object]:
    """Give those that the policy is about, by namespace and name; `namespaces`: the labels of each by its name."""
    return sorted(
        (each for each in rollouts if is_about(spec, each, namespaces.get(namespace_of(each), {}))),
        key=lambda each: (namespace_of(each), each["metadata"]["name"]),
    )


def is_about(spec: RolloutPolicySpec, rollout: Object, namespace: Mapping[str, str]) -> bool:
    """Whether a policy is about a Rollout in a namespace with those labels."""
    known = {NAME_LABEL: namespace_of(rollout), **namespace}
    return selects(spec.namespace_selector, known) and selects(spec.rollout_selector, labels_of(rollout))


def asks_more_than_name(spec: RolloutPolicySpec) -> bool:
    """Whether it selects namespaces by any label but that of their name, which is known wherever a Rollout goes."""
    selector = spec.namespace_selector
    if selector is None:
        return False
    return bool({*selector.match_labels, *(each.key for each in selector.match_expressions)} - {NAME_LABEL})


def labels_of(stored: Object) -> Mapping[str, str]:
    """Give the labels of an object."""
    found: Mapping[str, str] = stored["metadata"].get("labels") or {}
    return found


def namespace_of(stored: Object) -> str:
    """Give the namespace of an object, "" where it says none."""
    return str(stored["metadata"].get("namespace", ""))


def labels_by_name(namespaces: Iterable[Object]) -> dict[str, Mapping[str, str]]:
    """Give the labels of each namespace by its name."""
    return {each["metadata"]["name"]: labels_of(each) for each in namespaces}


def by_words(spec: RolloutPolicySpec) -> str:
    """Say which Rollouts those are. Example: `Rollouts with tier=web in namespaces with env=production`."""
    rollouts = f" with {_words(spec.rollout_selector)}" if _words(spec.rollout_selector) else ""
    places = _words(spec.namespace_selector)
    return f"Rollouts{rollouts} in " + (f"namespaces with {places}" if places else "every namespace")


def _words(selector: Any) -> str:
    if selector is None:
        return ""
    equal = [f"{key}={value}" for key, value in sorted(selector.match_labels.items())]
    return ", ".join([*equal, *(_requirement(each) for each in selector.match_expressions)])


def _requirement(each: Any) -> str:
    if each.values:
        return f"{each.key} {'in' if each.operator == 'In' else 'not in'} ({', '.join(each.values)})"
    return each.key if each.operator == "Exists" else f"no {each.key}"
