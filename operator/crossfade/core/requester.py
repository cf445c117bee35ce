"""Who asked for the template that is wanted, and how well that is known: their own approval may not count."""

from __future__ import annotations

from crossfade.api.labels import ANNOTATION_REQUESTER
from crossfade.api.printable import printable
from crossfade.api.release import TemplateChange
from crossfade.api.rollout import Rollout
from crossfade.api.status import Requester


def requester(rollout: Rollout, change: TemplateChange | None) -> Requester:
    """Who changed the wanted template last. `change`: which field manager did, where the API server tells.

    `Admission`: a user, whom nobody can forge. `FieldManager`: a client's name, which proves no person: it is nobody's user
    name, whatever it says. What admission wrote is about the Rollout's own template: one that is in somebody's Deployment
    (`workloadRef`) is changed there, where nobody writes it down.
    """
    stamped = rollout.metadata.annotations.get(ANNOTATION_REQUESTER, "")
    if stamped and rollout.spec.workload_ref is None:
        return Requester(name=printable(stamped), how="Admission")
    if change is not None and change.manager:
        return Requester(name=change.manager, how="FieldManager")
    return Requester()


def user_of(asked: Requester) -> str:
    """The user who asked; "" where no user is known."""
    return asked.name if asked.how == "Admission" else ""
