"""Which routes concern a Rollout, what their rules were before, and what is in the way of using them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.api.labels import ANNOTATION_ROUTE
from crossfade.api.parsing import parsed
from crossfade.core import ports
from crossfade.core.observed import SeenRoute
from crossfade.core.situation import Situation
from crossfade.routers import rules
from crossfade.routers.acceptance import acceptance
from crossfade.routers.own import own_route
from crossfade.routers.refs import is_service, namespace_of, refs_of, rules_of
from crossfade.routers.split import Before, Names

OWN_RULE = "main"
"""The one rule of a route that a Rollout owns."""

LONGEST_MEMO = 100_000
"""Characters of a memo that are looked at: 16 rules with 16 references each and their filters need fewer."""


@dataclass(frozen=True)
class Place:
    """The rules that a Rollout may change: of which route, and which rule ("": every one that names its Service)."""

    kind: str
    name: str
    rule: str = ""

    @property
    def key(self) -> str:
        """How routes are found in what was seen: `HTTPRoute/shop`."""
        return f"{self.kind}/{self.name}"

    def __str__(self) -> str:
        """How people read it: `HTTPRoute shop`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Trouble:
    """What keeps requests from being moved by the route: a word, and what is waited for or what to change.

    `invalid`: the user must change something; else it may come by itself.
    """

    reason: Reason
    message: str
    invalid: bool = False


def place(s: Situation) -> Place | None:
    """The route that the spec names or describes, whatever the strategy is; None without `traffic`."""
    traffic = s.spec.traffic
    if traffic is None or not s.service_name:
        return None
    named = traffic.named()
    if named is None:
        return Place("HTTPRoute", s.service_name, OWN_RULE)
    kind, ref = named
    return Place(kind, ref.name, ref.rule or "")


def is_owned(s: Situation) -> bool:
    """Whether the operator makes the route itself (`gateway`)."""
    return s.spec.traffic is not None and s.spec.traffic.gateway is not None


def touched(s: Situation) -> tuple[Place, ...]:
    """Every place whose rules may refer to the canary Service: the spec's, the one that was noted, and a route of our own."""
    noted, wanted = memo(s), place(s)
    places = (noted[0] if noted else None, wanted, _made(s))
    return tuple(dict.fromkeys(each for each in places if each is not None))


def _made(s: Situation) -> Place | None:
    """The route that the operator made for `gateway`, also where the spec does not ask for it any more."""
    live = s.seen.routes.get(f"HTTPRoute/{s.service_name}")
    return Place("HTTPRoute", s.service_name, OWN_RULE) if live is not None and live.ours else None


def seen(s: Situation, at: Place) -> SeenRoute | None:
    """The route as it is; None where there is none."""
    return s.seen.routes.get(at.key)


def names(s: Situation, at: Place) -> Names:
    """Whose references are meant there."""
    return Names(stable=s.service_name, candidate=s.canary_name, rule=at.rule)


def split_places(s: Situation) -> Iterator[tuple[Place, SeenRoute]]:
    """The places that refer to the canary Service now."""
    for at in touched(s):
        live = seen(s, at)
        if live is not None and rules.is_split(live.manifest, names(s, at)):
            yield at, live


def is_split(s: Situation) -> bool:
    """Whether some rule that is not our own refers to the canary Service now."""
    return any(True for _ in split_places(s))


def before(s: Situation, at: Place) -> Before:
    """What the rules there were before they were changed: as noted, else the best that can be said of what is there."""
    live = seen(s, at)
    noted = memo(s)
    if is_owned(s) and at == place(s):
        return rules.before_of({"spec": own_spec(s)}, names(s, at))
    if noted is not None and noted[0] == at:
        return noted[1]
    return rules.before_of(live.manifest, names(s, at)) if live is not None else {}


def own_spec(s: Situation) -> dict[str, Any]:
    """The spec of the route that the operator owns, while all requests go to the production Service."""
    gateway = s.spec.traffic.gateway if s.spec.traffic is not None else None
    if gateway is None or s.spec.service is None:
        return {}
    return own_route(gateway, s.service_name, _first_port(s))


def _first_port(s: Situation) -> int:
    """The first port that the Service is to have and has: no route names one that is still to come."""
    wanted = [int(each["port"]) for each in ports.of(s, s.stable_revision or s.progress.revision)]
    live = s.production_read
    there = {port.get("port") for port in live.manifest["spec"].get("ports") or ()} if live else set()
    return next((each for each in wanted if each in there), wanted[0])


def named_ports(s: Situation) -> set[int]:
    """The ports of the production Service that the route's rules send requests to now."""
    at = place(s)
    live = seen(s, at) if at is not None else None
    if live is None:
        return set()
    refs = (ref for rule in rules_of(live.manifest) for ref in refs_of(rule))
    here = (each for each in refs if is_service(each, s.service_name, namespace_of(live.manifest)))
    return {int(each["port"]) for each in here if each.get("port")}


def memo(s: Situation) -> tuple[Place, Before] | None:
    """The place that is changed for this Rollout and what its rules were, as noted on the canary Service.

    Whoever may edit the Service may have written there: what cannot be such a note is as if lost.
    """
    if s.canary is None:
        return None
    notes = s.canary.manifest.get("metadata", {}).get("annotations") or {}
    return s.once(_memo) if ANNOTATION_ROUTE in notes else None


def _memo(s: Situation) -> tuple[Place, Before] | None:
    notes = s.canary.manifest["metadata"]["annotations"] if s.canary is not None else {}
    text = str(notes.get(ANNOTATION_ROUTE, ""))
    try:
        told = parsed(text) if len(text) <= LONGEST_MEMO else None
    except ValueError:
        return None
    if not isinstance(told, dict) or not _is_memo(told):
        return None
    return Place(told["kind"], told["name"], told.get("rule", "")), told["before"]


def _is_memo(told: Mapping[str, Any]) -> bool:
    texts = all(isinstance(told.get(key, ""), str) for key in ("kind", "name", "rule"))
    listed = told.get("before")
    return (
        bool(texts and told.get("kind") and told.get("name"))
        and isinstance(listed, dict)
        and all(
            isinstance(rule, dict) and isinstance(rule.get("backendRefs"), list) for rule in listed.values()
        )
    )


def memo_text(at: Place, was: Before) -> str:
    """The note of a place, always the same for the same."""
    told = {"kind": at.kind, "name": at.name, "rule": at.rule, "before": was}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def trouble(s: Situation) -> Trouble | None:
    """What is in the way of moving requests by the route that the spec names; None where nothing is."""
    at = place(s)
    if at is None or not s.routed:
        return None
    return _unusable(s, at) or _not_accepted(s, at)


def _unusable(s: Situation, at: Place) -> Trouble | None:
    if at.kind not in s.seen.route_kinds:
        lacks = f"{at.kind} to exist in this cluster: install the Gateway API's CustomResourceDefinitions"
        return Trouble(Reason.ROUTE_MISSING, lacks)
    live = seen(s, at)
    if live is None:
        made = "to be made by the operator" if is_owned(s) else "to be made: it does not exist"
        return Trouble(Reason.ROUTE_MISSING, f"{at} {made}")
    return claimed(s, at) or misnamed(s, at, live)


def trouble_of_rules(s: Situation) -> Trouble | None:
    """The same, whatever the router says of it."""
    at = place(s)
    return _unusable(s, at) if at is not None and s.routed else None


def claimed(s: Situation, at: Place) -> Trouble | None:
    """Another Rollout was there first."""
    if is_owned(s) and (live := seen(s, at)) is not None and not live.ours:
        told = f"{at} exists and is not this Rollout's: name it in traffic.httpRoute, or give the Service another name"
        return Trouble(Reason.ROUTE_TAKEN, told, invalid=True)
    if not s.seen.route_claims:
        return None
    rule = f"rule {at.rule} of {at}" if at.rule else f"{at}"
    told = f"{rule} belongs to Rollout {s.seen.route_claims[0]}: name another rule or route"
    return Trouble(Reason.ROUTE_TAKEN, told, invalid=True)


def misnamed(s: Situation, at: Place, live: SeenRoute) -> Trouble | None:
    """Its rules do not have what is to be split."""
    told = rules.problem(live.manifest, names(s, at))
    return Trouble(Reason.ROUTE_INVALID, told, invalid=True) if told else None


def _not_accepted(s: Situation, at: Place) -> Trouble | None:
    live = seen(s, at)
    if live is None:
        return None
    told = acceptance(live.manifest)
    return (
        None
        if told.ok and told.seen
        else Trouble(Reason.ROUTE_NOT_ACCEPTED, f"{at} to be accepted: {told.why}")
    )
