"""A real API server as the place of a mutation, with pods that kwok plays: what people do there, and what is seen."""

from __future__ import annotations

import copy
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import manifests
from bench.kube import ApiError, Kube, NeverHappenedError, collection, wait_for
from bench.scale.fake_node import ONLY_THERE
from bench.watch import Watch
from crossfade.api.labels import LABEL_ROLLOUT
from mutation.cases import Case
from mutation.rows import Story
from mutation.seen import Object, Seen, differences, label, standing

SETTLED_WITHIN_S = 180
"""No promise: dozens of Rollouts settle at once, beside other tests."""
SHOWN_WITHIN_S = 120
STILL_S = 6
ENDED = {"Healthy", "Invalid", "RolledBack"}
KINDS = ("Deployment", "Service", "Release")


@dataclass
class Place:
    """One namespace; `rollouts` follows them, so that waiting costs the API server nothing."""

    kube: Kube
    namespace: str
    rollouts: Watch
    numbers: Iterator[int] = field(default_factory=itertools.count)
    promoted: dict[str, int] = field(default_factory=dict)

    def new_name(self) -> str:
        """A name that is no other's beginning."""
        return f"r{next(self.numbers):03}"

    def manifest(self, name: str, spec: Object) -> Object:
        """With pods that run nowhere."""
        meta = {"name": name, "namespace": self.namespace}
        return {
            "apiVersion": manifests.API_VERSION,
            "kind": "Rollout",
            "metadata": meta,
            "spec": played(spec),
        }

    def apply(self, name: str, spec: Object) -> int:
        """Apply the spec; its generation. ApiError where it is refused."""
        return int(self.kube.apply(self.manifest(name, spec))["metadata"]["generation"])

    def refusal(self, name: str, spec: Object, *, stored: bool = False) -> str:
        """Why the API server refuses it, "" where it takes it; `stored`: in place of one that is there."""
        path = f"{collection('Rollout', self.namespace)}?dryRun=All&fieldValidation=Strict"
        try:
            if stored:
                self.apply(name, spec)
            else:
                self.kube.request("POST", path, self.manifest(name, spec))
        except ApiError as error:
            if error.status not in {400, 422}:
                raise
            return error.message
        return ""

    def settle(self, name: str, generation: int) -> Seen:
        """Until nothing is under way, with a person who promotes whatever goes forward."""

        def settled() -> bool:
            status = self._status(name, generation)
            if status.get("progress"):
                self.promote(name, status)
                return False
            return status.get("phase") in ENDED or (
                status.get("phase") == "Paused" and "candidate" not in status
            )

        try:
            wait_for(f"{name} to settle", settled, SETTLED_WITHIN_S, every_s=0.3)
        except NeverHappenedError as error:
            raise NeverHappenedError(f"{error}; {self._story(name, generation)}") from None
        return self.still(name)

    def _story(self, name: str, generation: int) -> str:
        """All that says why it does not go on."""
        status = self.rollouts.latest.get(name, {}).get("status", {})
        actions = [
            each
            for each in self.kube.list("RolloutAction", self.namespace)
            if each["spec"]["rollout"] == name
        ]
        told = {each["metadata"]["name"]: [each["spec"], each.get("status")] for each in actions}
        return f"generation {generation}, promoted {self.promoted.get(name)}, {json.dumps(status)}, {json.dumps(told)}"

    def still(self, name: str) -> Seen:
        """Once nothing of it changes any more: a pass stores the status first, and then writes the rest."""
        seen, since = self.seen(name), time.monotonic()

        def still() -> bool:
            nonlocal seen, since
            latest = self.seen(name)
            if latest != seen:
                seen, since = latest, time.monotonic()
            return time.monotonic() - since >= STILL_S

        wait_for(f"{name} to be still", still, SETTLED_WITHIN_S, every_s=STILL_S / 2)
        return seen

    def holding(self, name: str, generation: int) -> Seen:
        """Until the release stands at its first hold."""

        def holds() -> bool:
            status = self._status(name, generation)
            return (
                bool((status.get("progress") or {}).get("reachedAt")) and status.get("realWeight") is not None
            )

        wait_for(f"{name} to hold", holds, SETTLED_WITHIN_S, every_s=0.3)
        return self.still(name)

    def _status(self, name: str, generation: int) -> Object:
        """Empty while it speaks of an older generation."""
        status: Object = self.rollouts.latest.get(name, {}).get("status", {})
        return status if status.get("observedGeneration", -1) >= generation else {}

    def promote(self, name: str, status: Object) -> None:
        """Once for each release that goes forward."""
        progress, number = status["progress"], int(status.get("release", 0))
        spec = self.rollouts.latest[name]["spec"]
        waits = (
            progress.get("rollbackReason") or progress.get("begunAs") == "Return" or progress.get("frozen")
        )
        if waits or spec.get("paused") or self.promoted.get(name) == number:
            return
        self.promoted[name] = number
        self.kube.create(manifests.action(self.namespace, "PromoteFull", name=name))

    def seen(self, name: str) -> Seen:
        labels = f"crossfade.dev/rollout={name}"
        tables = {
            kind: {each["metadata"]["name"]: each for each in self.kube.list(kind, self.namespace, labels)}
            for kind in KINDS
        }
        rollout = self.kube.get("Rollout", self.namespace, name)
        assert rollout is not None
        return Seen(rollout, tables["Deployment"], tables["Service"], tables["Release"])

    def otherwise(self, name: str, fresh: str, *, drains: bool = True) -> list[str]:
        """In what one Rollout that stands differs from another, whatever their names are; [] once they are the same."""
        lines: list[str] = []

        def same() -> bool:
            pair = [anonymous(self.seen(each), drains=drains) for each in (name, fresh)]
            lines[:] = differences(*pair)
            return not lines

        try:
            wait_for("both to stand alike", same, SHOWN_WITHIN_S, every_s=0.5)
        except NeverHappenedError:
            return lines
        return []

    def shows(self, case: Case, settled: Seen, ended: Seen) -> str:
        """What it shows as where that is wrong: the last pods and old children may go a little later."""
        name, pairs = ended.rollout["metadata"]["name"], [case.row.shows(Story(settled, ended), case.value)]

        def right() -> bool:
            pairs.append(case.row.shows(Story(settled, self.seen(name)), case.value))
            return pairs[-1][0] == pairs[-1][1]

        try:
            wait_for(f"{case} to show", right, SHOWN_WITHIN_S, every_s=0.5)
        except NeverHappenedError:
            return f"it shows as {pairs[-1][0]!r}, and should as {pairs[-1][1]!r}"
        return ""

    def versions(self) -> dict[str, str]:
        """The resourceVersion of every Rollout here that is Healthy, and of all that is made for it."""
        healthy = {
            n for n, r in self.rollouts.latest.items() if r.get("status", {}).get("phase") == "Healthy"
        }
        return {
            f"{kind} {each['metadata']['name']}": each["metadata"]["resourceVersion"]
            for kind in ("Rollout", *KINDS)
            for each in self.kube.list(kind, self.namespace)
            if {each["metadata"]["name"], label(each, LABEL_ROLLOUT)} & healthy
        }


def played(spec: Object) -> Object:
    """The same with pods on the node that kwok plays."""
    spec = copy.deepcopy(spec)
    pod = (spec.get("template") or {}).get("spec")
    if pod is not None and "nodeSelector" not in pod:
        pod |= {**ONLY_THERE, "automountServiceAccountToken": False}
    return spec


def with_image(spec: Object, image: str, **pod: object) -> Object:
    """The spec with another image of its first container."""
    template = spec["template"]
    first, *others = template["spec"]["containers"]
    changed = {**template["spec"], **pod, "containers": [{**first, "image": image}, *others]}
    return {**spec, "template": {**template, "spec": changed}}


def anonymous(seen: Seen, *, drains: bool) -> Any:
    """What stands, without the name and the uid of the Rollout, which its children carry."""
    meta = seen.rollout["metadata"]
    text = json.dumps(standing(seen, drains=drains), sort_keys=True)
    return json.loads(text.replace(meta["name"], "ROLLOUT").replace(meta["uid"], "UID"))
