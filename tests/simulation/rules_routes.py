"""Promises about routes that somebody owns: what is changed of them, when, and that it comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from crossfade.api.labels import ANNOTATION_ROUTE
from crossfade.core.plan import Verb
from simulation.asked import is_routed
from simulation.cluster import Sim
from simulation.endpoints import NO_ENDPOINTS
from simulation.seen import Rule, Seen
from simulation.shown import (
    both,
    candidate_of,
    carried_of,
    part_beside,
    progress_of,
    ready_of,
    route_of,
    selected_by,
    stable_of,
    stands,
    way_back_of,
)
from simulation.sight import as_viewed
from simulation.weights import (
    NONE,
    foreign_parts,
    mirrored,
    named,
    part_of,
    receiving,
    weight_of,
    weights,
    without,
)

MOST_WEIGHT = 1_000_000
MOST_RULES = 16
LEARNS_S = 0.99
"""So long a router may take to learn of endpoints that are listed."""


def _specs(seen: Seen) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """The route that somebody owns before and after the write; None where it is about another one."""
    old, new = (sim.routes.get(seen.write.name) for sim in (seen.before, seen.after))
    return (old["spec"], new["spec"]) if seen.write.name in seen.before.git and old and new else None


def a_route_is_written_only_where_it_changes(seen: Seen) -> str:
    """Each write of a route makes proxies read it anew: none is for nothing."""
    old, new = (sim.routes.get(seen.write.name) for sim in (seen.before, seen.after))
    same = old and new and _content(old) == _content(new)
    return "the write changes nothing" if same else ""


def _content(live: Mapping[str, Any]) -> object:
    return live["spec"], {k: v for k, v in live["metadata"].items() if k != "resourceVersion"}


def a_route_is_valid(seen: Seen) -> str:
    """Weights are whole numbers from 0 to a million, and the rules at most 16, with at most 16 references each."""
    new = seen.after.routes.get(seen.write.name)
    rules = new["spec"].get("rules") or () if new else ()
    refs = [ref for rule in rules for ref in rule.get("backendRefs") or ()]
    wrong = [ref for ref in refs if not 0 <= weight_of(ref) <= MOST_WEIGHT]
    many = len(rules) > MOST_RULES or any(len(rule.get("backendRefs") or ()) > MOST_RULES for rule in rules)
    return f"it has {wrong or 'too many rules or references'}" if wrong or many else ""


def weights_are_never_all_zero(seen: Seen) -> str:
    """A rule that sends requests somewhere sends them somewhere afterwards."""
    specs = _specs(seen)
    if specs is None:
        return ""
    old, new = (weights(spec) for spec in specs)
    pairs = zip(old, new, strict=False)
    zero = [after for before, after in pairs if sum(before.values()) and not sum(after.values())]
    return f"all weights are zero: {zero}" if zero else ""


def what_is_not_ours_of_a_route_stays(seen: Seen) -> str:
    """Only weights change, the candidate's own references, and the filters on both sides."""
    specs = _specs(seen)
    if specs is None:
        return ""
    _, beside = both(seen.before)
    old, new = (without(spec, beside) for spec in specs)
    return "" if old == new else f"{old} becomes {new}"


def a_foreign_backend_keeps_its_share(seen: Seen) -> str:
    """Only production's own part of the requests is shared: by the candidate's reference, nothing is taken from others.

    What somebody has changed by hand comes back as it was.
    """
    specs = _specs(seen)
    if specs is None:
        return ""
    asked = {"rules": seen.before.git[seen.write.name]}
    own = both(seen.before)
    after, wanted, before = (foreign_parts(spec, *own) for spec in (specs[1], asked, specs[0]))
    return "" if after in (wanted, before) else f"others get {after}, and should {wanted}"


def a_side_gets_requests_when_it_has_endpoints(seen: Seen) -> str:
    """No Service gets weight, or copies, before a ready pod is listed behind it, while the others have some."""
    old, new = (sim.routes.get(seen.write.name) for sim in (seen.before, seen.after))
    if new is None or not seen.wanted:
        return ""
    had = receiving(old["spec"]) if old else frozenset()
    ours = {*both(seen.before)}
    getting = receiving(new["spec"]) & ours
    empty = {name for name in getting - had if not _has_endpoints(seen, name)}
    others = {name for name in (had | getting) & ours if _has_endpoints(seen, name)}
    return f"{empty} gets requests without an endpoint, and {others} has some" if empty and others else ""


def a_router_knows_the_pods_that_it_is_to_send_requests_to(seen: Seen) -> str:
    """It follows routes and endpoints by different watches: the canary Service gets requests when it has listed pods for a while."""
    old, new = (sim.routes.get(seen.write.name) for sim in (seen.before, seen.after))
    base, beside = seen.base, seen.before.canary_name
    had = old is not None and beside in receiving(old["spec"])
    if new is None or had or beside not in receiving(new["spec"]) or not seen.wanted or base.sends_to(beside):
        return ""
    listed = base.lists(beside) & selected_by(base, beside)
    known = [r for r in listed if (seen.now - base.beside_since[r]).total_seconds() >= LEARNS_S]
    answered = any(ready_of(base, r) for r in selected_by(base))
    return f"{beside} gets requests as soon as it lists {listed}" if listed and not known and answered else ""


def _has_endpoints(seen: Seen, service: str) -> bool:
    """Whether the decision saw one, or there was one when it was made."""
    shown = (seen.base, as_viewed(seen.base))
    return any(any(sim.endpoints.get(service, NO_ENDPOINTS).ready.values()) for sim in shown)


def a_weight_is_what_the_stage_allows(seen: Seen) -> str:
    """The candidate's part rises to what its spec asks for where it may have come to, and no further; copies likewise."""
    specs = _specs(seen)
    if specs is None or not _is_the_candidate_beside(seen.after):
        return ""
    production, beside = both(seen.before)
    before, after = (part_of(spec, beside, production) for spec in specs)
    way, spec = seen.ghost.way, seen.spec_seen
    weight, copies = way.weights(spec) if way and is_routed(spec) else (0.0, 0)
    if after > before and after * 100 > Fraction(str(weight)):
        return f"it gets {float(after * 100):g} % of the requests, {weight} % at most by now"
    copied = beside in mirrored(specs[1]) - mirrored(specs[0])
    return f"requests are copied to it, {copies} % at most by now" if copied and not copies else ""


def _is_the_candidate_beside(sim: Sim) -> bool:
    """Whether the canary Service means other pods than stable's."""
    return bool(selected_by(sim, sim.canary_name) - {stable_of(sim)})


def a_pause_raises_no_weight(seen: Seen) -> str:
    """While a person holds the release on its way to a stage, the candidate gets no larger part than it had."""
    specs, before = _specs(seen), seen.before
    held = candidate_of(before) and stable_of(before) and not way_back_of(before) and not stands(before)
    if specs is None or not seen.paused or not held or seen.ghost.scaled:
        return ""
    production, beside = both(before)
    had, has = (part_of(spec, beside, production) for spec in specs)
    return f"its part rises from {float(had):g} to {float(has):g}" if has > had else ""


def what_a_route_was_is_kept_before_it_changes(seen: Seen) -> str:
    """Whoever comes after a crash finds the rules as they were: they are stored before the first change."""
    specs = _specs(seen)
    owned = "gateway" in (seen.spec_seen.get("traffic") or {})  # then the spec says what it was
    if specs is None or seen.before.inexact or owned:
        return ""
    _, beside = both(seen.before)
    if beside in named(specs[0]) or beside not in named(specs[1]):
        return ""
    service = seen.before.services.get(beside) or seen.base.services.get(beside)  # it may be deleted just now
    memo = ((service or {}).get("metadata", {}).get("annotations") or {}).get(ANNOTATION_ROUTE)
    kept = json.loads(memo)["before"] if memo else {}
    lost = [
        index
        for index, (old, new) in enumerate(zip(specs[0]["rules"], specs[1]["rules"], strict=False))
        if old != new and (kept.get(str(index)) or {}).get("backendRefs") != old["backendRefs"]
    ]
    return f"rules {lost} change, and what they were is kept nowhere: {memo}" if lost else ""


ROUTE_RULES: tuple[Rule, ...] = (
    a_route_is_written_only_where_it_changes,
    a_route_is_valid,
    weights_are_never_all_zero,
    what_is_not_ours_of_a_route_stays,
    a_foreign_backend_keeps_its_share,
    a_side_gets_requests_when_it_has_endpoints,
    a_router_knows_the_pods_that_it_is_to_send_requests_to,
    a_weight_is_what_the_stage_allows,
    a_pause_raises_no_weight,
    what_a_route_was_is_kept_before_it_changes,
)


# --- the canary Service -----------------------------------------------------------------------------------


def no_service_goes_that_a_route_names(seen: Seen) -> str:
    """A route that names a Service that is not there answers with errors, at weight 0 too."""
    before = seen.before
    if seen.write.verb is not Verb.DELETE or seen.write.name not in before.services:
        return ""
    naming = [name for name, live in before.routes.items() if seen.write.name in named(live["spec"])]
    return (
        f"{seen.write.name} is deleted, and {naming} names it"
        if naming or before.sends_to(seen.write.name)
        else ""
    )


def the_canary_service_turns_to_pods_that_answer(seen: Seen) -> str:
    """While a route sends it requests, it does not turn from ready pods to none; what it turns to has enough for its part."""
    before, after = seen.before, seen.after
    if seen.write.name != before.canary_name or not seen.wanted or not before.sends_to(before.canary_name):
        return ""
    had, has = (selected_by(sim, sim.canary_name) for sim in (before, after))
    turned = any(ready_of(seen.base, r) for r in had) and not any(ready_of(seen.base, r) for r in has)
    return f"it turns from {had} to {has} without ready pods" if turned and had != has else ""


BESIDE_RULES: tuple[Rule, ...] = (
    no_service_goes_that_a_route_names,
    the_canary_service_turns_to_pods_that_answer,
)


# --- at rest ----------------------------------------------------------------------------------------------


def routes_astray(sim: Sim) -> Iterator[str]:
    """What of the routes is not as their owners wrote it, once nothing is under way, or the Rollout is gone."""
    for name, rules in sim.git.items():
        live = sim.routes.get(name)
        if live is None:
            continue
        is_rules = live["spec"]["rules"]
        same = _proportions(is_rules) == _proportions(rules) if sim.inexact else is_rules == rules
        if not same:
            yield f"route {name} should have its rules {rules}, and has {is_rules}"
    beside = sim.canary_name
    if sim.deleting and sim.cascade == "orphan":
        return
    yield from (f"route {name} is left" for name in sim.routes if name not in sim.git)
    if beside in sim.services and (sim.deleting or not is_routed(sim.rollout["spec"])):
        yield f"Service {beside} is left"
    elif beside in sim.services and selected_by(sim, beside) != {stable_of(sim)}:
        yield f"Service {beside} selects {selected_by(sim, beside)}"
    if not progress_of(sim) and _still_carried(sim):
        yield "the proxies still send requests to the candidate"


def unsaid(sim: Sim) -> Iterator[str]:
    """What holds a release up is told: which route it waits for."""
    told = [sim.status.get("message", ""), *(c["message"] for c in sim.status["conditions"])]
    if not any("HTTPRoute shop" in message for message in told):
        yield "a release waits for a route, and does not say so"


def _proportions(rules: list[Mapping[str, Any]]) -> list[object]:
    """Rules without numbers, and each reference's part in them."""
    return [
        (
            {key: value for key, value in rule.items() if key != "backendRefs"},
            [
                (ref["name"], Fraction(weight_of(ref), sum(map(weight_of, rule["backendRefs"])) or 1))
                for ref in rule["backendRefs"]
            ],
        )
        for rule in rules
    ]


def _still_carried(sim: Sim) -> bool:
    spec, (production, beside) = carried_of(sim), both(sim)
    astray = spec is not None and part_of(spec, beside, production) > NONE
    return (
        astray
        and not part_beside(sim)
        and not any(sim.router.unread(sim.routes))
        and route_of(sim) is not None
    )
