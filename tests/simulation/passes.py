"""Passes of the operator over the simulated cluster: what it sees, and how its writes land or are cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from crossfade.api.action import RolloutAction
from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.api.reading import read
from crossfade.api.release import Release
from crossfade.api.rollout import Rollout
from crossfade.controller.drops import LINGER_S
from crossfade.controller.observe import Observer
from crossfade.controller.seen import revision_of_deployment, service_of, side_of
from crossfade.controller.slices import Endpoints as SeenEndpoints
from crossfade.controller.store import Key, Store
from crossfade.core import decide as core
from crossfade.core.evidence import silent
from crossfade.core.observed import Found, Identity, Observed, Pod, SeenService
from crossfade.core.plan import Plan, ReadRequest, Verb, Write
from kstatus import broken_rule
from simulation.api_server import UID, stored
from simulation.cluster import Drop, Sim
from simulation.deployments import due
from simulation.pods import Endpoints
from simulation.promise import Violation
from simulation.remembered import Answers, once_for_all, once_for_each
from simulation.stored import Object, Refused, identity

ROUNDS = 4

PLANS_KEPT = 2_000
"""A bound on memory; what is decided on again mostly comes soon after."""

NO_ENDPOINTS = Endpoints()
LINGER = timedelta(seconds=LINGER_S)
Judge = Callable[[Sim, "Decision", Write], None]


@dataclass(frozen=True)
class Decision:
    """A plan, and the cluster as it was when it was made."""

    plan: Plan
    base: Sim

    @cached_property
    def writes(self) -> tuple[Write, ...]:
        """All writes in order: the status first, where it differs from the stored one."""
        rollout = view(self.base, "Rollout", "")
        if rollout is None or self.plan.status is None or dict(self.plan.status) == rollout.get("status"):
            return self.plan.writes
        body = {"status": dict(self.plan.status)}
        name = rollout["metadata"]["name"]
        return (Write(Verb.STATUS, "Rollout", name, body, identity(rollout)), *self.plan.writes)


def decided(sim: Sim) -> Decision:
    """What a pass would do now; looks are answered as often as the shell answers them."""
    if sim.gone:
        return Decision(Plan(reason="Gone"), sim.fork())
    raw = view(sim, "Rollout", "")
    try:
        rollout = parsed(raw)
    except ValidationError as error:
        return Decision(core.unreadable(raw, str(error), sim.now), sim.fork())
    found = Found(refusal=sim.told or None)
    found = _contested(sim, found) if sim.taken else found
    for _ in range(ROUNDS):
        plan = _decide(rollout, observed(sim, found), sim)
        if plan.read is None:
            return Decision(plan, sim.fork())
        found = look(sim, plan.read, found)
    raise Violation("a pass looks a few times at most, and decides", f"it wants to see {plan.read}")


def _decide(rollout: Rollout, seen: Observed, sim: Sim) -> Plan:
    """A decision depends on nothing but what it is made on: where that is the same again, so is the plan."""
    found = seen.found
    stored = (rollout, seen.source, *seen.sides.values(), None, *seen.services.values(), None, *seen.releases)
    looked = (*found.services.values(), None, *found.deployments.values())
    names = (*found.services, None, *found.deployments)
    pods = (*found.pods.items(), None, found.pull_pods)
    return _plans.of(
        (*stored, None, *seen.actions, None, *looked),
        lambda: _decide_anew(rollout, seen, sim.now),
        (sim.now, tuple(seen.dropped.items()), names, found.refusal, pods, tuple(found.counted.items())),
    )


def _decide_anew(rollout: Rollout, seen: Observed, now: datetime) -> Plan:
    try:
        return core.decide(rollout, seen, now)
    except Exception as error:
        raise Violation("no decision raises", repr(error)) from error


@once_for_each
def parsed(rollout: Object) -> Rollout:
    """A stored Rollout, as the shell parses it."""
    return _observer(rollout["spec"]).rollout(Key("prod", rollout["metadata"]["name"]), rollout)


@once_for_each
def _observer(_: Object) -> Observer:
    """One for each spec, which it parses once."""
    return Observer(Store())


_plans: Answers[Plan] = Answers(PLANS_KEPT)
_release = once_for_each(lambda stored: read(Release, stored).value)
_side = once_for_each(lambda stored: side_of(stored, UID, "shop"))
_action = once_for_each(lambda stored: read(RolloutAction, stored).value)


def carry_out(
    sim: Sim,
    decision: Decision,
    *,
    cut_after: int | None = None,
    lost_reply: int | None = None,
    unread: bool = False,
    judged: Judge | None = None,
) -> bool:
    """Write what was decided; gives whether the pass came to its end.

    `cut_after`: the process dies after so many writes, and its memory with it. `lost_reply`: the write of that
    index happens, but the operator sees an error; the next pass reads its object first. With `unread` that read comes
    too early: the write lands after it, and the store has the object of before. A refused write ends the pass, and its
    object is read anew.
    `judged` is told of each write that has landed, with the cluster before it.
    """
    if decision.plan.events and not decision.writes:
        raise Violation("a pass that changes nothing has nothing to tell", f"{decision.plan.events}")
    newer: dict[Identity, Identity] = {}
    sim.told = ""
    sim.taken = _still_taken(sim) if sim.taken else sim.taken
    for index, write in enumerate(decision.writes):
        if index == cut_after:
            restart(sim)
            return False
        if sim.refusal and write.verb is Verb.CREATE and write.kind == "Deployment":
            sim.told = sim.refusal
            return False
        before = stored(sim, write.kind, write.name)
        newest = newer.get(write.identity) if write.identity else None
        was = sim.fork() if judged is not None else sim
        try:
            sim.write(replace(write, identity=newest) if newest else write)
        except Refused:
            sim.unseen.pop((write.kind, write.name), None)
            if write.verb is Verb.CREATE:
                sim.taken |= {(write.kind, write.name)}
            return False
        _obeys_kstatus(write, before, sim)
        if judged is not None:
            judged(was, decision, write)
        if index == lost_reply:
            if unread:
                sim.unseen[write.kind, write.name] = dict(before) if before is not None else None
            return False
        sim.unseen.pop((write.kind, write.name), None)  # the reply is in the store
        after = stored(sim, write.kind, write.name)
        if write.identity is not None and after is not None:
            newer[write.identity] = identity(after)
    sim.events.extend(decision.plan.events)
    _settle(sim, decision.base.dropped)
    return True


def _settle(sim: Sim, handled: dict[str, Drop]) -> None:
    """Drops are told for a while, since exit codes come late; one that came during the pass stays in any case."""
    old = sim.now - LINGER
    sim.dropped = {r: d for r, d in sim.dropped.items() if handled.get(r) != d or d[0] > old}


def _obeys_kstatus(write: Write, before: Object | None, sim: Sim) -> None:
    if write.kind == "Rollout" and write.verb is Verb.STATUS:
        meta = sim.rollout["metadata"]
        broken = _broken_rule(
            (before or {}).get("status"), sim.status, meta["generation"], meta.get("deletionTimestamp")
        )
        if broken:
            raise Violation("each status follows kstatus", f"{broken}: {sim.status['conditions']}")


@once_for_all
def _broken_rule(before: Object | None, after: Object, generation: int, deleted: str | None) -> str:
    meta = {"generation": generation, "deletionTimestamp": deleted}
    return broken_rule({"status": before}, {"metadata": meta, "status": after})


def reconcile(sim: Sim, *, cut_after: int | None = None) -> Plan:
    """One pass of the operator; with `cut_after` it dies after so many writes, the status counted."""
    decision = decided(sim)
    carry_out(sim, decision, cut_after=cut_after)
    return decision.plan


def restart(sim: Sim) -> None:
    """The operator's process is another one now: its store is fresh, and what it did not see counts as dropped."""
    sim.dropped = {}
    sim.unseen = {}
    sim.taken = frozenset()
    for deployment in sim.deployments.values():
        sim.drop(deployment["metadata"].get("labels", {}).get(LABEL_REVISION, ""))


# --- what the operator sees -----------------------------------------------------------------------------


def view(sim: Sim, kind: str, name: str) -> Any:
    """An object as the operator's store has it."""
    name = name or sim.rollout["metadata"]["name"]
    return sim.unseen[kind, name] if (kind, name) in sim.unseen else stored(sim, kind, name)


def table(sim: Sim, kind: str, objects: dict[str, Object]) -> dict[str, Object]:
    """All objects of a kind as the operator's store has them."""
    stale = {name: old for (k, name), old in sim.unseen.items() if k == kind}
    return {name: x for name, x in {**objects, **stale}.items() if x is not None}


def observed(sim: Sim, found: Found) -> Observed:
    """The store's view."""
    name = sim.rollout["metadata"]["name"]
    deployments = table(sim, "Deployment", sim.deployments).values()
    services = table(sim, "Service", sim.services)
    releases = table(sim, "Release", sim.releases).values()
    actions = table(sim, "RolloutAction", sim.actions).values()
    ours = {n: s for n, s in services.items() if _labelled(s, name)}
    sides = [_side(d) for d in deployments if _labelled(d, name) and revision_of_deployment(d)]
    ref = (sim.rollout["spec"].get("workloadRef") or {}).get("name")
    named = sim.deployments.get(ref) if ref else None
    return Observed(
        source=_side(named) if named and _labelled(named, name) else None,
        sides={side.revision: side for side in sorted(sides, key=lambda side: side.ours)},
        services={n: _service(sim, n, s) for n, s in ours.items()},
        releases=tuple(
            sorted(
                (_release(r) for r in releases if r["spec"]["rollout"] == name), key=lambda r: r.spec.number
            )
        ),
        actions=tuple(map(_action, actions)),
        dropped={revision: (sim.now - at).total_seconds() for revision, (at, _) in sim.dropped.items()},
        found=found,
    )


def _labelled(obj: Object, rollout: str) -> bool:
    """Whether the watch shows it, and as a child of that Rollout."""
    return (obj["metadata"].get("labels") or {}).get(LABEL_ROLLOUT) == rollout


def _contested(sim: Sim, found: Found) -> Found:
    """What a CREATE found in its way is looked at in the next pass, and again while it is not ours."""
    names = {kind: frozenset(n for k, n in sim.taken if k == kind) for kind in ("Service", "Deployment")}
    return look(sim, ReadRequest(services=names["Service"], deployments=names["Deployment"]), found)


def _still_taken(sim: Sim) -> frozenset[tuple[str, str]]:
    """What is remembered after that look."""
    found = _contested(sim, Found())
    theirs = [("Service", n) for n, seen in found.services.items() if seen and not seen.ours]
    theirs += [("Deployment", n) for n, seen in found.deployments.items() if seen and not seen.ours]
    return frozenset(theirs)


def _service(sim: Sim, name: str, service: Object) -> SeenService:
    return _service_once(service, sim.endpoints.get(name, NO_ENDPOINTS))


@once_for_all
def _service_once(service: Object, listed: Endpoints) -> SeenService:
    return service_of(service, SeenEndpoints(listed.ready, listed.serving), UID, "shop")


def look(sim: Sim, wanted: ReadRequest, found: Found) -> Found:
    """Answers to what a decision asked to see; reads are never stale."""
    pods = {r: _pods(sim, r, warnings=wanted.warnings) for r in wanted.pods}
    services = {n: _service(sim, n, sim.services[n]) if n in sim.services else None for n in wanted.services}
    deployments = {n: _side(sim.deployments[n]) if n in sim.deployments else None for n in wanted.deployments}
    seen = replace(
        found,
        pods={**found.pods, **pods},
        services={**found.services, **services},
        deployments={**found.deployments, **deployments},
        counted={**found.counted, **{r: _counted(sim, r) for r in wanted.counted}},
    )
    if wanted.dry_run is not None:
        seen = replace(seen, refusal=sim.refusal)
    if wanted.pull_pods:
        seen = replace(seen, pull_pods=tuple(p.seen() for p in sim.pull_pods))
    return seen


def _counted(sim: Sim, revision: str) -> bool:
    """Whether the counts that the operator sees are of the newest size: nothing is due, and its status has caught up."""
    live = sim.side(revision)
    if live is None or revision in sim.behind:
        return live is None
    name = live["metadata"]["name"]
    seen = view(sim, "Deployment", name)
    return not due(live, sim.pods) and (seen or {}).get("status") == sim.wanted_status(name)


def _pods(sim: Sim, revision: str, *, warnings: bool) -> tuple[Pod, ...]:
    pods = tuple(p.seen() for p in sim.pods if p.revision == revision)
    name = silent(pods) if warnings else ""
    return tuple(replace(p, warning=sim.warnings.get(name, "")) if p.name == name else p for p in pods)
