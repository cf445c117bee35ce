"""What stands in the way: objects of the names we need that are somebody else's. They are never touched."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crossfade.api.conditions import Phase, Reason
from crossfade.api.labels import LABEL_ROLLOUT
from crossfade.core import abilities, groups, manifests, port_check, ports, routing
from crossfade.core.analysis import templates
from crossfade.core.observed import Closed, SeenService
from crossfade.core.plan import ReadRequest
from crossfade.core.policy.holds import before_edit
from crossfade.core.situation import Situation
from crossfade.core.strangers import are_unread as strangers_unread
from crossfade.core.strangers import in_the_way
from crossfade.core.wanted import paused, target


@dataclass(frozen=True)
class Conflict:
    """What is in the way, as a word and as a sentence that says what to do, and the phase that it makes."""

    reason: Reason
    message: str
    phase: Phase = Phase.INVALID


def first_read(s: Situation) -> ReadRequest | None:
    """What carries no label of ours yet must be read by its name: a Service to adopt, a Deployment to take over."""
    services = {s.service_name} if s.adopts and s.production is None else set()
    sources = {s.spec.workload_ref.name} if s.spec.workload_ref and s.seen.source is None else set()
    unseen = (
        frozenset(services - set(s.seen.found.services)),
        frozenset(sources - set(s.seen.found.deployments)),
    )
    strangers, gateways, named = strangers_unread(s), abilities.are_unread(s), templates.are_unread(s)
    unchecked = templates.are_unchecked(s) if not named else frozenset()
    tried = port_check.request_of_edited(s)
    if not any((*unseen, strangers, gateways, named, unchecked, tried)):
        return None
    return replace(
        tried or ReadRequest(),
        services=unseen[0],
        deployments=unseen[1],
        strangers=strangers,
        gateways=gateways,
        templates=named,
        checks=unchecked,
    )


def conflict(s: Situation) -> Conflict | None:
    """What holds what we need, or is missing; None where nothing is in the way."""
    told = _source(s) or taken(s) or unknown_port(s) or _selected(s) or route(s) or _analysis(s)
    return told or _held_ports(s)


def route(s: Situation) -> Conflict | None:
    """What of the route the user must change, or what its controller cannot do."""
    told = routing.trouble_of_rules(s)
    if told is None and (why := groups.problem(s)):
        return Conflict(Reason.ROUTE_INVALID, why)
    told = told if told is not None and told.invalid else abilities.lacks(s)
    return Conflict(told.reason, told.message) if told is not None and told.invalid else None


def _analysis(s: Situation) -> Conflict | None:
    """What a template lacks, and what cannot be measured, is found before a release begins; later, its stage waits."""
    told = templates.problem(s) if templates.begins(s) else ""
    return Conflict(Reason.ANALYSIS_INVALID, told) if told else None


def blocking(s: Situation) -> Conflict | None:
    """What stands in the way of a release that is under way. On the way back no route does."""
    forward = not s.progress.rollback_reason
    return taken(s) or unknown_port(s) or (route(s) if forward else None)


def _selected(s: Situation) -> Conflict | None:
    told = in_the_way(s)
    return Conflict(Reason.SELECTED_BY_OTHERS, told) if told else None


def unknown_port(s: Situation) -> Conflict | None:
    """A port that the Service names, and that pods do not have: the ones that are to come, or those that serve beside them."""
    for revision, whose in ((target(s), "the template"), (_beside(s), "stable, which serves now,")):
        names = ports.unknown(s, revision)
        if names:
            told = f'Service {s.service_name} sends requests to port "{names[0]}", and no container of {whose} has a port of that name'
            return Conflict(Reason.PORT_UNKNOWN, f"{told}: {_way_out(s, whose)}")
    return _other_numbers(s) or _taken_from_route(s)


def _taken_from_route(s: Situation) -> Conflict | None:
    """A port that the route sends requests to, and that the spec does not give the Service any more."""
    taken_away = routing.named_ports(s) - {each["port"] for each in ports.of_service(s)}
    if not taken_away or not s.stable_revision or s.adopts:
        return None
    told = f"{routing.place(s)} sends requests to port {min(taken_away)} of Service {s.service_name}, and spec.service.ports lacks it"
    out = "list both ports, the new one first, and take the old one away once the route names the new one"
    return Conflict(Reason.PORT_UNKNOWN, f"{told}: {out}")


def _beside(s: Situation) -> str:
    """Stable, where it is behind one Service with what is to come, and that has no port that both have; else "".

    Ports move with the requests in all other cases.
    """
    mixes = s.spec.strategy.rolling is not None or (s.spec.strategy.canary is not None and not s.routed)
    shares = mixes or s.adopts or target(s) == s.stable_revision
    apart = s.stable_revision and ports.shared(s, s.stable_revision, target(s)) is None
    return s.stable_revision if s.service_name and shares and (apart or s.adopts) else ""


def _other_numbers(s: Situation) -> Conflict | None:
    """Behind one Service a port is one number for all pods; behind a route its Services have the same ports."""
    old, new = s.stable_revision, target(s)
    if not s.service_name or not old or old == new or s.adopts:
        return None
    before, after = (ports.of(s, each) for each in (old, new))
    told = f"the ports of Service {s.service_name} change with this release"
    if _beside(s):
        out = "give the port a name that both templates have, and its targetPort that name; or release by blueGreen or bigBang"
        return Conflict(
            Reason.PORT_UNKNOWN, f"{told}, and behind it old and new pods serve side by side: {out}"
        )
    if s.routed and ports.faces(before) != ports.faces(after):
        out = "release with both ports first, and take the old one away with a later release"
        return Conflict(
            Reason.PORT_UNKNOWN, f"{told}, and a route sends requests to both revisions by one port: {out}"
        )
    return None


def _held_ports(s: Situation) -> Conflict | None:
    """At rest ports that are edited alone are changed at once: not while somebody has paused it, nor while a policy is closed."""
    stable = s.stable_revision
    at_rest = not s.under_way and stable and target(s) == s.spec_revision == stable
    if not at_rest or s.adopts or ports.kept(s, stable) == ports.in_spec(s):
        return None
    told = f"the ports of Service {s.service_name} were edited, and stay as they are"
    shut = port_check.closed_of_edited(s)
    if isinstance(shut, Closed):
        why = f"pod {shut.pod} refuses connections on port {shut.port}: set targetPort to a port that its container listens on"
        return Conflict(Reason.PORT_CLOSED, f"{told}: {why}")
    if shut is not None:
        waits = f"{told} until port {shut} was tried on pods of {stable}"
        return Conflict(Reason.PORT_CLOSED, waits, Phase.PROGRESSING)
    if paused(s):
        reason = Reason.PAUSED_BY_SPEC if s.spec.paused else Reason.PAUSED_BY_ACTION
        return Conflict(reason, f"{told} until the Rollout is resumed", Phase.PAUSED)
    held = before_edit(s)
    return (
        None
        if held.is_open
        else Conflict(Reason.HELD_BY_POLICY, f"{told}: {held.waiting_for}", Phase.WAITING)
    )


def _way_out(s: Situation, whose: str) -> str:
    """What to change, and where."""
    where = f"targetPort of Service {s.service_name}" if s.adopts else "spec.service.ports[].targetPort"
    if whose == "the template":
        return f"add it to the ports of a container, or change {where}"
    return f"change {where} back, and release pods that have both names before; or use the port's number"


def _source(s: Situation) -> Conflict | None:
    """The Deployment that is to be taken over is there, and the Rollout is to run as many pods as it does."""
    ref = s.spec.workload_ref
    if ref is None:
        return None
    if s.source is None:
        missing = (
            f"Deployment {ref.name}, which workloadRef names, does not exist: create it, or name another"
        )
        return Conflict(Reason.WORKLOAD_MISSING, missing)
    holder = s.source.manifest["metadata"].get("labels", {}).get(LABEL_ROLLOUT, s.name)
    if holder != s.name:
        return Conflict(
            Reason.NAME_TAKEN, f"Deployment {ref.name} is taken over by Rollout {holder}: name another"
        )
    if not s.stable_revision and s.n < s.source.desired:
        few = f"spec.replicas is {s.n}, and Deployment {ref.name} asks for {s.source.desired} pods"
        return Conflict(Reason.REPLICAS_TOO_FEW, f"{few}: set spec.replicas to {s.source.desired}")
    return None


def taken(s: Situation) -> Conflict | None:
    """What has a name that we need, and is somebody else's: told in every state, also where a release goes on."""
    for name in filter(None, (s.service_name, s.preview_name, s.canary_name if s.routed else "")):
        told = _service(s, name, s.seen.services.get(name) or s.seen.found.services.get(name))
        if told:
            return Conflict(Reason.NAME_TAKEN, told)
    for revision in (target(s), s.progress.revision, s.stable_revision):
        name = manifests.deployment_name(s, revision)
        if (marked := s.seen.sides.get(revision)) is not None:
            told = f"Deployment {name} has this Rollout's labels and another owner: take that owner away"
        else:
            told = f"Deployment {name} is not this Rollout's: delete it, or give the Rollout another name"
        side = marked or s.seen.found.deployments.get(name)
        if side is not None and not side.ours:
            return Conflict(Reason.NAME_TAKEN, told)
    return None


def _service(s: Situation, name: str, live: SeenService | None) -> str | None:
    adopting = s.adopts and name == s.service_name
    if live is None:
        missing = adopting and s.production is None
        return (
            f"Service {name} is to be adopted, and there is none: create it, or set adopt to false"
            if missing
            else None
        )
    if live.ours:
        return None
    if live.owner and live.owner != s.name:
        return f"Service {name} belongs to Rollout {live.owner}: name another Service"
    if adopting:
        return None
    return f"Service {name} exists and is not this Rollout's: set service.adopt to true to take it over, or name another"
