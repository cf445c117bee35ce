"""How the operator's writes are counted."""

import json
from collections import Counter
from datetime import UTC, datetime

from bench import audit

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2030, 1, 1, 12, 2, tzinfo=UTC)


def line(verb: str, at: str = "12:01:00.000000Z", query: str = "", **reference: str) -> str:
    uri = f"/apis/apps/v1/namespaces/demo/deployments/shop{query}"
    return json.dumps(
        {
            "verb": verb,
            "requestURI": uri,
            "requestReceivedTimestamp": f"2030-01-01T{at}",
            "objectRef": {"namespace": "demo", "name": "shop", **reference},
        }
    )


def counted(*lines: str) -> Counter[str]:
    return audit.counted(lines, NOON, LATER, {"demo", None})


def test_writes_are_counted_by_verb_and_resource() -> None:
    of_apps = {"apiGroup": "apps", "resource": "deployments"}
    assert counted(
        line("patch", **of_apps), line("patch", **of_apps), line("create", resource="events")
    ) == Counter({"patch apps/deployments": 2, "create events": 1})


def test_the_subresource_is_told() -> None:
    status = {"apiGroup": "crossfade.dev", "resource": "rollouts", "subresource": "status"}
    assert counted(line("update", **status)) == Counter({"update crossfade.dev/rollouts/status": 1})


def test_what_came_before_or_after_does_not_count() -> None:
    times = ("11:59:59.999999Z", "12:00:00.000000Z", "12:01:59.999999Z", "12:02:00.000000Z")
    assert counted(*(line("patch", at, resource="services") for at in times)).total() == 2


def test_what_is_in_another_namespace_does_not_count_and_what_is_in_none_does() -> None:
    nowhere = json.loads(line("create", resource="namespaces"))
    del nowhere["objectRef"]["namespace"]
    lines = [line("patch", namespace="another", resource="services"), json.dumps(nowhere)]
    assert counted(*lines) == Counter({"create namespaces": 1})


def test_a_dry_run_is_no_write() -> None:
    assert not counted(line("patch", query="?fieldManager=crossfade&dryRun=All", resource="services"))
