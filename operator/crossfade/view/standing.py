"""Where a release stands, and the pods of its two sides. Reads raw objects, and takes any part of them to be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.view.model import Place, SideView

Object = Mapping[str, Any]


def plan_of(release: Object | None, status: Object) -> list[Object]:
    """Give the stages of the release under way, or none where the Release is of another attempt."""
    spec = (release or {}).get("spec", {})
    revision = progress_of(status).get("revision")
    return list(spec.get("plan", [])) if revision and spec.get("revision") == revision else []


def progress_of(status: Object) -> Object:
    """Give where the release under way stands; empty where none is."""
    return status.get("progress") or {}


def place_of(status: Object, plan: list[Object]) -> Place | None:
    """Give the stage; None on the way back, where there are no stages any more."""
    number, _, total = str(status.get("stage", "")).partition("/")
    if not (number.isdecimal() and total.isdecimal()) or progress_of(status).get("rollbackReason"):
        return None
    return Place(int(number), int(total), _stage(status, plan).get("name", ""))


def _stage(status: Object, plan: list[Object]) -> Object:
    index = progress_of(status).get("stage", 0)
    return plan[index] if index < len(plan) else {}


def side_of(status: Object, name: str, plan: list[Object], replicas: int) -> SideView | None:
    """Give one of the two revisions, `stable` or `candidate`, with its pods; None where there is none."""
    side = status.get(name)
    if not side or not side.get("revision"):
        return None
    return SideView(
        revision=side["revision"],
        image=side.get("image", ""),
        desired=_desired(status, name, plan, replicas),
        pods=side.get("replicas", 0),
        ready=side.get("ready", 0),
        available=side.get("available", 0),
    )


def _desired(status: Object, name: str, plan: list[Object], replicas: int) -> int | None:
    """Give the pods that this side is to have now; None where the plan is not known or was made for other replicas."""
    progress = progress_of(status)
    if not progress or progress.get("rollbackReason"):
        return replicas if name == "stable" else 0
    made_for_these = bool(plan) and plan[-1].get("candidate", 0) == replicas
    return _stage(status, plan).get(name, 0) if made_for_these else None
