"""Namespaces of a story: made, and when it fails read out into files before they go."""

import json
import shutil
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from bench import operator_pods
from bench.kube import (
    CLUSTER_WIDE,
    COLLECTIONS,
    ApiError,
    Kube,
    Object,
    collection,
    wait_for,
)

OWN = "own"
"""So begin the names of namespaces with an operator of their own: `cluster/operator` has the installed one skip them."""
MOVERS = ("kube-controller-manager", "kube-proxy")
EVIDENCE = tuple(kind for kind in COLLECTIONS if kind not in {*CLUSTER_WIDE, "Lease", "ConfigMap"})


def make(kube: Kube, prefix: str) -> str:
    """A fresh namespace in which pods can be made."""
    name = f"{prefix}-{uuid.uuid4().hex[:8]}"
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    # The API server refuses pods before there is a service account.
    accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
    wait_for("the default service account", lambda: kube.request("GET", accounts)["items"])
    return name


def seen_folder(namespace: str) -> Path:
    """Where a story leaves what it saw of a namespace."""
    return Path(tempfile.gettempdir()) / "crossfade-bench" / namespace


def forget(namespace: str) -> None:
    """Remove what a story left there."""
    shutil.rmtree(seen_folder(namespace), ignore_errors=True)


def keep_evidence(kube: Kube, namespaces: list[str], folder: Path, since: float) -> None:
    """Write down what is in the namespaces, and the logs of their pods, of the operator and of who moves traffic.

    The last two since `since`. Who moves traffic: the controllers that write endpoints, and kube-proxy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for namespace in namespaces:
        if seen_folder(namespace).is_dir():
            shutil.copytree(seen_folder(namespace), folder, dirs_exist_ok=True)
        for kind in EVIDENCE:
            with suppress(ApiError):
                items = [slim(item) for item in kube.list(kind, namespace)]
                path = folder / f"{namespace}-{COLLECTIONS[kind][1]}.json"
                path.write_text(json.dumps(items, indent=1))
        for pod in kube.list("Pod", namespace):
            keep_logs(kube, pod, folder)
    movers = [pod for pod in kube.list("Pod", "kube-system") if pod["metadata"]["name"].startswith(MOVERS)]
    for pod in (*operator_pods.pods(kube), *movers):
        keep_logs(kube, pod, folder, f"&sinceTime={operator_pods.rfc3339(since)}")


def keep_logs(kube: Kube, pod: Object, folder: Path, query: str = "") -> None:
    """Write down what each container of a pod wrote, also before its last restart."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    for container in [each["name"] for each in pod["spec"]["containers"]]:
        for previous in ("false", "true"):
            path = (
                f"{collection('Pod', namespace)}/{name}/log?container={container}&previous={previous}{query}"
            )
            with suppress(ApiError):
                kind = "previous" if previous == "true" else "log"
                (folder / f"{namespace}-{name}-{container}.{kind}").write_text(kube.text(path))


def slim(item: Object) -> Object:
    """The object without what only the API server reads."""
    item["metadata"].pop("managedFields", None)
    return item
