"""What a route's status proves: whether its Gateways have seen this generation, and whether they took it.

Accepted is not serving: a status was current after 0.18 s while the traffic moved after 1.76 s (measured on Traefik). So it is
needed, and never enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crossfade.routers.refs import namespace_of, title_of
from crossfade.routers.split import Object

GROUP = "gateway.networking.k8s.io"
ParentKey = tuple[str, str, str, str, str, int]


@dataclass(frozen=True)
class Acceptance:
    """`seen`: every Gateway has said something about this generation. `ok`: and all of them took it, references included.

    `why`: where not, in one sentence who says what.
    """

    seen: bool
    ok: bool
    why: str = ""


def acceptance(route: Object) -> Acceptance:
    """Say what the route's parents answered to what it is now."""
    parents = route.get("spec", {}).get("parentRefs") or []
    if not parents:
        return Acceptance(
            False, False, f"{title_of(route)} names no Gateway: write one in its spec.parentRefs"
        )
    silent = [parent for parent in parents if not any(_current_answers(route, parent))]
    if silent:
        return Acceptance(False, False, _silence(route, silent[0]))
    for parent in parents:
        for answer in _current_answers(route, parent):
            if why := _refusal(route, parent, answer):
                return Acceptance(True, False, why)
    return Acceptance(True, True)


def controllers_of(route: Object) -> tuple[str, ...]:
    """Give the names of the controllers that carry the route out, each once: those that answered last for each of its parents.

    Not only what is said of this generation, which is new with each weight that is written. What a controller that is gone
    has left there is older than what another one has said since.
    """
    parents = route.get("spec", {}).get("parentRefs") or []
    last = [each for parent in parents for each in _newest(_answers(route, parent))]
    return tuple(dict.fromkeys(str(each.get("controllerName", "")) for each in last))


def _newest(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the answers about the newest generation that any of them is about."""
    seen = [
        max((each.get("observedGeneration", -1) for each in answer.get("conditions") or []), default=-1)
        for answer in answers
    ]
    return [answer for answer, generation in zip(answers, seen, strict=True) if generation == max(seen)]


def _current_answers(route: Object, parent: Object) -> Iterator[dict[str, Any]]:
    """Give what controllers said of a parent and this generation: both conditions, or one that is a refusal already.

    What a controller that is gone has left there is of an older generation, so it is no answer.
    """
    for status in _answers(route, parent):
        conditions = _current_conditions(route, status)
        answered = [conditions[kind] for kind in ("Accepted", "ResolvedRefs") if kind in conditions]
        if len(answered) == 2 or any(each.get("status") != "True" for each in answered):
            yield conditions


def _answers(route: Object, parent: Object) -> list[dict[str, Any]]:
    namespace = namespace_of(route)
    answers = (route.get("status") or {}).get("parents") or []
    key = _key(parent, namespace)
    return [each for each in answers if _key(each.get("parentRef") or {}, namespace) == key]


def _current_conditions(route: Object, status: Object) -> dict[str, Any]:
    generation = route.get("metadata", {}).get("generation", 0)
    return {
        each["type"]: each
        for each in status.get("conditions") or []
        if each.get("observedGeneration", -1) >= generation
    }


def _key(parent: Object, namespace: str) -> ParentKey:
    """Give what makes two references mean the same parent, with everything said that may be left out."""
    return (
        parent.get("group", GROUP),
        parent.get("kind") or "Gateway",
        parent.get("namespace") or namespace,
        parent.get("name", ""),
        parent.get("sectionName") or "",
        parent.get("port") or 0,
    )


def _refusal(route: Object, parent: Object, conditions: Object) -> str:
    for kind in ("Accepted", "ResolvedRefs"):
        if (found := conditions.get(kind)) and found.get("status") != "True":
            return _said(route, parent, found)
    partly = conditions.get("PartiallyInvalid")
    return _said(route, parent, partly) if partly and partly.get("status") == "True" else ""


def _said(route: Object, parent: Object, condition: Object) -> str:
    reason, message = condition.get("reason", ""), str(condition.get("message", "")).strip()
    detail = f"{reason}: {message}" if message else f"{reason}"
    return f"{_parent_title(route, parent)} says {condition['type']}={condition.get('status')} of {title_of(route)}: {detail}"


def _silence(route: Object, parent: Object) -> str:
    generation = route.get("metadata", {}).get("generation", 0)
    older = "" if not _answers(route, parent) else ", only about an older one"
    return (
        f"{_parent_title(route, parent)} has not answered yet about generation {generation} of {title_of(route)}{older}: "
        "is it there, and does its controller run?"
    )


def _parent_title(route: Object, parent: Object) -> str:
    namespace = parent.get("namespace") or namespace_of(route)
    place = f"{namespace}/{parent.get('name', '')}"
    section = parent.get("sectionName")
    return f"{parent.get('kind') or 'Gateway'} {place}{f' ({section})' if section else ''}"
