"""What happens when a Rollout is deleted: what was adopted, or is to go on, is given back; then it may go."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.labels import FINALIZER
from crossfade.core import layout, manifests
from crossfade.core.observed import Side
from crossfade.core.plan import Plan, Verb, Write
from crossfade.core.reach import RETURN_FLOOR
from crossfade.core.situation import Situation
from crossfade.core.stages import Route


def plan(s: Situation) -> Plan:
    """Give back, then let go. Without our finalizer, or in a namespace that goes too, nothing is held up."""
    if FINALIZER not in s.rollout.metadata.finalizers:
        return Plan(reason="Deleted")
    if s.seen.namespace_terminating:
        return Plan(reason="Deleted", writes=(_let_go(s),))
    if s.spec.on_delete == "GiveBack" and _too_small(s):
        return Plan(reason="GivingBack", writes=tuple(_left_alone(s, s.side(_survivor(s)))), wake_after_s=1.0)
    steps = tuple(_steps(s))
    return Plan(reason="GivingBack", writes=steps or (_let_go(s),), wake_after_s=1.0)


def _let_go(s: Situation) -> Write:
    return Write(Verb.APPLY, "Rollout", s.name, {"metadata": {"finalizers": []}}, layout.identity(s))


def _steps(s: Situation) -> Iterator[Write]:
    """One kind of step at a time: traffic to stable, then the Service, then the Deployments."""
    traffic = list(_traffic(s))
    yield from traffic or _deployments(s)


def _traffic(s: Situation) -> Iterator[Write]:
    """The Service goes on: with its selector from before, or pointing at stable as a plain Service."""
    live = s.production
    if live is None:
        return
    gives_pods_back = s.spec.on_delete == "GiveBack"
    if manifests.adopts(s) and not gives_pods_back:
        yield layout.given_back(live)
        return
    survivor = _survivor(s)
    if gives_pods_back and survivor:
        selector = s.selector(Route.STABLE if survivor == s.stable_revision else Route.CANDIDATE)
        ops = [{"op": "replace", "path": "/spec/selector", "value": selector}, *layout.unmarked(live)]
        yield Write(Verb.PATCH, "Service", live.name, ops, live.identity)


def _too_small(s: Situation) -> bool:
    """Whether the surviving revision cannot take the requests yet that another one answers."""
    side = s.side(_survivor(s))
    others = sum(other.ready for revision, other in s.seen.sides.items() if revision != side.revision)
    return bool(side.revision) and others > 0 and side.ready * RETURN_FLOOR < s.n


def _survivor(s: Situation) -> str:
    """The revision whose Deployment goes on: stable, or before anything was stable the first candidate."""
    return s.stable_revision or s.progress.revision


def _deployments(s: Situation) -> Iterator[Write]:
    """Stable's Deployment stays, at full size; the others go. With `Delete`, all go."""
    for revision, side in s.seen.sides.items():
        if not side.ours:
            continue
        if s.spec.on_delete == "GiveBack" and revision == _survivor(s):
            yield from _left_alone(s, side)
        else:
            yield Write(
                Verb.DELETE, "Deployment", manifests.deployment_name(s, revision), None, side.identity
            )


def _left_alone(s: Situation, side: Side) -> Iterator[Write]:
    if side.desired != s.n:
        name = manifests.deployment_name(s, side.revision)
        yield Write(Verb.APPLY, "Deployment", name, {"spec": {"replicas": s.n}}, side.identity)
