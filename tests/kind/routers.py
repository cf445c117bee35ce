"""Shops behind a router, as the tests of routes see them: the users' own route, its weights over time, and who answers."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import log
from types import TracebackType
from typing import Any, Self

from bench import analysis, manifests, routes
from bench.analysis import Record
from bench.kube import PATIENCE_S, Kube, Object, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.shop import Shop
from bench.watch import Sighting, Watch

ARCHIVE = "archive"
"""Somebody else's Service, beside the shop's in a rule."""
PROMISED_S = 2
"""A change is in the traffic."""
ROOM_S = 1
"""Beyond what is promised, for a machine that others keep busy; the counts at the end of a run show the figures."""


class RoutedShop(Shop):
    """A shop whose users come by the HTTPRoute of these rules; it is watched too."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        strategy: Object,
        name: str = manifests.NAME,
        rules: list[Object] | None = None,
        **spec: Any,
    ) -> None:
        super().__init__(kube, namespace, strategy, name, **spec)
        assert self.route, "made outside of bench.routes.through"
        self.at = self.route
        written: Object = self.at.manifest(**({"rules": rules} if rules else {}))
        self.manifest = written
        self.original: list[Object] = []
        self.routes = Watch(kube, "HTTPRoute", namespace)

    def __enter__(self) -> Self:
        super().__enter__()
        self.routes.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.routes.stop()
        super().__exit__(kind, error, trace)

    def put_route(self) -> None:
        """Make the route, and remember its rules as the API server stores them."""
        self.original = self.kube.create(self.manifest)["spec"]["rules"]

    @property
    def rules(self) -> list[Object]:
        """The rules of the route now."""
        live = self.kube.get("HTTPRoute", self.namespace, self.name) or {}
        found: list[Object] = live["spec"]["rules"]
        return found

    def assert_rules_are_back(self) -> None:
        """Byte for byte, and no route of Crossfade's beside it."""
        assert as_text(self.rules) == as_text(self.original)
        assert self.routes_beside() == []

    def routes_beside(self) -> list[str]:
        """The routes of this shop that its user did not make."""
        there = (each["metadata"]["name"] for each in self.kube.list("HTTPRoute", self.namespace))
        ours = {f"{self.name}-{what}" for what in ("canary", "preview", "preview-hosts")}
        return sorted(ours.intersection(there))

    def written(self) -> list[Sighting]:
        """Every state of the route that was seen in this chapter, oldest first."""
        seen = [each for each in list(self.routes.history) if each.name == self.name and not each.gone]
        return [each for each in seen if each.at >= self.since]

    def written_at(self, percent: float) -> float:
        """When the route was first seen to give the candidate this share, by unix time."""

        def seen(_: Watch) -> float | None:
            states = self.written()
            return next((each.at for each in states if percent_of(each.object, self.name) == percent), None)

        return self.routes.wait_until(f"a route that gives {percent} %", seen, PATIENCE_S)

    def back_at(self) -> float:
        """When the route was last seen to get the rules back that it had at first."""
        back = 0.0
        was: list[Object] | None = None
        for each in self.written():
            now = each.object["spec"]["rules"]
            if now == self.original != was:
                back = each.at
            was = now
        return back

    @contextmanager
    def loaded_too(self, name: str, rates: Rates) -> Iterator[Load]:
        """Another load alongside, for one chapter."""
        load = Load(self.kube, self.namespace, self.name, rates, self.route, name=name)
        load.start()
        try:
            yield load
        finally:
            self.kube.delete("Pod", self.namespace, name, grace_s=0)

    def wait_requests(self, count: int, since: float) -> None:
        """Wait until that many requests which began after `since` were answered."""
        wait_for(
            f"{count} requests",
            lambda: len(analysis.between(self.arrived[-3 * count :], since, time.time())) >= count,
            120,
            every_s=0.5,
        )

    def wait_asked(self, version: str, **said: str) -> None:
        """Wait until requests that say this meet a version: a stage may stand a moment before the router has it."""
        wait_for(f"{version} for {said}", lambda: self.ask(1, **said) == {version: 1})

    def ask(self, count: int = 50, path: str = "/", host: str = "", **headers: str) -> Counter[str]:
        """Who answers requests that say this: versions, or the status where it is not 200."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return Counter(asked(self.at, path, host or self.at.host, said) for _ in range(count))


def asked(at: routes.Route, path: str, host: str, headers: dict[str, str]) -> str:
    """One request on a connection of its own, from outside the cluster."""
    connection = http.client.HTTPConnection("127.0.0.1", routes.LOCAL_PORTS[at.router], timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("x-version", "-") if answer.status == 200 else str(answer.status)
    finally:
        connection.close()


def as_text(rules: list[Object]) -> str:
    return json.dumps(rules)


def percent_of(route: Object, name: str) -> float:
    """The candidate's part of what the shop gets by the first rule with both, in percent; 0 where it is not split."""
    for rule in route["spec"]["rules"]:
        weights = {ref["name"]: ref.get("weight", 1) for ref in rule.get("backendRefs", ())}
        stable, candidate = weights.get(name, 0), weights.get(f"{name}-canary", 0)
        if candidate:
            return 100 * candidate / (stable + candidate)
    return 0.0


def make_archive(kube: Kube, namespace: str) -> None:
    """Somebody else's Service and its one pod; its answers say `archive`."""
    template = manifests.template(ARCHIVE, name=ARCHIVE)
    meta = {**template["metadata"], "name": ARCHIVE, "namespace": namespace}
    service = manifests.service(namespace)
    service["metadata"]["name"] = ARCHIVE
    service["spec"]["selector"] = {"app": ARCHIVE}
    kube.create(service)
    kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]})


def moved_at(records: list[Record], version: str, before: float, after: float) -> float:
    """When a version's share of the answers most probably went from one to the other, both in percent.

    The moment by which the answers are likeliest: before it they are drawn by the one share, after it by the other.
    Exact to a few answers where the shares are far apart. No share is taken to be quite 0 or 100.
    """
    p, q = (min(max(each / 100, 0.0005), 0.9995) for each in (before, after))
    good = sorted((each for each in records if not each.lost), key=lambda each: each.at)
    best, best_at, gain = 0.0, good[0].at, 0.0
    for each in good:
        is_it = each.version == version
        gain += log(p / q) if is_it else log((1 - p) / (1 - q))
        if gain > best:
            best, best_at = gain, each.at
    return best_at


def everything(records: list[Record]) -> dict[str, tuple[int, int]]:
    """How many requests of each kind were lost, of how many."""
    kinds = {"new": "n", "kept": "k", "http2": "h", "users": "u"}
    found = {word: [each for each in records if each.kind == kind] for word, kind in kinds.items()}
    return {word: (len(analysis.lost(each)), len(each)) for word, each in found.items() if each}


def assert_nothing_was_lost(records: list[Record]) -> None:
    """Of no kind of request, and there were some of each."""
    counts = everything(records)
    assert {"new", "kept", "http2"} <= counts.keys(), counts
    assert {word: lost for word, (lost, _) in counts.items() if lost} == {}, analysis.lost(
        analysis.requests(records)
    )[:20]


def delete(shop: Shop, cascade: str) -> None:
    """Delete the Rollout as `kubectl delete --cascade` does, and wait until it is gone."""
    path = f"/apis/crossfade.dev/v1alpha1/namespaces/{shop.namespace}/rollouts/{shop.name}"
    shop.kube.request("DELETE", path, {"propagationPolicy": cascade})
    wait_for("its end", lambda: shop.kube.get("Rollout", shop.namespace, shop.name) is None)


def canary(*steps: Object, **fields: Any) -> Object:
    return {"canary": {"steps": list(steps), **fields}}


def at(weight: float, **fields: Any) -> Object:
    """A step of a canary that waits for a person."""
    return {"weight": weight, "pause": "Manual", **fields}


def as_a_user_writes(name: str) -> list[Object]:
    """Rules with all that a user may have written, to the shop of that name."""
    by = {"set": [{"name": "x-by", "value": "gw"}]}
    return [
        {
            "name": routes.RULE,
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": by}],
            "backendRefs": [{"name": name, "port": 80}, {"name": ARCHIVE, "port": 80, "weight": 0}],
        },
        {
            "name": "old",
            "matches": [{"path": {"type": "PathPrefix", "value": "/old"}}, {"method": "PUT"}],
            "backendRefs": [{"name": ARCHIVE, "port": 80, "weight": 7}],
        },
    ]
