"""What must hold of every write of the operator and of every state, whatever happened before.

`judge` is asked at each write, with the cluster before and after it and the one that the decision was made on.
`standing` is asked of every state, `resting` of those in which nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from crossfade.api.labels import LABEL_REVISION
from crossfade.api.status import RolloutStatus
from crossfade.core.observed import Observed
from crossfade.core.plan import Verb, Write
from crossfade.core.revision import revision_of
from crossfade.core.situation import Situation
from crossfade.core.stages import GateKind, Route
from simulation.cluster import Sim
from simulation.passes import Decision, parsed, view
from simulation.promise import Violation
from simulation.remembered import once_for_each

KUBE_PROXY_S = 1.99
"""So long after the endpoints a node may still send requests to a pod (measured: up to 1 s; the promise is 2)."""

GAVE_UP = {"Superseded", "Cancelled"}


@dataclass(frozen=True)
class Ghost:
    """What the checker remembers of a path, and the operator does not know.

    `calm`: nobody but the operator has touched anything since the release began, and it has not failed; `least`: the fewest replicas
    that were ever asked for; `condemned`: revisions with a verdict that nobody has forgiven.
    """

    calm: bool = True
    least: int = 10_000
    condemned: frozenset[str] = frozenset()
    edits: int = 0
    faults: int = 0


@dataclass(frozen=True)
class Seen:
    """One write, with all that a rule may ask about it."""

    before: Sim
    after: Sim
    decision: Decision
    write: Write
    ghost: Ghost

    @property
    def spec_seen(self) -> Mapping[str, Any]:
        """The spec that the decision was made on."""
        return view(self.decision.base, "Rollout", "")["spec"]  # type: ignore[no-any-return]

    @property
    def wanted(self) -> int:
        """The replicas that the decision was made on."""
        return int(self.spec_seen["replicas"])

    @property
    def now(self) -> datetime:
        """The time that the decision was made on."""
        return self.decision.base.now

    @cached_property
    def situation(self) -> Situation:
        """The stored memory before the write, with the spec that was seen: for its plan and stage."""
        rollout = parsed(view(self.decision.base, "Rollout", ""))
        return Situation(rollout, Observed(), self.now, _memory(self.before.status))

    @cached_property
    def revision_seen(self) -> str:
        """The revision that the spec named, on which the decision was made."""
        return revision_named(self.spec_seen["template"])


Rule = Callable[[Seen], str]
revision_named = once_for_each(revision_of)
_memory = once_for_each(RolloutStatus.model_validate)


def judge(seen: Seen) -> Ghost:
    """Ask every rule about one write; gives what is remembered afterwards. Raises Violation."""
    for rule in _rules(seen.write):
        told = rule(seen)
        if told:
            raise Violation(sentence(rule), told)
    failed = seen.after.status.get("failed")
    calm = seen.ghost.calm and not failed
    return replace(seen.ghost, calm=calm, condemned=frozenset({failed["revision"]} if failed else ()))


def sentence(rule: Callable[..., object]) -> str:
    """A rule's name as the promise that it is."""
    return rule.__name__.replace("_", " ")


def _rules(write: Write) -> tuple[Rule, ...]:
    if write.kind == "Rollout" and write.verb is Verb.STATUS:
        return STATUS_RULES
    if write.kind == "Service":
        return SERVICE_RULES
    if write.kind == "Deployment":
        return DEPLOYMENT_RULES
    return RELEASE_RULES if write.kind == "Release" else ()


# --- the memory -----------------------------------------------------------------------------------------


def a_verdict_is_kept(seen: Seen) -> str:
    """A quarantine ends by a new template, a Retry or an Undo, and by nothing else."""
    before, after = seen.before.status.get("failed"), seen.after.status.get("failed")
    if before is None or (after is not None and after["revision"] == before["revision"]):
        return ""
    asked = _newly_answered(seen) in {"Retry", "Undo", "Abort"}
    other = seen.revision_seen != before["revision"]
    return "" if asked or other or after else f"the verdict on {before['revision']} is forgotten"


def a_failure_is_stored_with_the_way_back(seen: Seen) -> str:
    """What returns for a failure is condemned in the same write."""
    before, after = _progress(seen.before), _progress(seen.after)
    reason = after.get("returning", "")
    if not reason or before.get("returning") or reason in GAVE_UP:
        return ""
    failed = seen.after.status.get("failed") or {}
    return "" if failed.get("revision") == after["revision"] else "it returns without a verdict"


def a_release_begins_once(seen: Seen) -> str:
    """The number rises by one, when nothing is under way, and never for a condemned revision."""
    rise = seen.after.status.get("release", 0) - seen.before.status.get("release", 0)
    if rise == 0:
        return ""
    if rise != 1 or _progress(seen.before):
        return (
            f"the release's number rises by {rise} while {_progress(seen.before) or 'nothing'} is under way"
        )
    begun = _progress(seen.after).get("revision")
    failed = seen.after.status.get("failed") or {}
    return f"{begun} is condemned, and is released again" if begun and begun == failed.get("revision") else ""


def a_stage_passes_by_its_gate(seen: Seen) -> str:
    """One stage at a time, with its pods available, its time over, and its person asked."""
    before, after = _progress(seen.before), _progress(seen.after)
    same = before and after and before["revision"] == after["revision"] and before["plan"] == after["plan"]
    if not same or before["stage"] == after["stage"]:
        return ""
    if after["stage"] != before["stage"] + 1 or after.get("promoted"):
        return f"from stage {before['stage']} to {after['stage']}, promoted: {after.get('promoted')}"
    return _gate_open(seen)


def _gate_open(seen: Seen) -> str:
    s, now = seen.situation, seen.now
    available = _available(seen.decision.base, s.progress.revision)
    if available < s.stage.candidate:
        return f"the stage passes with {available} of {s.stage.candidate} pods of the candidate"
    gate, since = s.stage.gate, s.progress.reached_at
    if s.progress.promoted or gate.kind is GateKind.READY:
        return ""
    if gate.kind is GateKind.MANUAL:
        return "a person's gate passes without a person"
    waited = (now - datetime.fromisoformat(since)).total_seconds() if since else 0
    return "" if waited >= gate.seconds else f"a gate of {gate.seconds} s passes after {waited} s"


def what_crashed_while_it_served_goes_no_further(seen: Seen) -> str:
    """No stage passes, and no release completes, with more crashed pods than the strategy allows."""
    s = seen.situation
    further = (
        _stable(seen.after) == s.progress.revision or _progress(seen.after).get("stage", 0) > s.progress.stage
    )
    if not s.under_way or not further or not s.progress.serving_since or not s.stable_revision:
        return ""
    since = datetime.fromisoformat(s.progress.serving_since).replace(microsecond=0)
    mine = (p for p in seen.decision.base.of(s.progress.revision) if any(end.at >= since for end in p.exits))
    crashed, allowed = sum(1 for _ in mine), _unavailable(seen.spec_seen["strategy"], seen.wanted)
    return f"{crashed} of its pods crashed, {allowed} may" if crashed > allowed else ""


def what_completes_serves(seen: Seen) -> str:
    """A revision becomes stable only when production selects it and nothing else."""
    before, after = _stable(seen.before), _stable(seen.after)
    if not before or before == after or not seen.wanted or not seen.before.services:
        return ""
    exclusive = "recreate" in seen.spec_seen["strategy"]
    return "" if exclusive or _selects(seen.before) == {after} else f"{after} completes without all requests"


def ready_is_about_the_template_in_the_spec(seen: Seen) -> str:
    """Nothing takes a release for done before it has begun."""
    status = seen.after.status
    ready = next(c for c in status["conditions"] if c["type"] == "Ready")["status"] == "True"
    right = _stable(seen.after) == seen.revision_seen
    return "" if right or not ready else f"Ready, and {_stable(seen.after)} is not the template in the spec"


def an_abort_is_done(seen: Seen) -> str:
    """It is accepted in every state in which something is under way and there is something to return to."""
    waiting = [a for a in seen.decision.base.actions.values() if not a.get("status")]
    if not waiting or waiting[0]["spec"]["action"] != "Abort" or _newly_answered(seen) != "Abort":
        return ""
    under_way = _progress(seen.before) and _stable(seen.before)
    done = seen.after.status["lastAction"]["state"] == "Done"
    returning = _progress(seen.after).get("returning") or not _progress(seen.after)
    return "" if not under_way or (done and returning) else "an abort is not carried out"


def _newly_answered(seen: Seen) -> str:
    before, after = (seen.before.status.get("lastAction") or {}), (seen.after.status.get("lastAction") or {})
    new = after.get("uid") != before.get("uid")
    return str(after.get("action", "")) if new and after.get("uid") else ""


# --- production -----------------------------------------------------------------------------------------


def what_is_condemned_does_not_serve_again(seen: Seen) -> str:
    """After its verdict a revision never gets requests again by itself."""
    again = _newly_selected(seen) & seen.ghost.condemned & set(_revisions(seen.before))
    return f"{again} is condemned and gets requests again" if again else ""


def what_gets_requests_is_allowed_to(seen: Seen) -> str:
    """Stable always; the candidate when the stored memory says that its stage gives it requests."""
    memory = _progress(seen.before)
    for revision in _newly_selected(seen) - {_stable(seen.before)}:
        if revision != memory.get("revision"):
            if seen.before.desired(revision) or seen.before.of(revision):
                return f"{revision} gets requests and is neither stable nor the candidate"
        elif memory.get("returning") or seen.situation.stage.route is Route.STABLE:
            return f"{revision} gets requests before the memory says that it may"
    return ""


def traffic_returns_after_its_reason_is_stored(seen: Seen) -> str:
    """The candidate loses its requests only when the memory says that it returns."""
    memory = _progress(seen.before)
    lost = _selects(seen.before) - _selects(seen.after)
    if memory.get("revision") not in lost or memory.get("returning") or not _stable(seen.before):
        return ""
    forward = seen.situation.stage.route is not Route.STABLE
    return "the candidate loses its requests, and the memory does not say why" if forward else ""


def nothing_is_selected_that_is_not_ready(seen: Seen) -> str:
    """Production never turns from ready pods of an allowed revision to a revision without any."""
    if "recreate" in seen.spec_seen["strategy"] or not seen.wanted:
        return ""
    base, after = seen.decision.base, _selects(seen.after)
    allowed = {_stable(seen.before), _progress(seen.before).get("revision")} - seen.ghost.condemned
    had = {r for r in _selects(seen.before) & allowed if _ready(base, r)}
    has = {r for r in after if _ready(base, r)}
    return f"production turns from {had} to {after} without ready pods" if had and not has else ""


# --- pods -----------------------------------------------------------------------------------------------


def no_pod_goes_that_may_get_requests(seen: Seen) -> str:
    """A track shrinks when production has not listed it for a while; behind a shared selector, within limits."""
    revision, count = _scaled_down(seen)
    nothing = 0 in {
        seen.wanted,
        seen.ghost.least,
    }  # a template that completed without replicas serves from nothing
    if not revision or "recreate" in seen.spec_seen["strategy"] or nothing:
        return ""
    if not seen.before.services or len(seen.before.of(revision)) <= count:
        return ""
    selected = _selects(seen.before) & set(_revisions(seen.before))
    if revision in selected:
        return _within_limits(seen, revision, count, selected)
    listed = seen.before.endpoints[seen.before.service_name].ready.get(revision)
    since = seen.before.listed_at.get(revision)
    recent = since is not None and (seen.now - since).total_seconds() < KUBE_PROXY_S
    answering = _ready(seen.decision.base, revision) > 0
    return f"pods of {revision} go while requests may reach them" if answering and (listed or recent) else ""


def _within_limits(seen: Seen, revision: str, count: int, selected: set[str]) -> str:
    base = seen.decision.base
    left = min(count, _available(base, revision)) + sum(_available(base, r) for r in selected - {revision})
    unavailable = seen.situation.stage.unavailable if len(selected) > 1 else 0
    broken = _available(base, revision) <= count
    enough = left >= seen.wanted - unavailable or broken
    return "" if enough else f"{revision} shrinks to {count}: {left} of {seen.wanted} pods would serve"


def no_more_pods_than_planned(seen: Seen) -> str:
    """At most twice the replicas; behind a shared selector at most replicas and surge."""
    revision = seen.write.name.removeprefix("shop-")
    grows = seen.after.desired(revision) > seen.before.desired(revision)
    s = seen.situation
    if not grows or not s.under_way:
        return ""
    counted = s.stage.counted and not s.progress.returning and not s.exclusive
    limit = seen.wanted + s.stage.surge if counted else 2 * max(seen.wanted, seen.ghost.least)
    total = sum(seen.after.desired(r) for r in _revisions(seen.after))
    shrinking = seen.before.rollout["spec"]["replicas"] != seen.wanted or not seen.ghost.calm
    return f"{total} pods are asked for, {limit} is the limit" if total > limit and not shrinking else ""


# --- the record -----------------------------------------------------------------------------------------


def an_outcome_is_written_once(seen: Seen) -> str:
    """What a Release ended as is never changed."""
    before = seen.before.releases.get(seen.write.name, {}).get("status", {}).get("outcome")
    after = seen.after.releases.get(seen.write.name, {}).get("status", {}).get("outcome")
    return (
        f"{seen.write.name} was {before} and is {after} now" if before and after not in {before, None} else ""
    )


def a_release_is_recorded_as_it_began(seen: Seen) -> str:
    """The record is of the number and the revision that the memory names."""
    if seen.write.verb is not Verb.CREATE:
        return ""
    spec, memory = seen.write.body["spec"], seen.before.status
    known = {_progress(seen.before).get("revision")}
    if (memory.get("stable") or {}).get("release") == spec["number"]:
        known.add(_stable(seen.before))
    known.add((memory.get("failed") or {}).get("revision"))
    right = spec["number"] == memory["release"] and spec["revision"] in known
    return "" if right else f"the record of release {spec['number']} names {spec['revision']}"


STATUS_RULES: tuple[Rule, ...] = (
    a_verdict_is_kept,
    a_failure_is_stored_with_the_way_back,
    a_release_begins_once,
    a_stage_passes_by_its_gate,
    what_crashed_while_it_served_goes_no_further,
    what_completes_serves,
    an_abort_is_done,
    ready_is_about_the_template_in_the_spec,
)
SERVICE_RULES: tuple[Rule, ...] = (
    what_is_condemned_does_not_serve_again,
    what_gets_requests_is_allowed_to,
    traffic_returns_after_its_reason_is_stored,
    nothing_is_selected_that_is_not_ready,
)
DEPLOYMENT_RULES: tuple[Rule, ...] = (no_pod_goes_that_may_get_requests, no_more_pods_than_planned)
RELEASE_RULES: tuple[Rule, ...] = (an_outcome_is_written_once, a_release_is_recorded_as_it_began)


# --- states ---------------------------------------------------------------------------------------------


def standing(sim: Sim, ghost: Ghost) -> None:
    """What holds of every state. Raises Violation."""
    strategy = sim.rollout["spec"]["strategy"]
    running = {p.revision for p in sim.pods}
    if "recreate" in strategy:
        if len(running) > 1:
            raise Violation("recreate never runs two revisions at once", f"it runs {running}")
        return
    if not ghost.calm or not sim.status.get("stable"):
        return
    selected = _selects(sim) if sim.services else running
    answering = sum(p.ready and not p.leaving and p.revision in selected for p in sim.pods)
    floor = ghost.least - _unavailable(strategy, ghost.least)
    if answering < floor:
        told = f"{answering} pods serve, {floor} should, and nothing but the operator has moved"
        raise Violation("undisturbed, enough pods serve at each moment", told)


def _unavailable(strategy: Mapping[str, Any], replicas: int) -> int:
    rolling = strategy.get("rolling", {})
    limit = rolling.get("maxUnavailable", 0)
    return min(replicas, limit or (1 if rolling and rolling.get("maxSurge", 1) == 0 else 0))


def resting(sim: Sim) -> None:
    """What holds once nothing moves any more. Raises Violation."""
    told = next(_unrest(sim), "")
    if told:
        what = f"{told}; {sim.status.get('phase')}: {sim.status.get('message')}"
        raise Violation("at rest the cluster is as it is wanted", what)


def _unrest(sim: Sim) -> Iterator[str]:
    spec, status = sim.rollout["spec"], sim.status
    revision, n, phase = revision_named(spec["template"]), spec["replicas"], status["phase"]
    stable, under_way = _stable(sim), bool(_progress(sim))
    yield from (f"action {name} has no answer" for name, a in sim.actions.items() if not a.get("status"))
    open_ones = [r for r in sim.releases.values() if not r.get("status", {}).get("outcome")]
    if len(open_ones) != under_way:
        yield f"{len(open_ones)} releases have no outcome"
    if status["phase"] == "Degraded" and stable in sim.broken:
        return  # it waits for pods that never come
    if under_way:
        waits = [c["reason"] for c in status["conditions"] if c["type"] == "Ready"]
        if phase != "Paused" and waits != ["ScaledToZero"]:
            yield "a release goes nowhere"
        return
    if phase == "Progressing" and _unavailable(spec["strategy"], n) and stable in sim.broken:
        return
    if [p.revision for p in sim.pods] != [stable] * n or not all(p.ready for p in sim.pods):
        yield f"{n} pods of {stable} should run: {[(p.revision, p.ready) for p in sim.pods]}"
    if sim.services and sim.selected() != ({stable: n} if n else {}):
        yield f"production selects {sim.selected()}"
    quarantined = (status.get("failed") or {}).get("revision") == revision
    expected = {"RolledBack"} if quarantined else {"Healthy"} if stable == revision else {"Paused"}
    if phase not in (expected | ({"Paused"} if spec.get("paused") or status.get("pausedBy") else set())):
        yield f"the phase should be {expected}"


# --- what is seen of a cluster --------------------------------------------------------------------------


def _progress(sim: Sim) -> Mapping[str, Any]:
    progress = sim.status.get("progress")
    return {"stage": 0, "plan": "", **progress} if progress else {}


def _stable(sim: Sim) -> str:
    return str((sim.status.get("stable") or {}).get("revision", ""))


def _revisions(sim: Sim) -> list[str]:
    return [d["metadata"]["labels"][LABEL_REVISION] for d in sim.deployments.values()]


def _selects(sim: Sim) -> set[str]:
    """The revisions whose pods production selects."""
    service = sim.services.get(sim.service_name)
    if service is None:
        return set()
    named = service["spec"]["selector"].get(LABEL_REVISION)
    return {named} if named else set(_revisions(sim))


def _newly_selected(seen: Seen) -> set[str]:
    if seen.write.name != seen.before.service_name:
        return set()
    return _selects(seen.after) - _selects(seen.before)


def _scaled_down(seen: Seen) -> tuple[str, int]:
    revision = seen.write.name.removeprefix("shop-")
    before, after = seen.before.desired(revision), seen.after.desired(revision)
    return (revision, after) if after < before else ("", 0)


def _available(sim: Sim, revision: str) -> int:
    """As the Deployment's status says, and never more than it asks for."""
    side = sim.side(revision) or {"spec": {"replicas": 0}}
    return min(side["spec"]["replicas"], side.get("status", {}).get("availableReplicas", 0))


def _ready(sim: Sim, revision: str) -> int:
    return int((sim.side(revision) or {}).get("status", {}).get("readyReplicas", 0))
