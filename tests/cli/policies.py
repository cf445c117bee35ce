"""RolloutPolicies, namespaces and Rollouts as the API server gives them; a test says only what matters to it."""

from typing import Any

from view.stored import rollout

Object = dict[str, Any]


def policy(name: str = "production", status: Object | None = None, **spec: Any) -> Object:
    """A RolloutPolicy with these rules."""
    return {
        "apiVersion": "crossfade.dev/v1alpha1",
        "kind": "RolloutPolicy",
        "metadata": {"name": name, "resourceVersion": "5", "generation": 2},
        "spec": spec,
        **({} if status is None else {"status": {"observedGeneration": 2, **status}}),
    }


def namespace(name: str, **labels: str) -> Object:
    """A Namespace with these labels."""
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def named(name: str, namespace: str = "demo", labels: Object | None = None, **status: Any) -> Object:
    """A Rollout of another name."""
    found = rollout(**status)
    found["metadata"] |= {"name": name, "namespace": namespace, "labels": labels or {}}
    return found
