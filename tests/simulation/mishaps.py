"""What may go wrong in a world that lists it, beyond what may go wrong in every one: each kind is a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from builders import V1, V2, V3
from crossfade.api.labels import ANNOTATION_ROUTE
from crossfade.core.moments import later
from simulation.cluster import Sim
from simulation.measured import FIRST, NEXT
from simulation.measuring import answers, is_bad
from simulation.moves import Move, World, fault, oddity, one_of_each, taken
from simulation.passes import restart
from simulation.past import after_step
from simulation.router import Mode
from simulation.stored import versioned
from simulation.weights import named

Source = Callable[[Sim], Iterator[Move]]

JUMP_S = 300
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

HANGS_S = 25
"""Longer than a worlds' deadlines."""

HOUR_S = 3600
NAMES = {V1: "v1", V2: "v2", V3: "v3"}
QUOTA = (
    "exceeded quota: compute, requested: count/services=1, used: count/services=3, limited: count/services=3"
)


# --- pods -----------------------------------------------------------------------------------------------


def evictions(sim: Sim) -> Iterator[Move]:
    """A node runs out of something, puts a pod out, and the pod stays as an object that has failed."""
    for pod in one_of_each(p for p in sim.pods if p.ready and not p.leaving):
        what = f"a pod of {pod.revision} is evicted, and stays as Failed"
        yield taken(what, pod.revision, lambda w, p=pod: w.sim.change(p, p.evicted(w.sim.now)))


def hanging(sim: Sim) -> Iterator[Move]:
    """A pod that is told to go does not, since its node does not answer."""
    for pod in one_of_each(p for p in sim.pods if p.leaving and p.stuck_to is None):
        to = sim.now + timedelta(seconds=HANGS_S)
        after = pod.but(stuck_to=to, ready=False)
        yield fault(
            f"a pod of {pod.revision} hangs, told to go",
            lambda w, p=pod, a=after: w.sim.change(p, a),
            blames=NAMES,  # it holds up whatever comes after it
        )


def breaking(*revisions: str) -> Source:
    """The pods of a revision lose their readiness all at once, and get it back only when they are well again."""

    def breaks(sim: Sim) -> Iterator[Move]:
        for revision in revisions:
            if revision not in sim.ailing and any(p.ready for p in sim.of(revision)):
                what = f"pods of {NAMES[revision]} break"
                yield fault(what, lambda w, r=revision: w.sim.ail(r), blames=[revision])

    return breaks


# --- the API server and the watches -----------------------------------------------------------------------


def quotas(sim: Sim) -> Iterator[Move]:
    """The API server takes no new Service any more, or no new Deployment."""
    if not sim.quota:
        yield oddity("no Service may be made any more", lambda w: w.sim.exhaust("Service", QUOTA))
    if not sim.refusal:
        yield fault(
            "no Deployment may be made any more",
            lambda w: w.sim.exhaust("Deployment", QUOTA),
            blames=NAMES,
        )


def late_watches(*kinds: str) -> Source:
    """The watch of a kind stands still: nothing of it is seen for a while, however many passes are made."""

    def stand_still(sim: Sim) -> Iterator[Move]:
        for kind in kinds:
            if kind not in sim.held:
                yield oddity(f"the watch of {kind}s stands still", lambda w, k=kind: w.sim.hold(k))

    return stand_still


# --- the operator -----------------------------------------------------------------------------------------


def absences(_: Sim) -> Iterator[Move]:
    """No operator runs for an hour, and the cluster goes on."""
    yield oddity("the operator is down for an hour", _absent)._replace(restarts=True)


def _absent(world: World) -> None:
    sim = world.sim
    while True:
        before = sim.pods, dict(sim.deployments), dict(sim.endpoints)
        sim.controllers()
        sim.kubelet()
        sim.sync_all()
        if before == (sim.pods, sim.deployments, sim.endpoints):
            break
    world.ghost = after_step(sim, world.ghost)._replace(absent=True)
    sim.tick(HOUR_S)
    sim.sync_all()
    restart(sim)


# --- what is measured -------------------------------------------------------------------------------------


def telling(*words: str) -> Source:
    """A source answers something else than that all is well."""

    def tell(sim: Sim) -> Iterator[Move]:
        for ask, word in ((ask, word) for ask in sim.open or () for word in words):
            told = answers(word, ask)
            what = (
                f"{ask.window.metric} of {ask.window.run}, window {ask.window.number}: its source says {word}"
            )
            gives_up = ask.metric.inconclusive == "Abort" and word != "good"
            if not ask.metric.dry_run and (gives_up or is_bad(told.answer)):
                revision = ask.both.candidate.revision
                yield fault(what, lambda w, t=told: w.sim.answer(t), blames=[revision])
            else:
                yield oddity(what, lambda w, t=told: w.sim.answer(t))

    return tell


def answers_again(sim: Sim) -> Iterator[Move]:
    """The last answer comes once more, whether somebody waits for it or not."""
    last = sim.answered
    if last is not None and last not in sim.measured:
        yield oddity("the last answer comes again", lambda w: w.sim.answer(last))


def templates(sim: Sim) -> Iterator[Move]:
    """Somebody deletes the template, or makes it another one."""
    if sim.templates:
        yield oddity("somebody deletes the template", lambda w: w.sim.has_templates({}))
    for name, made in (("as it was at first", FIRST), ("anew", NEXT)):
        if sim.templates != made:
            yield oddity(f"somebody makes the template {name}", lambda w, m=made: w.sim.has_templates(m))


# --- what somebody does to what is the operator's -----------------------------------------------------------


def losses(sim: Sim) -> Iterator[Move]:
    """The status is lost, as after a backup was restored without it."""
    if sim.status:
        yield oddity("the status is lost", lambda w: w.sim.store_status({}))


def jumps(sim: Sim) -> Iterator[Move]:
    """All that is stored was written by a leader whose clock was five minutes ahead."""
    if sim.status:
        yield oddity(
            "the clock jumps back by 300 s", lambda w: w.sim.store_status(_later(w.sim.status, JUMP_S))
        )


def _later(value: Any, seconds: float) -> Any:
    if isinstance(value, dict):
        return {key: _later(each, seconds) for key, each in value.items()}
    if isinstance(value, list):
        return [_later(each, seconds) for each in value]
    return later(value, seconds) if isinstance(value, str) and TIME.fullmatch(value) else value


def restoring(status: dict[str, object]) -> Source:
    """An older status is restored."""

    def restore(sim: Sim) -> Iterator[Move]:
        if sim.status != status:
            yield oddity("an older status is restored", lambda w: w.sim.store_status(status))

    return restore


def patches(sim: Sim) -> Iterator[Move]:
    """Somebody patches the status: another revision is to be stable, or nothing is to have completed."""
    stable = sim.status.get("stable")
    if not stable:
        return
    for revision in sorted({r["spec"]["revision"] for r in sim.releases.values()} - {stable["revision"]}):
        after = {**sim.status, "stable": {**stable, "revision": revision}}
        yield oddity(
            f"somebody makes {NAMES[revision]} stable in the status",
            lambda w, a=after: w.sim.store_status(a),
        )
    if sim.status.get("completed"):
        none = {key: value for key, value in sim.status.items() if key != "completed"}
        yield oddity("somebody empties completed in the status", lambda w: w.sim.store_status(none))


def deletions(sim: Sim) -> Iterator[Move]:
    """Somebody deletes a Deployment or the Service."""
    for revision in (V1, V2):
        side = sim.side(revision)
        if side is not None:
            name = side["metadata"]["name"]
            yield fault(
                f"somebody deletes the Deployment of {NAMES[revision]}",
                lambda w, n=name: w.sim.remove("Deployment", n),
                blames=[revision],
            )
    if sim.service_name in sim.services:
        name = sim.service_name
        yield fault("somebody deletes the Service", lambda w: w.sim.remove("Service", name), blames=NAMES)


def hands_on_a_route(sim: Sim) -> Iterator[Move]:
    """Somebody changes the weights that the operator has written, or deletes the canary Service, or spoils what it keeps."""
    (name, _), *_ = sim.git.items()
    live, beside = sim.routes.get(name), sim.services.get(sim.canary_name)
    if live and sim.canary_name in named(live["spec"]):
        rules = [_turned(rule, sim.canary_name) for rule in live["spec"]["rules"]]
        if rules != live["spec"]["rules"]:
            what = "somebody changes the weights of the route by hand"
            yield fault(what, lambda w: w.sim.edit_rules(name, rules), blames=NAMES)
    if beside is None:
        return
    yield fault("somebody deletes the canary Service", _without_canary_service, blames=NAMES)
    memo = (beside["metadata"].get("annotations") or {}).get(ANNOTATION_ROUTE)
    if memo is not None:
        yield oddity("somebody spoils what is kept of the route", lambda w: _keeps(w.sim, memo[:-7]))
        yield oddity("somebody removes what is kept of the route", lambda w: _keeps(w.sim, None))


def _without_canary_service(world: World) -> None:
    world.sim.remove("Service", world.sim.canary_name)
    world.sim.inexact = True


def _turned(rule: Mapping[str, Any], candidate: str) -> dict[str, Any]:
    """The same, and the candidate has 7 of 8 requests of the two sides, or one where it had more."""
    sides = [
        ref for ref in rule["backendRefs"] if ref["name"] in {candidate, candidate.removesuffix("-canary")}
    ]
    most = max(sides, key=lambda ref: ref.get("weight", 1))
    given = {id(ref): {**ref, "weight": 1 if ref is most else 7} for ref in sides}
    return {**rule, "backendRefs": [given.get(id(ref), ref) for ref in rule["backendRefs"]]}


def _keeps(sim: Sim, memo: str | None) -> None:
    """What the canary Service says of the rules before."""
    live = sim.services[sim.canary_name]
    notes = {k: v for k, v in live["metadata"]["annotations"].items() if k != ANNOTATION_ROUTE}
    notes |= {ANNOTATION_ROUTE: memo} if memo is not None else {}
    sim.services[sim.canary_name] = versioned(live, sim.tick_version(), annotations=notes)
    sim.inexact = True


def unsteady_routers(sim: Sim) -> Iterator[Move]:
    """The Gateway goes away, or its controller refuses the route, and later it does not."""
    if sim.router.mode is Mode.ACCEPTS:
        for mode in (Mode.GONE, Mode.REFUSES):
            what = f"the router {mode.value}"
            yield oddity(what, lambda w, m=mode: w.sim.treats_routes(m))


def deleted_routes(sim: Sim) -> Iterator[Move]:
    """Somebody deletes a route that the operator owns: it is made again."""
    for name in sim.git:
        if name in sim.routes:
            what = f"somebody deletes the route {name}"
            yield fault(what, lambda w, n=name: w.sim.delete_route(n), blames=NAMES)
