"""Follows objects as they change, with the time at which each change was seen."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

import urllib3

from bench.background import Background
from bench.kube import ApiError, Kube, NeverHappenedError, Object, collection, lines_of

T = TypeVar("T")


@dataclass(frozen=True)
class Sighting:
    """One state of one object; `at` is the unix time at which it was seen. Deleted: `gone`."""

    at: float
    object: Object
    gone: bool = False

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])


class Watch(Background):
    """A thread that keeps every state of the objects of one kind in a namespace, or of those with one label.

    `history` only grows; `latest` is by name, without the deleted ones.
    """

    def __init__(self, kube: Kube, kind: str, namespace: str, label: str = "") -> None:
        super().__init__(f"watch-{kind}")
        self.kube = kube
        self.kind = kind
        self.path = f"{collection(kind, namespace)}?labelSelector={label.replace('=', '%3D')}"
        self.history: list[Sighting] = []
        self.latest: dict[str, Object] = {}
        self.changed = threading.Condition()
        self.answer: urllib3.BaseHTTPResponse | None = None

    def stop(self) -> None:
        """Cut what is read, and wait for nothing: the history stays."""
        self.stopping.set()
        if self.answer is not None:
            with contextlib.suppress(OSError, ValueError, RuntimeError, urllib3.exceptions.HTTPError):
                self.answer.shutdown()

    def wait_until(self, what: str, condition: Callable[[Self], T | None], timeout_s: float) -> T:
        """The first true answer of `condition`, asked again at every change."""
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while True:
                seen = condition(self)
                if seen:
                    return seen
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise NeverHappenedError(f"waited {timeout_s:.0f} s in vain for {what}")
                self.changed.wait(min(left_s, 1.0))

    def go_on(self) -> None:
        version = ""
        while not self.stopping.is_set():
            try:
                version = self._stream(version) if version else self._list()
            except (ApiError, urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
                # A cut watch begins anew with a list: nothing is lost but states in between.
                version = ""
                self.stopping.wait(0.2)

    def _list(self) -> str:
        listed = self.kube.request("GET", self.path)
        names = {item["metadata"]["name"] for item in listed["items"]}
        for name in set(self.latest) - names:
            self._see(self.latest[name], gone=True)
        for item in listed["items"]:
            self._see(item, gone=False)
        return str(listed["metadata"]["resourceVersion"])

    def _stream(self, version: str) -> str:
        query = f"&watch=true&allowWatchBookmarks=true&resourceVersion={version}"
        self.answer = self.kube.stream(self.path + query)
        for line in lines_of(self.answer):
            event = json.loads(line)
            if event["type"] == "ERROR":
                return ""
            version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._see(event["object"], gone=event["type"] == "DELETED")
        return version

    def _see(self, seen: Object, *, gone: bool) -> None:
        with self.changed:
            name = seen["metadata"]["name"]
            if not gone and self.latest.get(name) == seen:
                return
            self.history.append(Sighting(time.time(), seen, gone))
            if gone:
                self.latest.pop(name, None)
            else:
                self.latest[name] = seen
            self.changed.notify_all()


def fewest_listed(slices: Watch, service: str, since: float) -> int:
    """The smallest number of ready endpoints that a Service had at any moment since then (unix seconds)."""
    ready: dict[str, int] = {}
    counts: list[tuple[float, int]] = []
    for seen in list(slices.history):
        if seen.object["metadata"]["labels"].get("kubernetes.io/service-name") == service:
            endpoints = [] if seen.gone else seen.object.get("endpoints") or []
            ready[seen.name] = sum(bool(each["conditions"].get("ready")) for each in endpoints)
            counts.append((seen.at, sum(ready.values())))
    at_first = [count for at, count in counts if at < since][-1:]
    return min([*at_first, *(count for at, count in counts if at >= since)], default=0)
