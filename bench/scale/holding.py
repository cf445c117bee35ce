"""One run with analysis: all Rollouts stand in a step that a person holds, then in one that is measured; aborts in both."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import replace

from bench import operator_pods
from bench.kube import ApiError, Kube, Object, wait_for
from bench.operator_pods import wait_available
from bench.scale import aborts, fake_node, many, phases, source
from bench.scale.held_figures import Compared, Held
from bench.scale.leader import Leader
from bench.scale.readings import RestartedError, grown

EVERY_S = 10
TRIES = 3
"""On a busy machine the operator may lose its Lease: a stretch is of one process."""
WEIGHT = 50
# Counts of a quiet app, one request a second without an error: nothing is shown for 50 minutes, so it is asked again and
# again. Four queries a window, as `builtIn` has them, and the judge.
COUNTS = {
    "name": "counts",
    "compare": {
        "bad": "0 * sum(count_over_time(vector(1)[{{window}}:1s]))",
        "total": "sum(count_over_time(vector(1)[{{window}}:1s]))",
    },
}
# A number and a condition, which passes after so many windows only.
NUMBER = {
    "name": "number",
    "prometheus": {"query": "vector(0.01)"},
    "success": "result < 0.05",
    "count": 1000,
}
METRICS = [{**each, "intervalSeconds": EVERY_S, "maxSeconds": 86_400} for each in (COUNTS, NUMBER)]
BY_A_PERSON = {"canary": {"steps": [{"weight": WEIGHT, "pause": "Manual"}]}}
BY_MEASURING = {"canary": {"steps": [{"weight": WEIGHT, "analysis": {"metrics": METRICS}}]}}


def measure(kube: Kube, rollouts: int, rest_s: float, how_many: int) -> Compared:
    """Play both stretches with so many Rollouts and aborts in each, and leave nothing behind."""
    wait_available(kube)
    with fake_node.playing(kube), many.places(kube) as places:
        many.create(kube, places, rollouts, math.inf)
        all_of(kube, rollouts, "Healthy", lambda each: many.phase_of(each) == "Healthy")
        by_a_person = held(kube, places, rollouts, ("v2", BY_A_PERSON), rest_s, how_many)
        by_measuring = held(kube, places, rollouts, ("v3", BY_MEASURING), rest_s, how_many)
        return Compared(rollouts, by_a_person, by_measuring, os.getloadavg()[0])


def held(
    kube: Kube, places: list[str], rollouts: int, change: tuple[str, Object], rest_s: float, how_many: int
) -> Held:
    """Update all, let them stand in their step for a while, then abort so many of them, one after the other."""
    version, strategy = change
    ready = is_measured if strategy is BY_MEASURING else stands
    before = restarts(operator_pods.pods(kube))
    many.update(kube, places, rollouts, math.inf, version, strategy)
    standing = all_of(kube, rollouts, "in their step", ready)
    stretch = measured_for(kube, rest_s)
    print(f"Aborting {min(how_many, rollouts)} of them …")
    seconds = aborts.each_aborted(kube, standing[:how_many])
    due = len(METRICS) * rollouts * stretch.seconds / EVERY_S if ready is is_measured else 0.0
    restarted = restarts(operator_pods.pods(kube)) - before
    return replace(stretch, due=due, aborts_s=seconds, restarts=restarted)


def measured_for(kube: Kube, seconds: float) -> Held:
    """Nothing is asked for, for so long; what was measured meanwhile. Again, where the operator was another one in the end."""
    for left in reversed(range(TRIES)):
        try:
            return _measured_once(Leader.found(kube), seconds)
        except (RestartedError, ApiError) as error:
            if not left:
                raise
            print(f"{error}: measured once more …")
    raise AssertionError("unreachable")


def _measured_once(leader: Leader, seconds: float) -> Held:
    print(f"Measured for {seconds:.0f} s …")
    before, asked, taken = leader.read(), source.read(leader.kube), windows(many.listed(leader.kube))
    started = time.monotonic()
    wait_for("the stretch to be over", lambda: time.monotonic() - started >= seconds, seconds + 10, every_s=1)
    growth, of_source = grown(before, leader.read()), grown(asked, source.read(leader.kube))
    took = windows(many.listed(leader.kube)) - taken
    return Held(time.monotonic() - started, growth, of_source, took, leader.memory_bytes)


def restarts(pods: list[Object]) -> int:
    """How often the containers of these pods were started again."""
    told = (each for pod in pods for each in pod["status"].get("containerStatuses", ()))
    return sum(each["restartCount"] for each in told)


def all_of(kube: Kube, rollouts: int, what: str, ready: Callable[[Object], bool]) -> list[Object]:
    """Wait until all of them are; they, mixed over the namespaces."""
    print(f"Waiting for all {rollouts} to be {what} …")

    def found() -> list[Object] | None:
        seen = [each for each in many.listed(kube) if ready(each)]
        return seen if len(seen) == rollouts else None

    within_s = phases.FIRST_S + phases.EACH_S * rollouts
    seen = wait_for(f"all Rollouts to be {what}", found, within_s, every_s=2)
    return sorted(seen, key=lambda each: int(each["metadata"]["name"].rpartition("-")[2]))


def stands(rollout: Object) -> bool:
    """The candidate of the newest spec has its share, as wanted and in fact, and nobody has turned back."""
    status = rollout.get("status") or {}
    progress = status.get("progress") or {}
    current = status.get("observedGeneration") == rollout["metadata"]["generation"]
    reached = progress.get("reachedAt") and not progress.get("rollbackReason")
    return bool(current and reached and status.get("weight") == status.get("realWeight") == WEIGHT)


def is_measured(rollout: Object) -> bool:
    """The same, and each of its metrics has an answer."""
    told = (rollout.get("status") or {}).get("measurements", ())
    return stands(rollout) and sum(each.get("windows", 0) > 0 for each in told) == len(METRICS)


def windows(rollouts: list[Object]) -> int:
    """How many answers were taken in, of all of them together."""
    told = (each for rollout in rollouts for each in (rollout.get("status") or {}).get("measurements", ()))
    return sum(each.get("windows", 0) for each in told)
