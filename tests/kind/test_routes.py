"""Releases through a route of Gateway API: what users see at the gateway, with every router that is asked for.

CROSSFADE_ROUTERS names the routers (`traefik,envoy`); by default Traefik alone, which `cluster/up` always brings. What needs
no request is shown in tests/apiserver/test_routes.py.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from statistics import median

import pytest

from bench import analysis, manifests, routes
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.gitops import Pipeline
from bench.scenarios.seen import is_ready
from bench.scenarios.shop import LONG_DRAIN_S
from kind.routers import (
    ARCHIVE,
    PROMISED_S,
    ROOM_S,
    RoutedShop,
    as_a_user_writes,
    as_text,
    assert_nothing_was_lost,
    at,
    canary,
    delete,
    everything,
    make_archive,
    moved_at,
    percent_of,
)
from kind.story import Story, all_along

# Quiet: what is promised is 0 lost, and seconds.
pytestmark = [pytest.mark.usefixtures("running_operator", "router"), pytest.mark.quiet]

LATE_S = 40
"""The kubelet of a busy node begins to end a pod so late."""
BACK_WITHIN_S = 3
AT_ONCE_S = 1
SHARES = {2_000: (5, 50), 5_000: (0.1, 1, 5, 25, 50)}
"""By how many requests each share is measured: the smaller it is, the more."""
GROUP = {"name": "x-group", "exact": "b"}
IN_GROUP = (
    {"headers": {"x_group": "b"}},
    {"headers": {"cookie": "theme=dark; group=b"}},
    {"path": "/?group=b"},
)
OTHERS = ({"headers": {"x_group": "a"}}, {"headers": {"cookie": "group=bb"}}, {"path": "/?group=c"}, {})
CANNOT_MIRROR = {"traefik": "Traefik (traefik.io/gateway-controller) cannot do HTTPRouteRequestMirror"}
USERS = 1_000
FIFTH = [{"name": manifests.NAME, "port": 80, "weight": 4}, {"name": ARCHIVE, "port": 80, "weight": 1}]

LOST_WITH_FILTERS = {"traefik": 0.0, "envoy": 0.003}
"""The part that is lost where references of a rule get filters, and lose them: Envoy Gateway gives a rule's backends
other clusters then, and answers a few requests before it has them (6 of 11,938 and 15 of 8,800, measured)."""

Tell = Callable[[str], None]


@pytest.fixture(scope="class", params=routes.asked_for())
def router(request: pytest.FixtureRequest) -> Iterator[str]:
    """Shops are reached through this router."""
    with routes.through(request.param):
        yield request.param


class TestAShopBehindARoute(Story):
    """Its route is its user's, and has all that a user may write; whatever happens, the rules come back byte for byte."""

    @classmethod
    @contextmanager
    def begin(cls, kube: Kube, namespace: str) -> Iterator[RoutedShop]:
        make_archive(kube, namespace)
        fields = {"replicas": 2, "bakeSeconds": 3, "drainSeconds": LONG_DRAIN_S}
        rules = as_a_user_writes(manifests.NAME)
        with RoutedShop(kube, namespace, {"bigBang": {}}, rules=rules, **fields) as shop:
            shop.created("v1", all_along(Rates(per_s=60, kept=10, h2_per_s=240)))
            yield shop

    @pytest.mark.parametrize("asked", [2_000, pytest.param(5_000, marks=pytest.mark.deep)])
    def test_shares_are_exact_move_in_two_seconds_and_lose_nothing_to_the_end(
        self, shop: RoutedShop, router: str, tell: Tell, asked: int
    ) -> None:
        shares = SHARES[asked]
        shop.strategy = canary(*(at(each) for each in shares))
        new = shop.introduce()
        stood = {weight: held(shop, weight, asked) for weight in shares}
        shop.wait_phase("Healthy")
        records = shop.asked()
        met = {weight: analysis.between(records, *when) for weight, when in stood.items()}
        delays = delays_of(shop, records, new, shares)
        said = {weight: round(analysis.share(each, new), 3) for weight, each in met.items()}
        tell(f"{router}: shares over {asked} requests each: {said}; lost {everything(records)}")
        tell(f"{router}: from the route's write to the traffic: {delays}")
        assert_nothing_was_lost(records)
        for weight, there in met.items():
            assert len(there) >= asked
            assert analysis.share_is_right(there, new, weight), (weight, said)
        assert max(delays.values()) < PROMISED_S + 2 * ROOM_S, delays
        shop.assert_rules_are_back()

    @pytest.mark.deep
    def test_web_sockets_end_with_the_drain_of_the_old_pods_and_are_opened_again_on_the_new_ones(
        self, shop: RoutedShop
    ) -> None:
        with shop.loaded_too("sockets", Rates(per_s=5, kept=0, h2_per_s=0, sockets=3)) as load:
            new = shop.introduce()
            shop.wait_phase("Healthy")
            shop.wait_gone(shop.stable)
            told_at = shop.last_told_to_stop(shop.stable)
            assert told_at
            load.stop()
        # Of all that arrived: they were opened before the load was steady.
        sockets = sorted(analysis.sockets(load.arrived), key=lambda each: each.at)
        old = [each for each in sockets if each.version == shop.stable]
        assert any(each.answered_at > told_at for each in old), "none was on it at the end: nothing was shown"
        assert max(each.answered_at for each in old) - told_at <= LONG_DRAIN_S + LATE_S
        assert sockets[-1].version == new

    def test_a_group_meets_the_candidate_and_nobody_else_does_and_stable_warms_before_it_gets_requests_back(
        self, shop: RoutedShop
    ) -> None:
        """By header, cookie and query; the pods are those of `candidateReplicas` and `dynamicStable`."""
        said = {"name": "group", "exact": "b"}
        group = [{"header": GROUP}, {"cookie": said}, {"query": said}]
        steps = {"match": group, "candidateReplicas": 3, "pause": "Manual"}, at(50)
        shop.strategy, shop.spec["replicas"] = canary(*steps, dynamicStable=True), 4
        old, new = shop.stable, shop.introduce()
        shop.wait_phase("Paused")
        wait_for("candidateReplicas", lambda: pods(shop, old, new) == (4, 3))
        for each in IN_GROUP:
            shop.wait_asked(new, path=each.get("path", "/"), **each.get("headers", {}))
            assert asks(shop, each) == {new: 50}, each
        for other in OTHERS:
            assert asks(shop, other) == {old: 50}, other
        until = time.time()
        shop.act("Promote")
        shop.wait_reached(50)
        wait_for("dynamicStable", lambda: pods(shop, old, new) == (2, 2))
        # A match is its step's alone; the router may have it a moment longer.
        wait_for("both versions for the group", lambda: set(shop.ask(40, x_group="b")) == {old, new})
        acted_at = shop.act("Abort")
        shop.wait_phase("RolledBack")
        records = shop.asked()
        assert_nothing_was_lost(records)
        assert analysis.answers([each for each in records if each.at < until], new) == []
        assert shop.back_at() > acted_at
        assert ready_at(shop, old, shop.back_at()) >= 3, "of 4 pods, 1 may be missing"
        shop.assert_rules_are_back()

    def test_a_thousand_users_keep_their_version_and_are_all_back_two_seconds_after_an_abort(
        self, shop: RoutedShop, router: str, tell: Tell
    ) -> None:
        rates = Rates(per_s=20, kept=0, h2_per_s=0, users=USERS, users_per_s=300)
        shop.strategy = canary(at(30), at(60), sticky=True)
        with shop.loaded_too("users", rates) as load:
            new = shop.introduce()
            shop.wait_status("30 %", lambda status: stands_at(status, 30))
            since = shop.answered_by(new) + ROOM_S  # all of them by the route as it is now
            wait_for_all_users(load, since)
            shop.act("Promote")
            shop.wait_status("60 %", lambda status: stands_at(status, 60))
            at_60 = shop.written_at(60) + PROMISED_S
            wait_for_all_users(load, at_60)
            acted_at = shop.act("Abort", now=True, reason="more errors in the checkout")
            shop.wait_phase("RolledBack")
            others = shop.asked(USERS / rates.users_per_s)
            records = sorted([*load.stop(), *others], key=lambda each: each.at)
        kept = analysis.versions_by_user(analysis.between(analysis.of_users(records), since, acted_at))
        back_s = (analysis.last_answer(records, new) or 0.0) - acted_at
        on_new = sum(versions == [new] for versions in kept.values())
        tell(
            f"{router}: of {len(kept)} users {on_new} stayed on it, {sum(len(v) > 1 for v in kept.values())} changed; "
            f"all back {back_s:.2f} s after the abort; lost {everything(records)}"
        )
        assert len(kept) == USERS
        assert {number: versions for number, versions in kept.items() if len(versions) > 1} == {}
        low, high = analysis.binomial_bounds(USERS, 0.30)
        assert low <= on_new <= high, "who came at 30 % stays where 60 % are let in"
        newcomers = analysis.between(analysis.new(others), at_60, acted_at)
        assert analysis.share_is_right(newcomers, new, 60)
        assert back_s <= PROMISED_S + 4 * ROOM_S
        lost, asked = (sum(each) for each in zip(*everything(records).values(), strict=True))
        assert lost <= LOST_WITH_FILTERS[router] * asked, everything(records)
        shop.assert_rules_are_back()

    @pytest.mark.deep
    def test_testers_see_a_blue_green_candidate_before_the_switch_and_users_do_not(
        self, shop: RoutedShop, router: str, tell: Tell
    ) -> None:
        preview = f"preview.{shop.namespace}.example"
        fields = {"previewMatch": [{"header": GROUP}], "previewHostnames": [preview], "promote": "Manual"}
        shop.strategy = {"blueGreen": fields}
        old, new = shop.stable, shop.introduce()
        shop.wait_phase("Paused")
        shop.wait_asked(new, host=preview)
        shop.wait_asked(new, x_group="b")
        assert shop.ask(50, host=preview) == {new: 50}
        assert shop.ask(50, x_group="b") == {new: 50}
        assert shop.ask(50) == {old: 50}
        acted_at = shop.act("Promote")
        shop.wait_phase("Healthy")
        wait_for("the preview's end", lambda: shop.ask(1, host=preview) == {"404": 1})
        records = shop.asked()
        assert_nothing_was_lost(records)
        assert analysis.answers([each for each in records if each.at < acted_at], new) == []
        assert_moved_at_once(records, old, new, router, tell)
        shop.assert_rules_are_back()

    @pytest.mark.deep
    def test_a_candidate_that_crashes_after_the_switch_costs_three_seconds(
        self, shop: RoutedShop, router: str, tell: Tell
    ) -> None:
        shop.strategy, shop.spec["bakeSeconds"] = {"blueGreen": {}}, 120
        old, new = shop.stable, shop.introduce()
        shop.wait_reached(100)
        crash_at = shop.crash(new, in_s=3) - 0.5
        assert shop.wait_phase("RolledBack")["failed"]["reason"] == "CandidateCrashed"
        records = shop.asked(BACK_WITHIN_S + 5 * ROOM_S)
        after = [each for each in records if each.answered_at >= crash_at]
        kinds = [analysis.new(after), [each for each in after if each.kind in "kh"]]
        back_s = [analysis.back_on_s(each, old) for each in kinds]
        tell(f"{router}: after a crash all is well in {back_s[0]} s; lost {everything(records)}")
        assert back_s[0], "no request met the crash: the load looked elsewhere"
        assert max(each or 0.0 for each in back_s) <= BACK_WITHIN_S + 5 * ROOM_S
        assert len(analysis.lost(records)) == len(analysis.lost(after))

    def test_git_writes_the_route_again_and_again_and_a_foreign_backend_keeps_its_fifth(
        self, shop: RoutedShop, router: str, tell: Tell
    ) -> None:
        wait_for("the foreign backend", lambda: shop.ask(1, "/old") == {"404": 1})  # it knows no such page
        shop.strategy = canary({"weight": 50, "pauseSeconds": 9})
        rules, was = [{"name": routes.RULE, "backendRefs": FIFTH}], shop.original
        with Pipeline(lambda manifest: shop.kube.apply(manifest, manager="gitops")) as git:
            shop.original = git.apply(with_rules(shop.manifest, rules))["spec"]["rules"]
            wait_for("its fifth", lambda: ARCHIVE in shop.ask(10))
            since = time.time()
            shop.introduce()
            shop.wait_phase("Healthy")
            ended_at = time.time()
            records = [each for each in shop.asked(3) if each.at > since]
            gaps = repaired_after(shop)
            tell(
                f"{router}: {len(gaps)} writes by Git were put right after {gaps} s; lost {everything(records)}"
            )
            tell(
                f"{router}: the foreign backend had {analysis.share(records, ARCHIVE):.1f} % of {len(records)}"
            )
            assert git.refusals == []
            assert_nothing_was_lost(records)
            assert analysis.share_is_right(records, ARCHIVE, 20)
            assert analysis.share_is_right([each for each in records if each.at > ended_at], ARCHIVE, 20)
            assert len(gaps) >= 3, "Git wrote while the weights stood"
            assert median(gaps) <= AT_ONCE_S + ROOM_S
            assert max(gaps) < 10
            assert_told_once(shop)
            shop.assert_rules_are_back()
            shop.original = git.apply(with_rules(shop.manifest, was))["spec"]["rules"]
        shop.assert_rules_are_back()
        wait_for("the end of its fifth", lambda: ARCHIVE not in shop.ask(40))

    @pytest.mark.deep
    def test_a_third_version_that_supersedes_the_second_at_half_loses_nothing(self, shop: RoutedShop) -> None:
        half_way(shop)
        new = half_way(shop)
        shop.act("PromoteFull")
        shop.wait_phase("Healthy")
        assert_served_to_the_end_by(shop, new)

    @pytest.mark.deep
    def test_a_spec_that_is_rid_of_its_route_at_half_loses_nothing(self, shop: RoutedShop) -> None:
        """From then on by the number of pods."""
        new = half_way(shop)
        del shop.spec["traffic"]
        shop.apply_again(new)
        shop.act("PromoteFull")
        shop.wait_phase("Healthy")
        assert_served_to_the_end_by(shop, new)

    def test_a_mirror_costs_users_nothing_or_is_refused_by_name_before_anything_moves(
        self, shop: RoutedShop, router: str, tell: Tell
    ) -> None:
        shop.strategy = canary({"mirror": "50%", "pause": "Manual"}, at(50))
        new = shop.introduce(CRASH_AFTER_SERVING_S="2")
        shop.wait_phase("Invalid" if router in CANNOT_MIRROR else "RolledBack")
        records = shop.asked()
        tell(f"{router}: a mirror: {shop.status['message']!r}; lost {everything(records)}")
        assert_nothing_was_lost(records)
        assert {each.version for each in records} == {shop.stable}
        shop.assert_rules_are_back()
        if router in CANNOT_MIRROR:
            assert CANNOT_MIRROR[router] in shop.status["message"]
            assert not shop.pods_of(new)
            assert {as_text(each.object["spec"]["rules"]) for each in shop.written()} <= {
                as_text(shop.original)
            }
        else:
            assert shop.status["failed"]["reason"] == "CandidateCrashed"
            assert any(len(each.object["spec"]["rules"][0]["filters"]) > 1 for each in shop.written())


def held(shop: RoutedShop, weight: float, asked: int) -> tuple[float, float]:
    """Wait until a weight stands and has its requests, and promote; from when until when they began."""
    shop.wait_status(f"weight {weight}", lambda status: stands_at(status, weight))
    since = shop.written_at(weight) + PROMISED_S
    shop.wait_requests(asked, since)
    until = time.time()
    shop.act("Promote")
    return since, until


def stands_at(status: Object, weight: float) -> bool:
    return (
        status.get("phase") == "Paused" and status.get("weight") == status.get("realWeight", weight) == weight
    )


def delays_of(
    shop: RoutedShop, records: list[analysis.Record], new: str, shares: tuple[float, ...]
) -> dict[str, float]:
    """From each write of the route until the traffic follows, for those shares that are far enough apart to see when."""
    found = {}
    for before, after in pairwise([*shares, 100]):
        if after >= 25:
            written_at = shop.written_at(after)
            around = analysis.between(records, written_at - 3, written_at + 4)
            found[f"{before} -> {after}"] = round(moved_at(around, new, before, after) - written_at, 2)
    return found


def asks(shop: RoutedShop, said: Object) -> dict[str, int]:
    return dict(shop.ask(50, said.get("path", "/"), **said.get("headers", {})))


def pods(shop: RoutedShop, old: str, new: str) -> tuple[int, int]:
    return len(shop.pods_of(old)), len(shop.pods_of(new))


def ready_at(shop: RoutedShop, version: str, when: float) -> int:
    """How many pods of a version were ready at a time."""
    states: dict[str, Object] = {}
    for seen in list(shop.pods.history):
        if seen.at <= when:
            states[seen.name] = {} if seen.gone else seen.object
    there = [
        each for each in states.values() if each and each["metadata"]["labels"].get("version") == version
    ]
    return sum(is_ready(each) and "deletionTimestamp" not in each["metadata"] for each in there)


def wait_for_all_users(load: Load, since: float) -> None:
    """Wait until each has asked since then and was answered."""

    def answered() -> bool:
        recent = analysis.between(analysis.of_users(load.arrived), since, time.time())
        return len({each.user for each in recent if not each.lost}) == USERS

    wait_for("every user", answered, every_s=0.5)


def assert_moved_at_once(records: list[analysis.Record], old: str, new: str, router: str, tell: Tell) -> None:
    """New connections, kept ones and HTTP/2 alike: the router chooses for each request."""
    kinds = {"new": analysis.new(records), "kept": analysis.kept(records), "http2": analysis.http2(records)}
    mixing = {word: round(analysis.mixing_s(each, old, new), 2) for word, each in kinds.items()}
    tell(f"{router}: both versions answer after a switch, in seconds: {mixing}; lost {everything(records)}")
    assert max(mixing.values()) <= PROMISED_S + 2.5 * ROOM_S, mixing  # a fault mixes while pods drain: 10 s


def with_rules(route: Object, rules: list[Object]) -> Object:
    return {**route, "spec": {**route["spec"], "rules": rules}}


def repaired_after(shop: RoutedShop) -> list[float]:
    """After how many seconds each write of Git in the middle of the release was put right."""
    parts = [(each.at, percent_of(each.object, shop.name)) for each in shop.written()]
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


def half_way(shop: RoutedShop) -> str:
    """To half of the next version, which waits for a person."""
    shop.strategy = canary(at(50))
    new = shop.introduce()
    shop.wait_phase("Paused")
    assert percent_of({"spec": {"rules": shop.rules}}, shop.name) == 50
    return new


def assert_served_to_the_end_by(shop: RoutedShop, version: str) -> None:
    """With no request lost, and by the rules that the user wrote."""
    records = shop.asked(2)
    assert_nothing_was_lost(records)
    assert {each.version for each in records[-10:]} == {version}
    shop.assert_rules_are_back()


class OwnedRouteShop(RoutedShop):
    """Its route is the operator's to make."""

    def put_route(self) -> None:
        """Leave it to the operator."""


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
    spec = {"traffic": {"gateway": gateway}, "onDelete": "GiveBack", "replicas": 2, "bakeSeconds": 2}
    with OwnedRouteShop(kube, namespace, {"bigBang": {}}, **spec) as shop:
        shop.created("v1", Rates(per_s=150))
        shop.original = shop.rules
        shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.assert_rules_are_back()
        delete(shop, "Foreground")
        shop.served_for(3)
        assert shop.load
        records = shop.load.stop()
        assert_nothing_was_lost(records)
        assert_moved_at_once(records, "v1", "v2", router, tell)
        assert records[-1].version == "v2"
        left = kube.get("HTTPRoute", namespace, shop.name)
        assert left
        assert left["spec"]["rules"] == shop.original
        assert left["metadata"].get("ownerReferences") is None
        assert [key for key in left["metadata"].get("labels", {}) if "crossfade" in key] == []
