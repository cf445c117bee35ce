"""Services that send a request to a near pod first: then a revision's share of requests is not its share of pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crossfade.view.autoscalers import SHARING

Object = Mapping[str, Any]

NEAR: Final = {
    "PreferClose": "the caller's zone",
    "PreferSameZone": "the caller's zone",
    "PreferSameNode": "the caller's node",
}
"""The values of `trafficDistribution`, and where it looks for a pod first."""


def service_name(rollout: Object) -> str:
    """The production Service of a Rollout; "" where it has none."""
    spec = rollout.get("spec") or {}
    if spec.get("service") is None:
        return ""
    return str(spec["service"].get("name") or rollout["metadata"]["name"])


def uneven(strategy: str, service: Object | None) -> Iterator[str]:
    """Give a sentence where two revisions share the requests by their pods, and the Service shares them otherwise."""
    spec = (service or {}).get("spec") or {}
    preferred = spec.get("trafficDistribution")
    if service is None or strategy not in SHARING or preferred not in NEAR:
        return
    yield (
        f"Service {service['metadata']['name']} has trafficDistribution: {preferred}: each caller is sent to the pods in "
        f"{NEAR[preferred]} first, so a revision gets the share of requests that its pods have there, not the share "
        "of all pods. Leave trafficDistribution out, or spread the pods evenly."
    )
