"""Passes of the operator over the simulated cluster: what it decides, and how its writes land or are cut off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from pydantic import ValidationError

from crossfade.controller.drops import Drop
from crossfade.controller.refusals import Refusals
from crossfade.core import decide as core
from crossfade.core.measured import Measured
from crossfade.core.moments import moment_of
from crossfade.core.observed import Found, Identity
from crossfade.core.plan import Plan, ReadRequest, Verb, Write
from kstatus import broken_rule
from simulation.api_server import stored
from simulation.cluster import Sim
from simulation.measuring import opened
from simulation.promise import Violation
from simulation.remembered import Answers, once_for_all
from simulation.shell import Shell, at, forked, fresh_drops, key_of
from simulation.sight import dropped, look, observed, shell_of
from simulation.stored import Object, Refused, identity
from simulation.viewed import Viewed, is_labelled, view

ROUNDS = 8

PLANS_KEPT = 2_000
"""A bound on memory; what is decided on again mostly comes soon after."""

Judge = Callable[[Sim, "Decision", Write], None]


@dataclass(frozen=True)
class Decision:
    """A plan, and the cluster as it was when it was made."""

    plan: Plan
    base: Sim

    @cached_property
    def writes(self) -> tuple[Write, ...]:
        """All writes in order: the status first, where it differs from the stored one; without those that were refused
        and that it is too early to ask for again, and without what needs them.
        """
        asked, sim = self._asked(), self.base
        if not sim.refusals._refused:
            return asked
        late = [sim.refusals.waits(write, self.generation, sim.now) for write in asked]
        end = next((i for i, write in enumerate(asked) if late[i] and write.needed), len(asked))
        return tuple(write for write, waits in zip(asked[:end], late, strict=False) if not waits)

    @cached_property
    def dropped(self) -> Mapping[str, Drop]:
        """What was latched then."""
        return dropped(self.base)

    @property
    def generation(self) -> int:
        """The generation of the spec that it was made on."""
        rollout = view(self.base, "Rollout", "")
        return int(rollout["metadata"]["generation"]) if rollout else 0

    @property
    def wake_after_s(self) -> float | None:
        """When to look again, though nothing changes."""
        waits = (self.plan.wake_after_s, self.base.refusals.left_s(self.base.now))
        return min((each for each in waits if each is not None), default=None)

    def _asked(self) -> tuple[Write, ...]:
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
    found = Found(refusal=sim.told or None)
    found = _contested(sim, found) if sim.taken else found
    shell = shell_of(sim)
    for _ in range(ROUNDS):
        plan = _decide(sim, found, shell)
        if plan.read is None:
            return Decision(plan, sim.fork())
        found = look(sim, plan.read, found)
    raise Violation("a pass looks a few times at most, and decides", f"it wants to see {plan.read}")


def _decide(sim: Sim, found: Found, shell: Shell) -> Plan:
    """A decision depends on nothing but what it is made on: where that is the same again, so is the plan."""
    looked = (
        *sim.templates.values(),
        None,
        *sim.policies,
        None,
        *found.services.values(),
        None,
        *found.deployments.values(),
        *found.routes.values(),
        *found.templates.values(),
    )
    names = (*found.services, None, *found.deployments, None, *found.routes, None, *found.gateways.values())
    pods = (
        *found.pods.items(),
        None,
        found.pull_pods,
        tuple(found.counted.items()),
        repr(found.strangers),
        *found.tried.items(),
        None,
        *found.quiet_s.items(),
        sim.sent_until is None,
        sim.measured,
        sim.others_failed,
        tuple(found.templates),
        tuple(found.checked.items()),
        tuple(found.logs),
    )
    drops = tuple(dropped(sim).items())
    return _plans.of(
        (*shell.shown.values(), None, *looked),
        lambda: _decide_anew(sim, found, shell),
        (sim.now, drops, names, found.refusal, pods, tuple(sim.refusals.told().items()), sim.has_looked),
    )


def _decide_anew(sim: Sim, found: Found, shell: Shell) -> Plan:
    raw, wrong = view(sim, "Rollout", ""), ""
    try:
        rollout = shell.observer.rollout(key_of(raw), raw)
    except ValidationError as error:
        wrong, kept = str(error), shell.observer.salvaged(key_of(raw), raw)
        if kept is None:
            return core.unreadable(raw, wrong, sim.now)
        rollout = kept
    try:
        return core.decide(rollout, replace(observed(sim, found, shell), spec_error=wrong), sim.now)
    except Exception as error:
        raise Violation("no decision raises", repr(error)) from error


_plans: Answers[Plan] = Answers(PLANS_KEPT)


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
    too early: the write lands after it, and the store has the object of before. A write that lands on something else
    than was seen ends the pass, and its object is read anew; one that the API server refuses is remembered.
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
        if write.verb is Verb.CREATE and _is_refused(sim, write, decision.generation):
            if write.needed or write.kind == "Deployment":
                return False
            continue
        before = stored(sim, write.kind, write.name)
        if not land(sim, write, newer, decision, judged):
            return False
        if index == lost_reply:
            if unread:
                sim.unseen[write.kind, write.name] = dict(before) if before is not None else None
            return False
        sim.keep(write.kind, write.name)  # the reply is in the store
    if sim.open is None:
        sim.measured = _answers(sim, decision.plan)
    else:
        sim.open, sim.measured = opened(decision.plan.asks, sim.open, sim.measured)
    sim.events.extend(decision.plan.events)
    sim.has_looked = True
    if handled := decision.dropped:
        sim.drops = at(forked(sim.drops), sim.now, Viewed(sim))
        sim.drops.settle(key_of(sim.rollout), handled)
    return True


def _answers(sim: Sim, plan: Plan) -> tuple[Measured, ...]:
    """What comes of what a pass that was carried out asks to be measured."""
    if sim.measures is None:
        return ()
    told = ((ask.window, sim.measures(sim, ask)) for ask in plan.asks)
    return tuple(Measured(window, answer) for window, answer in told if answer is not None)


def land(
    sim: Sim, write: Write, newer: dict[Identity, Identity], decision: Decision, judged: Judge | None
) -> bool:
    """One write reaches the API server; gives whether it is taken. `newer`: what our own writes have made of objects."""
    before, newest = (
        stored(sim, write.kind, write.name),
        newer.get(write.identity) if write.identity else None,
    )
    was = sim.fork() if judged is not None else sim
    try:
        sim.write(replace(write, identity=newest) if newest else write)
    except Refused:
        sim.keep(write.kind, write.name)
        if write.verb is Verb.CREATE:
            sim.taken |= {(write.kind, write.name)}
        return False
    _obeys_kstatus(write, before, sim)
    if judged is not None:
        judged(was, decision, write)
    after = stored(sim, write.kind, write.name)
    if write.identity is not None and after is not None:
        newer[write.identity] = identity(after)
    return True


def _is_refused(sim: Sim, write: Write, generation: int) -> bool:
    """Whether the API server says no to a new object; a Deployment's refusal is told once, any other remembered."""
    if write.kind == "Deployment":
        sim.told = sim.refusal
        return bool(sim.refusal)
    why = sim.quota if write.kind == "Service" else ""
    if why or sim.refusals.told():
        sim.refusals = forked(sim.refusals)
        if why:
            sim.refusals.note(write, why, generation, sim.now)
        else:
            sim.refusals.forget(write)
    return bool(why)


def _obeys_kstatus(write: Write, before: Object | None, sim: Sim) -> None:
    if write.kind == "Rollout" and write.verb is Verb.STATUS:
        meta = sim.rollout["metadata"]
        broken = _broken_rule(
            _without_times_ahead((before or {}).get("status"), sim.now),
            sim.status,
            meta["generation"],
            meta.get("deletionTimestamp"),
        )
        if broken:
            raise Violation("each status follows kstatus", f"{broken}: {sim.status['conditions']}")


def _without_times_ahead(status: Object | None, now: datetime) -> Object | None:
    """A time that lies ahead was written by a clock that has jumped: it may be put right."""
    listed = (status or {}).get("conditions") or ()
    stamped = [one for one in listed if one.get("lastTransitionTime")]
    ahead = [one for one in stamped if moment_of(one["lastTransitionTime"]) > now]
    if not ahead:
        return status
    kept = [{**one, "lastTransitionTime": None} if one in ahead else one for one in listed]
    return {**(status or {}), "conditions": kept}


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
    """The operator's process is another one now: its store is fresh, and so is what it latches."""
    sim.shell, sim.has_looked = None, False
    sim.unseen = {}
    sim.open, sim.measured = None if sim.open is None else (), ()
    sim.taken = frozenset()
    sim.held, sim.backlog = {}, ()
    sim.refusals = Refusals()
    sim.drops = at(fresh_drops(), sim.now, Viewed(sim))
    for deployment in filter(is_labelled, sim.deployments.values()):
        sim.drops.note("Deployment", key_of(sim.rollout), None, deployment)


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
