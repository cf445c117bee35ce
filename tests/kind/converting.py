"""A plain Deployment and its Service become a Rollout by the steps that `crossfade convert` prints, typed as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from bench import analysis, manifests
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.plain import rolled_out
from kind.conftest import newest

PODS = 2
NEW_CONNECTIONS = Rates(per_s=50, kept=0)
STEP = re.compile(r"^\d+\. .*$", re.MULTILINE)
GIVES_UP_AFTER_S = 400


class Terminal:
    """A folder with files, and commands typed there, of which none may fail."""

    def __init__(self, kube: Kube, folder: Path) -> None:
        self.folder = folder
        tools = [str(Path(sys.executable).parent), str(newest("kubernetes-*/kubectl").parent)]
        self.environment = {
            **os.environ,
            "KUBECONFIG": str(kube.kubeconfig),
            "PATH": os.pathsep.join([*tools, os.environ["PATH"]]),
        }

    def write(self, name: str, *objects: Object) -> None:
        (self.folder / name).write_text(yaml.safe_dump_all(objects))

    def type(self, commands: str) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=GIVES_UP_AFTER_S,
        )
        assert answer.returncode == 0, f"{commands}\n{answer.stdout}\n{answer.stderr}"
        return answer


def commands_of(printed: str) -> list[str]:
    """The commands of each step that has some."""
    _, *after = STEP.split(printed)
    return [each.strip() for each in after if each.strip()]


def without_selector(service: Object) -> Object:
    return {**service, "spec": {"ports": service["spec"]["ports"]}}


def pods_of_the_deployment(kube: Kube, namespace: str) -> list[str]:
    pods = kube.list("Pod", namespace, "app=shop,!crossfade.dev/rollout")
    return [pod["metadata"]["name"] for pod in pods]


def selector(kube: Kube, namespace: str) -> Object:
    found = kube.get("Service", namespace, manifests.NAME)
    assert found
    return dict(found["spec"]["selector"])


def loaded_deployment(kube: Kube, namespace: str, terminal: Terminal, applied: str) -> Load:
    """The shop as a plain Deployment and its Service, both out of files, under load."""
    deployment = manifests.deployment(namespace, manifests.template("v1"), replicas=PODS)
    terminal.write("deployment.yaml", deployment)
    terminal.write("service.yaml", manifests.service(namespace))
    terminal.type(f"{applied} -f deployment.yaml -f service.yaml")
    wait_for("the Deployment's pods", lambda: rolled_out(kube, namespace))
    load = Load(kube, namespace, manifests.NAME, NEW_CONNECTIONS)
    load.start()
    return load


def converted(namespace: str, terminal: Terminal) -> list[str]:
    """Write the Rollout and the Service's manifest without its selector; the commands of the printed steps."""
    printed = terminal.type(f"crossfade convert deployment/shop -n {namespace} > rollout.yaml").stderr
    terminal.write("service.yaml", without_selector(manifests.service(namespace)))
    return commands_of(printed)


def losses(load: Load) -> dict[str, int]:
    """End the load after three more seconds; what was lost, by how it ended."""
    began_at = load.arrived[-1].at
    wait_for("three more seconds of load", lambda: load.arrived[-1].at > began_at + 3)
    records = analysis.new(load.stop())
    assert len(records) > 0.7 * NEW_CONNECTIONS.per_s * (records[-1].at - records[0].at), "the load had gaps"
    return analysis.losses_by_outcome(records)


def taken_over(kube: Kube, namespace: str, applied: str) -> dict[str, int]:
    """By the printed steps; what was lost."""
    with TemporaryDirectory() as folder:
        terminal = Terminal(kube, Path(folder))
        load = loaded_deployment(kube, namespace, terminal, applied)
        steps = converted(namespace, terminal)
        assert steps[-1].startswith("kubectl delete deployment shop")
        for step in steps:
            terminal.type(step)
        wait_for("the old pods to be gone", lambda: not pods_of_the_deployment(kube, namespace))
        terminal.type(f"{applied} -f service.yaml")
        lost = losses(load)
    rollout = kube.get("Rollout", namespace, "shop")
    assert rollout
    assert rollout["status"]["phase"] == "Healthy"
    assert selector(kube, namespace) == {
        "crossfade.dev/rollout": "shop",
        "crossfade.dev/revision": rollout["status"]["stable"]["revision"],
    }
    return lost


def left_again(kube: Kube, namespace: str) -> dict[str, int]:
    """By deleting the Rollout before the last step; what was lost."""
    with TemporaryDirectory() as folder:
        terminal = Terminal(kube, Path(folder))
        load = loaded_deployment(kube, namespace, terminal, "kubectl apply")
        for step in converted(namespace, terminal)[:-1]:
            terminal.type(step)
        assert "crossfade.dev/rollout" in selector(kube, namespace)
        terminal.type(f"kubectl delete rollout shop -n {namespace}")
        pods = "crossfade.dev/rollout=shop"
        wait_for("the Rollout's pods to be gone", lambda: not kube.list("Pod", namespace, pods), 60)
        lost = losses(load)
    assert selector(kube, namespace) == {"app": "shop"}
    assert len(pods_of_the_deployment(kube, namespace)) == PODS
    return lost
