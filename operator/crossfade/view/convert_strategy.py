"""The strategy of a converted Deployment: its own, as a Rollout writes it, or the one that the user chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]

DEFAULT_SHARE = "25%"
EXAMPLE_STEPS = [{"weight": 25, "pauseSeconds": 60}, {"weight": 50, "pauseSeconds": 60}]
"""A canary has no counterpart in a Deployment: its steps are for the user to edit, and a warning says so."""


def recreates(deployment: Object) -> bool:
    """Whether the Deployment never runs two versions at once."""
    return bool((deployment["spec"].get("strategy") or {}).get("type") == "Recreate")


def strategy_name(deployment: Object, wanted: str | None) -> str:
    """Give the strategy that was chosen, else the one that the Deployment has."""
    return wanted or ("recreate" if recreates(deployment) else "rolling")


def strategy_of(deployment: Object, name: str) -> dict[str, Any]:
    """Give `spec.strategy`: limits of a rolling update are carried over, the rest is the strategy's plainest form."""
    if name == "rolling":
        return {name: rolling(deployment)}
    return {name: {"steps": [dict(step) for step in EXAMPLE_STEPS]} if name == "canary" else {}}


def rolling(deployment: Object) -> dict[str, Any]:
    """Give the Deployment's limits; the Rollout's own defaults where it recreates and so has none."""
    if recreates(deployment):
        return {}
    limits = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    return {
        "maxSurge": _amount(limits.get("maxSurge", DEFAULT_SHARE)),
        "maxUnavailable": _amount(limits.get("maxUnavailable", DEFAULT_SHARE)),
    }


def _amount(value: int | str) -> int | str:
    """Give the amount within what a Rollout accepts: a share has no leading zeros and is 100% at most."""
    return f"{min(int(value.rstrip('%')), 100)}%" if isinstance(value, str) else value


def surge_is_cut(deployment: Object) -> bool:
    """Whether the Deployment may double and more, which a Rollout may not."""
    limits = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = limits.get("maxSurge", DEFAULT_SHARE)
    return isinstance(surge, str) and int(surge.rstrip("%")) > 100
