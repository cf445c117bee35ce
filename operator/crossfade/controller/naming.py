"""Which Rollouts a route matters to. A route says nothing of them: somebody else made it, and no label is put on it.

A Rollout names one in its spec. One of its Services says by an annotation which one was changed for it, also when its spec
names that one no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from crossfade.api.bounds import ROUTE_MEMBERS
from crossfade.api.labels import ANNOTATION_ROUTE
from crossfade.api.parsing import parsed

Raw = dict[str, Any]

ROUTE_KINDS: Final = tuple(ROUTE_MEMBERS.values())

WITH_GROUPS: Final = ("HTTPRoute", "GRPCRoute")
"""Those that can tell requests apart by more than their host."""

_ROLES: Final = ("canary", "preview", "preview-hosts")

_AT_REST: Final = frozenset({"Healthy", "RolledBack"})


class Route(NamedTuple):
    """A route by its place."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Claim:
    """The route that a Rollout's spec names: `rule` is the only one it is about, None for all of them.

    `created`: when the Rollout was made, as the API server writes it. `leaving`: it is being deleted.
    """

    rollout: str
    route: Route
    rule: str | None
    created: str
    leaving: bool

    def goes_before(self, other: Claim) -> bool:
        """Whether it is about a rule of the other's, and its Rollout is the older one and stays."""
        overlaps = self.route == other.route and (None in {self.rule, other.rule} or self.rule == other.rule)
        is_older = (self.created, self.rollout) < (other.created, other.rollout)
        return overlaps and is_older and not self.leaving


def claim_of(rollout: Mapping[str, Any] | None) -> Claim | None:
    """What a Rollout's spec names; None where it names no route."""
    if rollout is None:
        return None
    meta, spec = rollout["metadata"], rollout.get("spec") or {}
    traffic: Raw = spec.get("traffic") or {}
    none: tuple[str, Raw] = ("", {})
    field, ref = next(((field, traffic[field]) for field in ROUTE_MEMBERS if traffic.get(field)), none)
    if traffic.get("gateway"):
        field, ref = "httpRoute", {"name": _service_name(meta, spec)}
    if not ref.get("name"):
        return None
    return Claim(
        rollout=meta["name"],
        route=Route(ROUTE_MEMBERS[field], meta["namespace"], ref["name"]),
        rule=ref.get("rule"),
        created=meta.get("creationTimestamp") or "",
        leaving=bool(meta.get("deletionTimestamp")),
    )


def own_routes(rollout: Mapping[str, Any]) -> Iterator[Route]:
    """Where a Rollout that names a route may have some of its own, for groups of users and for the preview.

    Somebody else's may be in their place.
    """
    claim, meta = claim_of(rollout), rollout["metadata"]
    if claim is not None and claim.route.kind in WITH_GROUPS:
        service = _service_name(meta, rollout["spec"])
        yield from (Route(claim.route.kind, meta["namespace"], f"{service}-{role}") for role in _ROLES)


def _service_name(meta: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    return str((spec.get("service") or {}).get("name") or meta["name"])


def changed_for(service: Mapping[str, Any]) -> Route | None:
    """The route that a Service says was changed for its Rollout; None where it says none, or nothing that can be read."""
    meta = service["metadata"]
    try:
        told = parsed((meta.get("annotations") or {}).get(ANNOTATION_ROUTE, ""))
    except ValueError:
        return None
    kind, name = (told.get("kind"), told.get("name")) if isinstance(told, dict) else (None, None)
    return Route(kind, meta["namespace"], name) if kind in ROUTE_KINDS and isinstance(name, str) else None


def named_in(kind: str, obj: Mapping[str, Any] | None) -> Iterator[Route]:
    """The routes that an object names."""
    if obj is None:
        return
    if kind == "Rollout" and (claim := claim_of(obj)) is not None:
        yield claim.route
        yield from own_routes(obj)
    if kind == "Service":
        yield from filter(None, (changed_for(obj),))


class Naming:
    """By route, who names it. Told of every change of an object, with the Rollout that it belongs to."""

    def __init__(self) -> None:
        self._sources: dict[Route, dict[tuple[str, str, str], Claim | None]] = {}

    def note(self, kind: str, rollout: str, name: str, old: Raw | None, new: Raw | None) -> None:
        """The object `name` of that kind, which belongs to `rollout`, was `old` and is `new`."""
        source = kind, rollout, name
        for route in named_in(kind, old):
            self._sources.get(route, {}).pop(source, None)
            if not self._sources.get(route):
                self._sources.pop(route, None)
        claim = claim_of(new) if kind == "Rollout" else None
        for route in named_in(kind, new):
            self._sources.setdefault(route, {})[source] = claim

    def rollouts(self, route: Route) -> Iterator[str]:
        """The names of the Rollouts that a route is news for, in its namespace."""
        yield from (rollout for _, rollout, _ in self._sources.get(route, {}))

    def claims(self, route: Route) -> Iterator[Claim]:
        """What the specs of Rollouts claim of a route."""
        claims = self._sources.get(route, {}).values()
        yield from (claim for claim in claims if claim is not None and claim.route == route)

    def kinds(self) -> frozenset[str]:
        """The kinds of route that the specs of Rollouts name."""
        sources = (source.values() for source in self._sources.values())
        return frozenset(claim.route.kind for claims in sources for claim in claims if claim is not None)


def is_at_rest(rollout: Mapping[str, Any] | None) -> bool:
    """Whether nothing is under way that a route's status could hold up."""
    status = (rollout or {}).get("status") or {}
    return status.get("phase") in _AT_REST and not status.get("progress")


def tells_nothing_new(old: Raw | None, new: Raw | None) -> bool:
    """Whether a route is as it was, but for times, sentences and generations in its status: its controller writes those often."""
    return old is not None and new is not None and _essence(old) == _essence(new)


def _essence(route: Raw) -> Raw:
    left_out = ("resourceVersion", "managedFields")
    meta = {key: value for key, value in route["metadata"].items() if key not in left_out}
    rest = {key: value for key, value in route.items() if key not in {"metadata", "status"}}
    return {
        **rest,
        "metadata": meta,
        "status": [*map(_verdict, (route.get("status") or {}).get("parents") or ())],
    }


def _verdict(parent: Mapping[str, Any]) -> Raw:
    """What a controller says of a route at one parent, in words that programs go by."""
    conditions = [(c.get("type"), c.get("status"), c.get("reason")) for c in parent.get("conditions") or ()]
    return {**parent, "conditions": conditions}
