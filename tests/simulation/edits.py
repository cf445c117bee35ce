"""What people do to the simulated cluster."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from crossfade.core.plan import Verb, Write
from simulation.api_server import FOREGROUND, TABLES
from simulation.stored import Object, versioned
from simulation.watches import Watches


@dataclass
class Edits(Watches):
    """A watched API server that people use."""

    def edit(self, **spec: Any) -> None:
        """The user changes fields of the spec, or takes those out that are None."""
        generation = self.rollout["metadata"]["generation"] + 1
        fields = {**self.rollout["spec"], **spec}
        after = {**self.rollout, "spec": {key: value for key, value in fields.items() if value is not None}}
        self.rollout = versioned(after, self.tick_version(), generation=generation)

    def set_image(self, image: str) -> None:
        """The user changes the image."""
        template = copy.deepcopy(self.rollout["spec"]["template"])
        template["spec"]["containers"][0]["image"] = image
        self.edit(template=template)

    def scale(self, replicas: int) -> None:
        """The user, or an autoscaler, changes the replicas."""
        self.edit(replicas=replicas)

    def act(self, action: str, **spec: Any) -> str:
        """Somebody creates a RolloutAction; its name is given back."""
        version = self.tick_version()
        name = f"{action.lower()}-{version}"
        self.actions[name] = {
            "metadata": {
                "name": name,
                "uid": f"action-{version}",
                "resourceVersion": str(version),
                "creationTimestamp": self.api_now.replace(microsecond=0).isoformat(),
            },
            "spec": {"rollout": self.rollout["metadata"]["name"], "action": action, **spec},
        }
        return name

    def annotate(self, notes: dict[str, str]) -> None:
        """Somebody writes annotations on the Rollout."""
        known = self.rollout["metadata"].get("annotations") or {}
        after = {**self.rollout, "metadata": {**self.rollout["metadata"], "annotations": {**known, **notes}}}
        self.rollout = versioned(after, self.tick_version())

    def delete(self, cascade: str = "background") -> None:
        """Somebody deletes the Rollout; it stays, marked, while a finalizer holds it."""
        held = [*self.rollout["metadata"].get("finalizers", [])]
        if cascade == "foreground":
            held.append(FOREGROUND)
        meta = {"deletionTimestamp": self.api_now.isoformat(), "finalizers": held}
        after = {**self.rollout, "metadata": {**self.rollout["metadata"], **meta}}
        self.rollout = versioned(after, self.tick_version())
        self.cascade, self.gone = cascade, not held

    def remove(self, kind: str, name: str) -> None:
        """Somebody deletes an object."""
        self._delete(getattr(self, TABLES[kind]), Write(Verb.DELETE, kind, name))
        self._follow()

    def store_status(self, status: Object) -> None:
        """Somebody writes another status, or an old one comes back."""
        self.rollout = versioned({**self.rollout, "status": status}, self.tick_version())
