"""The load client as a pod, and its records as they arrive."""

import itertools
import threading
import time
from dataclasses import dataclass

import urllib3

from bench import analysis
from bench.analysis import Record
from bench.kube import ApiError, Kube, Object, collection, lines_of, wait_for
from bench.routes import Route

IMAGE = "crossfade-shop:dev"
STARTS_WITHIN_S = 180
STEADY_S = 1.0
AGAIN_S = 0.5
"""After so long a log that broke off is asked for again: the kubelet of a busy node refuses some."""
KEPT_PER_S = 20  # requests on each kept connection


@dataclass(frozen=True)
class Rates:
    """New connections a second, kept-alive connections, and after how many seconds it ends by itself.

    Only through a gateway, since the shop does not speak it: HTTP/2 requests a second. On demand: users with cookie
    jars and the requests a second of all of them, and WebSockets that are kept open.
    """

    per_s: int = 200
    kept: int = 4
    seconds: int = 900
    h2_per_s: int = 40
    users: int = 0
    users_per_s: int = 50
    sockets: int = 0

    @property
    def records_per_s(self) -> int:
        """How many records there are a second, at most."""
        return self.per_s + KEPT_PER_S * self.kept + self.h2_per_s + (self.users_per_s if self.users else 0)


def arguments(target: str, rates: Rates, route: Route | None, headers: tuple[str, ...]) -> list[str]:
    """How the client is called to load a Service of its own namespace, or a route's gateway."""
    told = [
        f"--rate={rates.per_s}",
        f"--kept={rates.kept}",
        f"--seconds={rates.seconds}",
        f"--users={rates.users}",
        f"--user-rate={rates.users_per_s}",
        f"--sockets={rates.sockets}",
        *(f"--header={each}" for each in headers),
    ]
    if route is None:
        return [target, *told]
    return [route.address, f"--host={route.host}", f"--h2-rate={rates.h2_per_s}", *told]


def is_ours(line: str) -> bool:
    """Whether the client wrote it: where the kubelet can follow no more logs, it says so in the log."""
    return line.startswith("#") or line[:1].isdigit()


def manifest(namespace: str, name: str, arguments: list[str]) -> Object:
    """The pod that runs the client with these arguments."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "load"}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 30,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [
                {
                    "name": "load",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-m", "load", *arguments],
                    "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
                }
            ],
        },
    }


class Load:
    """A running load; `records()` is what has arrived so far.

    It goes to the Service `target`, or to the gateway of its `route`. A second one beside it has another `name`.
    """

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        target: str,
        rates: Rates,
        route: Route | None = None,
        *,
        name: str = "",
        headers: tuple[str, ...] = (),
    ) -> None:
        self.kube = kube
        self.namespace = namespace
        self.name = name or f"load-{target}"
        self.arguments = arguments(target, rates, route, headers)
        self.target = target
        self.rates = rates
        self.arrived: list[Record] = []
        self.notes: list[str] = []
        self.steady_since = 0.0
        self.log = f"{collection('Pod', namespace)}/{self.name}/log?follow=true"
        self.thread = threading.Thread(target=self._follow, daemon=True, name=self.name)

    def start(self) -> None:
        """Make the pod and wait until a second of requests was answered well."""
        self._make()
        wait_for("the load pod to run", self._runs, STARTS_WITHIN_S)
        self.thread.start()
        wait_for("a second of load without a loss", self._steady, STARTS_WITHIN_S)
        self.steady_since = time.time()

    def stop(self) -> list[Record]:
        """End the load and return the whole record; raises if its end did not arrive."""
        self.kube.delete("Pod", self.namespace, self.name)
        wait_for("the last line of the load", lambda: analysis.is_whole(self.notes))
        return self.records()

    def records(self) -> list[Record]:
        """The records so far, in the order of their starts.

        Those from before it was steady are left out: kube-proxy learns of a new Service up to a second after its pods are
        ready, and a busy node's log tells of that late.
        """
        known = [record for record in self.arrived if record.at >= self.steady_since]
        return sorted(known, key=lambda record: record.at)

    def recent(self, seconds: float) -> list[Record]:
        """The new connections that started in the last seconds, as far as they have arrived."""
        since = time.time() - seconds
        last = self.arrived[-int(self.rates.records_per_s * 1.3 * (seconds + 1)) :]
        return [record for record in analysis.new(last) if record.at > since]

    def _make(self) -> None:
        self.kube.create(manifest(self.namespace, self.name, self.arguments))

    def _runs(self) -> bool:
        """Whether it does; one that never started, as the runtime of a busy node failed to, is made anew."""
        pod = self.kube.get("Pod", self.namespace, self.name)
        if pod is None:
            self._make()
        elif pod["status"].get("phase") == "Failed":
            self.kube.delete("Pod", self.namespace, self.name, grace_s=0)
        return bool(pod) and pod["status"].get("phase") == "Running"  # type: ignore[index]

    def _steady(self) -> bool:
        late_s = time.time() - self.arrived[-1].at if self.arrived else 0  # a log comes late from a busy node
        recent = self.recent(STEADY_S + late_s)
        return len(recent) > 0.7 * self.rates.per_s * STEADY_S and not analysis.lost(recent)

    def _follow(self) -> None:
        """Read the log to its end; one that breaks off is read anew, without what was taken already."""
        taken = 0
        while not analysis.is_whole(self.notes):
            try:
                ours = filter(is_ours, lines_of(self.kube.stream(self.log)))
                for line in itertools.islice(ours, taken, None):
                    self._take(line)
                    taken += 1
            except ApiError as error:
                if error.status == 404:
                    self.notes.append(f"# the log is gone: {error}")
                    return
            except (urllib3.exceptions.HTTPError, OSError):
                pass
            time.sleep(AGAIN_S)

    def _take(self, line: str) -> None:
        records = analysis.parsed(line)
        self.arrived.extend(records)
        if not records:
            self.notes.append(line)
