"""How a stage is reached: which counts and which route to ask for next, one risky change at a time.

Moved stages bring the receiving side up, move the traffic, see that it moved, and only then shrink the other.
Counted stages exchange pods in turns within the stage's surge and unavailability. Both are resumed from
whatever is seen: nothing here remembers a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crossfade.api.conditions import Reason
from crossfade.core import manifests
from crossfade.core.adoption import other_writers
from crossfade.core.alone import gone, runs
from crossfade.core.emptied import counts_late_for_s
from crossfade.core.moments import seconds_since
from crossfade.core.observed import Side
from crossfade.core.restarts import left_to_replace
from crossfade.core.settling import has_settled, settling
from crossfade.core.situation import Situation
from crossfade.core.stages import Route, Stage
from crossfade.core.transitions import target

CAUSE_S = 10.0
"""An exit code comes up to 2 s after the endpoints have lost the pod (the kubelet's relist and status update), on a busy
node later than 3. Users are back on stable by then: all that waits is the end of the candidate's pods."""

RETURN_FLOOR = 4
"""Traffic returns at once where at least 1 in 4 of stable's pods is ready: it is rolling's default warm share."""


@dataclass(frozen=True)
class Wanted:
    """What to ask for in this pass.

    `pods`: by revision. `route`: what production is to select, None where it stays as it is.
    `standing`: pods and traffic are as the stage (or the way back) says. `why`, `waiting_for`: what is missing.
    `settles`: only time is missing, until `SETTLE_S` after the endpoints were right.
    """

    pods: Mapping[str, int]
    route: Route | None
    standing: bool
    why: Reason
    waiting_for: str
    settles: bool = False


def settled(s: Situation) -> Wanted:
    """Nothing under way: stable has all pods and all traffic, every other revision none."""
    pods = {s.stable_revision: s.n}
    if s.stable.available < s.n:
        return Wanted(pods, Route.STABLE, False, Reason.SCALING_UP, _available(s.stable, s.n, "stable"))
    if left := left_to_replace(s):
        waiting = f"{left} old pods of stable to be replaced by new ones"
        return Wanted(pods, Route.STABLE, False, Reason.RESTARTING, waiting)
    return Wanted(pods, Route.STABLE, True, Reason.COMPLETED, "")


def forward(s: Situation) -> Wanted:
    """Towards the stage that the release is in."""
    stage = s.stage if s.n else _emptied(s.stage)
    towards = {Route.BOTH: _counted, Route.STABLE: _beside, Route.CANDIDATE: _moved}
    wanted = towards[stage.route](s, stage)
    if not wanted.standing or not counts_late_for_s(s):
        return wanted
    waiting = "the pods to be counted anew, after there were to be none"
    return replace(wanted, standing=False, why=Reason.SCALING_UP, waiting_for=waiting)


def frozen(s: Situation) -> Wanted:
    """Nothing moves: pods and traffic stay as they are, but what serves may still be scaled up."""
    pods = {side.revision: side.desired for side in (s.stable, s.candidate) if side.revision}
    serving = {Route.STABLE: (s.stable,), Route.CANDIDATE: (s.candidate,)}.get(s.live_route or Route.BOTH)
    sides = serving or (s.stable, s.candidate)
    if s.exclusive:
        sides = (s.candidate if s.candidate.desired else s.stable,)
    if sides[0].revision and not waits_for_the_last_pod(s):
        pods[sides[0].revision] += max(0, s.n - sum(side.desired for side in sides))
    return Wanted(pods, None, standing=False, why=Reason.PAUSED_BY_ACTION, waiting_for="a person")


def waits_for_the_last_pod(s: Situation) -> bool:
    """Recreate, frozen between two revisions: stable's pods come back once the candidate's are known to be gone."""
    between = s.exclusive and not s.candidate.desired and not s.stable.desired
    return between and not gone(s, s.progress.revision)


def back(s: Situation) -> Wanted:
    """Towards stable, from anywhere: traffic first, and the candidate's pods only when it has left them."""
    if s.exclusive and s.stable.desired < s.n:
        return _back_alone(s)
    left = _left(s)
    pods = {s.stable_revision: s.n, s.progress.revision: 0 if left else s.candidate.desired}
    route = _route_back(s)
    over = gone(s, s.progress.revision) if s.exclusive and not s.n else not runs(s.candidate)
    away = left and over and not s.seen.found.pull_pods
    return Wanted(
        pods,
        route,
        away and _serves_again(s),
        *_missing_on_the_way_back(s, route, left=left),
        settles=settling(s),
    )


def _serves_again(s: Situation) -> bool:
    """Recreate: the down time lasts until stable answers. A template that changes meanwhile does not wait for that."""
    return not s.exclusive or s.stable.ready > 0 or not s.n or target(s) != s.stable_revision


def _left(s: Situation) -> bool:
    """Whether the candidate gets no requests any more, or has nothing that could answer one, or nothing is to run."""
    if awaits_cause(s) and s.n:
        return False
    away = s.listed_only(s.stable_revision) and _live(s, Route.STABLE) and has_settled(s)
    dead = s.candidate.ready == 0 and s.candidate.current and (_live(s, Route.STABLE) or not s.service_name)
    return away or dead or not s.n


def awaits_cause(s: Situation) -> bool:
    """Whether traffic went back before the pods said why: they stay until they do, but not for long."""
    verdict, p = s.memory.failed, s.progress
    if verdict is None or verdict.reason != Reason.CANDIDATE_UNAVAILABLE:
        return False
    return bool(p.returning and p.serving_since) and seconds_since(verdict.at, s.now) < CAUSE_S


def _route_back(s: Situation) -> Route | None:
    """Stable, as soon as it can take everything; both, where it is too small and would otherwise get nothing.

    What has returned stays: the candidate is condemned, however small stable becomes again.
    """
    ready, others = s.stable.ready, s.candidate.ready
    if s.live_route is Route.STABLE:
        return Route.STABLE
    if ready * RETURN_FLOOR >= s.n or others == 0:
        return Route.STABLE
    return Route.BOTH if ready else None


def _missing_on_the_way_back(s: Situation, route: Route | None, *, left: bool) -> tuple[Reason, str]:
    if route is not Route.STABLE:
        have = f"{s.stable.ready} of {s.n} pods of stable are ready"
        return Reason.ROLLING_BACK, f"{have}: traffic returns as they come up"
    if not left:
        return Reason.ROLLING_BACK, "the endpoints to list stable's pods only"
    if not s.candidate.replicas:
        return Reason.ROLLING_BACK, "the first pod of stable to be ready"
    return Reason.SHRINKING, f"{s.candidate.replicas} pods of the candidate to go"


def _back_alone(s: Situation) -> Wanted:
    """The way back where two revisions must not run at once: the candidate goes, then stable comes."""
    cleared = gone(s, s.progress.revision)
    pods = {s.stable_revision: s.n if cleared else s.stable.desired, s.progress.revision: 0}
    waiting = f"{s.candidate.replicas} pods of the candidate to go, before stable's may start"
    return Wanted(pods, None, standing=False, why=Reason.ROLLING_BACK, waiting_for=waiting)


def _beside(s: Situation, stage: Stage) -> Wanted:
    """A candidate beside production, without traffic."""
    route = _route_back(s)
    away = _live(s, Route.STABLE)
    pods = {s.stable_revision: s.n, s.progress.revision: _spared(s, stage.candidate)}
    if stage.pull_check and not any(pod.pulled for pod in s.seen.found.pull_pods or ()):
        return Wanted(pods, route, False, Reason.PULLING, "the images to be pulled")
    up = s.candidate.available >= stage.candidate and s.candidate.desired >= stage.candidate
    if s.candidate.desired > stage.candidate and s.stable.ready:
        why, settles = _more_than_wanted(s, stage), settling(s)
        return Wanted(pods, route, False, Reason.SETTLING if settles else Reason.SHRINKING, why, settles)
    waiting = _available(s.candidate, stage.candidate, "candidate")
    return Wanted(pods, route, up and away, Reason.SCALING_UP, waiting)


def _spared(s: Situation, count: int) -> int:
    """`count` pods of the candidate, or more of those that there are, as long as users need them.

    That is after an edit of the strategy: they served, and are to serve less. While production selects them still, as
    many stay as stable lacks; recreate keeps none, and its users accept that. Where production has left them, all stay
    while requests may still reach them.
    """
    there = s.candidate.desired
    if not s.n or count >= there or s.exclusive or not s.service_name:
        return count
    if s.stage.route is not Route.STABLE and s.live_route is not Route.STABLE:
        lacking = s.n - s.stage.unavailable - min(s.stable.available, s.stable.desired)
        return max(count, min(there, lacking))
    left = s.live_route is Route.STABLE and s.listed_only(s.stable_revision) and has_settled(s)
    return count if left else there


def _more_than_wanted(s: Situation, stage: Stage) -> str:
    return f"{s.candidate.desired - stage.candidate} pods of the candidate to get no requests any more, and to go"


def _moved(s: Situation, stage: Stage) -> Wanted:
    """All pods of the candidate, then the traffic, then (once every node follows) fewer old pods."""
    first = manifests.is_first(s)
    up = s.candidate.available >= stage.candidate and s.candidate.desired >= stage.candidate
    there = _live(s, Route.CANDIDATE)
    others = other_writers(s)
    route = Route.CANDIDATE if (first or there or up) and not others else None
    nothing = first or not s.n  # then there is no endpoint to wait for
    seen = there and (nothing or s.listed_only(s.progress.revision))
    settled_ = seen and (nothing or has_settled(s))
    old = stage.stable if settled_ else max(stage.stable, s.stable.desired)
    pods = {s.progress.revision: stage.candidate} | ({s.stable_revision: old} if s.stable_revision else {})
    shrunk = _shrunk(s, stage)
    standing = up and seen and (shrunk or s.stable.desired < stage.stable)
    if up and others and not there:
        asked = f"{', '.join(others)} to leave the selector of Service {s.service_name} to Crossfade alone"
        return Wanted(pods, route, standing=False, why=Reason.NOT_SOLE_OWNER, waiting_for=asked)
    return Wanted(pods, route, standing, *_missing(s, stage, up=up, seen=seen), settles=seen and not settled_)


def _missing(s: Situation, stage: Stage, *, up: bool, seen: bool) -> tuple[Reason, str]:
    if not up:
        return Reason.SCALING_UP, _available(s.candidate, stage.candidate, "candidate")
    if not seen:
        return Reason.MOVING_TRAFFIC, "the endpoints to list the candidate's pods only"
    if not has_settled(s):
        return Reason.SETTLING, "every node to follow the endpoints"
    return Reason.SHRINKING, f"{max(0, s.stable.ready - stage.stable)} old pods to go"


def _counted(s: Situation, stage: Stage) -> Wanted:
    """Pods are exchanged in turns behind one selector."""
    new, old = _exchange(s, stage)
    pods = {s.stable_revision: old, s.progress.revision: new}
    fits = (s.candidate.desired <= stage.candidate or not s.stable.ready) and not _strangers(s)
    wide = _live(s, Route.BOTH)
    route = Route.BOTH if wide or fits else None
    up = s.candidate.desired == stage.candidate and s.candidate.available >= stage.candidate
    down = _shrunk(s, stage)
    seen = wide and (not s.production or s.production.ready.get(s.progress.revision, 0) >= stage.candidate)
    cleared = not stage.old_gone or (gone(s, s.stable_revision) and not s.seen.found.pull_pods)
    waiting = _available(s.candidate, stage.candidate, "candidate")
    if up and not (down and cleared):
        return Wanted(pods, route, False, Reason.SHRINKING, f"{_left_over(s, stage)} to go")
    return Wanted(pods, route, up and down and seen and cleared, Reason.SCALING_UP, waiting)


def _left_over(s: Situation, stage: Stage) -> str:
    existing = s.stable.replicas + (s.stable.terminating or 0)
    return f"{max(0, existing - stage.stable)} old pods" if existing > stage.stable else "the last old pods"


def _exchange(s: Situation, stage: Stage) -> tuple[int, int]:
    """(candidate, stable) pods to ask for now.

    Worked example, 4 pods, surge 1, from (0, 4) to (2, 2): (1, 4) → (1, 3) once the new one is available →
    (2, 3) → (2, 2). Availability counts at most what is asked for: a status that lags behind a scale-down
    would else allow the next one too early. The new ones count once they are listed: pods that were warm, or ready
    beside production, are available long before they get a request.
    """
    new_now, old_now = s.candidate.desired, s.stable.desired
    room = s.n + stage.surge - new_now - max(old_now, s.stable.ready)  # a restart may hold one that never is
    new = min(stage.candidate, new_now + max(0, room)) if stage.candidate > new_now else stage.candidate
    new = _spared(s, new)
    if stage.stable >= old_now:
        return new, stage.stable
    serving = _answering(s, new) + min(s.stable.available, old_now)
    spare = max(0, serving - (s.n - stage.unavailable))
    broken = max(0, old_now - s.stable.available) if s.stable.current else 0
    return new, max(stage.stable, old_now - spare - broken)


def _answering(s: Situation, asked: int) -> int:
    """The candidate's pods that share the requests: available, selected and listed, since only then requests reach them."""
    if s.production is not None and s.live_route is Route.STABLE:
        return 0  # endpoints that list them are of a time before the selector
    listed = s.production.ready.get(s.progress.revision, 0) if s.production else asked
    return min(s.candidate.available, asked, listed)


def _shrunk(s: Situation, stage: Stage) -> bool:
    """Whether no more old pods can answer than are to stay.

    Others are not waited for: a restart of the stable revision may hold one more that never becomes ready.
    """
    return s.stable.desired == stage.stable and s.stable.ready <= stage.stable


def _strangers(s: Situation) -> bool:
    """Whether pods of a third revision would get traffic from a selector of both."""
    known = {s.stable_revision, s.progress.revision}
    return any(runs(side) for rev, side in s.seen.sides.items() if rev not in known)


def _live(s: Situation, route: Route) -> bool:
    return not s.service_name or s.live_route is route


def _emptied(stage: Stage) -> Stage:
    return Stage(stage.name, 0, 0, stage.weight, stage.route, stage.gate, old_gone=stage.old_gone)


def _available(side: Side, wanted: int, which: str) -> str:
    refused = f": {side.refusal}" if side.refusal else ""
    return f"{min(side.available, wanted)} of {wanted} pods of {which} to be available{refused}"
