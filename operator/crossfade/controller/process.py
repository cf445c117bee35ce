"""The life of the operator's process: connect, wait for the Lease, fill the store, work, and leave in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import kopf

from crossfade.cluster import ApiError, Cluster
from crossfade.controller import handlers, watching
from crossfade.controller.checking import Checker
from crossfade.controller.drops import Drops
from crossfade.controller.events import Teller
from crossfade.controller.executor import World
from crossfade.controller.failing import Failing
from crossfade.controller.health import Health, serving
from crossfade.controller.kinds import NOBODY, Changed, Kinds
from crossfade.controller.leader import Election, Keeper, Leases, Lost, boot_s
from crossfade.controller.measuring import Measuring
from crossfade.controller.metrics import Metrics
from crossfade.controller.options import Options, identity
from crossfade.controller.policies import KIND as POLICY
from crossfade.controller.policy_admission import PolicyAdmission
from crossfade.controller.policy_status import Counted, Later, PolicyStatus
from crossfade.controller.pulse import Pulse
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.reconcile import Core, Reconciler
from crossfade.controller.relist import Relist, Restored
from crossfade.controller.router_metrics import RouterMetrics
from crossfade.controller.ruling import Ruling
from crossfade.controller.scope import Scope
from crossfade.controller.sources import Sources, measuring_by
from crossfade.controller.store import OF_POLICIES, WATCHED, Key, Store, namespace_of, watched_in
from crossfade.controller.templates import Place
from crossfade.controller.urgency import rank
from crossfade.controller.validity import Validity
from crossfade.controller.workers import WORKERS, Workers
from crossfade.core.decide import decide, unreadable

log = logging.getLogger(__name__)

LEASE_NAME: Final = "crossfade-operator"
LEAVE_WITHIN_S: Final = 1.2
"""For passes that run when the process is told to stop; with the Lease's release it is gone in under 2 s."""
RELEASE_WITHIN_S: Final = 0.6
FIND_OUT_WITHIN_S: Final = 8.0
START_AGAIN: Final = -1
"""What `run` gives where the process is to begin anew: there are other kinds to be watched."""

_NOT_INSTALLED: Final = (
    "the cluster does not know Crossfade's kinds: run `kubectl apply --server-side -k manifests/`"
)


class Unready(Exception):  # noqa: N818 -- a sentence for the person who starts it
    """The cluster is not as the operator needs it."""


@dataclass(frozen=True)
class Parts:
    """All parts of a working operator, put together."""

    cluster: Cluster
    store: Store
    workers: Workers[Key]
    templates: Workers[Place]
    policies: Workers[Place]
    relist: Relist
    kinds: Kinds
    measuring: Measuring
    health: Health
    keeper: Keeper | None
    pulse: Pulse
    scope: Scope


async def run(options: Options) -> int:
    """Run until told to stop (gives 0), until kopf ends (1) or until START_AGAIN. Raises Lost, Unready, ApiError."""
    stop = asyncio.Event()
    metrics = Metrics()
    async with (
        Cluster.connect(options.kubeconfig, options.context, metrics.requested) as cluster,
        measuring_by(options, cluster) as source,
    ):
        parts = _assembled(options, cluster, metrics, source)
        async with serving(
            parts.health, metrics.registry, options.bind_address, options.health_port, options.metrics_port
        ):
            _on_signals(stop.set)
            log.info("works in %s", options.scope)
            await _checked(cluster, parts.store, options.scope.namespace)
            parts.health.ready = True
            pulse = asyncio.create_task(parts.pulse.run(), name="pulse")
            if parts.keeper and not await _first(stop, parts.keeper.acquire()):
                return 0
            metrics.leader.set(1)
            try:
                return await _work(parts, stop)
            finally:
                pulse.cancel()
                parts.measuring.stop()


def _assembled(options: Options, cluster: Cluster, metrics: Metrics, source: Sources) -> Parts:
    store = Store(watched_in(options.scope.namespace))
    drops = Drops(store, time.monotonic)
    queue = KeyedQueue[Key](
        _jitter, lambda key: rank(store, drops, key), lambda key: key.namespace, WORKERS // 2
    )
    store.listen(drops.note)
    metrics.watch(store, queue, _now)
    me = identity()
    place = options.lease_namespace or cluster.namespace
    keeper = _keeper(options, metrics, place, me) if options.lease else None
    core = Core(decide, unreadable, _now)
    fence = keeper.fence if keeper else _no_fence
    beat = keeper.beat if keeper else _no_fence
    pulse = Pulse(WORKERS, beat, metrics.loop_lag.observe, lambda: queue.is_urgent(time.monotonic()))
    teller = Teller(cluster, me, _now, fence)
    wake: Callable[[Key], None] = lambda key: workers.add(key)  # noqa: E731, PLW0108 -- they are made below
    router = RouterMetrics(options.router_metrics) if options.router_metrics else None
    ruling = Ruling(store, _now, wake)
    failing = Failing(_now, wake)
    store.listen(failing.note)
    measuring, checker = Measuring(source, wake), Checker(source.means.conditions)
    world = World(
        cluster, teller, fence, metrics.wrote, wake, router, measuring, checker, failing.others, ruling
    )
    passes = Reconciler(store, drops, core, world, options.settle_seconds, checks_ports=options.port_check)
    workers = Workers(queue, passes, metrics, pulse=pulse)
    told = Workers(KeyedQueue[Place](_jitter), Validity(store, world, _now), metrics=None, count=1)
    store.templates.listen(told.add)
    later: Later = lambda place, delay_s: looked.add_after(place, delay_s)  # noqa: E731, PLW0108
    looking = _policy_status(options, store, world, ruling, later)
    looked = Workers(KeyedQueue[Place](_jitter), looking, metrics=None, count=1)
    store.policies.listen(lambda name: looked.add(Place(POLICY, "", name)) if looking.is_news(name) else None)
    store.listen(Counted(store, looked.add_after).note)
    relist = Relist(cluster, store, workers.add, options.scope, _jitter)
    kinds = Kinds(cluster, store, options.scope.namespace)
    health = Health(queue, lambda: relist.behind)
    return Parts(
        cluster, store, workers, told, looked, relist, kinds, measuring, health, keeper, pulse, options.scope
    )


def _keeper(options: Options, metrics: Metrics, namespace: str, me: str) -> Keeper:
    def elect(leases: Leases, alive: Callable[[], bool]) -> Election:
        return Election(leases, namespace, LEASE_NAME, me, boot_s, alive)

    return Keeper(lambda: Cluster.connect(options.kubeconfig, options.context, metrics.requested), elect)


def _policy_status(
    options: Options, store: Store, world: World, ruling: Ruling, later: Later
) -> PolicyStatus:
    everywhere = options.scope.namespace is None
    admission = PolicyAdmission(world.cluster, world.fence) if everywhere else None
    return PolicyStatus(store, world, ruling, admission, later)


async def _work(parts: Parts, stop: asyncio.Event) -> int:
    """Work until told to stop, or until a part ends that never should."""
    keep = [asyncio.create_task(parts.keeper.keep(), name="lease")] if parts.keeper else []
    await parts.kinds.begin()
    await _fill(parts)
    parts.workers.start()
    parts.templates.start()
    parts.policies.start()
    relist = asyncio.create_task(parts.relist.run(), name="relist")
    kinds = asyncio.create_task(parts.kinds.run(), name="kinds")
    stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait(), name="stop")
    watches = await _watch(parts, stop)  # when kopf ends, it ends every task that is younger than itself
    ended, _ = await asyncio.wait(
        {*keep, relist, kinds, watches, stopped}, return_when=asyncio.FIRST_COMPLETED
    )
    await parts.templates.stop(within_s=0)
    await parts.policies.stop(within_s=0)
    for task in keep:
        if task in ended:
            await parts.workers.stop(within_s=0)
            task.result()  # raises Lost: somebody else may write now, so nothing is finished
    in_time = await parts.workers.stop(LEAVE_WITHIN_S)
    changed = "" if stop.is_set() else await _changed(parts, kinds, watches)
    if in_time:
        await _let_go(parts.keeper, keep)
    if stopped in ended:
        log.info("stopped%s", "" if in_time else ", with a pass cut off")
        return 0
    if changed:
        log.warning("%s", changed)
        return 0 if stop.is_set() else START_AGAIN
    for task in ended:
        _tell_why(task)
    return 1


async def _let_go(keeper: Keeper | None, keep: list[asyncio.Task[None]]) -> None:
    """Give the Lease back, so that the next process need not wait until it runs out."""
    for task in keep:
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(RELEASE_WITHIN_S):
            if keeper:
                await keeper.release()


async def _changed(parts: Parts, kinds: asyncio.Task[None], watches: asyncio.Task[None]) -> str:
    """Whether there are other kinds to be watched, as a sentence: so kopf ends too when one that it watches goes away."""
    if kinds.done() and isinstance(error := kinds.exception(), Changed):
        return str(error)
    if not (watches.done() and watches.exception()):
        return ""
    with contextlib.suppress(ApiError, TimeoutError):  # then it ends as it would have
        async with asyncio.timeout(FIND_OUT_WITHIN_S):
            return await parts.kinds.difference()
    return ""


def _tell_why(ended: asyncio.Task[Any]) -> None:
    error = ended.exception()
    if isinstance(error, Restored):
        log.warning("%s", error)
    else:
        log.error("the part %r ended", ended.get_name(), exc_info=error)


async def _watch(parts: Parts, stop: asyncio.Event) -> asyncio.Task[None]:
    """Start kopf. It takes the signals for itself, so they are taken back."""
    intake = handlers.Intake(parts.store, parts.workers.add, parts.relist.listed, parts.scope)
    only = parts.scope.namespace
    watching.read_all()
    older = asyncio.all_tasks()
    who: Any = (
        "crossfade"  # for peering, which is off; kopf's own choice needs a user name, and a pod has none
    )
    tasks = await kopf.spawn_tasks(
        identity=who,
        registry=handlers.registry(intake, parts.cluster.credentials),
        settings=watching.settings(),
        clusterwide=only is None,
        namespaces=[only] if only else [],
    )
    _on_signals(stop.set)
    return asyncio.create_task(kopf.run_tasks(tasks, ignored=older), name="watches")


async def _fill(parts: Parts) -> None:
    """List everything once before the first decision: a Deployment not seen yet must not look like none."""
    for kind, watched in parts.store.watched.items():
        for raw in await parts.cluster.list(kind, parts.scope.namespace, watched.selector):
            if parts.scope.covers(namespace_of(raw)):
                parts.store.put(kind, raw)
    for kind in ("Rollout", "RolloutAction"):  # what was asked of a Rollout that is gone is removed in time
        for raw in parts.store.all(kind):
            for key in WATCHED[kind].keys(raw):
                parts.workers.add(key)


async def _checked(cluster: Cluster, store: Store, namespace: str | None) -> None:
    """Say at the start what would otherwise fail at every turn.

    An operator for one namespace may lack the right to what belongs to the cluster: then it holds what policies could hold.

    While the API server is away it is waited for, as long as it takes: a process that ended instead would be
    started again after longer and longer pauses, and come back minutes after the API server.
    """
    while True:
        try:
            for kind in tuple(store.watched):
                await cluster.list(kind, namespace, NOBODY, metadata_only=True)
        except ApiError as error:
            if namespace is not None and kind in OF_POLICIES and error.status == HTTPStatus.FORBIDDEN:
                store.unwatch(OF_POLICIES)
                store.policies.unknown = f"{error.message}. Apply manifests/one-namespace/policies.yaml"
                log.warning("no new release begins: %s", store.policies.unknown)
                continue
            if error.not_found:
                raise Unready(_NOT_INSTALLED) from error
            if not error.passing:
                raise
            log.warning("waiting for the API server: %s", error)
            await asyncio.sleep(2)
        else:
            return


async def _first(stop: asyncio.Event, wait: Coroutine[Any, Any, None]) -> bool:
    """Wait for `wait`; False where the process is told to stop before."""
    waiting, stopped = asyncio.create_task(wait), asyncio.create_task(stop.wait())
    await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        return False
    stopped.cancel()
    waiting.result()
    return True


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop)


def _jitter() -> float:
    return random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, keeps no secret


def _now() -> datetime:
    return datetime.now(UTC)


def _no_fence() -> None:
    """Without a Lease nobody else writes: that is what --no-lease promises."""


__all__ = ["Lost", "Unready", "run"]
