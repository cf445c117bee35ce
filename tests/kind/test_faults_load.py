"""Faults under real load: no request is lost, whichever write the operator dies after, and without an API server.

Where users come by a route, the load goes through its gateway, and the route is the same in the end.

Here it dies twice in one update; with CROSSFADE_FAULTS=all (`make faults`) once in each of many, after every single write.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from bench import analysis
from bench.kube import Kube, wait_for
from bench.load_pod import Load, Rates
from bench.namespaces import seen_folder
from bench.scenarios.shop import LONG_DRAIN_S
from faults.lane import ROUTED, STRATEGIES, Lane, lane
from faults.record import Record, made
from faults.rules import Then

ALL = os.environ.get("CROSSFADE_FAULTS") == "all"
NODE = "crossfade-control-plane"
ROLLOUT = "loaded"
AS_IN_PRODUCTION = {"replicas": 3, "bakeSeconds": 1, "drainSeconds": LONG_DRAIN_S}
AWAY_AT_MOST_S = 25
MORE = ("blueGreen", "routed blueGreen") if ALL else ()
SAMPLED = (3, 8)
"""Writes of one update: those of the beginning, and of what the operator that comes after does until it dies too."""
ONE_EACH = {("create", "Deployment"): 1, ("create", "Release"): 1}
"""What an update makes. The first one by a route makes the canary Service beside it, which stays."""

pytestmark = [pytest.mark.own_operator, pytest.mark.timeout(3600 if ALL else 1800)]


@pytest.fixture
def alone(kube: Kube, namespace: str) -> Iterator[Lane]:
    with lane(kube, namespace, seen_folder(namespace)) as alone:
        yield alone


@pytest.mark.quiet
@pytest.mark.parametrize(
    "strategy",
    ["canary", *(pytest.param(each, marks=pytest.mark.deep) for each in ("routed canary", *MORE))],
)
def test_updates_lose_no_request_though_the_operator_is_killed_after_each_single_write(
    alone: Lane, strategy: str, tell: Callable[[str], None]
) -> None:
    """One load from beginning to end, and one update after the other, each with a death at another write."""
    alone.wait_done(ROLLOUT, alone.apply(ROLLOUT, strategy, "v0", **AS_IN_PRODUCTION))
    load = loaded(alone, strategy, ROLLOUT, Rates(per_s=50, kept=2, seconds=3000))
    load.start()
    count = len(update(alone, strategy, 1)) if ALL else 0
    updates = [(nth,) for nth in range(1, count + 1)] or [SAMPLED]
    for version, nths in enumerate(updates, start=2):
        dies = Then(alone.operator.kill)
        rules = [alone.proxy.inject(dies, verb="write", name=f"{ROLLOUT}*", after=nth - 1) for nth in nths]
        writes = update(alone, strategy, version)
        for rule in rules:
            alone.proxy.lift(rule)
        created = {what: n for what, n in made(writes).items() if what[0] == "create" and what[1] != "Event"}
        beside = {("create", "Service"): 1} if strategy in ROUTED and not ALL else {}
        assert created == {**ONE_EACH, **beside}, f"killed after writes {nths} of update {version}"
        assert alone.route_astray(ROLLOUT) == [], f"after writes {nths} of update {version}"
    records = load.stop()
    new, kept = analysis.new(records), analysis.kept(records)
    tell(
        f"{strategy} under load: {len(alone.operator.ends)} deaths in {len(updates)} updates;"
        f" {len(analysis.lost(new))} of {len(new)} new connections lost,"
        f" {len(analysis.lost(kept))} of {len(kept)} requests on kept ones"
    )
    deaths = sum(map(len, updates))
    assert len(alone.operator.ends) >= deaths - 1, "the last writes of an update may not come again"
    assert analysis.losses_by_outcome(records if strategy in ROUTED else new) == {}


def loaded(alone: Lane, strategy: str, rollout: str, rates: Rates) -> Load:
    """The load as its users come: through the gateway where they have a route."""
    route = alone.route(rollout) if strategy in ROUTED else None
    return Load(alone.kube, alone.namespace, rollout, rates, route)


def update(alone: Lane, strategy: str, version: int) -> list[Record]:
    """Bring the Rollout to a version it never had; what was written to that end."""
    before = len(alone.proxy.writes(f"{ROLLOUT}*"))
    generation = alone.apply(ROLLOUT, strategy, f"v{version}", **AS_IN_PRODUCTION)
    alone.wait_done(ROLLOUT, generation, timeout_s=120)
    alone.await_quiet(ROLLOUT)
    return alone.proxy.writes(f"{ROLLOUT}*")[before:]


if ALL:  # the whole cluster stands still meanwhile

    @pytest.mark.serial
    def test_the_api_server_killed_in_the_middle_of_every_strategy_costs_no_request_and_changes_no_end(
        alone: Lane,
    ) -> None:
        """The load pods write on without it; only their logs are read later.

        A pod that is told to stop just before is stopped by its kubelet though no node learns of it: so it drains for
        longer than a server is away.
        """
        alone.spec = {"drainSeconds": AWAY_AT_MOST_S}
        alone.live_all()
        rollouts = {strategy: alone.new_name() for strategy in STRATEGIES}
        for strategy, name in rollouts.items():
            alone.wait_done(name, alone.apply(name, strategy, "v1"))
        loads = {
            s: loaded(alone, s, n, Rates(per_s=20, kept=1, seconds=60, h2_per_s=5))
            for s, n in rollouts.items()
        }
        for load in loads.values():
            load.start()
        generations = {s: alone.apply(name, s, "v2") for s, name in rollouts.items()}
        alone.wait_created("Deployment", rollouts.values(), 2)
        kill_api_server(alone.kube)
        for strategy, name in rollouts.items():
            alone.wait_done(name, generations[strategy], timeout_s=180)
            life = alone.finished(strategy, name)
            assert not life.wrong, f"{strategy}: " + "\n".join(life.wrong)
        for strategy, load in loads.items():
            if strategy != "recreate":
                assert losses(alone.kube, load) == {}, strategy


def kill_api_server(kube: Kube) -> None:
    """End it by SIGKILL in the node, and wait until the kubelet has started it again."""
    kill = 'kill -9 "$(pgrep -x kube-apiserver)"'
    subprocess.run(["docker", "exec", NODE, "sh", "-c", kill], check=True)
    wait_for("its absence", lambda: not answers(kube), every_s=0.05)
    wait_for("its return", lambda: answers(kube))


def answers(kube: Kube) -> bool:
    try:
        return kube.text("/readyz") == "ok"
    except Exception:  # noqa: BLE001 -- however it fails to answer
        return False


def losses(kube: Kube, load: Load) -> dict[str, int]:
    """What a load that ended by itself lost, by its whole log."""
    records: list[analysis.Record] = []

    def whole() -> bool:
        lines = kube.logs(load.namespace, load.name).splitlines()
        records[:] = [each for each in analysis.new(analysis.parse(lines)) if each.at >= load.steady_since]
        return analysis.is_whole(lines)

    wait_for("the last line of the load", whole, every_s=2)
    assert max(each.at for each in records) > time.time() - 300
    return analysis.losses_by_outcome(records)
