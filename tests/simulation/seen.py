"""One write of the operator, with all that a rule may ask about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossfade.api.labels import LABEL_REVISION
from crossfade.core.plan import Write
from simulation.asked import is_exclusive
from simulation.cluster import Sim
from simulation.ghost import Ghost
from simulation.passes import Decision
from simulation.shown import audiences, wanted_revision
from simulation.viewed import view


@dataclass(frozen=True)
class Seen:
    """The cluster before and after a write, the decision that it comes from, and the past of the world."""

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
        return is_exclusive(self.spec_seen)

    @property
    def now(self) -> datetime:
        """The time that the decision was made on."""
        return self.base.now

    @property
    def revision_seen(self) -> str:
        """The revision that was wanted, on which the decision was made; "" where its source was missing."""
        return wanted_revision(self.base)

    @property
    def paused(self) -> bool:
        """Whether a person held the Rollout, as far as the decision could know, and it did not let go itself."""
        memory = view(self.base, "Rollout", "").get("status", {})
        return bool(
            self.spec_seen.get("paused") or (memory.get("pausedBy") and self.after.status.get("pausedBy"))
        )


Rule = Callable[[Seen], str]
"""A promise about a write, which its name says: "" where it is kept, else what is the case instead."""


def newly_selected(seen: Seen) -> set[str]:
    """The revisions that some get requests by this write: users of the production Service, or users behind a router."""
    if seen.write.name != seen.before.service_name and not seen.before.git:
        return set()
    before, after = seen.before, seen.after
    return set().union(*(met(after) - met(before) for met in audiences(before)))


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
