"""One namespace with one operator behind one proxy, in which Rollouts live their lives one after the other."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bench import manifests
from bench.kube import ApiError, Kube, NeverHappenedError, Object, collection, wait_for
from bench.routes import ROUTERS, Route
from faults.end_state import differences, end_state
from faults.operator_process import Operator
from faults.proxy import Proxy, running
from faults.record import Record, made
from faults.rules import Rule
from faults.upstream import Upstream

# Quick ones: no pauses, so that a hundred lives take minutes.
STRATEGIES_BY_PODS: Final[dict[str, Object]] = {
    "recreate": {"recreate": {}},
    "rolling": {"rolling": {}},
    "blueGreen": {"blueGreen": {}},
    "canary": {"canary": {"steps": [{"weight": 50}]}},
    "bigBang": {"bigBang": {}},
}
ROUTED: Final[dict[str, Object]] = {
    f"routed {name}": STRATEGIES_BY_PODS[name] for name in ("canary", "blueGreen")
}
"""The same through an HTTPRoute of the user's, which the Rollout names."""
STRATEGIES: Final = {**STRATEGIES_BY_PODS, **ROUTED}
SETTLED_WITHIN_S: Final = 240
QUIET_S: Final = 8.0
"""An undisturbed run is over when nothing was written for so long (counts alone are told 5 s late); disturbed ones when they look the same."""

Disturb = Callable[["Lane", str], Iterable[Rule]]
"""Injects what is to go wrong in the life of the Rollout of that name; the rules are lifted at its end."""


@dataclass(frozen=True)
class Life:
    """A Rollout from its creation at v1 to its rest at v2: what is left, and what was written on the way.

    `wrong` says in what it came to another end than the undisturbed life; `rested_s` is when it came to its end.
    """

    strategy: str
    rollout: str
    state: Any
    writes: tuple[Record, ...]
    rested_s: float
    wrong: tuple[str, ...] = ()

    @property
    def made(self) -> Counter[tuple[str, str]]:
        """Creates and deletes by kind. Events are told again after a restart, which doubles nothing that acts."""
        return Counter({what: n for what, n in made(self.writes).items() if what[1] != "Event"})


@dataclass
class Lane:
    """`undisturbed` keeps the life of each strategy that others are compared with. `spec`: what all Rollouts say."""

    kube: Kube
    namespace: str
    proxy: Proxy
    operator: Operator
    undisturbed: dict[str, Life] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    buried_s: dict[str, float] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    spec: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    """The rules of each user's route as the API server stored them first, by the name of the Rollout."""

    def apply(self, rollout: str, strategy: str, version: str, /, **spec: Any) -> int:
        """Apply a Rollout of two pods that neither drain nor bake; its generation. What it is routed by is there."""
        pod_template = manifests.template(version)
        # On a busy node a probe takes more than its second: a pod that flaps is no part of what is compared here.
        pod_template["spec"]["containers"][0]["readinessProbe"]["timeoutSeconds"] = 10
        fields = {"replicas": 2, "bakeSeconds": 0, "drainSeconds": 0, **self.spec, **spec}
        if strategy in ROUTED:
            fields |= {"traffic": self.route(rollout).traffic}
            self._make_route(rollout)
        chosen = fields.pop("strategy", STRATEGIES[strategy])
        manifest = manifests.rollout(self.namespace, chosen, pod_template, name=rollout, **fields)
        return int(self.kube.apply(manifest)["metadata"]["generation"])

    def route(self, rollout: str) -> Route:
        """The route by which users reach it."""
        return Route(ROUTERS[0], self.namespace, rollout)

    def _make_route(self, rollout: str) -> None:
        """Its user makes it once: a rule that may be split, with a number of its own, and one that is not named."""
        if rollout in self.rules:
            return
        own = {"name": "main", "backendRefs": [{"name": rollout, "port": 80, "weight": 7}]}
        beside = {
            "name": "beside",
            "matches": [{"path": {"type": "PathPrefix", "value": "/beside"}}],
            "backendRefs": [{"name": rollout, "port": 80}],
        }
        made = self.kube.create(self.route(rollout).manifest(rules=[own, beside]))
        self.rules[rollout] = made["spec"]["rules"]

    def new_name(self) -> str:
        """A name that is no other's beginning."""
        return f"r{next(self.numbers):03}"

    def live(self, strategy: str, disturb: Disturb | None = None) -> Life:
        """Have a Rollout created and updated, to its rest; faults are prepared before and healed after.

        Without `disturb` it becomes the measure of all others of its strategy, and has to come to a rest.
        """
        rollout, wrong = self.new_name(), ""
        rules = list(disturb(self, rollout)) if disturb else []
        try:
            self.updated(rollout, strategy)
            self._await_rest(rollout, self.undisturbed[strategy] if disturb else None)
        except NeverHappenedError as error:
            if disturb is None:
                raise
            wrong = str(error)
        finally:
            for rule in rules:
                self.proxy.lift(rule)
        life = self._life(strategy, rollout, wrong)
        if disturb is None:
            if life.wrong:
                raise NeverHappenedError("\n  ".join([f"{rollout} was not disturbed:", *life.wrong]))
            self.undisturbed[strategy] = life
        return life

    def _life(self, strategy: str, rollout: str, wrong: str) -> Life:
        """What it was, compared with the undisturbed one."""
        writes = tuple(self.proxy.writes(f"{rollout}*"))
        life = Life(strategy, rollout, self.state(rollout), writes, time.monotonic())
        measure = self.undisturbed.get(strategy, life)
        otherwise = [
            f"{verb} {kind}: {measure.made[verb, kind]} undisturbed, {life.made[verb, kind]} now"
            for verb, kind in sorted(measure.made.keys() | life.made.keys())
            if measure.made[verb, kind] != life.made[verb, kind]
        ]
        astray = self.route_astray(rollout)
        life = replace(life, wrong=(*filter(None, (wrong,)), *otherwise, *astray))
        self.lives.append(life)
        return life

    def route_astray(self, rollout: str) -> list[str]:
        """In what the user's route is not byte for byte as it was made, and which routes still name the canary Service."""
        if rollout not in self.rules:
            return []
        routes = {each["metadata"]["name"]: each for each in self.kube.list("HTTPRoute", self.namespace)}
        live = routes.get(rollout, {}).get("spec", {}).get("rules")
        written, now = json.dumps(self.rules[rollout]), json.dumps(live)
        told = [] if written == now else [f"the rules were {written}, and are {now}"]
        beside = json.dumps(f"{rollout}-canary")
        left = [name for name, route in routes.items() if beside in json.dumps(route["spec"])]
        return [*told, *(f"HTTPRoute {name} still names {beside}" for name in left)]

    def updated(self, rollout: str, strategy: str) -> None:
        """Create at v1, wait until it is done, update to v2, wait until it is done."""
        for version in ("v1", "v2"):
            self.wait_done(rollout, self.apply(rollout, strategy, version))

    def wait_done(self, rollout: str, generation: int, timeout_s: float = SETTLED_WITHIN_S) -> None:
        """Wait until the Rollout is Healthy at this generation."""
        wait_for(
            f"{rollout} to be Healthy at generation {generation}",
            lambda: self.told(rollout) == ("Healthy", generation),
            timeout_s,
        )

    def wait_created(self, kind: str, rollouts: Iterable[str], count: int) -> None:
        """Wait until so many objects of a kind were created for one of the Rollouts."""

        def created() -> bool:
            writes = (self.proxy.writes(f"{rollout}*") for rollout in rollouts)
            return any(made(each)["create", kind] >= count for each in writes)

        wait_for(f"{count} creates of {kind}", created, SETTLED_WITHIN_S, every_s=0.02)

    def finished(self, strategy: str, rollout: str) -> Life:
        """The life of a Rollout that was updated by other means than `live`, compared with the undisturbed one."""
        try:
            self.await_same(rollout, self.undisturbed[strategy].state)
        except NeverHappenedError as error:
            return self._life(strategy, rollout, str(error))
        return self._life(strategy, rollout, "")

    def told(self, rollout: str) -> tuple[str, int]:
        """Its phase, and the generation that this is about."""
        status = (self.kube.get("Rollout", self.namespace, rollout) or {}).get("status", {})
        return status.get("phase", ""), status.get("observedGeneration", -1)

    def state(self, rollout: str) -> Any:
        """What there is of it now, without names and times."""
        return end_state(self.kube, self.namespace, rollout)

    def await_same(self, rollout: str, expected: Any, timeout_s: float = SETTLED_WITHIN_S) -> Any:
        """Wait until it looks as expected; NeverHappenedError with the differences where it never does."""
        seen: list[str] = []

        def same() -> Any:
            state = self.state(rollout)
            seen[:] = differences(expected, state)
            return None if seen else state

        try:
            return wait_for(f"{rollout} to come to the same rest", same, timeout_s, every_s=0.2)
        except NeverHappenedError as error:
            raise NeverHappenedError("\n  ".join([f"{rollout} came to another rest:", *seen])) from error

    def await_quiet(self, rollout: str) -> None:
        """Wait until nothing was written to it for a while, and the last old pod is gone."""

        def quiet() -> bool:
            writes = self.proxy.writes(f"{rollout}*")
            silent = bool(writes) and time.monotonic() - writes[-1].answered_s > QUIET_S
            return silent and len(self.state(rollout)["Pod"]) == 1  # one revision

        wait_for(f"no more writes to {rollout}", quiet, SETTLED_WITHIN_S)

    def _await_rest(self, rollout: str, measure: Life | None) -> None:
        if measure is None:
            self.await_quiet(rollout)
        else:
            self.await_same(rollout, measure.state)

    def late_writes(self, strategy: str) -> list[str]:
        """What was written to a Rollout after it had come to its rest. An Event may tell of the end a little later."""
        return [
            f"{life.rollout} was written to after it had come to rest: {each}"
            for life in self.lives
            if life.strategy == strategy
            for each in self.proxy.writes(f"{life.rollout}*")
            if life.rested_s < each.at_s < self.buried_s.get(life.rollout, each.at_s + 1)
            and each.asked.kind != "Event"
        ]

    def measure(self, *strategies: str) -> None:
        """Have an undisturbed life of each of these strategies, side by side, where none is known yet."""
        missing = [strategy for strategy in strategies if strategy not in self.undisturbed]
        with ThreadPoolExecutor(max(1, len(missing))) as pool:
            list(pool.map(self.live, missing))

    def live_all(self, disturb: Disturb | None = None) -> list[Life]:
        """A life of each strategy, side by side."""
        with ThreadPoolExecutor(len(STRATEGIES)) as pool:
            return list(pool.map(lambda strategy: self.live(strategy, disturb), STRATEGIES))

    def bury(self, *, spared: int = 0) -> None:
        """Delete the Rollouts that have lived, but the last ones, without waiting for the end of their pods.

        From then on writes to them are not late: the deletion of what they own may be seen before their own.
        """
        for life in self.lives[: len(self.lives) - spared]:
            if life.rollout not in self.buried_s:
                self.buried_s[life.rollout] = time.monotonic()
                self.kube.delete("Rollout", self.namespace, life.rollout)
                if life.rollout in self.rules:
                    self.kube.delete("HTTPRoute", self.namespace, life.rollout)


@contextmanager
def lane(
    kube: Kube, namespace: str, folder: Path, measures: dict[str, Life] | None = None, **operator: Any
) -> Iterator[Lane]:
    """A lane in a namespace, with the undisturbed lives that it is measured by, and that it may add to.

    The proxy's log and the operator's are left in `folder`.
    """
    with running(Upstream.of(kube.kubeconfig)) as proxy:
        try:
            with Operator(proxy.address, namespace, folder, **operator) as process:
                yield Lane(kube, namespace, proxy, process, {} if measures is None else measures)
        finally:
            _let_go(kube, namespace)
            lines = "\n".join(str(each) for each in proxy.log if each.asked.is_write or each.fault)
            (folder / "writes.log").write_text(lines)


def _let_go(kube: Kube, namespace: str) -> None:
    """Nobody is left who would give routes back, for which Rollouts are held: their namespace could never go."""
    for each in kube.list("Rollout", namespace):
        if each["metadata"].get("finalizers"):
            path = f"{collection('Rollout', namespace)}/{each['metadata']['name']}"
            released = {"metadata": {"finalizers": None}}
            try:
                kube.request("PATCH", path, released, "application/merge-patch+json")
            except ApiError as gone:  # it was let go meanwhile
                if gone.status != 404:
                    raise
