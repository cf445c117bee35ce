"""kwok, and the node that it plays: pods there are ready at once and run nothing."""

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.kube import ApiError, Kube, NeverHappenedError, Object, wait_for

ROOT = Path(__file__).parents[2]
NODES = "/api/v1/nodes"
NODE = "crossfade-scale"
LABELS = {"crossfade-bench": "scale"}
TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
ROOM = {"cpu": "10k", "memory": "10Ti", "pods": "100k"}
STAGES = ("pod/fast", "node/fast", "node/heartbeat-with-lease")
LEASE_S = 40
BUILD_S = 900
# kwok's stages come with its module; Go is found, or fetched, by what builds the cluster's programs.
MODULE = """
source "$0/cluster/lib/steps.sh"
source "$0/cluster/lib/go.sh"
find_go
"$GO" mod download -json "sigs.k8s.io/kwok@$KWOK_VERSION"
"""

# What a pod says to land on the node, and nobody else does.
ONLY_THERE: dict[str, Any] = {
    "nodeSelector": LABELS,
    "tolerations": [{**TAINT, "operator": "Equal"}],
}


@contextlib.contextmanager
def playing(kube: Kube) -> Iterator[None]:
    """Have kwok run beside the cluster, and its node there and Ready, for the length of the block."""
    program, stages = built(), stage_files()
    with tempfile.TemporaryDirectory() as folder:
        config, log = Path(folder) / "stages.yaml", Path(folder) / "kwok.log"
        config.write_text("\n---\n".join(file.read_text() for file in stages))
        with running([str(program), *arguments(kube.kubeconfig, config)], log) as process:
            delete(kube)  # of a run that was killed
            kube.request("POST", NODES, node())
            try:
                wait_ready(kube, process, log)
                yield
            finally:
                delete(kube)


def built() -> Path:
    """The program, built where it is not in the cache."""
    print("Building kwok, if it is not there yet …")
    done = subprocess.run(
        [ROOT / "cluster" / "kwok"], capture_output=True, text=True, check=True, timeout=BUILD_S
    )
    return Path(done.stdout.splitlines()[-1])


def stage_files() -> list[Path]:
    """How kwok brings pods and nodes from one state to the next, in the files of its own module."""
    command = ["bash", "-c", MODULE, str(ROOT)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=BUILD_S).stdout
    folder = Path(json.loads(told)["Dir"]) / "kustomize" / "stage"
    files = [path for stage in STAGES for path in sorted((folder / stage).glob("*.yaml"))]
    return [path for path in files if path.name != "kustomization.yaml"]


def arguments(kubeconfig: Path, config: Path) -> list[str]:
    """Only nodes that ask for it are played: the real one is left alone."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--config={config}",
        "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        f"--node-lease-duration-seconds={LEASE_S}",
    ]


@contextlib.contextmanager
def running(command: list[str], log: Path, signal: str = "TERM") -> Iterator[subprocess.Popen[bytes]]:
    """A program that ends with the block, or by that signal with this process.

    Ctrl-C does not reach it: it is still needed to clean up.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tied(signal), *command], stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tied(signal: str = "TERM") -> list[str]:
    """What has a program end with the thread that starts it, also where that one is killed; nothing where the system lacks it.

    A kwok that went on alone would play its node for ever, and whoever finds it would take it for one that is needed.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal, "--"] if setpriv else []


def node() -> Object:
    """A node without a machine: room for everything, and nothing lands on it unasked."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": {**LABELS, "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"taints": [TAINT]},
        "status": {"allocatable": ROOM, "capacity": ROOM},
    }


def delete(kube: Kube) -> None:
    """Remove the node; that there is none is fine."""
    try:
        kube.request("DELETE", f"{NODES}/{NODE}")
    except ApiError as error:
        if error.status != 404:
            raise


def wait_ready(kube: Kube, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until pods can land on the node; what kwok wrote is told where they never can."""

    def usable() -> bool:
        seen = kube.request("GET", f"{NODES}/{NODE}")
        conditions = seen.get("status", {}).get("conditions", [])
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return process.poll() is not None or (ready and len(seen["spec"].get("taints", [])) == 1)

    try:
        wait_for("kwok's node to be Ready", usable)
    except NeverHappenedError as error:
        raise NeverHappenedError(f"{error}; kwok wrote:\n{log.read_text()[-2000:]}") from None
    if process.poll() is not None:
        raise NeverHappenedError(
            f"kwok ended with exit code {process.returncode}:\n{log.read_text()[-2000:]}"
        )
