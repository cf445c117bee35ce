"""The installed operator as a test subject: killed, and started again."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.kube import PATIENCE_S, Kube, Object, wait_for

NAMESPACE = "crossfade-system"
DEPLOYMENT = "crossfade-operator"
NODE = "crossfade-control-plane"
PROCESS = "crossfade.controller"


def pods(kube: Kube) -> list[Object]:
    """The operator's pods, those on their way out included."""
    prefix = f"{DEPLOYMENT}-"
    return [pod for pod in kube.list("Pod", NAMESPACE) if pod["metadata"]["name"].startswith(prefix)]


@contextlib.contextmanager
def away(kube: Kube) -> Iterator[None]:
    """Killed for the length of the block, and started again whatever happens in it, without waiting for it to lead."""
    replicas = _wanted(kube)
    try:
        _kill(kube)
        yield
    finally:
        start(kube, replicas)


def _kill(kube: Kube) -> None:
    """End every replica with SIGKILL, now, and start none.

    The signal comes from inside the node: a forced deletion would send SIGTERM first, and the operator
    would give its Lease back. Scaling comes after it, and before the kubelet restarts a container.
    """
    subprocess.run(["docker", "exec", NODE, "pkill", "-KILL", "-f", PROCESS], check=True)
    kube.scale("Deployment", NAMESPACE, DEPLOYMENT, 0)

    def ended() -> bool:
        """A controller that learns late of the scaling makes one more pod: it goes too."""
        left = pods(kube)
        for pod in left:
            kube.delete("Pod", NAMESPACE, pod["metadata"]["name"], grace_s=0)
        return not left

    wait_for("the operator's end", ended, every_s=0.3)


def _wanted(kube: Kube) -> int:
    """How many replicas the installed operator is to have."""
    deployment = kube.get("Deployment", NAMESPACE, DEPLOYMENT)
    if deployment is None:
        raise AssertionError(f"there is no Deployment {DEPLOYMENT} in {NAMESPACE}: run `make cluster`")
    return int(deployment["spec"]["replicas"])


def start(kube: Kube, replicas: int) -> None:
    """Start the operator again, without waiting for it to lead."""
    kube.scale("Deployment", NAMESPACE, DEPLOYMENT, replicas)


def wait_available(kube: Kube, timeout_s: float = PATIENCE_S) -> None:
    """Wait until every replica is available."""

    def available() -> bool:
        deployment = kube.get("Deployment", NAMESPACE, DEPLOYMENT) or {}
        status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
        return bool(status.get("availableReplicas") == wanted and len(pods(kube)) == wanted)

    wait_for("the operator to be available", available, timeout_s)


def killed_for(kube: Kube, seconds: float) -> None:
    """Kill the operator, and start it again that many seconds later."""
    with away(kube):
        down_until = time.time() + seconds
        wait_for("the operator's absence to last", lambda: time.time() > down_until, seconds + 5)


def rfc3339(unix_s: float) -> str:
    """A time as the API server reads it."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
