"""The pods of a candidate that was given up stay until the router was seen to send it nothing for the settle time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from bench import analysis, routes
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from bench.namespaces import seen_folder
from faults.lane import lane
from kind.routers import RoutedShop, asked, assert_nothing_was_lost

pytestmark = [pytest.mark.own_operator, pytest.mark.quiet]

ROUTER = "traefik"
METRICS = f"/api/v1/namespaces/{routes.GATEWAY_NAMESPACE}/services/{ROUTER}:9100/proxy/metrics"
CANARY = "shop-canary"
GOES_ON_S = 8
SETTLE_S = 2
SEEN_S = 0.3
"""The counter is read so often by this test; the operator does so every second."""
NO_LATER_S = 45
"""The operator would wait for 60 s where the counter went on for ever."""
WAITS = f"waits for the router to stop sending requests to Service {CANARY} (its metrics still show some)"


@dataclass
class Counter:
    """What the router's counter of requests to the canary Service says over time, read again and again."""

    kube: Kube
    namespace: str
    over: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> None:
        """Read it until told to stop."""
        while not self.over.wait(SEEN_S):
            at, named = time.time(), f"-svc-{self.namespace}-{CANARY}-"
            lines = [each for each in self.kube.text(METRICS).splitlines() if named in each]
            counts = (
                float(each.split()[-1]) for each in lines if each.startswith("traefik_service_requests_total")
            )
            self.seen.append((at, sum(counts)))

    def last_moved_at(self) -> float:
        """When it was last seen with another value than at the end: it moved once more after that."""
        last = self.seen[-1][1]
        return max(at for at, count in self.seen if count != last)


@contextmanager
def meanwhile(task: Callable[[], None], over: threading.Event) -> Iterator[None]:
    """Something goes on in a thread until it is told that it is over."""
    thread = threading.Thread(target=task, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def metrics_url(kube: Kube) -> str:
    """The router's metrics as this machine reaches them: on the node."""
    (node,) = kube.request("GET", "/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane")[
        "items"
    ]
    address = next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")
    service = kube.get("Service", routes.GATEWAY_NAMESPACE, ROUTER) or {}
    port = next(each["nodePort"] for each in service["spec"]["ports"] if each["name"] == "metrics")
    return f"http://{address}:{port}/metrics"


def test_the_pods_of_an_aborted_candidate_go_only_after_the_routers_counter_stood_still(
    kube: Kube, namespace: str, tell: Callable[[str], None]
) -> None:
    """Somebody's own route goes on to send requests to the canary Service for a while: nothing but the counter shows it."""
    options = ("--router-metrics", metrics_url(kube))
    strategy = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
    folder = seen_folder(namespace)
    with (
        lane(kube, namespace, folder, options=options),
        routes.through(ROUTER),
        RoutedShop(kube, namespace, strategy, replicas=2, bakeSeconds=0) as shop,
    ):
        shop.created("v1", Rates(per_s=100, kept=4))
        shop.apply("v2")
        shop.wait_reached(50)
        answers = given_up_while_somebody_goes_on(shop, tell)
        shop.wait_phase("RolledBack")
        shop.served_for(1)
        assert shop.load
        assert_nothing_was_lost(shop.load.stop())
        assert set(answers) == {"v2"}, "they came to the candidate until the end, and all were answered"
        shop.assert_rules_are_back()


def given_up_while_somebody_goes_on(shop: RoutedShop, tell: Callable[[str], None]) -> list[str]:
    """Abort, and go on by the other route for a while; gives who answered there."""
    counter, over, answers = Counter(shop.kube, shop.namespace), threading.Event(), list[str]()
    host = f"aside.{shop.namespace}.example"
    shop.kube.create(aside(shop, host))

    def goes_on() -> None:
        while not over.wait(0.05):
            answers.append(asked(shop.at, "/", host, {}))

    wait_for("the other route", lambda: asked(shop.at, "/", host, {}) == "v2", every_s=0.1)
    with meanwhile(counter.run, counter.over):
        with meanwhile(goes_on, over):
            acted_at = shop.act("Abort")
            shop.wait_status("the router to be waited for", lambda told: told["message"].endswith(WAITS))
            wait_for("more of it", lambda: time.time() - acted_at >= GOES_ON_S, GOES_ON_S + 5)
            assert len(shop.pods_of("v2")) == 1, "half of 2"
        shop.wait_gone("v2")
    gone_at, moved_at = shop.last_told_to_stop("v2") or 0.0, counter.last_moved_at()
    assert shop.load
    last = analysis.last_answer(analysis.requests(shop.load.arrived), "v2") or 0.0
    tell(
        f"router metrics: users back {last - acted_at:.2f} s after the abort; the counter last moved after "
        f"{moved_at - acted_at:.1f} s, pods were told to go {gone_at - moved_at:.1f} s later"
    )
    assert last - acted_at < GOES_ON_S - 1, "requests do not wait for the metrics"
    assert moved_at - acted_at > 2 * SETTLE_S, "the counter went on: else nothing is shown"
    assert SETTLE_S <= gone_at - moved_at <= NO_LATER_S
    return answers


def aside(shop: RoutedShop, host: str) -> Object:
    """A route that somebody else made for himself."""
    own = shop.at.manifest({"name": CANARY, "port": 80}, hostnames=[host])
    return {**own, "metadata": {**own["metadata"], "name": "aside"}}
