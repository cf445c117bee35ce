"""Releases as the operator stores them; a test says only what matters to it."""

from typing import Any

Object = dict[str, Any]

V1, V2, V3 = "aaa111", "bbb222", "ccc333"


def template(image: str, **container: Any) -> Object:
    return {"spec": {"containers": [{"name": "app", "image": image, **container}]}}


def release(
    number: int,
    revision: str,
    outcome: str = "Completed",
    *,
    started: str | None = "2026-01-31T12:00:00.000Z",
    ended: str | None = "2026-01-31T12:01:30.500Z",
    rollout: str = "shop",
    namespace: str = "demo",
    of: str = "",
    pod_template: Object | None = None,
    **status: Any,
) -> Object:
    """Release `number` of a Rollout; `of` is the revision that was stable when it began."""
    times = {"startedAt": started, "endedAt": ended if outcome else None}
    return {
        "kind": "Release",
        "metadata": {
            "name": f"{rollout}-{number}",
            "namespace": namespace,
            "labels": {"crossfade.dev/rollout": rollout, "crossfade.dev/revision": revision},
        },
        "spec": {
            "rollout": rollout,
            "number": number,
            "revision": revision,
            "fromRevision": of,
            "template": pod_template or template(f"shop:{revision}"),
        },
        "status": {"outcome": outcome, **{k: v for k, v in times.items() if v}, **status},
    }


def turned_back(at: str) -> list[Object]:
    """The timeline of a release that was taken back at that moment."""
    return [
        {"at": "2026-01-31T12:00:00.000Z", "stage": 0, "weight": 25, "note": "25 %"},
        {"at": at, "stage": 0, "weight": 0, "note": "back: CandidateCrashed"},
    ]
