"""The operator's process that works: its figures are read through the API server, and it is restarted."""

import time
from contextlib import suppress
from dataclasses import dataclass

from bench.kube import ApiError, Kube, NeverHappenedError, collection, wait_for
from bench.operator_pods import DEPLOYMENT, NAMESPACE, pods, start, wait_available
from bench.scale import figures
from bench.scale.figures import Restart
from bench.scale.readings import Reading, parsed

METRICS_PORT = 8080
HELD_WITHIN_S = 30
ENDED_WITHIN_S = 60
STARTED_WITHIN_S = 300


@dataclass
class Leader:
    """The pod that holds the Lease now. `memory_bytes`: the most that any reading showed."""

    kube: Kube
    pod: str
    memory_bytes: float = 0.0

    @classmethod
    def found(cls, kube: Kube) -> "Leader":
        """Ask the Lease, and see that the figures are there that this bench is about."""
        try:
            holder = wait_for("a pod of the operator to hold the Lease", lambda: _holder(kube), HELD_WITHIN_S)
        except NeverHappenedError as error:
            raise SystemExit(f"{error}, {DEPLOYMENT} in {NAMESPACE}: run `make up`, and try again") from None
        leader = cls(kube, holder)
        if not leader.read().total(figures.MEMORY):
            raise SystemExit(
                f"the operator {holder} does not tell {figures.MEMORY}: install this version of it with `make up`"
            )
        return leader

    def read(self) -> Reading:
        """Its figures now."""
        reading = read(self.kube, self.pod)
        self.memory_bytes = max(self.memory_bytes, reading.total(figures.MEMORY))
        return reading

    def rested(self, quiet_s: float, timeout_s: float) -> Reading:
        """Its figures as soon as it has sent nothing but its Lease for `quiet_s`."""
        quiet_since, sent = time.monotonic(), -1.0

        def at_rest() -> Reading | None:
            nonlocal quiet_since, sent
            reading = self.read()
            if figures.requests(reading) != sent:
                quiet_since, sent = time.monotonic(), figures.requests(reading)
            return reading if time.monotonic() - quiet_since >= quiet_s else None

        return wait_for("the operator to come to rest", at_rest, timeout_s, every_s=1)


def _holder(kube: Kube) -> str:
    """The pod that holds the Lease; "" where that is nobody, or a pod that is gone or on its way out."""
    lease = kube.get("Lease", NAMESPACE, DEPLOYMENT) or {}
    holder = str((lease.get("spec") or {}).get("holderIdentity", ""))
    stay = [pod["metadata"] for pod in pods(kube) if "deletionTimestamp" not in pod["metadata"]]
    return holder if holder in {meta["name"] for meta in stay} else ""


def read(kube: Kube, pod: str) -> Reading:
    """The figures of one pod; ApiError where it does not answer."""
    return parsed(kube.text(f"{collection('Pod', NAMESPACE)}/{pod}:{METRICS_PORT}/proxy/metrics"))


def restarted(kube: Kube, rollouts: int) -> tuple[Restart, float]:
    """End every replica as an update would, start them again, and follow the first that works.

    Gives the times, and the memory in bytes once all is seen.
    """
    replicas = stopped(kube)
    started = time.monotonic()
    start(kube, replicas)
    first = wait_for("the first decision", lambda: _past(kube, 1), STARTED_WITHIN_S, every_s=0.05)
    first_s = time.monotonic() - started
    seen = wait_for(
        "every Rollout to be looked at",
        lambda: _past(kube, rollouts, idle=True),
        STARTED_WITHIN_S,
        every_s=0.1,
    )
    seen_s = time.monotonic() - started
    wait_available(kube)
    last = Leader.found(kube).rested(quiet_s=5, timeout_s=STARTED_WITHIN_S)
    memory = max(reading.total(figures.MEMORY) for reading in (first, seen, last))
    return Restart(first_s, seen_s, figures.writes(last)), memory


def stopped(kube: Kube) -> int:
    """End every replica in good order; how many there were. Where that fails they are started again."""
    deployment = kube.get("Deployment", NAMESPACE, DEPLOYMENT) or {}
    replicas = int(deployment["spec"]["replicas"])
    try:
        kube.scale("Deployment", NAMESPACE, DEPLOYMENT, 0)
        wait_for("the operator's end", lambda: not pods(kube), ENDED_WITHIN_S)
    except BaseException:
        start(kube, replicas)
        raise
    return replicas


def _past(kube: Kube, passes: int, *, idle: bool = False) -> Reading | None:
    """The figures of a pod that has made so many passes; `idle`: and has none to make now."""
    for pod in pods(kube):
        with suppress(ApiError):  # it is still starting
            reading = read(kube, pod["metadata"]["name"])
            waiting = reading.total(figures.QUEUED) + reading.total(figures.RUNNING)
            if reading.total(figures.PASSES) >= passes and not (idle and waiting):
                return reading
    return None
