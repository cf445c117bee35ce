"""Which release is aborted in the middle of a wave."""

from typing import Any

from bench.scale.aborts import names, serving


def rollout(name: str, *, since: str | None, weight: int = 50, reason: str = "") -> dict[str, Any]:
    progress = {"servingSince": since, "rollbackReason": reason}
    return {"metadata": {"name": name}, "status": {"progress": progress, "realWeight": weight}}


def test_it_is_the_one_whose_candidate_began_to_serve_last_and_shares_the_requests() -> None:
    all_of_them = [
        rollout("early", since="2026-01-31T12:00:00Z"),
        rollout("late", since="2026-01-31T12:00:05Z"),
        rollout("alone", since="2026-01-31T12:00:06Z", weight=100),
        rollout("turned-back", since="2026-01-31T12:00:07Z", reason="AbortedByUser"),
        rollout("not-yet", since=None),
        {"metadata": {"name": "at-rest"}, "status": {"phase": "Healthy"}},
    ]
    found = serving(all_of_them)
    assert found is not None
    assert found["metadata"]["name"] == "late"


def test_there_may_be_none() -> None:
    assert serving([rollout("not-yet", since=None), {"metadata": {"name": "new"}}]) is None


def test_a_route_is_left_when_it_names_the_production_service_alone() -> None:
    def route(*backends: str) -> dict[str, Any]:
        return {"spec": {"rules": [{"backendRefs": [{"name": name, "port": 80} for name in backends]}]}}

    assert names(route("app-1")) == {"app-1"}
    assert names(route("app-1", "app-1-canary")) != {"app-1"}
