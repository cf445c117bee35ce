"""From the store to the routes that a decision sees, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.controller.naming import ROUTE_KINDS, Route, claim_of, named_in
from crossfade.controller.seen import route_of
from crossfade.controller.store import Key, Raw, Store
from crossfade.core.observed import SeenRoute


def kinds_of(store: Store) -> frozenset[str]:
    """The kinds of route that the cluster has, and that this process may watch."""
    return frozenset(ROUTE_KINDS) & store.watched.keys()


def routes_of(store: Store, key: Key, rollout: Raw) -> dict[str, SeenRoute]:
    """The routes that a Rollout or one of its Services names, and those that carry its label; by kind and name."""
    found = {
        f"{kind}/{route['metadata']['name']}": route_of(kind, route, rollout["metadata"]["uid"])
        for kind in sorted(kinds_of(store))
        for route in store.children(kind, key)
    }
    for place in filter(lambda each: each.kind in store.watched, _named(store, key, rollout)):
        route = store.get(*place)
        if route is not None:
            found[f"{place.kind}/{place.name}"] = route_of(place.kind, route, rollout["metadata"]["uid"])
    return found


def _named(store: Store, key: Key, rollout: Raw) -> Iterator[Route]:
    yield from named_in("Rollout", rollout)
    for service in store.children("Service", key):
        yield from named_in("Service", service)


def claims_of(store: Store, rollout: Raw) -> tuple[str, ...]:
    """The names of older Rollouts that name the same route and a rule in common, the oldest first."""
    mine = claim_of(rollout)
    if mine is None:
        return ()
    older = [claim for claim in store.naming.claims(mine.route) if claim.goes_before(mine)]
    return tuple(claim.rollout for claim in sorted(older, key=lambda each: (each.created, each.rollout)))
