"""Nothing is asked for, for two minutes: the operator must write nothing but its Lease."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench import manifests, operator_pods
from bench.kube import COLLECTIONS, Kube, wait_for
from bench.scale.figures import LEASE, READ_METHOD, REQUESTS
from bench.scale.leader import Leader
from bench.scale.readings import grown
from bench.scenarios.seen import Result
from bench.scenarios.shop import Shop

# What an operator of Rollouts could write to.
GROUPS = ("", "apps", "discovery.k8s.io", "events.k8s.io", "crossfade.dev")
# What Kubernetes writes by itself, at any time: the kubelet its node, its tokens, the status of pods and events of the
# old kind, for a probe that was late; the scheduler the end of a series of events, six minutes after the last of them.
# The operator has a right to the last ones only: what it posts it counts itself.
KUBERNETES_OWN = frozenset(
    {
        ("", "nodes", "PATCH"),
        ("", "nodes", "PUT"),
        ("", "serviceaccounts", "POST"),
        ("", "pods", "PATCH"),
        ("", "events", "POST"),
        ("", "events", "PATCH"),
        ("events.k8s.io", "events", "POST"),
        ("events.k8s.io", "events", "PATCH"),
    }
)
STILL_S = 8
"""After the last pod has gone its controllers still tell of it, on a busy node seconds later."""
WATCHED_KINDS = (
    "Rollout",
    "Release",
    "RolloutAction",
    "Deployment",
    "ReplicaSet",
    "Service",
    "EndpointSlice",
)


@dataclass(frozen=True)
class Quiet:
    """What was written in a time of rest.

    `writes`: the API server's counts by "group/resource verb", of all that Kubernetes does not write by
    itself; `sent`: what the working operator says that it asked for, besides reading and its Lease; `changed`: objects
    whose resourceVersion is another one; `lease_renewals`: of our Lease.
    """

    seconds: float
    writes: dict[str, int]
    sent: dict[str, int]
    changed: list[str]
    lease_renewals: int


def at_rest(kube: Kube, namespaces: dict[str, str], seconds: float) -> Quiet:
    """One settled Rollout per strategy (one of them rolled back), watched for `seconds`."""
    with ThreadPoolExecutor(len(namespaces)) as pool:
        list(pool.map(lambda item: settle(kube, *item), namespaces.items()))
    # Namespaces of earlier stories are still being emptied, which is writing too.
    wait_for("earlier namespaces to be gone", lambda: not terminating(kube), 300, every_s=1)
    wait_for("the last old pods to be gone", lambda: not leaving(kube, namespaces), 60, every_s=1)
    wait_for("all to have been told", lambda: unchanged(kube, namespaces, STILL_S), 120, every_s=0)
    leader = Leader.found(kube)
    before, counted, said = versions(kube, namespaces), operator_pods.writes(kube), leader.read()
    renewed, started = lease_version(kube), time.time()
    wait_for("two minutes of rest", lambda: time.time() - started > seconds, seconds + 10, every_s=1)
    after, sent = operator_pods.writes(kube), grown(said, leader.read()).by_label(REQUESTS, "method", "kind")
    return Quiet(
        time.time() - started,
        {
            f"{g}/{r} {v}": n
            for (g, r, v), n in (after - counted).items()
            if g in GROUPS and (g, r, v) not in KUBERNETES_OWN
        },
        {f"{m} {kind}": int(n) for (m, kind), n in sent.items() if n and m != READ_METHOD and kind != LEASE},
        sorted({name for name, _ in set(before.items()) ^ set(versions(kube, namespaces).items())}),
        int(lease_version(kube) != renewed),
    )


def result_of(quiet: Quiet) -> Result:
    """The same as a row of the table."""
    told = {**quiet.writes, **{f"{what} by the operator": count for what, count in quiet.sent.items()}}
    written = ", ".join(f"{count} {what}" for what, count in told.items()) or "nothing"
    why = f"{written} was written, {len(quiet.changed)} objects changed; the Lease was renewed"
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


def terminating(kube: Kube) -> list[str]:
    """The namespaces that are on their way out."""
    found = kube.list("Namespace", "")
    return [each["metadata"]["name"] for each in found if each["status"]["phase"] == "Terminating"]


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


def lease_version(kube: Kube) -> str:
    """The resourceVersions of the operator's Leases."""
    leases = kube.list("Lease", operator_pods.NAMESPACE)
    return ",".join(sorted(lease["metadata"]["resourceVersion"] for lease in leases))
