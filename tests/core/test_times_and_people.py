"""When something was so, and who changed the template, is stored once, where it can be told from later."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, until

MOVED = ["rolling", "blueGreen", "canary", "bigBang"]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("service", [True, False], ids=["service", "worker"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_first_request_is_when_it_is_selected_and_a_pod_of_it_is_ready(
    strategy: str, *, service: bool
) -> None:
    sim = releasing_v2(strategy, service=service)
    quiet(sim)
    assert "servedAt" not in sim.status["progress"]
    met = until(sim, lambda s: (s.status.get("progress") or {}).get("servedAt"), seconds=0.5)
    assert any(pod.ready for pod in met.of(V2))
    if service:
        assert V2 in met.selected()
    at = sim.status["progress"]["servedAt"]
    assert 0 <= (sim.now - _at(at)).total_seconds() < 1
    rest(sim)
    assert sim.status["last"]["servedAt"] == sim.releases["shop-2"]["status"]["servedAt"] == at


@pytest.mark.parametrize("strategy", MOVED)
def test_how_long_users_met_it_is_told_by_two_times(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: (s.status.get("progress") or {}).get("servedAt"))
    first = sim.status["progress"]["servedAt"]
    run(sim, 8)
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert sim.status["progress"]["servedAt"] == first
    rest(sim)
    last, record = sim.status["last"], sim.releases["shop-2"]["status"]
    assert last["servedAt"] == record["servedAt"] == first
    assert 8 <= (_at(last["turnedBackAt"]) - _at(first)).total_seconds() < 10
    assert record["turnedBackAt"] == last["turnedBackAt"]
    assert last["turnedBackAt"] <= record["endedAt"]


def test_what_no_request_could_reach_has_no_such_time() -> None:
    sim = releasing_v2("blueGreen", progressDeadlineSeconds=20)
    sim.broken = frozenset({V2})
    rest(sim)
    assert "servedAt" not in sim.status["last"]
    assert "turnedBackAt" in sim.status["last"]
    assert "servedAt" not in sim.releases["shop-2"]["status"]


def test_a_release_that_completed_never_turned_back() -> None:
    sim = rest(releasing_v2("bigBang"))
    assert "turnedBackAt" not in sim.status["last"]
    assert "turnedBackAt" not in sim.releases["shop-2"]["status"]


def test_none_of_them_changes_at_rest() -> None:
    sim = until(releasing_v2("bigBang"), lambda s: s.status.get("progress"))
    sim.act("Abort")
    rest(sim)
    before, writes = sim.status, len(sim.writes)
    sim.now += timedelta(hours=3)
    rest(sim)
    assert sim.status == before
    assert len(sim.writes) == writes


@pytest.mark.parametrize("pull", [True, False])
def test_while_nothing_serves_recreate_says_since_when(*, pull: bool) -> None:
    sim = releasing_v2({"recreate": {"pullFirst": pull}})
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.status.get("downtime") and not s.selected())
    run(sim, 5)
    assert "endedAt" not in sim.status["downtime"]
    assert (sim.now - _at(sim.status["downtime"]["startedAt"])).total_seconds() >= 5
    sim.broken = frozenset()
    until(sim, lambda s: s.selected())
    assert "endedAt" in sim.status["downtime"]


# --- who changed the template ---------------------------------------------------------------------------


def _entry(manager: str, at: str, fields: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "time": at,
        "fieldsV1": {"f:spec": fields},
        "apiVersion": "crossfade.dev/v1alpha1",
    }


TEMPLATE = {"f:template": {"f:spec": {"f:containers": {}}}}


def _changed_by(sim: Sim, *entries: dict[str, Any]) -> dict[str, Any] | None:
    """V2 is released by a change that left these entries in managedFields."""
    sim.rollout = {
        **sim.rollout,
        "metadata": {**sim.rollout["metadata"], "managedFields": list(entries)},
    }
    sim.set_image("shop:v2")
    rest(sim)
    changed: dict[str, Any] | None = sim.releases["shop-2"]["spec"].get("changedBy")
    return changed


def test_a_release_keeps_which_field_manager_had_changed_the_template_last_and_when() -> None:
    told = _changed_by(
        serving_v1("bigBang"),
        _entry("kubectl-client-side-apply", "2026-01-31T11:00:00Z", {**TEMPLATE, "f:replicas": {}}),
        _entry("kubectl-edit", "2026-01-31T12:00:00Z", TEMPLATE),
        _entry("kubectl-scale", "2026-01-31T13:00:00Z", {"f:replicas": {}}),
    )
    assert told == {"manager": "kubectl-edit", "at": "2026-01-31T12:00:00Z"}


@pytest.mark.parametrize(
    "entries", [(), (_entry("kubectl-scale", "2026-01-31T13:00:00Z", {"f:replicas": {}}),)]
)
def test_where_the_api_server_does_not_say_the_release_does_not_either(entries: tuple[Any, ...]) -> None:
    assert _changed_by(serving_v1("bigBang"), *entries) is None


def test_an_undo_is_no_change_of_the_template_by_anybody() -> None:
    sim = serving_v1("bigBang")
    _changed_by(sim, _entry("kubectl-edit", "2026-01-31T12:00:00Z", TEMPLATE))
    sim.act("Undo", actor="ann")
    rest(sim)
    record = sim.releases["shop-3"]
    assert record["spec"]["revision"] == V1
    assert "changedBy" not in record["spec"]
    assert record["status"]["actions"][0]["actor"] == "ann"


def test_the_managers_name_is_told_without_what_a_terminal_would_obey() -> None:
    told = _changed_by(serving_v1("bigBang"), _entry("kubectl\x1b[2J-edit", "2026-01-31T12:00:00Z", TEMPLATE))
    assert told is not None
    assert told["manager"] == "kubectl-edit"
