"""What rules may ask: about one write, about a cluster, and about the path that led there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from crossfade.api.labels import LABEL_REVISION
from crossfade.api.rollout import Rollout
from crossfade.api.status import RolloutStatus
from crossfade.core.observed import Observed
from crossfade.core.plan import Write
from crossfade.core.revision import revision_of
from crossfade.core.situation import Situation
from simulation.cluster import Sim
from simulation.passes import Decision, parsed, view
from simulation.remembered import once_for_all, once_for_each
from simulation.stored import Object

GAVE_UP = {"Superseded", "Cancelled", "WorkloadMissing"}

revision_named = once_for_each(revision_of)


@once_for_all
def _situation(rollout: Rollout, now: datetime, status: Object) -> Situation:
    return Situation(rollout, Observed(), now, RolloutStatus.model_validate(status))


class Ghost(NamedTuple):
    """What the checker remembers of a path, and the operator does not know.

    `calm`: nobody but the operator has touched anything that could cost a pod since the release began, and it has not
    failed; `least`: the fewest replicas that were ever asked for; `scaled`: they were changed; `replanned`: the
    strategy was; `condemned`: revisions with a verdict that nobody has forgiven.
    """

    calm: bool = True
    least: int = 10_000
    scaled: bool = False
    replanned: bool = False
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
    def base(self) -> Sim:
        """The cluster that the decision was made on."""
        return self.decision.base

    @property
    def spec_seen(self) -> Mapping[str, Any]:
        """The spec that the decision was made on."""
        return view(self.base, "Rollout", "")["spec"]  # type: ignore[no-any-return]

    @property
    def wanted(self) -> int:
        """The replicas that the decision was made on."""
        return int(self.spec_seen["replicas"])

    @property
    def exclusive(self) -> bool:
        """Whether two revisions must never run at once."""
        return "recreate" in self.spec_seen["strategy"]

    @property
    def now(self) -> datetime:
        """The time that the decision was made on."""
        return self.base.now

    @property
    def revision_seen(self) -> str:
        """The revision that was wanted, on which the decision was made; "" where its source was missing."""
        return wanted_revision(self.base)

    @cached_property
    def situation(self) -> Situation:
        """The stored memory before the write, with the spec that was seen: for its plan and stage."""
        return _situation(parsed(view(self.base, "Rollout", "")), self.now, self.before.status)

    @property
    def paused(self) -> bool:
        """Whether a person held the Rollout, as far as the decision could know, and it did not let go itself."""
        memory = view(self.base, "Rollout", "").get("status", {})
        return bool(
            self.spec_seen.get("paused") or (memory.get("pausedBy") and self.after.status.get("pausedBy"))
        )


Rule = Callable[[Seen], str]
"""A promise about a write, which its name says: "" where it is kept, else what is the case instead."""


# --- about a cluster --------------------------------------------------------------------------------------


def wanted_revision(sim: Sim) -> str:
    """The revision that the spec, or the Deployment that it names, asks for; "" where that is missing."""
    spec = view(sim, "Rollout", "")["spec"]
    if "template" in spec:
        return revision_named(spec["template"])
    source = sim.deployments.get(spec["workloadRef"]["name"])
    return revision_named(source["spec"]["template"]) if source else ""


def progress_of(sim: Sim) -> Mapping[str, Any]:
    """The release under way as stored; empty where none is."""
    return _progress(sim.status)


@once_for_each
def _progress(status: Object) -> Mapping[str, Any]:
    progress = status.get("progress")
    return {"stage": 0, "plan": "", **progress} if progress else {}


def stable_of(sim: Sim) -> str:
    """The stable revision as stored."""
    return str((sim.status.get("stable") or {}).get("revision", ""))


def revision_labelled(deployment: Object) -> str:
    """The revision that a Deployment says it runs; "" where it is somebody else's."""
    return str(deployment["metadata"].get("labels", {}).get(LABEL_REVISION, ""))


def revisions_of(sim: Sim) -> list[str]:
    """The revisions that have a Deployment; "" stands for Deployments that are not ours."""
    return [revision_labelled(d) for d in sim.deployments.values()]


def selected_by(sim: Sim) -> set[str]:
    """The revisions whose pods production selects; "" stands for pods that are not ours."""
    service = sim.services.get(sim.service_name)
    if service is None:
        return set()
    selector = service["spec"]["selector"].items()
    named = service["spec"]["selector"].get(LABEL_REVISION)
    made = {
        d["spec"]["template"]["metadata"]["labels"].get(LABEL_REVISION, "")
        for d in sim.deployments.values()
        if selector <= d["spec"]["template"]["metadata"]["labels"].items()
    }
    return made | ({named} if named else set())


def available_of(sim: Sim, revision: str) -> int:
    """As the Deployment's status says, and never more than it asks for."""
    side = sim.side(revision) or {"spec": {"replicas": 0}}
    return min(side["spec"]["replicas"], side.get("status", {}).get("availableReplicas", 0))


def ready_of(sim: Sim, revision: str) -> int:
    """Ready pods of a revision, as the statuses of its Deployments say; "" means those that are not ours."""
    mine = (d for d in sim.deployments.values() if _runs(d) == revision)
    return sum(int(d.get("status", {}).get("readyReplicas", 0)) for d in mine)


def _runs(deployment: Object) -> str:
    return str(deployment["spec"]["template"]["metadata"]["labels"].get(LABEL_REVISION, ""))


def may_be_missing(strategy: Mapping[str, Any], replicas: int) -> int:
    """Pods that the strategy may be short of while it exchanges them."""
    rolling = strategy.get("rolling", {})
    limit = rolling.get("maxUnavailable", 0)
    return min(replicas, limit or (1 if rolling and rolling.get("maxSurge", 1) == 0 else 0))


# --- about a write ----------------------------------------------------------------------------------------


def newly_selected(seen: Seen) -> set[str]:
    """The revisions that get requests by this write."""
    if seen.write.name != seen.before.service_name:
        return set()
    return selected_by(seen.after) - selected_by(seen.before)


def newly_answered(seen: Seen) -> Mapping[str, Any]:
    """The answer to an action that this write of the status carries; empty where it carries none."""
    before, after = seen.before.status.get("lastAction") or {}, seen.after.status.get("lastAction") or {}
    return after if after.get("uid") and after.get("uid") != before.get("uid") else {}


def done_now(seen: Seen) -> str:
    """The action that this write carries out; "" where it carries out none."""
    answer = newly_answered(seen)
    return str(answer["action"]) if answer.get("state") == "Done" else ""


@dataclass(frozen=True)
class Change:
    """How many pods a Deployment asks for, before and after a write; `revision` is "" where it is not ours."""

    revision: str
    before: int
    after: int


def change_of(seen: Seen) -> Change:
    """What a write of a Deployment changes. One that is deleted and leaves its pods changes nothing."""
    old, new = seen.before.deployments.get(seen.write.name), seen.after.deployments.get(seen.write.name)
    labelled = (d["spec"]["template"]["metadata"]["labels"] for d in (old, new) if d)
    revision = next((labels.get(LABEL_REVISION, "") for labels in labelled), "")
    had, has = (d["spec"]["replicas"] if d else 0 for d in (old, new))
    return Change(revision, had, had if seen.write.orphan else has)
