"""One tenant asks for far too much: another's abort is as fast as ever, and his own goes before all else that he asked."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median

import pytest

from bench import audit, manifests
from bench.kube import Kube, Object, collection, wait_for
from bench.scale.figures import MEMORY
from bench.scale.leader import Leader
from bench.tenant import CROSSFADE, Tenant

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial, pytest.mark.timeout(1800)]

BEFORE = 2
ABORT_WITHIN_S = 2.0 + 2  # two are promised; the rest is room for a node that others keep busy
NEVER_S = 10.0
"""A single one may wait for a machine that others keep busy: 6.9 s was seen at a load of 13. One that waited for the flood to be
answered would take 12 s and more."""
HANDS = 4
"""Threads that ask, as fast as the API server takes it."""
MORE = 3_000 if os.environ.get("CROSSFADE_FAULTS") == "all" else 600
MANY = 40
"""Rollouts that the flood is spread over; they have no pods."""
READY_S = 300
ANSWERED_S = 240
LATER_S = 600
EDITS_S = 20
GROWTH_MB = 60
BAKING = {"bakeSeconds": LATER_S}


def rollout(namespace: str, name: str, version: str, *, replicas: int = 1, **spec: object) -> Object:
    made = manifests.template(version, name=name)
    return manifests.rollout(
        namespace, {"bigBang": {}}, made, name=name, replicas=replicas, **{**BAKING, **spec}
    )


def patched(kube: Kube, namespace: str, name: str, change: Object) -> None:
    path = f"{collection('Rollout', namespace)}/{name}"
    kube.request("PATCH", path, change, "application/merge-patch+json")


def status(kube: Kube, namespace: str, name: str) -> Object:
    found: Object = (kube.get("Rollout", namespace, name) or {}).get("status") or {}
    return found


def baking(kube: Kube, namespace: str, names: list[str]) -> None:
    """Each of these Rollouts serves its second version alone, and could be aborted for the next ten minutes."""
    for name in names:
        kube.create(rollout(namespace, name, "v1"))
    for name in names:
        wait_for(
            f"{name} to serve", lambda n=name: status(kube, namespace, n).get("phase") == "Healthy", READY_S
        )  # type: ignore[misc]
        patched(kube, namespace, name, {"spec": {"template": manifests.template("v2", name=name)}})
    for name in names:
        wait_for(f"{name} to bake", lambda n=name: status(kube, namespace, n).get("weight") == 100, READY_S)  # type: ignore[misc]


def seconds_of_an_abort(kube: Kube, namespace: str, name: str) -> float:
    """From the request until the Service selects the pods of stable alone."""
    stable = status(kube, namespace, name)["stable"]["revision"]

    def back() -> bool:
        service = kube.get("Service", namespace, name) or {}
        return bool(service["spec"]["selector"].get("crossfade.dev/revision") == stable)

    assert not back()
    started = time.monotonic()
    kube.create(manifests.action(namespace, "Abort", name=name, now=True))
    wait_for(f"{name} to serve from {stable} alone", back, every_s=0.02)
    return time.monotonic() - started


@contextmanager
def flood(tenant: Tenant, namespace: str, names: list[str], at_least: int) -> Iterator[list[float]]:
    """For the length of the block, and until there are as many, actions are made; gives the moments at which each was."""
    made: list[float] = []
    over = threading.Event()
    asked = itertools.cycle(itertools.product(("Pause", "Resume", "Retry"), names))

    def ask() -> None:
        while not over.is_set() or len(made) < at_least:
            verb, name = next(asked)
            tenant.create(manifests.action(namespace, verb, name=name, reason="in a loop"))
            made.append(time.monotonic())

    with ThreadPoolExecutor(HANDS) as pool:
        hands = [pool.submit(ask) for _ in range(HANDS)]
        try:
            wait_for("the flood to run", lambda: len(made) > at_least / 4, READY_S)
            yield made
        finally:
            over.set()
    for hand in hands:
        hand.result()


@pytest.mark.parametrize(
    ("shape", "aborts", "at_least"),
    [
        ("spread over many", 3, 300),
        pytest.param("all on one Rollout", 6, MORE, marks=pytest.mark.deep),
        pytest.param("spread over many", 6, MORE, marks=pytest.mark.deep),
    ],
)
def test_a_flood_of_one_tenant_slows_nobodys_abort(
    kube: Kube,
    new_namespace: Callable[[], str],
    tell: Callable[[str], None],
    shape: str,
    aborts: int,
    at_least: int,
) -> None:
    theirs, ours = new_namespace(), new_namespace()
    tenant = Tenant(kube, theirs, "tenant", CROSSFADE)
    victims = [f"shop-{number}" for number in range(BEFORE + aborts)]
    baking(kube, ours, victims)
    baking(kube, theirs, ["own"])
    spread = [f"idle-{number}" for number in range(MANY)] if shape == "spread over many" else []
    for name in spread:
        tenant.create(rollout(theirs, name, "v1", replicas=0, service=None))
    before = [seconds_of_an_abort(kube, ours, name) for name in victims[:BEFORE]]
    with flood(tenant, theirs, spread or ["own"], at_least) as made:
        took = [seconds_of_an_abort(kube, ours, name) for name in victims[BEFORE:]]
        own = seconds_of_an_abort(kube, theirs, "own")
    rate = len(made) / (made[-1] - made[0])
    told = ", ".join(f"{each:.2f}" for each in took)
    tell(
        f"flood {shape}: {len(made)} actions at {rate:.0f}/s; aborts of another tenant {told} s, its own {own:.2f} s; "
        f"without it {before[0]:.2f} s"
    )
    assert median(took) < max(ABORT_WITHIN_S, 3 * median(before)), told
    assert max(*took, own) < max(NEVER_S, 3 * max(before)), told

    def answered() -> bool:
        return all(each.get("status", {}).get("state") for each in kube.list("RolloutAction", theirs))

    started = time.monotonic()
    wait_for("every action to be answered", answered, ANSWERED_S, every_s=1)
    tell(f"flood {shape}: all answered {time.monotonic() - started:.0f} s later")


@pytest.mark.deep
def test_twenty_seconds_of_edits_and_label_changes_end_well_and_leave_nothing_behind(
    kube: Kube, namespace: str, tell: Callable[[str], None]
) -> None:
    kube.create(rollout(namespace, "shop", "v1", bakeSeconds=1))
    wait_for("shop to serve", lambda: status(kube, namespace, "shop").get("phase") == "Healthy", READY_S)
    leader = Leader.found(kube)
    before = leader.read().total(MEMORY)
    counts = many_edits(kube, namespace)
    last = manifests.template("last", name="shop")
    patched(kube, namespace, "shop", {"spec": {"template": last}})

    def ended() -> bool:
        now = status(kube, namespace, "shop")
        deployments = kube.list("Deployment", namespace, "crossfade.dev/rollout=shop")
        serving = [d["spec"]["template"] for d in deployments if d["spec"]["replicas"]]
        right = [t["spec"]["containers"][0]["env"][0]["value"] for t in serving] == ["last"]
        return bool(now.get("phase") == "Healthy" and right)

    wait_for("the last version to serve alone", ended, ANSWERED_S, every_s=0.5)
    writes = writes_at_rest(kube, namespace, 10)
    grown_mb = (leader.read().total(MEMORY) - before) / 1e6
    tell(f"{counts[0]} edits and {counts[1]} label changes in {EDITS_S} s: memory grew by {grown_mb:.0f} MB")
    assert writes == {}
    assert grown_mb < GROWTH_MB


def many_edits(kube: Kube, namespace: str) -> tuple[int, int]:
    """Ten edits of the template and thirty changes of a label a second; how many of each were made."""
    ends = time.monotonic() + EDITS_S
    made = {"edit": 0, "label": 0}

    def change(what: str, per_s: float) -> None:
        for number in itertools.count():
            due = ends - EDITS_S + number / per_s
            if due > ends:
                return
            wait_for("its time", lambda until=due: time.monotonic() >= until, EDITS_S, every_s=0.005)  # type: ignore[misc]
            template = manifests.template(f"edit-{number % 5}", name="shop")
            edit: Object = {"spec": {"template": template}}
            label: Object = {"metadata": {"labels": {"changed": str(number)}}}
            patched(kube, namespace, "shop", edit if what == "edit" else label)
            made[what] += 1

    with ThreadPoolExecutor(2) as pool:
        hands = [pool.submit(change, "edit", 10), pool.submit(change, "label", 30)]
    for hand in hands:
        hand.result()
    return made["edit"], made["label"]


def writes_at_rest(kube: Kube, namespace: str, seconds: float) -> dict[str, int]:
    """What the operator writes in that namespace within `seconds`, once all pods have come to rest."""
    seen = [""]

    def unchanged() -> bool:
        objects = [
            kube.list(kind, namespace) for kind in ("Rollout", "Release", "Deployment", "Service", "Pod")
        ]
        now = str(sorted(each["metadata"]["resourceVersion"] for found in objects for each in found))
        same, seen[0] = now == seen[0], now
        leaving = any("deletionTimestamp" in each["metadata"] for found in objects for each in found)
        return same and not leaving

    wait_for("everything to be as it stays", unchanged, 2 * READY_S, every_s=8)
    started = datetime.now(UTC)
    ends = time.monotonic() + seconds
    wait_for("a time of rest", lambda: time.monotonic() > ends, seconds + 10, every_s=1)
    return dict(audit.counted(audit.lines(), started, datetime.now(UTC), {namespace}))
