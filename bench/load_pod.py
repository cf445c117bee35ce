"""The load client as a pod, and its records as they arrive."""

import threading
import time
from dataclasses import dataclass

import urllib3

from bench import analysis
from bench.analysis import Record
from bench.kube import ApiError, Kube, Object, collection, lines_of, wait_for

IMAGE = "crossfade-shop:dev"
STARTS_WITHIN_S = 60
STEADY_S = 1.0


@dataclass(frozen=True)
class Rates:
    """New connections a second, kept-alive connections, and after how many seconds it ends by itself."""

    per_s: int = 200
    kept: int = 4
    seconds: int = 900


def manifest(namespace: str, name: str, target: str, rates: Rates) -> Object:
    """The pod that loads `target`, a Service of its own namespace."""
    arguments = [f"--rate={rates.per_s}", f"--kept={rates.kept}", f"--seconds={rates.seconds}"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "load"}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [
                {
                    "name": "load",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-I", "/shop/client.py", target, *arguments],
                    "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
                }
            ],
        },
    }


class Load:
    """A running load; `records()` is what has arrived so far."""

    def __init__(self, kube: Kube, namespace: str, target: str, rates: Rates) -> None:
        self.kube = kube
        self.namespace = namespace
        self.name = f"load-{target}"
        self.target = target
        self.rates = rates
        self.arrived: list[Record] = []
        self.notes: list[str] = []
        self.steady_since = 0.0
        self.thread = threading.Thread(target=self._follow, daemon=True, name=self.name)

    def start(self) -> None:
        """Make the pod and wait until a second of requests was answered well."""
        self.kube.create(manifest(self.namespace, self.name, self.target, self.rates))
        wait_for("the load pod to run", self._runs, STARTS_WITHIN_S)
        self.thread.start()
        wait_for("a second of load without a loss", self._steady, STARTS_WITHIN_S)
        self.steady_since = time.time() - STEADY_S

    def stop(self) -> list[Record]:
        """End the load and return the whole record; raises if its end did not arrive."""
        self.kube.delete("Pod", self.namespace, self.name)
        wait_for("the last line of the load", lambda: analysis.is_whole(self.notes), 60)
        return self.records()

    def records(self) -> list[Record]:
        """The records so far, in the order of their starts.

        The first ones are left out: kube-proxy learns of a new Service up to a second after its pods are ready.
        """
        known = [record for record in self.arrived if record.at >= self.steady_since]
        return sorted(known, key=lambda record: record.at)

    def recent(self, seconds: float) -> list[Record]:
        """The new connections that started in the last seconds, as far as they have arrived."""
        since = time.time() - seconds
        last = self.arrived[-int(self.rates.per_s * 2 * (seconds + 1)) :]
        return [record for record in analysis.new(last) if record.at > since]

    def _runs(self) -> bool:
        pod = self.kube.get("Pod", self.namespace, self.name)
        return bool(pod) and pod["status"].get("phase") == "Running"  # type: ignore[index]

    def _steady(self) -> bool:
        late_s = time.time() - self.arrived[-1].at if self.arrived else 0  # a log comes late from a busy node
        recent = self.recent(STEADY_S + late_s)
        return len(recent) > 0.7 * self.rates.per_s * STEADY_S and not analysis.lost(recent)

    def _follow(self) -> None:
        path = f"{collection('Pod', self.namespace)}/{self.name}/log?follow=true"
        try:
            for line in lines_of(self.kube.stream(path)):
                self._take(line)
        except (ApiError, urllib3.exceptions.HTTPError, OSError) as error:
            self.notes.append(f"# the log was cut: {error}")

    def _take(self, line: str) -> None:
        records = analysis.parsed(line)
        self.arrived.extend(records)
        if not records:
            self.notes.append(line)
