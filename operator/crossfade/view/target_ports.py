"""The ports that a Service sends requests to, and whether the pods have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.core.declared_ports import declared, undeclared_names, undeclared_numbers

Object = Mapping[str, Any]


def unknown_names(spec: Object, service: Object | None = None) -> str:
    """Why the template is refused: a port that the Service names, and no container has; "" where all are there."""
    template = spec.get("template")
    names = undeclared_names(_ports(spec, service), template) if template else []
    if not names:
        return ""
    return (
        f'no container has a port named "{names[0]}", and the Service sends requests there: add it to the ports of a '
        "container, or change targetPort"
    )


def unlisted_numbers(
    spec: Object, service: Object | None = None, *, others_only: bool = False
) -> Iterator[str]:
    """A number that no container lists: it may be right, since a list is only a hint; nobody has looked.

    `others_only`: tell it only where containers list other numbers.
    """
    template = spec.get("template")
    numbers = sorted(key for key, _ in declared(template or {}) if isinstance(key, int))
    if not template or (others_only and not numbers):
        return
    for number in undeclared_numbers(_ports(spec, service), template):
        listed = ", ".join(map(str, numbers)) or "none"
        yield (
            f"The Service sends requests to port {number}, and the containers list {listed}: make sure that one of them "
            f"listens on {number}, and list it under ports."
        )


def moved(before: Object, after: Object) -> str:
    """What becomes of ports that an applied spec changes, as a sentence; "" where it changes none."""
    old, new = (_told(spec) for spec in (before, after))
    if not before or old == new or not (old and new):
        return ""
    strategy = after.get("strategy") or {}
    one = "rolling" in strategy or ("canary" in strategy and not after.get("traffic"))
    how = "they move in one write with the requests, and come back with them"
    if one:
        how = "old and new pods serve behind one Service, so nothing begins (Invalid) unless both have these ports"
    return f"The Service's ports change from {old} to {new}: {how}."


def _told(spec: Object) -> str:
    """Example: `80 → 8080, 443 → https`. "" where it has none of its own."""
    asked = spec.get("service") or {}
    ports = [] if asked.get("adopt") else _ports(spec, None)
    return ", ".join(f"{port.get('port')} → {port.get('targetPort') or port.get('port')}" for port in ports)


def _ports(spec: Object, service: Object | None) -> list[Object]:
    """Those of the spec; of an adopted Service those that it has, where it is at hand."""
    asked = spec.get("service") or {}
    if asked.get("adopt"):
        return list(((service or {}).get("spec") or {}).get("ports") or ())
    return list(asked.get("ports") or ())
