"""Releases through a route of Gateway API: what users see at the gateway, with every router that is asked for.

CROSSFADE_ROUTERS names the routers (`traefik,envoy`); by default Traefik alone, which `cluster/up` always brings.
"""

import copy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from bench import analysis, manifests, routes
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.crashes import crash_while_baking
from bench.scenarios.gitops import Pipeline
from bench.scenarios.shop import LONG_DRAIN_S
from kind.routers import (
    ARCHIVE,
    PROMISED_S,
    ROOM_S,
    RoutedShop,
    as_text,
    assert_nothing_was_lost,
    everything,
    make_archive,
    moved_at,
    percent_of,
)

# Quiet: what is promised is 0 lost, and seconds.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

DRAIN_S = 5
LATE_S = 40
"""The kubelet of a busy node begins to end a pod so late."""
BACK_WITHIN_S = 3
AT_ONCE_S = 1
SHARES = (0.1, 1, 5, 25, 50)
ASKED = 5_000
GROUP = {"name": "x-group", "exact": "b"}
IN_GROUP = (
    {"headers": {"x_group": "b"}},
    {"headers": {"cookie": "theme=dark; group=b"}},
    {"path": "/?group=b"},
)
OTHERS = ({"headers": {"x_group": "a"}}, {"headers": {"cookie": "group=bb"}}, {"path": "/?group=c"}, {})
CANNOT_MIRROR = {"traefik": "Traefik (traefik.io/gateway-controller) cannot do HTTPRouteRequestMirror"}

LOST_WITH_FILTERS = {"traefik": 0.0, "envoy": 0.003}
"""The part that is lost where references of a rule get filters, and lose them: Envoy Gateway gives a rule's backends
other clusters then, and answers a few requests before it has them (6 of 11,938 and 15 of 8,800, measured)."""

Tell = Callable[[str], None]


@pytest.fixture(params=routes.asked_for())
def router(request: pytest.FixtureRequest) -> Iterator[str]:
    """Shops are reached through this router."""
    with routes.through(request.param):
        yield request.param


def canary(*steps: Object, **fields: Any) -> Object:
    return {"canary": {"steps": list(steps), **fields}}


def at(weight: float, **fields: Any) -> Object:
    """A step of a canary that waits for a person."""
    return {"weight": weight, "pause": "Manual", **fields}


# --- shares -----------------------------------------------------------------------------------------


@pytest.mark.long(90)
def test_shares_are_exact_move_in_two_seconds_and_lose_nothing_to_the_end(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    strategy = canary(*(at(each) for each in SHARES))
    with RoutedShop(kube, namespace, strategy, replicas=2, bakeSeconds=3) as shop:
        shop.created("v1", Rates(per_s=60, kept=10, h2_per_s=240, sockets=3))
        shop.apply("v2")
        stood = {weight: held(shop, weight) for weight in SHARES}
        shop.wait_phase("Healthy")
        shop.wait_gone("v1")
        shop.served_for(1)
        told_at = shop.last_told_to_stop("v1")
        assert shop.load
        assert told_at
        records = shop.load.stop()
        tell(f"{router}: shares over {ASKED} requests each: {met(records, stood)}")
        tell(f"{router}: from the route's write to the traffic: {delays(shop, records)}")
        tell(f"{router}: lost of each kind, WebSockets beside: {everything(records)}")
        assert_nothing_was_lost(records)
        assert_shares(records, stood)
        for step, seconds in delays(shop, records).items():
            assert seconds < PROMISED_S + 2 * ROOM_S, step
        assert_sockets_left(shop.load.arrived, told_at)
        shop.assert_rules_are_back()


def held(shop: RoutedShop, weight: float) -> tuple[float, float]:
    """Wait until a weight stands and has its requests, and promote; from when until when they began."""
    shop.wait_status(f"weight {weight}", lambda status: stands_at(status, weight))
    since = shop.written_at(weight) + PROMISED_S
    shop.wait_requests(ASKED, since)
    until = time.time()
    shop.act("Promote")
    return since, until


def stands_at(status: Object, weight: float) -> bool:
    return (
        status.get("phase") == "Paused" and status.get("weight") == status.get("realWeight", weight) == weight
    )


def met(records: list[analysis.Record], stood: dict[float, tuple[float, float]]) -> dict[float, float]:
    """The share that was met at each weight."""
    asked = analysis.requests(records)
    return {
        weight: round(analysis.share(analysis.between(asked, *when), "v2"), 3)
        for weight, when in stood.items()
    }


def assert_shares(records: list[analysis.Record], stood: dict[float, tuple[float, float]]) -> None:
    asked = analysis.requests(records)
    for weight, when in stood.items():
        there = analysis.between(asked, *when)
        assert len(there) >= ASKED
        assert analysis.share_is_right(there, "v2", weight), (weight, analysis.share(there, "v2"))


def delays(shop: RoutedShop, records: list[analysis.Record]) -> dict[str, float]:
    """From each write of the route until the traffic follows, for those shares that are far enough apart to see when."""
    weights = [*SHARES, 100]
    asked = analysis.requests(records)
    found = {}
    for before, after in pairwise(weights):
        if after < 25:
            continue
        written_at = shop.written_at(after)
        around = analysis.between(asked, written_at - 3, written_at + 4)
        found[f"{before} -> {after}"] = round(moved_at(around, "v2", before, after) - written_at, 2)
    return found


def assert_sockets_left(arrived: list[analysis.Record], told_at: float) -> None:
    """Those on the old version when its last pod was told to stop ended in time, and were opened again on the new one.

    Of all that arrived: they were opened before the load was steady.
    """
    sockets = sorted(analysis.sockets(arrived), key=lambda each: each.at)
    old = [each for each in sockets if each.version == "v1"]
    assert any(each.answered_at > told_at for each in old), (
        "no WebSocket was on v1 at the end: nothing was shown"
    )
    assert max(each.answered_at for each in old) - told_at <= DRAIN_S + LATE_S
    assert sockets[-1].version == "v2"


# --- groups, users who stay -------------------------------------------------------------------------


def test_a_group_meets_the_candidate_and_nobody_else_does_and_stable_warms_before_it_gets_requests_back(
    kube: Kube, namespace: str, router: str
) -> None:
    """By header, cookie and query; the pods are those of `candidateReplicas` and `dynamicStable`."""
    group = [
        {"header": GROUP},
        {"cookie": {"name": "group", "exact": "b"}},
        {"query": {"name": "group", "exact": "b"}},
    ]
    steps = {"match": group, "candidateReplicas": 3, "pause": "Manual"}, at(50)
    with RoutedShop(
        kube, namespace, canary(*steps, dynamicStable=True), replicas=4, drainSeconds=LONG_DRAIN_S
    ) as shop:
        shop.created("v1", Rates(per_s=100, kept=2, h2_per_s=40))
        shop.apply("v2")
        shop.wait_phase("Paused")
        assert pods(shop) == (4, 3)
        for each in IN_GROUP:
            shop.wait_asked("v2", path=each.get("path", "/"), **each.get("headers", {}))
            assert asks(shop, each) == {"v2": 50}, each
        for other in OTHERS:
            assert asks(shop, other) == {"v1": 50}, other
        until = time.time()
        shop.act("Promote")
        shop.wait_reached(50)
        wait_for("dynamicStable", lambda: pods(shop) == (2, 2))
        # A match is its step's alone; the router may have it a moment longer.
        wait_for("both versions for the group", lambda: set(shop.ask(40, x_group="b")) == {"v1", "v2"})
        acted_at = shop.act("Abort")
        shop.wait_phase("RolledBack")
        shop.served_for(2)
        assert shop.load
        records = shop.load.stop()
        assert_nothing_was_lost(records)
        early = [each for each in analysis.requests(records) if each.at < until]
        assert analysis.answers(early, "v2") == []
        assert shop.back_at() > acted_at
        assert ready_at(shop, "v1", shop.back_at()) >= 3, "of 4 pods, 1 may be missing"
        shop.assert_rules_are_back()


def asks(shop: RoutedShop, said: Object) -> dict[str, int]:
    return dict(shop.ask(50, said.get("path", "/"), **said.get("headers", {})))


def pods(shop: RoutedShop) -> tuple[int, int]:
    return len(shop.pods_of("v1")), len(shop.pods_of("v2"))


def ready_at(shop: RoutedShop, version: str, when: float) -> int:
    """How many pods of a version were ready at a time."""
    states: dict[str, Object] = {}
    for seen in list(shop.pods.history):
        if seen.at <= when:
            states[seen.name] = {} if seen.gone else seen.object
    ready = [
        each
        for each in states.values()
        if each
        and each["metadata"]["labels"].get("version") == version
        and "deletionTimestamp" not in each["metadata"]
        and any(
            c["type"] == "Ready" and c["status"] == "True"
            for c in each.get("status", {}).get("conditions", ())
        )
    ]
    return len(ready)


USERS = 1_000


def test_a_thousand_users_keep_their_version_and_are_all_back_two_seconds_after_an_abort(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    rates = Rates(per_s=60, kept=2, h2_per_s=40, users=USERS, users_per_s=300)
    with RoutedShop(kube, namespace, canary(at(30), at(60), sticky=True), replicas=2) as shop:
        shop.created("v1", rates)
        shop.apply("v2")
        shop.wait_status("30 %", lambda status: stands_at(status, 30))
        since = shop.answered_by("v2") + ROOM_S  # all of them by the route as it is now
        wait_for_all_users(shop, since)
        shop.act("Promote")
        shop.wait_status("60 %", lambda status: stands_at(status, 60))
        at_60 = shop.written_at(60) + PROMISED_S
        wait_for_all_users(shop, at_60)
        acted_at = shop.act("Abort", now=True, reason="more errors in the checkout")
        shop.wait_phase("RolledBack")
        shop.served_for(USERS / rates.users_per_s + 2)
        assert shop.load
        records = shop.load.stop()
        users = analysis.of_users(records)
        kept = analysis.versions_by_user(analysis.between(users, since, acted_at))
        back_s = last_answer(records, "v2") - acted_at
        on_v2 = sum(versions == ["v2"] for versions in kept.values())
        tell(
            f"{router}: of {len(kept)} users {on_v2} stayed on v2, {sum(len(v) > 1 for v in kept.values())} changed; "
            f"all back on v1 {back_s:.2f} s after the abort; lost {everything(records)}"
        )
        assert len(kept) == USERS
        assert {number: versions for number, versions in kept.items() if len(versions) > 1} == {}
        low, high = analysis.binomial_bounds(USERS, 0.30)
        assert low <= on_v2 <= high, "who came at 30 % stays where 60 % are let in"
        newcomers = analysis.between(analysis.new(records), at_60, acted_at)
        assert analysis.share_is_right(newcomers, "v2", 60)
        assert back_s <= PROMISED_S + 4 * ROOM_S
        assert_lost_at_most(records, LOST_WITH_FILTERS[router])
        shop.assert_rules_are_back()


def wait_for_all_users(shop: RoutedShop, since: float) -> None:
    """Wait until each has asked since then and was answered."""
    assert shop.load
    load = shop.load

    def answered() -> bool:
        recent = analysis.between(analysis.of_users(load.arrived), since, time.time())
        return len({each.user for each in recent if not each.lost}) == USERS

    wait_for("every user", answered, every_s=0.5)


def assert_lost_at_most(records: list[analysis.Record], part: float) -> None:
    lost, asked = (sum(each) for each in zip(*everything(records).values(), strict=True))
    assert lost <= part * asked, everything(records)


def last_answer(records: list[analysis.Record], version: str) -> float:
    return analysis.last_answer(analysis.requests(records), version) or 0.0


# --- switches ---------------------------------------------------------------------------------------


def test_testers_see_a_blue_green_candidate_before_the_switch_and_users_do_not(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    preview = f"preview.{namespace}.example"
    fields = {"previewMatch": [{"header": GROUP}], "previewHostnames": [preview], "promote": "Manual"}
    with RoutedShop(kube, namespace, {"blueGreen": fields}, replicas=2, bakeSeconds=4) as shop:
        shop.created("v1", Rates(per_s=150))
        shop.apply("v2")
        shop.wait_phase("Paused")
        shop.wait_asked("v2", host=preview)
        shop.wait_asked("v2", x_group="b")
        assert shop.ask(50, host=preview) == {"v2": 50}
        assert shop.ask(50, x_group="b") == {"v2": 50}
        assert shop.ask(50) == {"v1": 50}
        acted_at = shop.act("Promote")
        shop.wait_phase("Healthy")
        shop.served_for(1)
        wait_for("the preview's end", lambda: shop.ask(1, host=preview) == {"404": 1})
        assert shop.load
        records = shop.load.stop()
        assert_nothing_was_lost(records)
        assert (
            analysis.answers([each for each in analysis.requests(records) if each.at < acted_at], "v2") == []
        )
        assert_moved_at_once(records, router, tell)
        shop.assert_rules_are_back()


def assert_moved_at_once(records: list[analysis.Record], router: str, tell: Tell) -> None:
    """New connections, kept ones and HTTP/2 alike: the router chooses for each request."""
    kinds = {"new": analysis.new(records), "kept": analysis.kept(records), "http2": analysis.http2(records)}
    mixing = {word: round(analysis.mixing_s(each, "v1", "v2"), 2) for word, each in kinds.items()}
    tell(f"{router}: both versions answer after a switch, in seconds: {mixing}; lost {everything(records)}")
    assert max(mixing.values()) <= PROMISED_S + 2.5 * ROOM_S, mixing  # a fault mixes while pods drain: 5 s


def test_a_route_of_our_own_switches_a_big_bang_and_stays_when_it_is_given_back(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    host = f"{manifests.NAME}.{namespace}.example"
    parent = {"name": router, "namespace": routes.GATEWAY_NAMESPACE}
    gateway = {
        "parentRefs": [parent],
        "hostnames": [host],
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
    }
    spec = {"traffic": {"gateway": gateway}, "onDelete": "GiveBack", "replicas": 2, "bakeSeconds": 3}
    with OwnedRouteShop(kube, namespace, {"bigBang": {}}, **spec) as shop:
        shop.created("v1", Rates(per_s=150))
        shop.original = shop.rules
        shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.wait_gone("v1")
        shop.assert_rules_are_back()
        delete(shop, "Foreground")
        shop.served_for(3)
        assert shop.load
        records = shop.load.stop()
        assert_nothing_was_lost(records)
        assert_moved_at_once(records, router, tell)
        assert records[-1].version == "v2"
        left = kube.get("HTTPRoute", namespace, shop.name)
        assert left
        assert left["spec"]["rules"] == shop.original
        assert left["metadata"].get("ownerReferences") is None
        assert [key for key in left["metadata"].get("labels", {}) if "crossfade" in key] == []


class OwnedRouteShop(RoutedShop):
    """Its route is the operator's to make."""

    def put_route(self) -> None:
        """Leave it to the operator."""


def delete(shop: RoutedShop, cascade: str) -> None:
    """Delete the Rollout as `kubectl delete --cascade` does, and wait until it is gone."""
    path = f"/apis/crossfade.dev/v1alpha1/namespaces/{shop.namespace}/rollouts/{shop.name}"
    shop.kube.request("DELETE", path, {"propagationPolicy": cascade})
    wait_for("its end", lambda: shop.kube.get("Rollout", shop.namespace, shop.name) is None)


def test_a_candidate_that_crashes_after_the_switch_costs_three_seconds(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    result = crash_while_baking(kube, namespace, "blueGreen", apart_s=0, after_s=3)
    tell(
        f"{router}: after a crash all is well in {result.figures['back_s']:.2f} s; lost {everything(result.records)}"
    )
    assert result.figures["lost_before"] == 0
    assert result.lost > 0, "no request met the crash: the load looked elsewhere"
    assert result.figures["back_s"] <= BACK_WITHIN_S + 5 * ROOM_S
    others = [each for each in analysis.requests(result.records) if each.kind in "kh"]
    back_s = analysis.back_on_s(others, "v1")
    assert back_s is None or back_s <= BACK_WITHIN_S + 5 * ROOM_S
    assert result.happened == "RolledBack"
    assert result.figures["failed"]["reason"] == "CandidateCrashed"


# --- other writers, other backends ------------------------------------------------------------------

FIFTH = [{"name": manifests.NAME, "port": 80, "weight": 4}, {"name": ARCHIVE, "port": 80, "weight": 1}]


def test_git_writes_the_route_again_and_again_and_a_foreign_backend_keeps_its_fifth(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    make_archive(kube, namespace)
    rules = [{"name": routes.RULE, "backendRefs": FIFTH}]
    strategy = canary({"weight": 50, "pauseSeconds": 20})
    with (
        Pipeline(lambda manifest: kube.apply(manifest, manager="gitops")) as git,
        RoutedShop(kube, namespace, strategy, rules=rules, replicas=2, bakeSeconds=3) as shop,
    ):
        shop.original = git.apply(shop.written)["spec"]["rules"]
        shop.apply("v1")
        shop.wait_phase("Healthy")
        shop.put_under_load(Rates(per_s=150))
        shop.apply("v2")
        shop.wait_phase("Healthy")
        ended_at = time.time()
        shop.served_for(5)
        assert shop.load
        records = shop.load.stop()
        gaps = repaired_after(shop)
        tell(f"{router}: {len(gaps)} writes by Git were put right after {gaps} s; lost {everything(records)}")
        tell(f"{router}: the foreign backend had {analysis.share(records, ARCHIVE):.1f} % of {len(records)}")
        assert git.refusals == []
        assert_nothing_was_lost(records)
        assert analysis.share_is_right(records, ARCHIVE, 20)
        assert analysis.share_is_right([each for each in records if each.at > ended_at], ARCHIVE, 20)
        assert len(gaps) >= 3, "Git wrote while the weights stood"
        assert median(gaps) <= AT_ONCE_S + ROOM_S
        assert max(gaps) < 10
        assert_told_once(shop)
        shop.assert_rules_are_back()


def repaired_after(shop: RoutedShop) -> list[float]:
    """After how many seconds each write of Git in the middle of the release was put right."""
    seen = [each for each in list(shop.routes.history) if each.name == shop.name]
    parts = [(each.at, percent_of(each.object, shop.name)) for each in seen]
    changes = [each for i, each in enumerate(parts) if i == 0 or each[1] != parts[i - 1][1]]
    return [
        round(after[0] - here[0], 2)
        for before, here, after in zip(changes, changes[1:], changes[2:], strict=False)
        if before[1] == after[1] and here[1] == 0
    ]


def assert_told_once(shop: RoutedShop) -> None:
    """One Event about Git's writes, however many there were."""
    told = [
        each["message"]
        for each in shop.kube.list("Event", shop.namespace)
        if "gitops" in each.get("message", "")
    ]
    assert told == [
        f"the rules of HTTPRoute {shop.name} were written by gitops: they are divided again as the release wants"
    ]


# --- every way out ----------------------------------------------------------------------------------

AS_A_USER_WRITES: list[Object] = [
    {
        "name": routes.RULE,
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [
            {
                "type": "ResponseHeaderModifier",
                "responseHeaderModifier": {"set": [{"name": "x-by", "value": "gw"}]},
            }
        ],
        "backendRefs": [{"name": "{shop}", "port": 80}, {"name": ARCHIVE, "port": 80, "weight": 0}],
    },
    {
        "name": "old",
        "matches": [{"path": {"type": "PathPrefix", "value": "/old"}}, {"method": "PUT"}],
        "backendRefs": [{"name": ARCHIVE, "port": 80, "weight": 7}],
    },
]


def rules_of(name: str) -> list[Object]:
    """What a user may have written, with the shop of that name."""
    rules: list[Object] = copy.deepcopy(AS_A_USER_WRITES)
    rules[0]["backendRefs"][0]["name"] = name
    return rules


def deleted(shop: RoutedShop) -> None:
    delete(shop, "Background")


def deleted_in_the_foreground(shop: RoutedShop) -> None:
    delete(shop, "Foreground")


def without_traffic(shop: RoutedShop) -> None:
    """The spec without `traffic`: from here on by the number of pods."""
    del shop.spec["traffic"]
    shop.apply("v2")
    shop.act("PromoteFull")
    shop.wait_phase("Healthy")


def superseded(shop: RoutedShop) -> None:
    """A third version, to its end."""
    shop.apply("v3")
    shop.wait_phase("Paused")
    shop.act("PromoteFull")
    shop.wait_phase("Healthy")


@dataclass(frozen=True)
class WayOut:
    """How a release at 50 % ends, and who answers from then on; nobody where all goes."""

    leave: Callable[[RoutedShop], None]
    answers: str = ""
    on_delete: str = "Delete"


WAYS_OUT = {
    "gone": WayOut(deleted),
    "gone-at-last": WayOut(deleted_in_the_foreground),
    "given-back": WayOut(deleted_in_the_foreground, "v1", "GiveBack"),
    "without-traffic": WayOut(without_traffic, "v2"),
    "superseded": WayOut(superseded, "v3"),
}


@pytest.mark.long(70)
def test_every_way_out_of_a_release_gives_the_rules_back_byte_for_byte(
    kube: Kube, namespace: str, router: str
) -> None:
    """Side by side, each with its own route; the end and the abort of a release are shown by other tests."""
    make_archive(kube, namespace)
    with ExitStack() as stack, ThreadPoolExecutor(len(WAYS_OUT)) as pool:
        shops = {name: stack.enter_context(half_way(kube, namespace, name)) for name in WAYS_OUT}
        outcomes = {name: pool.submit(left, shop, WAYS_OUT[name]) for name, shop in shops.items()}
        problems = {name: repr(each.exception()) for name, each in outcomes.items() if each.exception()}
        assert problems == {}


def half_way(kube: Kube, namespace: str, name: str) -> RoutedShop:
    fields = {
        "replicas": 2,
        "bakeSeconds": 1,
        "onDelete": WAYS_OUT[name].on_delete,
        "drainSeconds": LONG_DRAIN_S,
    }
    return RoutedShop(kube, namespace, canary(at(50)), name, rules=rules_of(name), **fields)


def left(shop: RoutedShop, way: WayOut) -> None:
    """From v1 to half of v2, and out of it."""
    shop.created("v1", Rates(per_s=30, kept=1, h2_per_s=10) if way.answers else None)
    shop.apply("v2")
    shop.wait_phase("Paused")
    assert percent_of({"spec": {"rules": shop.rules}}, shop.name) == 50
    way.leave(shop)
    shop.assert_rules_are_back()
    if way.answers and shop.load:
        shop.served_for(2)
        records = shop.load.stop()
        assert_nothing_was_lost(records)
        assert {each.version for each in analysis.requests(records)[-10:]} == {way.answers}


# --- mirrors ----------------------------------------------------------------------------------------


def test_a_mirror_costs_users_nothing_or_is_refused_by_name_before_anything_moves(
    kube: Kube, namespace: str, router: str, tell: Tell
) -> None:
    strategy = canary({"mirror": "50%", "pause": "Manual"}, at(50))
    with RoutedShop(kube, namespace, strategy, replicas=2) as shop:
        shop.created("v1", Rates(per_s=150))
        shop.apply("v2", CRASH_AFTER_SERVING_S="2")
        shop.wait_phase("Invalid" if router in CANNOT_MIRROR else "RolledBack")
        shop.served_for(2)
        assert shop.load
        records = shop.load.stop()
        tell(f"{router}: a mirror: {shop.status['message']!r}; lost {everything(records)}")
        assert_nothing_was_lost(records)
        assert {each.version for each in analysis.requests(records)} == {"v1"}
        shop.assert_rules_are_back()
        if router in CANNOT_MIRROR:
            assert CANNOT_MIRROR[router] in shop.status["message"]
            assert not shop.pods_of("v2")
            assert {as_text(each.object["spec"]["rules"]) for each in shop.routes.history} == {
                as_text(shop.original)
            }
        else:
            assert shop.status["failed"]["reason"] == "CandidateCrashed"
            assert any("filters" in each.object["spec"]["rules"][0] for each in shop.routes.history)


# --- what is wrong with a route ---------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """A mistake: what is said of it, in which phase, and how a user puts it right."""

    says: str
    phase: str
    mend: Callable[[RoutedShop], object]
    rules: list[Object] = field(default_factory=list)
    route: str = ""
    rule: str = routes.RULE
    gateway: str = ""


def elsewhere(name: str, **more: Any) -> list[Object]:
    return [{"name": routes.RULE, "backendRefs": [{"name": name, "port": 80, **more}]}]


def write_rules_right(shop: RoutedShop) -> None:
    shop.kube.apply({**shop.written, "spec": {**shop.written["spec"], "rules": elsewhere(shop.name)}})


def write_parent_right(shop: RoutedShop) -> None:
    assert shop.route
    shop.kube.apply(shop.route.manifest())


def name_the_rule_right(shop: RoutedShop) -> None:
    shop.spec["traffic"] = {"httpRoute": {"name": shop.name, "rule": routes.RULE}}
    shop.apply("v2")


def make_it(shop: RoutedShop) -> None:
    made = copy.deepcopy(shop.written)
    made["metadata"]["name"] = "nowhere"
    shop.kube.create(made)


WRONG = {
    "missing": Wrong("HTTPRoute nowhere to be made: it does not exist", "Waiting", make_it, route="nowhere"),
    "no-rule": Wrong(
        "HTTPRoute no-rule has no rule named nowhere: write one of main in spec.traffic.httpRoute.rule",
        "Invalid",
        name_the_rule_right,
        rule="nowhere",
    ),
    "not-among": Wrong(
        "rule main of HTTPRoute not-among does not have Service not-among among its backendRefs: "
        "add it, for example {name: not-among, port: 80}, or name another route or rule",
        "Invalid",
        write_rules_right,
        rules=elsewhere(ARCHIVE),
    ),
    "no-grant": Wrong(
        "says ResolvedRefs=False of HTTPRoute no-grant: RefNotPermitted",
        "Waiting",
        write_rules_right,
        rules=[
            {
                "name": routes.RULE,
                "backendRefs": [
                    {"name": "no-grant", "port": 80},
                    {"name": "traefik", "namespace": routes.GATEWAY_NAMESPACE, "port": 80, "weight": 0},
                ],
            }
        ],
    ),
    "no-gateway": Wrong(
        "Gateway crossfade-gateway/nowhere has not answered yet about generation 1 of HTTPRoute no-gateway: "
        "is it there, and does its controller run?",
        "Waiting",
        write_parent_right,
        gateway="nowhere",
    ),
}


def test_what_is_wrong_with_a_route_is_told_by_name_moves_nothing_and_goes_on_once_it_is_right(
    kube: Kube, namespace: str, router: str
) -> None:
    make_archive(kube, namespace)
    with ExitStack() as stack, ThreadPoolExecutor(len(WRONG)) as pool:
        shops = {name: stack.enter_context(wrong(kube, namespace, name)) for name in WRONG}
        outcomes = {name: pool.submit(refused, shop, WRONG[name]) for name, shop in shops.items()}
        problems = {name: repr(each.exception()) for name, each in outcomes.items() if each.exception()}
        assert problems == {}


def wrong(kube: Kube, namespace: str, name: str) -> RoutedShop:
    case = WRONG[name]
    traffic = {"httpRoute": {"name": case.route or name, "rule": case.rule}}
    spec = {"replicas": 1, "bakeSeconds": 0, "drainSeconds": 0, "traffic": traffic}
    shop = RoutedShop(kube, namespace, canary({"weight": 50}), name, rules=case.rules or None, **spec)
    if case.gateway:
        shop.written["spec"]["parentRefs"][0]["name"] = case.gateway
    return shop


def refused(shop: RoutedShop, case: Wrong) -> None:
    """At v1 where that needs no route; then v2, which waits or is refused, and goes on."""
    shop.put_route()
    shop.apply("v1")
    shop.wait_phase("Healthy", "Waiting", "Invalid")
    shop.apply("v2")
    shop.wait_status(case.says, lambda status: case.says in status.get("message", ""))
    assert shop.status["phase"] == case.phase
    assert as_text(shop.rules) == as_text(shop.original)
    case.mend(shop)
    shop.wait_phase("Healthy")
    assert shop.pods_of("v2")


def test_the_second_rollout_on_a_rule_is_invalid_names_the_first_and_goes_on_without_it(
    kube: Kube, namespace: str, router: str
) -> None:
    refs = [{"name": "first", "port": 80}, {"name": "second", "port": 80}]
    both = [{"name": routes.RULE, "backendRefs": refs}]
    traffic = {"httpRoute": {"name": "first", "rule": routes.RULE}}
    spec = {"replicas": 1, "bakeSeconds": 0, "drainSeconds": 0, "onDelete": "GiveBack"}
    with (
        RoutedShop(kube, namespace, canary(at(50)), "first", rules=both, traffic=traffic, **spec) as first,
        RoutedShop(kube, namespace, canary({"weight": 50}), "second", traffic=None, **spec) as second,
    ):
        first.created("v1")
        second.apply("v1")
        second.wait_phase("Healthy")
        second.spec["traffic"] = traffic
        second.apply("v2")
        said = "rule main of HTTPRoute first belongs to Rollout first: name another rule or route"
        second.wait_status(said, lambda status: said in status.get("message", ""))
        assert second.status["phase"] == "Invalid"
        first.apply("v2")
        first.wait_phase("Paused")
        assert second.status["phase"] == "Invalid"
        deleted_at = time.time()
        delete(first, "Background")
        wait_for("the rules to be seen back", lambda: first.back_at() > deleted_at)
        second.wait_phase("Healthy")
        assert second.pods_of("v2")
        assert as_text(first.rules) == as_text(first.original)
