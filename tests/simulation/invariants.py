"""What must hold of every write of the operator and of every state, whatever happened before.

`judge` is asked at each write, with the cluster before and after it and the one that the decision was made on; the
promises themselves are in `rules_*.py`, by what they are about. `standing` is asked of every state, `resting` of those
in which nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any

from crossfade.api.labels import PREFIX
from crossfade.core.plan import Verb
from crossfade.core.revision import revision_of
from simulation.asked import is_exclusive, is_routed, is_wrong, may_be_missing
from simulation.cluster import Sim
from simulation.ghost import Ghost
from simulation.held import takes_back, waits
from simulation.passes import Decision
from simulation.past import after_step, after_write, known_at
from simulation.promise import Violation
from simulation.remembered import Answers
from simulation.router import Mode
from simulation.rules_measured import ASKS, MEASURED_RULES
from simulation.rules_memory import MEMORY_RULES
from simulation.rules_people import ASKED_RULES
from simulation.rules_pods import POD_RULES
from simulation.rules_policies import (
    POLICY_DELAYS,
    POLICY_MEMORY_RULES,
    POLICY_POD_RULES,
    POLICY_TRAFFIC_RULES,
)
from simulation.rules_record import RECORD_RULES
from simulation.rules_routes import BESIDE_RULES, ROUTE_RULES, routes_astray, unsaid
from simulation.rules_traffic import TRAFFIC_RULES
from simulation.seen import Rule, Seen
from simulation.shown import (
    adopts,
    is_frozen,
    progress_of,
    reached_by,
    revisions_of,
    route_of,
    stable_of,
    wanted_revision,
    way_back_of,
)


def judge(seen: Seen) -> Ghost:
    """Ask every rule about one write; gives what is remembered afterwards. Raises Violation."""
    seen = replace(seen, ghost=known_at(seen))
    broken = _memory_broken(seen) if seen.write.kind == "Rollout" else _broken(seen, _rules(seen))
    if broken is not None:
        raise Violation(sentence(broken[0]), broken[1])
    return after_write(seen)


def sentence(rule: Callable[..., object]) -> str:
    """A rule's name as the promise that it is."""
    return rule.__name__.replace("_", " ")


Broken = tuple[Rule, str]
"""A rule that does not hold, and what is the case instead."""

STATUS_RULES = (*MEMORY_RULES, *ASKED_RULES)
RULES: dict[str, tuple[Rule, ...]] = {
    "Service": (*TRAFFIC_RULES, *BESIDE_RULES),
    "HTTPRoute": (*ROUTE_RULES, *TRAFFIC_RULES),
    "Deployment": POD_RULES,
    "Release": RECORD_RULES,
}
"""By the kind that is written."""

WITH_POLICIES: dict[str, tuple[Rule, ...]] = {
    "Service": POLICY_TRAFFIC_RULES,
    "HTTPRoute": POLICY_TRAFFIC_RULES,
    "Deployment": POLICY_POD_RULES,
}
"""The same, where policies are about it."""


def _rules(seen: Seen) -> tuple[Rule, ...]:
    rules = RULES.get(seen.write.kind, ())
    return (*rules, *WITH_POLICIES.get(seen.write.kind, ())) if seen.base.policies else rules


def _status_rules(sim: Sim) -> Iterator[Rule]:
    """Rules about a status, by what there is in the world."""
    yield from STATUS_RULES
    yield from MEASURED_RULES if sim.open is not None else ()
    yield from POLICY_MEMORY_RULES if sim.policies or sim.status.get("bypasses") else ()


def _broken(seen: Seen, rules: tuple[Rule, ...]) -> Broken | None:
    return next(
        ((rule, told) for rule in rules if (told := rule(seen))),
        None,
    )


def _memory_broken(seen: Seen) -> Broken | None:
    """The rules about a status ask for the decision, the status before and after, and what production selects."""
    if seen.write.verb is not Verb.STATUS:
        return None
    before = seen.before
    return _judged.of(
        (
            seen.decision,
            before.status,
            seen.after.status,
            *before.services.values(),
            None,
            *before.routes.values(),
            None,
            *before.deployments.values(),
        ),
        lambda: _broken(seen, (*_status_rules(seen.base),)),
        seen.ghost,
    )


_judged: Answers[Broken | None] = Answers(100)


# --- states ---------------------------------------------------------------------------------------------


def standing(sim: Sim, ghost: Ghost) -> Ghost:
    """Ask what holds of every state; gives what is remembered from then on. Raises Violation."""
    spec = sim.rollout["spec"]
    if told := _late_back(sim, ghost):
        raise Violation("a rollback ends within its stated time", told)
    if is_exclusive(spec):
        running = {p.revision for p in sim.pods if p.revision and p.runs}
        if len(running) > 1 and not ghost.replanned:
            raise Violation("recreate never runs two revisions at once", f"it runs {running}")
        return after_step(sim, ghost)
    after = after_step(sim, ghost)
    least = min(spec["replicas"], ghost.least) - ghost.missing
    promised = bool(ghost.stable or adopts(sim)) and not (sim.deleting and not _outlives(sim))
    if after.served < min(ghost.served, least) and promised:
        told = f"{after.served} pods serve after {ghost.served}, {least} should, and nothing has failed"
        if ghost.well:
            raise Violation(ENOUGH, told)
        undisturbed = "undisturbed, enough pods serve at each moment"
        if ghost.calm and not sim.deleting:
            raise Violation(undisturbed, told)
    return after


LATE_S = 5.0
"""From when stable has a pod, or its deadline has passed, to when the requests have left: passes, endpoints and nodes take a while."""


def _late_back(sim: Sim, ghost: Ghost) -> str:
    """Who still meets a candidate that was given up, though stable has a ready pod, and all that may be waited for is over.

    Not where a router says nothing, or nobody made passes.
    """
    progress, stable = progress_of(sim), stable_of(sim)
    if ghost.back is None or not way_back_of(sim) or ghost.absent or sim.router.mode is not Mode.ACCEPTS:
        return ""
    ready = [pod.since for pod in sim.pods if pod.revision == stable and pod.ready and not pod.leaving]
    deadline = ghost.back + timedelta(seconds=sim.rollout["spec"]["progressDeadlineSeconds"])
    if not ready or progress["revision"] not in reached_by(sim):
        return ""
    late_s = (sim.now - max(deadline, min(ready))).total_seconds() - ghost.slow_s
    return (
        f"{progress['revision']} still gets requests {late_s:g} s after {stable} could"
        if late_s > LATE_S
        else ""
    )


ENOUGH = "without a failure enough pods serve at each moment"


def _outlives(sim: Sim) -> bool:
    """Whether what serves stays when the Rollout goes."""
    return adopts(sim) or sim.rollout["spec"].get("onDelete") == "GiveBack"


def asking(decision: Decision) -> None:
    """What holds of a decision: of what it asks to be measured, and of a way back that policies might delay. Raises Violation."""
    asks = ASKS if decision.base.open is not None else ()
    for rule in (*asks, *POLICY_DELAYS) if asks or decision.base.policies else ():
        if told := rule(decision):
            raise Violation(sentence(rule), told)


def waiting(sim: Sim) -> None:
    """What holds where the operator has nothing to write for now. Raises Violation."""
    refused = sim.refusals.told()
    if not refused or sim.gone:
        return
    told = [sim.status.get("message", ""), *(c["message"] for c in sim.status["conditions"])]
    for place, why in refused.items():
        if not any(why in message for message in told):
            raise Violation(REFUSED, f"{place}: {why}; it says {told[0]}")
    if not any(revisions_of(sim)):
        raise Violation(REFUSED, "a Service that may not be made holds up the Deployment")


REFUSED = "what the API server refuses is told, and holds up nothing else"


def resting(sim: Sim, ghost: Ghost) -> None:
    """What holds once nothing moves any more. Raises Violation."""
    told = next(
        _left_behind(sim) if sim.deleting else chain(_unrest(sim, waits(sim, ghost)), _held_up(sim, ghost)),
        "",
    )
    if told:
        what = f"{told}; {sim.status.get('phase')}: {sim.status.get('message')}"
        promise = (
            "what a deletion leaves serves" if sim.deleting else "at rest the cluster is as it is wanted"
        )
        raise Violation(promise, what)


def _unrest(sim: Sim, held: str) -> Iterator[str]:
    """What is not as it should be. `held`: what policies rightly hold; "" where they hold nothing."""
    status, stable, under_way = sim.status, stable_of(sim), bool(progress_of(sim))
    yield from (f"action {name} has no answer" for name, a in sim.actions.items() if not a.get("status"))
    open_ones = [r for r in sim.releases.values() if not r.get("status", {}).get("outcome")]
    if len(open_ones) != under_way:
        yield f"{len(open_ones)} releases have no outcome"
    if status["phase"] in {"Degraded", "Invalid"} and stable in sim.broken:
        return  # it waits for pods that never come
    only = stable if way_back_of(sim) else "" if stable else progress_of(sim).get("revision")
    if only in sim.broken:
        return  # so does what is the only one that could serve
    if held:
        yield from _unrest_while_held(sim)
    if sim.rollout["spec"].get("service") and stable and sim.service_name not in sim.services:
        yield "the production Service is lost"
    if is_wrong(sim.rollout["spec"]):
        yield from _unrest_of_wrong_ports(sim, stable)
        return
    if under_way:
        waits = {c["reason"] for c in status["conditions"] if c["type"] == "Ready"}
        if status["phase"] != "Paused" and not held and not waits & {"ScaledToZero", "NotSoleOwner"}:
            yield from unsaid(sim) if _is_held_by_a_route(sim) else ["a release goes nowhere"]
        if (
            not sim.rollout["spec"]["replicas"]
            and "ScaledToZero" in waits
            and any(p.revision and p.runs for p in sim.pods)
        ):
            yield "pods run where none are wanted"
        return
    short = may_be_missing(sim.rollout["spec"])
    if status["phase"] == "Progressing" and short and stable in sim.broken:
        return
    yield from _pods_astray(sim, stable)
    yield from routes_astray(sim)
    phases = _phases_at_rest(sim, stable, held)
    if status["phase"] not in phases:
        yield f"the phase should be {phases}"


def _unrest_of_wrong_ports(sim: Sim, stable: str) -> Iterator[str]:
    """A spec whose ports nobody has holds what is to come; what serves has its pods and its requests."""
    if progress_of(sim):
        return
    yield from _pods_astray(sim, stable)
    if sim.status["phase"] != "Invalid":
        yield "the phase should be Invalid"


def _unrest_while_held(sim: Sim) -> Iterator[str]:
    """What a policy holds says so, unless something else holds it too; what is to be taken back has been."""
    moves = sim.status["phase"] not in {"Paused", "Degraded"} and sim.rollout["spec"]["replicas"]
    said = next(c for c in sim.status["conditions"] if c["type"] == "PolicyCompliant")
    if moves and (said["status"], said["reason"]) != ("False", "HeldByPolicy"):
        yield f"a policy holds it, and it says {said['reason']}"
    at = progress_of(sim)
    if at and takes_back(sim):
        yield f"stage {at['stage']} stays, and a policy has closed that takes it back"


def _is_held_by_a_route(sim: Sim) -> bool:
    """Whether a release waits for a route that is not there, or for a router that says nothing, and rightly does so."""
    waits = sim.router.mode is Mode.SILENT or route_of(sim) is None
    return bool(sim.git) and waits and is_routed(sim.rollout["spec"])


def _held_up(sim: Sim, ghost: Ghost) -> Iterator[str]:
    asked = sim.rollout["spec"].get("paused") or sim.status.get("pausedBy") or is_frozen(sim)
    if ghost.way and ghost.way.free and sim.status["phase"] == "Paused" and not asked:
        yield f"{ghost.way.revision} has proved itself, and a gate holds it"


def _pods_astray(sim: Sim, stable: str) -> Iterator[str]:
    n, mine = sim.rollout["spec"]["replicas"], [p for p in sim.pods if p.revision and p.runs]
    if not stable:
        return
    if [p.revision for p in mine] != [stable] * n or not all(p.ready for p in mine):
        yield f"{n} pods of {stable} should run: {[(p.revision, p.ready) for p in mine]}"
    if sim.services and sim.selected() != ({stable: n} if n else {}):
        yield f"production selects {sim.selected()}"
    restarted = sim.status.get("restarted") or {}
    if restarted.get("revision") == stable and any(p.mark != restarted["at"] for p in mine):
        yield "not all pods are of the last Restart"
    source = sim.deployments.get((sim.rollout["spec"].get("workloadRef") or {}).get("name"))
    if source and source["spec"]["replicas"]:
        yield f"the source of the template runs {source['spec']['replicas']} pods"


def _phases_at_rest(sim: Sim, stable: str, held: str) -> set[str]:
    spec, revision = sim.rollout["spec"], wanted_revision(sim)
    paused = {"Paused"} if spec.get("paused") or sim.status.get("pausedBy") else set()
    if not revision or (not stable and _is_beside_another(sim, revision)):
        return {"Invalid"}
    verdicts = (sim.status.get("failed") or {}, sim.status.get("undone") or {})
    if revision in {
        each.get("revision") for each in verdicts
    }:  # undone: where it was to go back to failed too
        return {"RolledBack"} | paused
    waits = {"Waiting"} if sim.git and is_routed(spec) and route_of(sim) is None else set()
    before = {"Waiting"} if held else {"Paused"}
    return ({"Healthy"} if stable == revision else before) | paused | waits


def _is_beside_another(sim: Sim, revision: str) -> bool:
    """Whether another version serves behind the Service that is to be adopted, and its selector selects new pods too."""
    service = sim.services.get(sim.service_name)
    if service is None or not adopts(sim) or any(key.startswith(PREFIX) for key in _marks(service)):
        return False
    named = (sim.rollout["spec"].get("workloadRef") or {}).get("name")
    others = [d for d in sim.deployments.values() if not any(key.startswith(PREFIX) for key in _marks(d))]
    return any(
        revision_of(d["spec"]["template"]) != revision
        and d["spec"]["replicas"]
        and d["metadata"]["name"] != named
        for d in others
    )


def _left_behind(sim: Sim) -> Iterator[str]:
    """What somebody finds after the deletion: the Service with ready pods, and nothing that says whose it was."""
    spec, stable = sim.rollout["spec"], stable_of(sim)
    if not sim.gone:
        yield "the deletion is held up"
    yield from routes_astray(sim)
    if not _outlives(sim):
        return
    for stored in (*sim.deployments.values(), *sim.services.values()):
        yield from (
            f"{stored['metadata']['name']} has our {key}" for key in _marks(stored) if key.startswith(PREFIX)
        )
    expected = spec["replicas"] if stable or adopts(sim) else 0
    answering = sim.selected()
    if sim.service_name in sim.services and sum(answering.values()) < expected and stable not in sim.broken:
        yield f"production selects {answering}, and {expected} pods should answer"
    if stable and set(answering) - {stable, ""}:
        yield f"production selects {answering}, and {stable} is stable"
    astray = {p.revision for p in sim.pods if p.runs} - set(answering)
    if astray and expected and stable not in sim.broken:
        yield f"pods of {astray} are left, and nobody reaches them"


def _marks(stored: Mapping[str, Any]) -> list[str]:
    meta = stored["metadata"]
    return [*(meta.get("labels") or {}), *(r["kind"] for r in meta.get("ownerReferences") or ())]
