"""Bugs in how a route shares the requests: each breaks one promise about routes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from crossfade.core import groups, holds, ladder, layout, routing, stepper
from crossfade.core.plan import Write
from crossfade.core.situation import Situation
from crossfade.core.traffic import canary_service, route, selector
from crossfade.core.traffic.route import Route
from crossfade.routers import rules
from crossfade.routers.acceptance import Acceptance
from crossfade.routers.split import Split
from simulation.planted.bug import Bug, Patch

Rules = list[dict[str, Any]]


def _changed(patch: Patch, change: Callable[[Rules], Rules]) -> None:
    """The rules of each split are written in another way."""
    plain = rules.with_split
    patch.setattr(rules, "with_split", lambda *asked: change(plain(*asked)))


def _by_reference(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Rules], Rules]:
    return lambda made: [
        {**rule, "backendRefs": [change(ref) for ref in rule["backendRefs"]]} for rule in made
    ]


def _no_settling(patch: Patch) -> None:
    """Pods go as soon as a route's status is current, though its router still sends them requests."""
    for module in (route, selector, holds, ladder):
        patch.setattr(module, "has_propagated", lambda _: True)


def _status_not_awaited(patch: Patch) -> None:
    """Nobody asks whether the router has seen a route."""
    accepted = Acceptance(seen=True, ok=True)
    for module in (route, routing, groups):
        patch.setattr(module, "acceptance", lambda _: accepted)


def _weight_before_endpoints(patch: Patch) -> None:
    """The candidate gets its weight when its Deployment counts its pods, listed or not."""

    def counted(self: Route, track: str) -> int:
        return int(self.s.side(track).ready)

    patch.setattr(Route, "listed", counted)
    patch.setattr(stepper._Stepper, "_is_known", True)


def _router_not_waited_for(patch: Patch) -> None:
    """The candidate gets its weight as soon as its pods are listed, of which the router may not know yet."""
    patch.setattr(stepper._Stepper, "_is_known", True)


def _absent_weights_forgotten(patch: Patch) -> None:
    """The way back writes a weight where its owner wrote none."""
    plain = rules.as_before
    explicit = _by_reference(lambda ref: {"weight": 1, **ref})
    patch.setattr(rules, "as_before", lambda *asked: explicit(plain(*asked)))


def _all_weights_zero(patch: Patch) -> None:
    """A rule's weights are taken away before others are given."""
    _changed(patch, _by_reference(lambda ref: {**ref, "weight": 0}))


def _foreign_share_taken(patch: Patch) -> None:
    """The weights of others are left as they were, while those of both sides sum up to 1000."""
    _changed(patch, _by_reference(lambda ref: {**ref, "weight": 3} if ref["name"] == "legacy" else ref))


def _weights_too_large(patch: Patch) -> None:
    """Weights are multiplied until the API server does not take them."""
    _changed(patch, _by_reference(lambda ref: {**ref, "weight": ref.get("weight", 1) * 10_000}))


def _others_left_out(patch: Patch) -> None:
    """Another Service's reference is dropped by a split."""
    _changed(
        patch,
        lambda made: [
            {**rule, "backendRefs": [ref for ref in rule["backendRefs"] if ref["name"] != "legacy"]}
            for rule in made
        ],
    )


def _written_for_nothing(patch: Patch) -> None:
    """A route is written in each pass in which it is split, changed or not."""

    def always(live: Any, _: Rules) -> list[dict[str, Any]]:
        return [{"op": "replace", "path": "/spec/rules", "value": live["spec"]["rules"]}]

    plain = rules.changes
    patch.setattr(rules, "changes", lambda live, made: plain(live, made) or always(live, made))


def _kept_nowhere(patch: Patch) -> None:
    """A route is split before anybody has noted what it was."""
    patch.setattr(Route, "_can_split", lambda self, _: bool(self.listed(self._candidate)))
    patch.setattr(canary_service, "_note", lambda *_, **__: "")


def _more_than_the_stage(patch: Patch) -> None:
    """The first step gives the candidate half as much again."""
    plain = Route._split

    def generous(self: Route, share: Any) -> Split:
        split = plain(self, share)
        return replace(split, permille=min(1000, split.permille * 3 // 2))

    patch.setattr(Route, "_split", generous)


def _service_gone_too_early(patch: Patch) -> None:
    """The canary Service goes with `traffic`, while the route still names it."""
    patch.setattr(layout, "_needs_canary", lambda s: s.routed)


def _turned_too_early(patch: Patch) -> None:
    """The canary Service turns to the next candidate while the router still sends it requests."""
    patch.setattr(Route, "is_followed", True)


def _groups_left(patch: Patch) -> None:
    """The route for groups of users stays when the release is over."""

    def nothing(_: Situation) -> Iterator[Write]:
        yield from ()

    patch.setattr(groups, "removed", nothing)


def _mirrored_for_ever(patch: Patch) -> None:
    """The way back leaves the copies of requests."""
    plain = rules.as_before

    def copied(live: Any, *asked: Any) -> Rules:
        now = [rule.get("filters") for rule in live["spec"]["rules"]]
        return [
            {**rule, "filters": filters} if filters else rule
            for rule, filters in zip(plain(live, *asked), now, strict=True)
        ]

    patch.setattr(rules, "as_before", copied)


def _shown_whatever_the_router_says(patch: Patch) -> None:
    """What a release waits for is told as if it were the endpoints."""
    patch.setattr(Route, "unproved", lambda *_: None)
    patch.setattr(Route, "shows", lambda self, *_: routing.trouble(self.s) is None)


def _never_taken_back(patch: Patch) -> None:
    """A deletion leaves the route as it was split."""
    patch.setattr(route, "taken_back", lambda _: iter(()))
    for module in (layout,):
        patch.setattr(module, "holds_something", lambda _: False)


OWN = "at rest the cluster is as it is wanted"
GETS = "no pod goes that may get requests"

WALKS = 60
"""For what needs several disturbances at once."""

BUGS = (
    Bug(_no_settling, "canary", "a route", GETS, WALKS),
    Bug(_status_not_awaited, "canary", "a route, on the way back", GETS, WALKS),
    Bug(_no_settling, "bigBang", "a route, on the way back", GETS, WALKS),
    Bug(_weight_before_endpoints, "canary", "a route", "a side gets requests when it has endpoints", WALKS),
    Bug(
        _router_not_waited_for,
        "canary",
        "a route",
        "a router knows the pods that it is to send requests to",
        WALKS,
    ),
    Bug(_absent_weights_forgotten, "canary", "a route", OWN, WALKS),
    Bug(_all_weights_zero, "canary", "a route", "weights are never all zero", WALKS),
    Bug(_foreign_share_taken, "canary", "a route", "a foreign backend keeps its share", WALKS),
    Bug(_weights_too_large, "canary", "a route", "a route is valid", WALKS),
    Bug(_others_left_out, "canary", "a route", "what is not ours of a route stays", WALKS),
    Bug(_written_for_nothing, "canary", "a route", "a route is written only where it changes", WALKS),
    Bug(_kept_nowhere, "canary", "a route", "what a route was is kept before it changes", WALKS),
    Bug(_more_than_the_stage, "canary", "a route", "a weight is what the stage allows", WALKS),
    Bug(
        _service_gone_too_early, "canary", "a route, and its end", "no service goes that a route names", WALKS
    ),
    Bug(
        _turned_too_early,
        "canary",
        "a route, its strategy edited",
        "the canary service turns to pods that answer",
        WALKS,
    ),
    Bug(_groups_left, "canary", "a route, groups and copies", OWN, WALKS),
    Bug(
        _mirrored_for_ever,
        "canary",
        "a route, groups and copies",
        "at rest the cluster is as it is wanted",
        WALKS,
    ),
    Bug(_shown_whatever_the_router_says, "canary", "a route, its router silent", OWN, WALKS),
    Bug(_never_taken_back, "canary", "a route, and its end", OWN, WALKS),
)
