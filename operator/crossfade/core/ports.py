"""Which ports the Services and the route have: ports belong to a revision, and move with its requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from crossfade.api.labels import ANNOTATION_PORTS, LABEL_REVISION
from crossfade.api.parsing import parsed
from crossfade.api.service import ServicePort
from crossfade.core.declared_ports import undeclared_names, undeclared_numbers
from crossfade.core.situation import Situation

LONGEST: Final = 10_000
"""Characters of a note of ports that are looked at: a Service has 100 ports at most."""


def in_spec(s: Situation) -> list[dict[str, Any]]:
    """The Service's ports as the API server knows them."""
    listed = s.spec.service.ports if s.spec.service else []
    return [port.to_wire() for port in listed]


def of_service(s: Situation) -> list[Any]:
    """The ports that requests come through: the spec's, or those of the Service that is adopted, where it was read."""
    if not s.adopts:
        return in_spec(s)
    live = s.production_read or s.seen.found.services.get(s.service_name)
    return list((live.manifest.get("spec") or {}).get("ports") or ()) if live is not None else []


def of(s: Situation, revision: str) -> list[Any]:
    """The ports of a revision, which move with its requests: those that the spec had when they began to come to it.

    The spec's own until then, and of what serves alone, where the spec names it. An adopted Service's are its owner's.
    """
    if s.adopts:
        return of_service(s)
    p = s.progress
    if not s.stable_revision or (revision == s.spec_revision and not s.under_way and not s.blocked):
        return in_spec(s)
    if revision == s.spec_revision == p.revision and not (p.serving_since or p.rollback_reason):
        apart = s.routed and faces(in_spec(s)) != faces(of(s, s.stable_revision))
        if not apart:  # a route sends requests to both sides by one port
            return in_spec(s)
    return kept(s, revision)


def kept(s: Situation, revision: str) -> list[Any]:
    """The ports that are noted for a revision on its Deployment, else on its Release; the spec's where nothing is."""
    side = s.side(revision).manifest.get("metadata", {}).get("annotations") or {}
    records = (r.metadata.annotations for r in reversed(s.seen.releases) if r.spec.revision == revision)
    known = (each for notes in (side, *records) if (each := noted(notes)) is not None)
    first = next(known, None)
    return in_spec(s) if first is None else first


def faces(listed: list[Any]) -> list[tuple[Any, ...]]:
    """What clients and routes know of ports."""
    return [(port.get("name"), port["port"], port.get("protocol", "TCP")) for port in listed]


def behind(s: Situation, selector: Mapping[str, str]) -> list[Any]:
    """The ports of a Service with that selector: of the revision that it selects; where it selects all, those that all have."""
    alone, old, new = selector.get(LABEL_REVISION), s.stable_revision, s.progress.revision
    both = shared(s, old, new) if not alone and old and new else None
    return both if both is not None else of(s, alone or old or new)


def shared(s: Situation, old: str, new: str) -> list[Any] | None:
    """The ports by which one Service can have both revisions behind it; None where there are none.

    The new ones where the old revision has them too; else the old ones, where the new revision has those.
    """
    choices = ((of(s, new), old), (of(s, old), new))
    return next((listed for listed, other in choices if _has_ports(s, other, listed)), None)


def _has_ports(s: Situation, revision: str, listed: list[Any]) -> bool:
    """Whether requests to these ports find a listener in its pods: by a name or number that it declares, or its own number."""
    template = s.template_of(revision) or {}
    own = {port.get("targetPort") or port.get("port") for port in of(s, revision)}
    numbers = (each for each in undeclared_numbers(listed, template) if each not in own)
    return not undeclared_names(listed, template) and not any(True for _ in numbers)


def are_apart(s: Situation) -> bool:
    """Whether the two revisions of a release have other ports, so that one Service cannot have both behind it."""
    old, new = s.stable_revision, s.progress.revision
    return bool(old and new) and shared(s, old, new) is None


def noted(annotations: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The ports that are noted on a Deployment or a Release; None where none are, or what is there cannot be ports."""
    text = annotations.get(ANNOTATION_PORTS)
    return _read(text) if isinstance(text, str) and len(text) <= LONGEST else None


@lru_cache(maxsize=1_000)
def _read(text: str) -> list[dict[str, Any]] | None:
    try:
        told = parsed(text)
        if not isinstance(told, list) or not told:
            return None
        return [ServicePort.model_validate(each).to_wire() for each in told]
    except ValueError:
        return None


def note(s: Situation, revision: str) -> dict[str, str]:
    """The note of a revision's ports; of none where the Service is not ours to write, so that nothing is left of one that was."""
    listed = of(s, revision) if s.service_name and not s.adopts else []
    return {ANNOTATION_PORTS: json.dumps(listed, sort_keys=True, separators=(",", ":"))}


def beside(s: Situation, selector: Mapping[str, str]) -> list[dict[str, Any]]:
    """The same for another Service: what belongs to one alone (a nodePort) is left out."""
    return [{k: v for k, v in port.items() if k != "nodePort"} for port in behind(s, selector)]


def unknown(s: Situation, revision: str) -> list[str]:
    """The names of ports that requests come through, and that the revision's template does not declare."""
    template = s.template_of(revision) if revision else None
    return undeclared_names(of_service(s), template) if template else []
