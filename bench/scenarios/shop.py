"""The shop of one story: its Rollout, its pods as they come and go, and the load on its Service."""

import contextlib
import json
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from bench import analysis, manifests, routes
from bench.kube import PATIENCE_S, Kube, Object, wait_for
from bench.load_pod import Load, Rates
from bench.namespaces import seen_folder
from bench.scenarios.seen import Result, standing_weights, status_of, version_of
from bench.watch import Sighting, Watch

log = logging.getLogger("bench")

CREATED_WITHIN_S = 300
CHANGED_WITHIN_S = 480
LONG_DRAIN_S = 10
"""For stories in which pods go while they are still listed, and much changes at once: kube-controller-manager leaves a Service
for 1, 2 and 4 s after each time that its cache was out of date, and the default drain of 5 s is shorter than those together."""
ENDED = ("Healthy", "RolledBack", "Invalid")
LOST_AFTER_S = 3.5
"""By then the load client has given up what was not answered, and said so."""


class Shop:
    """One Rollout in one namespace, and everything that is seen of it.

    Enter it to start watching; `strategy` is a member of `spec.strategy`, `spec` the fields that the
    story sets beside it. `hand_in` is how a manifest reaches the API server. Where the story is played through a
    router (`routes.through`), its users come by the `route`, which they own, and the Rollout names it.
    """

    def __init__(
        self, kube: Kube, namespace: str, strategy: Object, name: str = manifests.NAME, **spec: Any
    ) -> None:
        self.kube = kube
        self.namespace = namespace
        self.name = name
        self.strategy = strategy
        self.route = routes.to(namespace, name) if spec.get("service", ...) is not None else None
        self.spec = {"traffic": self.route.traffic, **spec} if self.route else spec
        self.hand_in: Callable[[Object], Object] = kube.apply
        self.rollouts = Watch(kube, "Rollout", namespace)
        self.pods = Watch(kube, "Pod", namespace, label=f"app={name}")
        self.load: Load | None = None
        self.told_last: Result | None = None
        self.applied: dict[str, dict[str, str]] = {}
        self.stable = ""
        self.since = 0.0
        self._arrived_before = 0

    def __enter__(self) -> Self:
        self.rollouts.__enter__()
        self.pods.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rollouts.stop()
        self.pods.stop()
        self.keep_what_was_seen()
        with contextlib.suppress(Exception):
            self.kube.delete("Pod", self.namespace, f"load-{self.name}", grace_s=0)

    def keep_what_was_seen(self) -> None:
        """Leave the load's record and every state of the Rollout where a failed test collects them."""
        folder = seen_folder(self.namespace)
        folder.mkdir(parents=True, exist_ok=True)
        states = [
            json.dumps({"at": seen.at, "status": seen.object.get("status")}) for seen in self.sightings()
        ]
        (folder / f"{self.namespace}-{self.name}-states.jsonl").write_text("\n".join(states))
        records = self.load.records() if self.load else []
        lines = [f"{r.at:.3f} {r.kind} {r.outcome} {r.version} {r.latency_s * 1000:.1f}" for r in records]
        (folder / f"{self.namespace}-{self.name}-load.txt").write_text("\n".join(lines))

    # What people do to it

    def begin_chapter(self) -> None:
        """From now on `introduce`, `asked` and `sightings` are about what comes, beginning with the version that serves."""
        self.since = time.time()
        self.stable = list(self.applied)[-1]
        self._arrived_before = len(self.load.arrived) if self.load else 0

    def introduce(self, image: str = manifests.IMAGE, **env: str) -> str:
        """Apply a version that was not there before, v2 after v1; its name."""
        new = f"v{max(int(version.lstrip('v')) for version in self.applied) + 1}"
        self.apply(new, image, **env)
        return new

    def apply_again(self, version: str) -> None:
        """Apply a version as it was applied before."""
        self.apply(version, **self.applied[version])

    def apply(self, version: str, image: str = manifests.IMAGE, **env: str) -> float:
        """Apply the Rollout at a version; the unix time just before."""
        self.applied.pop(version, None)
        self.applied[version] = {"image": image, **env}
        pod_template = manifests.template(version, env=env, image=image, name=self.name)
        manifest = manifests.rollout(self.namespace, self.strategy, pod_template, name=self.name, **self.spec)
        at = time.time()
        self.await_generation(self.hand_in(manifest)["metadata"]["generation"])
        return at

    def await_generation(self, generation: int) -> None:
        """Wait until the watch has seen what was written, so that no older status passes for current."""
        self.rollouts.wait_until(
            f"generation {generation}",
            lambda _: self.rollout.get("metadata", {}).get("generation", 0) >= generation,
            60,
        )

    def scale(self, replicas: int) -> None:
        """Scale it as an autoscaler does."""
        self.spec["replicas"] = replicas
        self.kube.scale("Rollout", self.namespace, self.name, replicas)
        written = self.kube.get("Rollout", self.namespace, self.name) or {}
        self.await_generation(written["metadata"]["generation"])

    def created(self, version: str = "v1", rates: Rates | None = None) -> None:
        """Bring the first version up, its route beside it, and, with `rates`, put load on it."""
        self.put_route()
        self.apply(version)
        self.wait_phase("Healthy", timeout_s=CREATED_WITHIN_S)
        if rates:
            self.put_under_load(rates)

    def put_route(self) -> None:
        """Make the route that users come by, where there is one: theirs, with one rule to the shop's Service."""
        if self.route:
            for each in (*self.route.policies(), self.route.manifest()):
                self.kube.create(each)

    def put_under_load(self, rates: Rates) -> None:
        """Start the load and wait until it is steady."""
        self.load = Load(self.kube, self.namespace, self.name, rates, self.route)
        self.load.start()

    def act(self, verb: str, **spec: Any) -> float:
        """Make a RolloutAction and wait until it was Done; the unix time just before it was made."""
        at = time.time()
        made = self.kube.create(manifests.action(self.namespace, verb, name=self.name, **spec))
        name = made["metadata"]["name"]
        answer = wait_for(f"an answer to {name}", lambda: self._answer(name), every_s=0.2)
        if answer["state"] != "Done":
            raise AssertionError(f"{name} was {answer['state']}: {answer.get('message')}")
        return at

    def _answer(self, name: str) -> Object | None:
        seen = self.kube.get("RolloutAction", self.namespace, name) or {}
        status: Object = seen.get("status", {})
        return status if status.get("state") else None

    def crash(self, version: str, in_s: float, apart_s: float = 0) -> float:
        """Make every pod of a version crash once, the first in `in_s` and each next one `apart_s` later.

        Returns the unix time of the first crash.
        """
        first_at = time.time() + in_s
        for i, pod in enumerate(self.pods_of(version)):
            target = f"/crash?at={first_at + i * apart_s:.3f}"
            self.kube.ask_pod("POST", self.namespace, pod["metadata"]["name"], target)
        return first_at

    # What is seen of it

    @property
    def rollout(self) -> Object:
        """The Rollout as last seen."""
        return self.rollouts.latest.get(self.name, {})

    @property
    def status(self) -> Object:
        """Its status, empty when there is none yet or it speaks of an older generation."""
        return status_of(self.rollout)

    def wait_status(
        self, what: str, condition: Callable[[Object], Any], timeout_s: float = CHANGED_WITHIN_S
    ) -> Object:
        """Wait until the current status fulfils a condition; that status."""

        def fulfilled(_: Watch) -> Object | None:
            status = self.status
            return status if status and condition(status) else None

        return self.rollouts.wait_until(f"{what} (now: {self.told()})", fulfilled, timeout_s)

    def wait_phase(self, *phases: str, timeout_s: float = CHANGED_WITHIN_S) -> Object:
        """Wait until the current status has one of the phases."""
        return self.wait_status(
            f"phase {' or '.join(phases)}", lambda status: status.get("phase") in phases, timeout_s
        )

    def wait_reached(self, weight: int, timeout_s: float = CHANGED_WITHIN_S) -> Object:
        """Wait until a stage stands in which the candidate gets this share, as wanted and in fact."""
        return self.wait_status(
            f"a standing stage of weight {weight}",
            lambda status: standing_weights(status) == (weight, weight),
            timeout_s,
        )

    def told(self) -> str:
        """The status in one line."""
        status = self.rollout.get("status", {})
        words = {key: status.get(key) for key in ("phase", "stage", "weight", "realWeight", "message")}
        return f"{words} {status.get('progress')}"

    def pods_of(self, version: str) -> list[Object]:
        """The pods of a version that were not told to stop."""
        return [
            pod
            for pod in self.pods.latest.values()
            if version_of(pod) == version and "deletionTimestamp" not in pod["metadata"]
        ]

    def wait_gone(self, version: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until no pod of a version is left, those that drain included."""

        def gone(pods: Watch) -> bool:
            return not any(version_of(pod) == version for pod in pods.latest.values())

        self.pods.wait_until(f"the end of the pods of {version}", gone, timeout_s)

    def last_told_to_stop(self, version: str) -> float | None:
        """When the last pod of a version was seen to be told to stop, by unix time."""
        return max(self._told_to_stop(version).values(), default=None)

    def _told_to_stop(self, version: str | None = None) -> dict[str, float]:
        """When each pod was seen to be told to stop, by unix time; without a version, of all."""
        first: dict[str, float] = {}
        for seen in list(self.pods.history):
            is_of_it = version in (None, version_of(seen.object))
            if is_of_it and "deletionTimestamp" in seen.object["metadata"]:
                first.setdefault(seen.name, seen.at)
        return first

    def _when_lost(self, new: list[analysis.Record], since: float) -> dict[str, list[float]]:
        """When the first and the last request was lost, and pods were told to stop and gone, in s since the change."""
        lost = analysis.lost(new)
        if not lost:
            return {}
        told = self._told_to_stop()
        gone = [seen.at for seen in list(self.pods.history) if seen.gone and seen.name in told]
        lost_at = [min(each.at for each in lost), max(each.at for each in lost)]
        moments = {"lost_at_s": lost_at, "told_to_stop_s": [*told.values()], "gone_s": gone}
        return {name: sorted(round(at - since, 2) for at in each) for name, each in moments.items()}

    @property
    def number(self) -> int:
        """The number of the release under way, or of the last one."""
        return int(self.rollout.get("status", {}).get("release", 0))

    def release(self, number: int) -> Object:
        """The status of a release, empty where there is none."""
        seen = self.kube.get("Release", self.namespace, f"{self.name}-{number}") or {}
        status: Object = seen.get("status", {})
        return status

    def wait_outcome(self, number: int, timeout_s: float = PATIENCE_S) -> Object:
        """Wait until a release has its outcome; its status."""

        def ended() -> Object | None:
            status = self.release(number)
            return status if status.get("outcome") else None

        return wait_for(f"the outcome of release {self.name}-{number}", ended, timeout_s, every_s=0.25)

    def first_seen(self, condition: Callable[[Object], Any], since: float = 0) -> float | None:
        """When a current status that fulfils a condition was first seen, by unix time."""
        sightings = (seen for seen in self.sightings() if seen.at >= since)
        return next((seen.at for seen in sightings if condition(status_of(seen.object))), None)

    def sightings(self) -> list[Sighting]:
        """Every state of the Rollout that was seen in this chapter, oldest first."""
        seen = list(self.rollouts.history)
        return [each for each in seen if each.name == self.name and each.at >= self.since]

    # What its users saw

    @property
    def arrived(self) -> list[analysis.Record]:
        """What has come of the load in this chapter; requests of an earlier one may be among it."""
        return self.load.arrived[self._arrived_before :] if self.load else []

    def asked(self, for_s: float = 1.0) -> list[analysis.Record]:
        """The requests from the chapter's beginning until in `for_s`, by their starts, each of them answered or lost."""
        until = time.time() + for_s
        self.served_for(for_s + LOST_AFTER_S)
        assert self.load
        since = max(self.since, self.load.steady_since)
        return sorted(analysis.between(self.arrived, since, until), key=lambda each: each.at)

    def served_for(self, seconds: float) -> None:
        """Let the load go on until it has requests of that much later than now."""
        assert self.load
        load, until = self.load, time.time() + seconds
        wait_for(
            "more load",
            lambda: any(record.at > until for record in load.arrived[-50:]),
            seconds + PATIENCE_S,
            every_s=0.2,
        )

    def answered_by(self, version: str, timeout_s: float = CHANGED_WITHIN_S) -> float:
        """Wait for the first good answer of a version on a new connection; its unix time."""
        assert self.load
        return wait_for(
            f"an answer of {version} (now: {self.told()})",
            lambda: analysis.first_answer(analysis.new(self.arrived), version),
            timeout_s,
            every_s=0.2,
        )

    def result(self, scenario: str, since: float, **figures: Any) -> Result:
        """End the load and tell the story of the last release, from the change at `since` to its end.

        Without an end yet, until now.
        """
        ended_at = self.first_seen(lambda status: status.get("phase") in ENDED, since)
        records = self.load.stop() if self.load else []
        release = self.wait_outcome(self.number) if ended_at else self.release(self.number)
        new = analysis.new(records)
        self.told_last = Result(
            scenario,
            len(new),
            len(analysis.lost(new)),
            (ended_at or time.time()) - since,
            release.get("outcome", ""),
            release.get("why", ""),
            records,
            {
                "losses": analysis.losses_by_outcome(new),
                **lost_otherwise(records),
                **self._when_lost(new, since),
                **figures,
            },
        )
        return self.told_last


def lost_otherwise(records: list[analysis.Record]) -> dict[str, tuple[int, int]]:
    """Of the kinds of requests beside new connections, as far as there were any: how many were lost, of how many."""
    kinds = {"kept_lost": analysis.kept(records), "h2_lost": analysis.http2(records)}
    return {name: (len(analysis.lost(each)), len(each)) for name, each in kinds.items() if each}
