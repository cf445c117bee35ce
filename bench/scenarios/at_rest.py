"""Nothing is asked for, for two minutes: the operator must write nothing but its Lease."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench import audit, manifests, operator_pods
from bench.kube import COLLECTIONS, PATIENCE_S, Kube, wait_for
from bench.scenarios.seen import Result
from bench.scenarios.shop import Shop

LEASE_RENEWAL = "update coordination.k8s.io/leases"
STILL_S = 15
"""After the last pod has gone its controllers still tell of it, on a busy node seconds later."""
OF_ALL = ("crossfade.dev/rolloutpolicies", "crossfade.dev/clusteranalysistemplates")
WATCHED_KINDS = (
    "Rollout",
    "Release",
    "RolloutAction",
    "Deployment",
    "ReplicaSet",
    "Service",
    "EndpointSlice",
    "HTTPRoute",
)


@dataclass(frozen=True)
class Quiet:
    """What the operator wrote there in a time of rest: `writes` by "verb group/resource", its Lease's apart.

    `before`: the same until all had settled, as evidence that its writes are seen.
    """

    before: dict[str, int]
    seconds: float
    writes: dict[str, int]
    lease_renewals: int


def at_rest(kube: Kube, namespaces: dict[str, str], seconds: float) -> Quiet:
    """One settled Rollout per strategy (one of them rolled back), watched for `seconds`.

    What counts is about one of them, about the operator itself, or about no namespace: others may do what they want.
    """
    begun = datetime.now(UTC)
    with ThreadPoolExecutor(len(namespaces)) as pool:
        list(pool.map(lambda item: settle(kube, *item), namespaces.items()))
    wait_for("the last old pods to be gone", lambda: not leaving(kube, namespaces), PATIENCE_S, every_s=1)
    wait_for("all to have been told", lambda: unchanged(kube, namespaces, STILL_S), 2 * PATIENCE_S, every_s=0)
    started = datetime.now(UTC)
    ended = started + timedelta(seconds=seconds)
    wait_for("two minutes of rest", lambda: datetime.now(UTC) > ended, seconds + 10, every_s=1)
    log, where = audit.lines(), {*namespaces.values(), operator_pods.NAMESPACE, None}
    before = audit.counted(log, begun, started, where)
    writes = audit.counted(log, started, ended, where)
    for resource in OF_ALL:  # those of the cluster are of whoever uses it meanwhile: none is about these
        writes = {what: count for what, count in writes.items() if resource not in what}
    renewals = writes.pop(LEASE_RENEWAL, 0)
    return Quiet(dict(before), seconds, dict(writes), renewals)


def result_of(quiet: Quiet) -> Result:
    """The same as a row of the table."""
    written = ", ".join(f"{count} {what}" for what, count in quiet.writes.items()) or "nothing"
    why = f"{written} was written by the operator; the Lease was renewed {quiet.lease_renewals} times"
    return Result("settled: one Rollout per strategy", 0, 0, quiet.seconds, "", why, [])


def settle(kube: Kube, strategy: str, namespace: str) -> None:
    """Bring a Rollout to its rest: an update done, or (blue/green) a bad one taken back."""
    with Shop(kube, namespace, manifests.strategy(strategy), bakeSeconds=1) as shop:
        shop.created("v1")
        if strategy == "blueGreen":
            shop.spec["progressDeadlineSeconds"] = 3
            shop.apply("v2", NEVER_READY="1")
            shop.wait_phase("RolledBack")
        else:
            shop.apply("v2")
            shop.wait_phase("Healthy")


def leaving(kube: Kube, namespaces: dict[str, str]) -> list[str]:
    """The pods that were told to stop: their end is written by the kubelet and the controllers."""
    pods = [pod for namespace in namespaces.values() for pod in kube.list("Pod", namespace)]
    return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" in pod["metadata"]]


def versions(kube: Kube, namespaces: dict[str, str]) -> dict[str, str]:
    """The resourceVersion of every object that is there, by kind, namespace and name."""
    return {
        f"{kind} {namespace}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for kind in WATCHED_KINDS
        if kind in COLLECTIONS
        for namespace in namespaces.values()
        for item in kube.list(kind, namespace)
    }


def unchanged(kube: Kube, namespaces: dict[str, str], seconds: float) -> bool:
    """Whether no object gets another version for so long."""
    before = versions(kube, namespaces)
    time.sleep(seconds)
    return versions(kube, namespaces) == before
