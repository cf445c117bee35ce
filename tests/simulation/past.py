"""How the past that the checker remembers goes on: with each write of the operator, and with each state."""

from __future__ import annotations

from simulation.asked import Spec, is_exclusive
from simulation.cluster import Sim
from simulation.ghost import Ghost
from simulation.seen import Seen, done_now
from simulation.shown import (
    ASKED_FOR,
    candidate_of,
    failed_of,
    is_frozen,
    is_waking,
    progress_of,
    reached_by,
    ready_of,
    serving,
    stable_of,
    way_back_of,
)
from simulation.sight import as_viewed
from simulation.way import Way, advanced, begun, heard, lacks, replanned, woken


def known_at(seen: Seen) -> Ghost:
    """The past as it was when the decision was made: what the cluster had shown by then lets a release go on."""
    way = seen.ghost.way
    if way is None:
        return seen.ghost
    way = heard(replanned(way, seen.spec_seen), seen.base)
    way = advanced(advanced(way, seen.base), as_viewed(seen.base))
    return seen.ghost._replace(way=way)


def after_write(seen: Seen) -> Ghost:
    """The past with one more write in it."""
    ghost, failed = seen.ghost, failed_of(seen.after)
    if seen.write.kind != "Rollout":
        return ghost
    by_itself = bool(failed) and failed["reason"] not in ASKED_FOR
    ghost = ghost._replace(
        calm=ghost.calm and not failed and not is_frozen(seen.after),
        well=ghost.well and not by_itself and not is_frozen(seen.after),
        entered=_entered(seen, ghost),
        back=(ghost.back or seen.base.now) if way_back_of(seen.after) else None,
        condemned=frozenset({failed["revision"]} if failed else ()),
        way=_way_after(seen, ghost),
    )
    stable = stable_of(seen.after)
    if stable == ghost.stable:
        return ghost
    return ghost.completed(stable, served=_has_served(seen.base, stable))


def _entered(seen: Seen, ghost: Ghost) -> int:
    before, after = progress_of(seen.before), progress_of(seen.after)
    same = all(before.get(key) == after.get(key) for key in ("revision", "stage", "plan"))
    return ghost.entered if same else int(seen.after.rollout["metadata"]["resourceVersion"])


def _has_served(sim: Sim, revision: str) -> bool:
    selected = sim.service_name not in sim.services or revision in reached_by(sim)
    return selected and ready_of(sim, revision) > 0


def _way_after(seen: Seen, ghost: Ghost) -> Way | None:
    """A release that begins, goes on, or is over: then nothing more is allowed to the candidate."""
    revision, way = candidate_of(seen.after), ghost.way
    if not revision or way_back_of(seen.after):
        return None
    if way is None or way.revision != revision or _begins_anew(seen):
        stable, free = stable_of(seen.after), _may_skip(seen, revision)
        if is_waking(seen.after):
            return woken(revision, stable, seen.spec_seen)
        cure, again = lacks(seen.base, stable), revision in reached_by(seen.base)
        return begun(revision, stable, seen.spec_seen, free=free, cure=cure, again=again)
    action = done_now(seen)
    if action == "Retry":
        return way._replace(forgiven=sum(pod.fell for pod in seen.base.of(revision)))
    return _let_go_on(way, action, seen.spec_seen)


def _begins_anew(seen: Seen) -> bool:
    """Whether it has another number than before: an older status came back, and the release begins once more."""
    return bool(seen.after.status.get("release") != seen.before.status.get("release"))


def _may_skip(seen: Seen, revision: str) -> bool:
    """Whether it is one of the last that completed, the first of them being stable itself."""
    kept = seen.spec_seen.get("rollbackRevisions", 3) + 1
    return revision in seen.ghost.proved[:kept]


def _let_go_on(way: Way, action: str, spec: Spec) -> Way:
    way = way._replace(asked=way.asked or action in {"Skip", "Promote", "PromoteFull"})
    if action == "Skip":
        return way._replace(index=way.index + 1, stood=None, passed=())
    return way._replace(let=way.let or action == "Promote", free=way.free or action == "PromoteFull")


def after_step(sim: Sim, ghost: Ghost) -> Ghost:
    """The past with one more state in it."""
    way, served = advanced(ghost.way, sim) if ghost.way else None, serving(sim)
    if way is not ghost.way or served != ghost.served:
        ghost = ghost._replace(way=way, served=served)
    return _timed(sim, ghost) if is_exclusive(sim.rollout["spec"]) else ghost


def _timed(sim: Sim, ghost: Ghost) -> Ghost:
    """Recreate: pods that are told to go still answer, until they are gone."""
    answers = any(sim.gets_requests(pod) for pod in sim.pods)
    if ghost.way is None or ghost.way.first or not sim.rollout["spec"]["replicas"]:
        return ghost._replace(dark=None, dark_s=0.0)
    if not answers:
        return ghost._replace(dark=ghost.dark or sim.now)
    lasted_s = (sim.now - ghost.dark).total_seconds() if ghost.dark else 0.0
    return ghost._replace(dark=None, dark_s=ghost.dark_s + lasted_s)
