"""How far a release may have come by what the cluster has shown, whatever the operator remembers of it.

A release goes from one resting point that its spec asks for to the next. It may leave a point once it stood there and
its gate has opened: its time has passed, or a person has let it go on, and stable does not lack pods. `advanced` follows that as early as it can be, so
a release that goes further than `Way` allows has passed a gate that was not open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from simulation.asked import Gate, Point, Share, Spec, is_exclusive, is_routed, points
from simulation.cluster import Sim
from simulation.endpoints import NO_ENDPOINTS
from simulation.measuring import Answered, entries, is_bad, is_good, metrics_of, written
from simulation.remembered import once_for_each
from simulation.shown import available_of, is_frozen, part_beside, reached_by, selected_by

OLD_S = 40.0


class Way(NamedTuple):
    """The release of `revision`, after `stable`, may have come to the point of that index of `strategy`.

    `stood`: since when the cluster stands there; `since`: when the candidate may have got its first requests. `let`: a person has let it go on. `free`: no gate holds it.
    `asked`: a person has promoted it in any way; `cure`: stable has lacked pods since before it began. `again`: the
    candidate has had requests since before it began, as an older status does not know.
    `weight`: of the furthest point that it may have come to. `passed`: what has passed there, each metric as it is written.
    `forgiven`: pods that had crashed while it served when somebody asked for a Retry.
    """

    revision: str
    stable: str
    strategy: str
    index: int = 0
    let: bool = False
    free: bool = False
    asked: bool = False
    cure: bool = False
    again: bool = False
    weight: float = 0
    passed: tuple[str, ...] = ()
    forgiven: int = 0
    stood: datetime | None = None
    since: datetime | None = None

    def seen_at(self, now: datetime) -> tuple[object, ...]:
        """The same with an age in place of a time."""
        age = min(OLD_S, (now - self.stood).total_seconds()) if self.stood else None
        return self[:COMPARED], age

    @property
    def first(self) -> bool:
        """Whether nothing serves that would have to be protected."""
        return not self.stable

    def so_far(self, spec: Spec) -> tuple[Point, ...]:
        """The points that it may have come to, and those before."""
        return () if self.first else points(spec)[: self.index + 1]

    def most(self, spec: Spec) -> int:
        """Pods that the candidate may have at most."""
        return max((p.candidate for p in self.so_far(spec)), default=int(spec["replicas"]))

    def least(self, spec: Spec) -> int:
        """Pods that stable keeps at least."""
        return min((p.stable for p in self.so_far(spec)), default=0)

    def share(self, spec: Spec) -> Share:
        """The largest share of the requests that the candidate may get."""
        return max((p.share for p in self.so_far(spec)), default=Share.ALL, key=lambda share: share.value)

    def meets(self, spec: Spec) -> bool:
        """Whether anybody may meet it: by its share, or one of a group by a route."""
        return self.share(spec) is not Share.NONE or any(point.groups for point in self.so_far(spec))

    def weights(self, spec: Spec) -> tuple[float, int]:
        """The percent of the requests that a route may give it, and the percent that may be copied to it."""
        points_ = self.so_far(spec)
        return max((p.weight for p in points_), default=100), max((p.copies for p in points_), default=0)

    def is_over(self, spec: Spec, now: datetime) -> bool:
        """Whether every gate has opened."""
        plan = points(spec)
        last = plan[-1]
        return self.index >= len(plan) - 1 and (last.gate == Gate() or _is_timely(self, last, now))

    def has_everything(self, spec: Spec) -> bool:
        """Whether the candidate stands with all requests, and nobody is asked any more: another template may come."""
        point = points(spec)[min(self.index, len(points(spec)) - 1)]
        asks = point.gate.person or point.gate.analysis
        return point.weight == 100 and not asks and (self.stood is not None or not point.stable)


COMPARED = Way._fields.index("stood")
"""Fields before that one tell two ways apart; of the times only one counts, as an age."""


@once_for_each
def strategy_of(spec: Spec) -> str:
    """What a spec says of its strategy, to be compared."""
    return repr(spec["strategy"]) + (" by a route" if is_routed(spec) else "")


def begun(revision: str, stable: str, spec: Spec, **known: bool) -> Way:
    """A release begins; `known`: whether it is `free`, the `cure`, and there `again`."""
    return Way(revision, stable, strategy_of(spec), **known)


def woken(revision: str, stable: str, spec: Spec) -> Way:
    """A revision that completed without a pod gets its first ones: it bakes, and nobody else serves meanwhile."""
    last = len(points(spec)) - 1
    return Way(revision, stable, strategy_of(spec), index=last if is_exclusive(spec) else last - 1)


def replanned(way: Way, spec: Spec) -> Way:
    """After an edit of the strategy: at the first point of the present weight, or of the next one below.

    Never at one above: its gate, and those before it, were not passed.
    """
    if way.strategy == strategy_of(spec):
        return way
    weights = [p.weight for p in points(spec)]
    floor = max((w for w in weights if w <= way.weight), default=weights[0])
    return way._replace(
        strategy=strategy_of(spec), index=weights.index(floor), stood=None, let=False, passed=()
    )


def advanced(way: Way, sim: Sim) -> Way:
    """As far as the cluster lets it go on now. Where nothing is wanted, or it has failed, nobody goes on."""
    spec = sim.rollout["spec"]
    if way.since is None and way.revision in {*reached_by(sim), *selected_by(sim)}:
        way = way._replace(since=sim.now)
    if way.again and way.revision not in reached_by(sim):
        way = way._replace(again=False)
    if way.cure and not lacks(sim, way.stable):
        way = way._replace(cure=False)
    if way.first or not spec["replicas"] or way.strategy != strategy_of(spec) or is_frozen(sim):
        return way
    return _further(way, points(spec), sim)


def _further(way: Way, plan: tuple[Point, ...], sim: Sim) -> Way:
    last = len(plan) - 1
    while way.index <= last:
        point = plan[way.index]
        if way.stood is None:
            way = _arrived(way, point, sim)
        if way.index == last or way.stood is None or not _is_open(way, point, sim):
            break
        if _is_accident(way, point, sim):
            break
        way = way._replace(index=way.index + 1, stood=None, let=way.let and point.gate == Gate(), passed=())
    return way


def heard(way: Way, base: Sim) -> Way:
    """With the metrics that a decision on this cluster may take for passed, at the point that the release stands at.

    An answer counts for the metric that it was asked for, and for the window that the status waits for.
    """
    known, passed = entries(base.status), {*way.passed}
    for told in base.measured:
        window = told.window
        windows = known.get((window.run, window.metric), {}).get("windows", 0)
        if not isinstance(told, Answered) or window.run != f"step {way.index + 1}":
            continue
        lenient = told.ask.metric.inconclusive == "Promote" and not is_bad(told.answer)
        if window.number in {1, windows + 1} and (is_good(told.answer) or lenient):
            passed.add(written(told.ask.metric))
    return way._replace(passed=tuple(sorted(passed)))


def _is_accident(way: Way, point: Point, sim: Sim) -> bool:
    """Whether stable lacks pods where a gate holds the candidate, which is not promoted by that.

    Unless it is the cure, or a person says so; recreate has no stable pods to compare with.
    """
    if way.cure or way.asked or point.pulled or point.gone or point.share is Share.ALL:
        return False
    is_held = point.share is Share.NONE or (point.gate != Gate() and not way.free)
    return is_held and lacks(sim, way.stable)


def lacks(sim: Sim, revision: str) -> bool:
    """Whether a revision shows fewer available pods than it is to have."""
    return available_of(sim, revision) < sim.desired(revision)


def _arrived(way: Way, point: Point, sim: Sim) -> Way:
    if way.weight < point.weight:
        way = way._replace(weight=point.weight)
    return way._replace(stood=sim.now) if _stands_at(point, way, sim) else way


def _is_open(way: Way, point: Point, sim: Sim) -> bool:
    by_hand = way.stood is not None and (way.free or way.let)
    return by_hand or (_is_timely(way, point, sim.now) and _has_passed(way, point, sim))


def _is_timely(way: Way, point: Point, now: datetime) -> bool:
    if way.stood is None:
        return False
    if way.free or way.let:
        return True
    return not point.gate.person and (now - way.stood).total_seconds() >= point.gate.seconds


def _has_passed(way: Way, point: Point, sim: Sim) -> bool:
    """Whether each metric that decides has passed, as it is written now."""
    if point.gate.analysis is None:
        return True
    wanted = metrics_of(point.gate.analysis, sim.templates)
    return wanted is not None and all(
        metric.dry_run or written(metric) in way.passed for metric in wanted.values()
    )


def _stands_at(point: Point, way: Way, sim: Sim) -> bool:
    """Whether the cluster shows the pods and the share of a point."""
    if point.pulled:
        return any(pod.ready for pod in sim.pull_pods)
    if point.gone:
        return not any(p.revision == way.stable and p.runs for p in sim.pods)
    if available_of(sim, way.revision) < point.candidate:
        return False
    return point.share is Share.NONE or _has_share(point, way, sim)


def _has_share(point: Point, way: Way, sim: Sim) -> bool:
    """Where both share by their pods, stable has no more than its part; where the candidate has all, it is listed alone."""
    if is_routed(sim.rollout["spec"]):
        return _is_routed(point, way, sim)
    fewer = sim.desired(way.stable) <= point.stable
    if sim.service_name not in sim.services:
        return fewer or point.share is Share.ALL
    selected, listed = selected_by(sim), _listed(sim)
    if point.share is Share.ALL:
        return selected == {way.revision} == set(listed)
    return fewer and way.revision in selected and listed.get(way.revision, 0) >= point.candidate


def _is_routed(point: Point, way: Way, sim: Sim) -> bool:
    """Whether the stored route gives the candidate its part, and the canary Service lists its pods; at last production does."""
    beside = _listed(sim, sim.canary_name)
    if point.share is Share.ALL:
        alone = selected_by(sim) == {way.revision} == set(_listed(sim))
        return alone or (part_beside(sim) == 1 and set(beside) == {way.revision})
    given = part_beside(sim) * 100 >= Fraction(str(point.weight))
    return given and beside.get(way.revision, 0) >= point.candidate


def _listed(sim: Sim, name: str = "") -> Mapping[str, int]:
    listed = sim.endpoints.get(name or sim.service_name, NO_ENDPOINTS)
    return {revision: ready for revision, ready in listed.ready.items() if ready}
