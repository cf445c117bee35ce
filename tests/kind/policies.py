"""Policies of tests, each about the namespace of its test alone, and people who approve."""

from collections.abc import Callable
from typing import Any

from bench import manifests
from bench.kube import Kube, Object, wait_for
from bench.person import Person
from bench.scenarios.shop import Shop

LEADS, STAFF = "leads", "staff"

Rule = Callable[..., str]
New = Callable[..., Person]
Tell = Callable[[str], None]


def policy(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "crossfade.dev/v1alpha1",
        "kind": "RolloutPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def is_read(kube: Kube, name: str) -> bool:
    """Whether the operator has seen the policy as it is now."""
    found = kube.get("RolloutPolicy", "", name) or {"metadata": {"generation": 0}}
    return bool((found.get("status") or {}).get("observedGeneration") == found["metadata"]["generation"])


def canary(*weights: int) -> Object:
    return manifests.strategy("canary", steps=[{"weight": each} for each in weights])


def approve(person: Person, shop: Shop, **spec: Any) -> str:
    """Ask for an approval as a person; the answer."""
    revision = shop.status["candidate"]["revision"] if "candidate" in shop.status else spec.pop("revision")
    body = manifests.action(shop.namespace, "Approve", name=shop.name, revision=revision, **spec)
    name = person.create(body)["metadata"]["name"]

    def answer() -> str:
        status = (shop.kube.get("RolloutAction", shop.namespace, name) or {}).get("status") or {}
        return str(status["message"]) if status.get("state") else ""

    return wait_for(f"an answer to {name}", answer)
