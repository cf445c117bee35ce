"""With an operator of its own, and a Prometheus behind a proxy: what measures is away, what decides is killed.

And the pods of a candidate that was given up stay until the router was seen to send it nothing for the settle time.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bench import analysis, routes
from bench.kube import PATIENCE_S, Kube, Object, wait_for
from bench.namespaces import seen_folder
from bench.scenarios.seen import status_of
from crossfade.core.moments import moment_of
from faults.lane import lane
from faults.operator_process import Operator
from faults.proxy import Proxy, running
from faults.rules import Delay, Drop, Fault
from faults.upstream import Upstream
from kind.hooks import hook, jobs, succeeded
from kind.measured import MANY, errors, metric, steps
from kind.routers import RoutedShop, asked, assert_nothing_was_lost, at, canary
from kind.story import Story, all_along

METRICS_NAMESPACE = "crossfade-metrics"
PROMETHEUS = f"/api/v1/namespaces/{METRICS_NAMESPACE}/services/prometheus:9090/proxy"
EVERY_S = 2
ROUTER = "traefik"
METRICS = f"/api/v1/namespaces/{routes.GATEWAY_NAMESPACE}/services/{ROUTER}:9100/proxy/metrics"
CANARY = "shop-canary"
GOES_ON_S = 6
SETTLE_S = 2
SEEN_S = 0.3
"""The counter is read so often by this test; the operator does so every second."""
NO_LATER_S = 45
"""The operator would wait for 60 s where the counter went on for ever."""
WAITS = f"waits for the router to stop sending requests to Service {CANARY} (its metrics still show some)"


Tell = Callable[[str], None]


class OwnShop(RoutedShop):
    """It has an operator of its own, which asks Prometheus through a proxy."""

    operator: Operator
    prometheus: Proxy


@pytest.mark.own_operator
@pytest.mark.quiet
class TestAnOperatorOfItsOwn(Story):
    @classmethod
    @contextmanager
    def begin(cls, kube: Kube, namespace: str) -> Iterator[OwnShop]:
        with running(Upstream.of(kube.kubeconfig)) as prometheus, routes.through(ROUTER):
            asks = (f"--prometheus={prometheus.address}{PROMETHEUS}", f"--router-metrics={metrics_url(kube)}")
            fields = {"replicas": 2, "bakeSeconds": 1}
            with (
                lane(kube, namespace, seen_folder(namespace), options=asks) as own,
                OwnShop(kube, namespace, {"bigBang": {}}, **fields) as shop,
            ):
                shop.operator, shop.prometheus = own.operator, prometheus
                shop.created("v1", all_along(MANY))
                yield shop

    @pytest.mark.parametrize(
        ("fault", "away_s", "negligible"),
        [
            pytest.param(Drop(), 12, 0.002, id="closed"),
            pytest.param(Delay(3600), 30, 0.0008, id="hanging", marks=pytest.mark.deep),
        ],
    )
    def test_a_prometheus_that_is_away_changes_nothing_but_a_message(
        self, shop: OwnShop, tell: Tell, fault: Fault, away_s: int, negligible: float
    ) -> None:
        """With 0.0008 some 4,000 requests of the candidate's are wanted, which takes half a minute."""
        shop.strategy = steps(errors(intervalSeconds=EVERY_S, judge={"negligible": negligible}))
        shop.introduce()
        shop.wait_status("a window", lambda told: metric(told).get("windows"))
        since, rule = time.monotonic(), shop.prometheus.inject(fault, times=None)
        assert_it_is_told_and_asked_less_often(shop, since + away_s, tell)
        shop.prometheus.lift(rule)
        shop.wait_phase("Healthy")
        told = metric(shop.status)
        assert told["outcome"] == "Passed"
        assert_each_window_counts_once(shop, told, tell, is_whole=True)

    def test_an_operator_that_is_killed_counts_each_window_once(self, shop: OwnShop, tell: Tell) -> None:
        shop.strategy = steps(errors(judge={"negligible": 0.0001}))
        shop.introduce()
        for windows in (1, 2):
            shop.wait_status("a window", lambda told, n=windows: metric(told).get("windows", 0) >= n)
            shop.operator.kill()
        shop.wait_status("more windows", lambda told: metric(told).get("windows", 0) >= 4)
        assert_each_window_counts_once(shop, metric(shop.status), tell, is_whole=False)

    def test_an_operator_that_is_killed_in_a_migration_finds_its_job_again(self, shop: OwnShop) -> None:
        shop.spec["hooks"] = [hook("migrate", "import time; time.sleep(6)", before="Start")]
        shop.introduce()
        wait_for("the migration", lambda: jobs(shop.kube, shop.namespace, "migrate"))
        shop.operator.kill()
        shop.wait_phase("Healthy")
        assert len(succeeded(shop.kube, shop.namespace, "migrate")) == 1

    @pytest.mark.deep
    def test_the_pods_of_an_aborted_candidate_go_only_after_the_routers_counter_stood_still(
        self, shop: OwnShop, tell: Tell
    ) -> None:
        """Somebody's own route goes on to send requests to the canary Service for a while: nothing but the counter shows it."""
        shop.strategy = canary(at(50))
        new = shop.introduce()
        shop.wait_reached(50)
        answers = given_up_while_somebody_goes_on(shop, new, tell)
        shop.wait_phase("RolledBack")
        assert_nothing_was_lost(shop.asked())
        assert set(answers) == {new}, "they came to the candidate until the end, and all were answered"
        shop.assert_rules_are_back()


@pytest.mark.deep
@pytest.mark.serial
@pytest.mark.usefixtures("running_operator")
def test_a_prometheus_that_comes_back_without_what_it_counted_changes_nothing_but_a_message(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    """Serial: other tests need that Prometheus. It has to start again, which takes as long as it takes."""
    asked_for = errors(intervalSeconds=EVERY_S, judge={"negligible": 0.0008}, errorLimit=20)
    fields = {"replicas": 2, "bakeSeconds": 3}
    with routes.through(ROUTER), RoutedShop(kube, namespace, steps(asked_for), **fields) as shop:
        shop.created("v1", MANY)
        shop.apply("v2")
        shop.wait_status("a window", lambda told: metric(told).get("windows"))
        try:
            scale(kube, 0)
            assert_it_is_told_and_asked_less_often(shop, time.monotonic() + 30, tell)
        finally:
            scale(kube, 1)
        shop.wait_phase("Healthy")
        told = metric(shop.status)
        assert told["outcome"] == "Passed"
        assert_each_window_counts_once(shop, told, tell, is_whole=False)


def assert_it_is_told_and_asked_less_often(shop: RoutedShop, until: float, tell: Tell) -> None:
    """The release stands where it stood, no window is taken in, and each try is later than the one before."""
    before = shop.wait_status("told", lambda told: "does not answer" in told.get("message", ""))
    tell(f"Prometheus is away: {before['message']}")
    wait_for("it to be away so long", lambda: time.monotonic() >= until)
    status = shop.wait_status("a second try", lambda told: metric(told).get("errorsInARow", 0) >= 2)
    assert status["phase"] == "Progressing"
    assert metric(status)["outcome"] == ""
    assert metric(status)["windows"] - metric(before)["windows"] <= 1, "one may have been asked for already"
    tries: dict[int, float] = {}
    for seen in shop.sightings():
        told = metric(status_of(seen.object))
        if told.get("againAt"):
            tries[told["errorsInARow"]] = moment_of(told["againAt"]).timestamp()
    for (_, earlier), (errors_in_a_row, later) in pairwise(sorted(tries.items())):
        assert later - earlier >= EVERY_S * 2**errors_in_a_row - 1, "in whole seconds"


def assert_each_window_counts_once(shop: RoutedShop, told: Object, tell: Tell, *, is_whole: bool) -> None:
    """No more than what users asked for while it was measured; all of it, where Prometheus still knows it."""
    ends = [each["at"] for each in told["kept"]]
    assert ends == sorted(set(ends))
    counts = [*told["kept"], *([told["earlier"]["sums"]] if "earlier" in told else [])]
    counted = sum(each["candidateTotal"] + each["stableTotal"] for each in counts)
    progress = (metric_and_progress(status_of(each.object)) for each in shop.sightings())
    began = next(moment_of(reached).timestamp() for reached in progress if reached)
    made = analysis.requests(shop.arrived)
    asked = len(analysis.between(made, began, began + ends[-1]))
    tell(f"away: counted {counted} of {asked} requests in {ends[-1]:.0f} s; windows end at {ends}")
    a_second = asked / ends[-1]
    assert counted <= asked + 2 * a_second
    if is_whole:
        assert counted >= asked - 2 * a_second


def metric_and_progress(status: Object) -> str:
    """When the step was reached that is being measured; "" before."""
    return str(status["progress"]["reachedAt"]) if metric(status) else ""


def scale(kube: Kube, replicas: int) -> None:
    """Prometheus goes, or comes and is ready."""
    kube.scale("Deployment", METRICS_NAMESPACE, "prometheus", replicas)
    wait_for(
        "Prometheus to follow",
        lambda: (
            (kube.get("Deployment", METRICS_NAMESPACE, "prometheus") or {})["status"].get("readyReplicas", 0)
            == replicas
        ),
        PATIENCE_S,
    )


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


def given_up_while_somebody_goes_on(shop: RoutedShop, new: str, tell: Tell) -> list[str]:
    """Abort, and go on by the other route for a while; gives who answered there."""
    counter, over, answers = Counter(shop.kube, shop.namespace), threading.Event(), list[str]()
    host = f"aside.{shop.namespace}.example"
    shop.kube.create(aside(shop, host))

    def goes_on() -> None:
        while not over.wait(0.05):
            answers.append(asked(shop.at, "/", host, {}))

    wait_for("the other route", lambda: asked(shop.at, "/", host, {}) == new, every_s=0.1)
    with meanwhile(counter.run, counter.over):
        with meanwhile(goes_on, over):
            acted_at = shop.act("Abort")
            shop.wait_status("the router to be waited for", lambda told: told["message"].endswith(WAITS))
            wait_for("more of it", lambda: time.time() - acted_at >= GOES_ON_S, GOES_ON_S + 5)
            assert len(shop.pods_of(new)) == 1, "half of 2"
        shop.wait_gone(new)
    gone_at, moved_at = shop.last_told_to_stop(new) or 0.0, counter.last_moved_at()
    last = analysis.last_answer(analysis.requests(shop.arrived), new) or 0.0
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
