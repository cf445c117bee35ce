"""A stored time that lies ahead holds nothing up, and lets nothing pass: clocks jump, and the next leader's is another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from builders import BY_ROUTE, STRATEGIES, V1, V2, releasing_v2, routing_v2
from crossfade.api.base import Model
from crossfade.api.status import RolloutStatus
from crossfade.core import stored_times
from crossfade.core.measured import Valued
from crossfade.core.moments import moment_of, text_of
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until
from simulation.stored import Object

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SECONDS = [1, 4, 8, 12, 20]
JUMPS = [300, -300]
HALF = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}


def shifted(value: Any, seconds: float) -> Any:
    """The same with each time as a clock would have written it that was so much ahead."""
    if isinstance(value, dict):
        return {key: shifted(each, seconds) for key, each in value.items()}
    if isinstance(value, list):
        return [shifted(each, seconds) for each in value]
    if isinstance(value, str) and TIME.fullmatch(value):
        return text_of(moment_of(value) + timedelta(seconds=seconds))
    return value


def written_by(sim: Sim, ahead_s: float) -> Sim:
    """All that is stored was written by a leader whose clock was so much ahead."""
    return _edited(sim, shifted(sim.status, ahead_s))


def _edited(sim: Sim, status: Object) -> Sim:
    sim.rollout = {**sim.rollout, "status": status}
    return sim


def _fields(kind: type[Model], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    for name, ahead_s in stored_times._times(kind).items():
        yield (*path, name), ahead_s
    for name in stored_times._parts(kind):
        for part in stored_times._models(kind.model_fields[name].annotation):
            yield from _fields(part, (*path, name))


FIELDS = dict(_fields(RolloutStatus))


def test_every_time_of_the_status_is_in_the_table() -> None:
    schema = RolloutStatus.model_json_schema()
    models = {"RolloutStatus": schema, **schema["$defs"]}
    dated = {(kind, name) for kind, one in models.items() for name in _dated(one.get("properties", {}))}
    assert {(kind, _wire(name)) for kind, name in _listed(RolloutStatus)} == dated


def _dated(properties: Object) -> Iterator[str]:
    return (name for name, one in properties.items() if "date-time" in str(one))


def _wire(name: str) -> str:
    head, *parts = name.split("_")
    return head + "".join(each.capitalize() for each in parts)


def _listed(kind: type[Model]) -> Iterator[tuple[str, str]]:
    for name in stored_times._times(kind):
        yield kind.__name__, name
    for name in stored_times._parts(kind):
        for part in stored_times._models(kind.model_fields[name].annotation):
            yield from _listed(part)


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_no_stored_time_lies_further_ahead_than_it_may(path: tuple[str, ...]) -> None:
    far = text_of(NOW + timedelta(days=365))
    last: Any = [far] if path[-1] == "starts" else far
    after = stored_times.in_the_past(_with(RolloutStatus(), path, last), NOW)
    found: Any = after
    for name in path:
        found = getattr(found, name)
        found = found[0] if isinstance(found, list) else found
    latest = FIELDS[path]
    assert latest == float("inf") or moment_of(found) <= NOW + timedelta(seconds=latest)


def _with(model: Model, path: tuple[str, ...], value: Any) -> Any:
    name, rest_of = path[0], path[1:]
    if not rest_of:
        return model.model_copy(update={name: value})
    [part] = stored_times._models(type(model).model_fields[name].annotation)
    inner = _with(part.model_construct(), rest_of, value)
    field = type(model).model_fields[name]
    return model.model_copy(update={name: [inner] if "list" in str(field.annotation) else inner})


def test_a_memory_without_a_time_ahead_is_that_very_one() -> None:
    memory = RolloutStatus.readable(shifted(until(releasing_v2("canary"), stands_at(0)).status, 0))
    assert stored_times.in_the_past(memory, moment_of(str(memory.since)) + timedelta(hours=1)) is memory


def _at(strategy: str, seconds: float, *, routed: bool) -> Sim:
    return run(routing_v2(strategy) if routed else releasing_v2(strategy), seconds)


EVERY = [*((each, False) for each in STRATEGIES), *((each, True) for each in BY_ROUTE)]


@pytest.mark.parametrize("ahead_s", JUMPS)
@pytest.mark.parametrize(("strategy", "routed"), EVERY)
def test_a_release_completes_as_soon_whatever_the_clock_of_the_leader_before(
    strategy: str, routed: bool, ahead_s: float
) -> None:
    for seconds in SECONDS:
        sim = written_by(_at(strategy, seconds, routed=routed), ahead_s)
        until(sim, lambda s: s.selected() == {V2: 4} and s.status["phase"] == "Healthy", limit_s=120)


@pytest.mark.parametrize("ahead_s", JUMPS)
@pytest.mark.parametrize(("strategy", "routed"), EVERY)
def test_an_abort_ends_as_soon_whatever_the_clock_of_the_leader_before(
    strategy: str, routed: bool, ahead_s: float
) -> None:
    for seconds in SECONDS:
        sim = _at(strategy, seconds, routed=routed)
        if sim.status.get("progress") is None:
            continue
        sim.act("Abort")
        quiet(sim)
        written_by(sim, ahead_s)
        until(sim, lambda s: s.selected() == {V1: 4} and s.status["phase"] == "RolledBack", limit_s=60)


LIMIT = {"name": "limit", "prometheus": {"query": "up"}, "success": "result < 1.0", "intervalSeconds": 10}


@pytest.mark.parametrize("ahead", ["until", "againAt"])
def test_what_is_measured_goes_on_though_its_last_window_is_said_to_lie_ahead(ahead: str) -> None:
    sim = routing_v2(HALF, analysis={"metrics": [LIMIT]}, bakeSeconds=0)
    sim.measures = lambda _sim, _ask: Valued(0.0, True)
    run(until(sim, stands_at(0)), 25)
    [one] = sim.status["measurements"]
    _edited(sim, {**sim.status, "measurements": [{**one, ahead: "2101-01-01T00:00:00.000Z"}]})
    sim.measures = lambda _sim, _ask: Valued(2.0, False)
    limit_s = 60 if ahead == "until" else 3700
    until(sim, phase("RolledBack"), limit_s=limit_s)


@pytest.mark.parametrize("hours", [0.1, 24])
def test_a_downtime_that_is_said_to_begin_later_is_limited_all_the_same(hours: float) -> None:
    sim = releasing_v2({"recreate": {"pullFirst": False, "maxDowntimeSeconds": 20}})
    sim.broken = frozenset({V2})
    until(sim, lambda s: (s.status.get("downtime") or {}).get("startedAt"))
    down = shifted(sim.status["downtime"], hours * 3600)
    _edited(sim, {**sim.status, "downtime": down})
    until(sim, lambda s: s.selected() == {V1: 4}, limit_s=60)


def test_what_is_approved_now_is_not_of_a_release_that_is_said_to_end_later() -> None:
    sim = rest(until(releasing_v2("bigBang"), phase("Healthy")))
    _edited(sim, {**sim.status, "last": shifted(sim.status["last"], 300)})
    quiet(sim)
    assert moment_of(sim.status["last"]["at"]) <= sim.now


def test_a_failure_that_is_said_to_be_judged_later_ends_its_way_back() -> None:
    sim = until(releasing_v2("bigBang", bakeSeconds=60), lambda s: s.selected() == {V2: 4})
    sim.ail(V2)
    until(sim, phase("RollingBack"), limit_s=30)
    _edited(sim, {**sim.status, "failed": shifted(sim.status["failed"], 3000)})
    until(sim, phase("RolledBack"), limit_s=60)


def test_pods_that_a_router_is_said_to_learn_of_later_get_requests() -> None:
    sim = routing_v2("canary")
    until(sim, lambda s: (s.status.get("progress") or {}).get("listedAt"), seconds=0.1)
    progress = {**sim.status["progress"], "listedAt": text_of(sim.now + timedelta(hours=1))}
    _edited(sim, {**sim.status, "progress": progress})
    until(sim, stands_at(0), limit_s=30)


def test_the_pods_are_not_replaced_again_though_the_restart_is_said_to_be_later() -> None:
    sim = until(releasing_v2("bigBang"), phase("Healthy"))
    sim.act("Restart")
    rest(sim)
    before = len(sim.writes)
    sim.tick(-300)
    quiet(sim)
    run(sim, 60)
    assert "Deployment" not in {write.kind for write in sim.writes[before:]}


# --- one clock, one meaning ---------------------------------------------------------------------------------


def test_a_stage_that_stood_is_not_condemned_for_pods_that_the_cluster_has_no_room_for() -> None:
    sim = until(releasing_v2(HALF, progressDeadlineSeconds=60), stands_at(0))
    sim.room = len(sim.pods)
    sim.scale(20)
    run(sim, 3600)
    assert sim.status["phase"] in {"Degraded", "Progressing"}
    assert sim.status["progress"]["stage"] == 0
    sim.room = 100
    until(sim, phase("Paused"), limit_s=60)


def test_a_candidate_that_never_stood_fails_though_its_replicas_change_all_the_time() -> None:
    sim = releasing_v2("blueGreen", progressDeadlineSeconds=600)
    sim.broken = frozenset({V2})
    for i in range(4):
        run(sim, 200)
        sim.scale(5 + i)
    assert sim.status["phase"] == "RolledBack"


def test_pods_that_keep_coming_are_progress() -> None:
    sim = releasing_v2({"rolling": {"maxSurge": 1}}, progressDeadlineSeconds=60, minReadySeconds=40)
    assert rest(sim).selected() == {V2: 4}
