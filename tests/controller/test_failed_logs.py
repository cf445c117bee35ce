"""The end of a failed container's log: read in the background, of the container that ended, and said why where it cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from crossfade.api.release import FailedLog
from crossfade.cluster import ApiError
from crossfade.controller import failed_logs
from crossfade.controller.failed_logs import FailedLogs
from crossfade.controller.store import Key

SHOP, PLACE = Key("ns", "shop"), ("shop-b-1", "app")


class Kubelet:
    """Answers by whether the container before is asked for; an exception is raised."""

    def __init__(self, previous: str | Exception, now: str | Exception = "") -> None:
        self.answers = {True: previous, False: now}
        self.asked: list[Mapping[str, str]] = []
        self.answers_at = asyncio.Event()
        self.answers_at.set()

    async def logs(self, _namespace: str, _pod: str, query: Mapping[str, str]) -> str:
        await self.answers_at.wait()
        self.asked.append(query)
        answer = self.answers["previous" in query]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def read(kubelet: Kubelet) -> FailedLog:
    woken = asyncio.Event()
    logs = FailedLogs(kubelet, lambda _key: woken.set())
    assert logs.of(SHOP, PLACE) is None
    await woken.wait()
    found = logs.of(SHOP, PLACE)
    assert found is not None
    return found


async def test_it_is_that_of_the_container_that_ended() -> None:
    kubelet = Kubelet("starting\n\x1b[31mno database\x1b[0m\n")
    assert await read(kubelet) == FailedLog(
        pod="shop-b-1", container="app", lines=["starting", "no database"]
    )
    assert kubelet.asked[0]["tailLines"] == "50"


async def test_where_none_has_ended_it_is_that_of_the_one_that_runs() -> None:
    kubelet = Kubelet(ApiError(400, "BadRequest", "previous terminated container not found"), "waiting\n")
    assert (await read(kubelet)).lines == ["waiting"]


async def test_no_pass_waits_for_it_and_the_rollout_is_woken_by_the_answer() -> None:
    kubelet = Kubelet("boom\n")
    kubelet.answers_at.clear()
    logs = FailedLogs(kubelet, lambda _key: None)
    assert logs.of(SHOP, PLACE) is None
    assert logs.of(SHOP, PLACE) is None
    logs.forget(SHOP)


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (
            ApiError(403, "Forbidden", "no"),
            "the operator may not read logs: an admin allows it with manifests/logs.yaml",
        ),
        (ApiError(404, "NotFound", "no"), "the pod had terminated before its log was read"),
        (ApiError(500, "InternalError", "dial tcp: no route to host"), "dial tcp: no route to host"),
        (RuntimeError("broken"), "RuntimeError('broken')"),
    ],
)
async def test_why_there_is_none_is_kept(error: Exception, note: str) -> None:
    assert await read(Kubelet(error, error)) == FailedLog(pod="shop-b-1", container="app", note=note)


async def test_a_node_that_does_not_answer_is_waited_for_for_so_long_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(failed_logs, "LIMIT_S", 0.01)
    kubelet = Kubelet("late")
    kubelet.answers_at.clear()
    assert (await read(kubelet)).note == "the node did not send the log within 0 s"


async def test_what_is_longer_is_cut_to_its_last_lines() -> None:
    found = await read(Kubelet("".join(f"{n} {'x' * 500}\n" for n in range(60))))
    assert [line.split()[0] for line in found.lines] == [str(n) for n in range(10, 60)]
    assert {len(line) for line in found.lines} == {400}
