"""Chapters of a story: the tests of one class share one shop and its load, where each would bring up its own.

    class TestShares(Story):
        @classmethod
        @contextmanager
        def begin(cls, kube, namespace):
            with Shop(kube, namespace, strategy("canary"), bakeSeconds=2) as shop:
                shop.created("v1", LOAD)
                yield shop

        def test_what_is_promised(self, shop):
            new = shop.introduce()
            shop.wait_phase("Healthy")
            assert analysis.lost(shop.asked()) == []

Each chapter begins Healthy and idle with whatever version is `shop.stable`, with the strategy and the spec of `begin`, and
`shop.asked()`, `shop.sightings()` and the like are of its own time. So it runs alone, and in any order; after one that
failed, or left what does not become idle again, the next one has a fresh shop in a fresh namespace.
"""

import copy
import dataclasses
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest

from bench import namespaces
from bench.kube import Kube, NeverHappenedError
from bench.load_pod import Rates
from bench.scenarios.seen import version_of
from bench.scenarios.shop import Shop
from fixtures import Evidence, broken_statuses, evidence_of

IDLE_WITHIN_S = 60
LONG_S = 7200


def all_along(rates: Rates) -> Rates:
    """A load that outlasts every chapter."""
    return dataclasses.replace(rates, seconds=LONG_S)


class Shared:
    """The shop of a class: brought up for the first chapter, and again where the one before left it unfit."""

    def __init__(self, kube: Kube, story: type["Story"], prefix: str) -> None:
        self.kube = kube
        self.story = story
        self.prefix = prefix
        self.stack = ExitStack()
        self.shop: Shop | None = None
        self.namespace = ""

    def idle(self) -> Shop:
        """The shop as a chapter begins: the one there is, once it is idle; else a fresh one."""
        if self.shop is not None:
            try:
                made_idle(self.shop)
            except NeverHappenedError as error:
                print(f"a fresh shop: {error}")
                self.end(None)
        if self.shop is None:
            self.namespace = namespaces.make(self.kube, self.prefix)
            self.shop = self.stack.enter_context(self.story.begin(self.kube, self.namespace))
            self.begun = self.shop.strategy, copy.deepcopy(self.shop.spec)
        self.shop.strategy, self.shop.spec = self.begun[0], copy.deepcopy(self.begun[1])
        self.shop.begin_chapter()
        return self.shop

    def end(self, evidence: Evidence | None) -> None:
        """Leave the shop, and remove its namespace."""
        self.shop = None
        self.stack.close()
        if self.namespace:
            if evidence:
                evidence.keep(self.kube, [self.namespace])
            namespaces.forget(self.namespace)
            self.kube.delete("Namespace", "", self.namespace)
            self.namespace = ""


def made_idle(shop: Shop) -> None:
    """Go back to what serves, where the last chapter left something else in the spec, and wait until it is Healthy with it."""
    serves = shop.status.get("stable", {}).get("revision")
    stable = {
        version_of(pod)
        for pod in shop.pods.latest.values()
        if pod["metadata"]["labels"].get("crossfade.dev/revision") == serves
    }
    if shop.status.get("phase") != "Healthy" and len(stable) == 1:
        shop.apply_again(stable.pop())
    shop.wait_phase("Healthy", timeout_s=IDLE_WITHIN_S)


class Story:
    """The base of a class whose tests are chapters."""

    @classmethod
    def begin(cls, kube: Kube, namespace: str) -> AbstractContextManager[Shop]:
        """Bring the shop up, with its load: Healthy with v1."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, kube: Kube, request: pytest.FixtureRequest) -> Iterator[Shared]:
        """What lasts from chapter to chapter."""
        own = request.node.get_closest_marker("own_operator") is not None
        shared = Shared(kube, cls, namespaces.OWN if own else "t")
        yield shared
        shared.end(None)

    @pytest.fixture
    def shop(self, shared: Shared, request: pytest.FixtureRequest) -> Iterator[Shop]:
        """The shop, Healthy and idle as this chapter begins."""
        evidence = evidence_of(request.node)
        try:
            shop = shared.idle()
        except Exception:
            shared.end(evidence)
            raise
        yield shop
        broken = broken_statuses(shop.kube, [shop.namespace])
        if broken or evidence.is_wanted:
            shared.end(evidence)
        assert broken == []

    @pytest.fixture
    def namespace(self, shop: Shop) -> str:
        """The shop's."""
        return shop.namespace
