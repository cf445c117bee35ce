"""A Job is made once for each window, whoever asks, and its end says what it says: good, bad, or nothing of the candidate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest

from crossfade.api.analysis import Metric
from crossfade.cluster import ApiError
from crossfade.controller.options import parse
from crossfade.controller.sources import job as source
from crossfade.controller.sources import measuring_by
from crossfade.core.measured import Answer, Ask, Both, Down, Nothing, Owner, Part, Said, Valued, Window, Wrong

BOTH = Both(
    "demo", Part("v2hash", "shop-v2hash", "shop-preview", "shop:v2"), Part("v1hash", "shop-v1hash", "shop")
)
OWNER = Owner("shop", "uid-1", 7)
CONTAINER = {
    "name": "job",
    "image": "{{image}}",
    "command": ["/migrate", "--to={{candidate}}", "{{candidateService}}"],
}
POD = {"spec": {"containers": [CONTAINER]}}

Raw = dict[str, Any]


def condition(kind: str, reason: str = "") -> Raw:
    return {
        "status": {
            "conditions": [{"type": kind, "status": "True", "reason": reason, "message": "it is over"}]
        }
    }


def ended(code: int, message: str = "") -> Raw:
    return state({"terminated": {"exitCode": code, "message": message}})


def state(one: Raw) -> Raw:
    return {
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"containerStatuses": [{"state": one}]},
    }


@dataclass
class Jobs:
    """An API server whose Job is as `story` says, look by look: its status, and its pods."""

    story: list[tuple[Raw, list[Raw]]] = field(default_factory=list)
    others: list[Raw] = field(default_factory=list)
    refusal: ApiError | None = None
    made: list[Raw] = field(default_factory=list)
    pods: list[Raw] = field(default_factory=list)

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        assert (kind, namespace) == ("Job", "demo")
        if not any(each["metadata"]["name"] == name for each in self.made):
            return None
        job: Raw = {}
        if self.story:
            job, self.pods = self.story[0] if len(self.story) == 1 else self.story.pop(0)
        return {"metadata": {"name": name}, **job}

    async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Raw:
        assert (kind, namespace) == ("Job", "demo")
        if self.refusal is not None:
            raise self.refusal
        self.made.append(dict(body))
        return dict(body)

    async def list(self, kind: str, namespace: str | None = None, labels: str | None = None) -> list[Raw]:
        assert namespace == "demo"
        if kind == "Pod":
            return self.pods
        assert labels == "crossfade.dev/rollout=shop,crossfade.dev/hook=migrate"
        return self.others


def asking(number: int = 1, owner: Owner = OWNER, template: Raw = POD, **metric: Any) -> Ask:
    job = {"template": template, "timeoutSeconds": 30}
    read = Metric.model_validate({"name": "migrate", "job": job, **metric})
    return Ask(Window("before Start", "migrate", number, "2026-01-01T00:00:00Z", 1), read, BOTH, {}, owner)


async def no_pause(_seconds: float) -> None:
    """The clock of a test."""


async def answer(jobs: Jobs, ask: Ask, pause: Callable[[float], Awaitable[None]] = no_pause) -> Answer:
    async with measuring_by(parse([]), jobs) as measures:
        assert ask.metric.job is not None
        return await source.measured(measures.means, ask, ask.metric.job, pause)


async def test_a_job_that_succeeds_is_good_and_was_made_for_this_release() -> None:
    jobs = Jobs(
        [({}, []), ({}, [state({"running": {}})]), (condition("Complete"), [ended(0, "12 rows moved\n")])]
    )
    assert await answer(jobs, asking()) == Said(good=True, told="exit code 0: 12 rows moved")
    (made,) = jobs.made
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    assert made["metadata"]["name"].startswith("shop-migrate-")
    assert made["spec"]["activeDeadlineSeconds"] == 30
    assert made["spec"]["backoffLimit"] == 0
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "shop:v2"
    assert container["command"] == ["/migrate", "--to=v2hash", "shop-preview"]
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Never"


async def test_a_job_that_fails_is_bad_with_its_exit_code_and_its_last_words() -> None:
    jobs = Jobs(
        [(condition("Failed", "BackoffLimitExceeded"), [ended(3, "connecting\nno table named users\n")])]
    )
    assert await answer(jobs, asking()) == Said(good=False, told="exit code 3: no table named users")


async def test_a_job_that_hangs_is_bad_once_its_time_is_over() -> None:
    jobs = Jobs([({}, [state({"running": {}})]), (condition("Failed", "DeadlineExceeded"), [])])
    assert await answer(jobs, asking()) == Said(good=False, told="it did not end within 30 s")


async def test_a_job_of_which_nothing_started_says_nothing_of_the_candidate() -> None:
    waiting = state({"waiting": {"reason": "ErrImagePull", "message": "no such image"}})
    jobs = Jobs([({}, [waiting]), (condition("Failed", "DeadlineExceeded"), [waiting])])
    told = await answer(jobs, asking())
    assert told == Nothing("no container of it started within 30 s: ErrImagePull no such image")


async def test_a_job_that_its_node_cannot_start_says_nothing_of_the_candidate() -> None:
    broken = state({"terminated": {"exitCode": 128, "reason": "StartError", "message": "unable to freeze"}})
    told = await answer(Jobs([(condition("Failed", "BackoffLimitExceeded"), [broken])]), asking())
    assert told == Nothing("its node could not start it: unable to freeze")


async def test_a_pod_that_a_drain_takes_is_no_failure_of_the_job() -> None:
    jobs = Jobs([(condition("Complete"), [ended(0)])])
    await answer(jobs, asking())
    rule = jobs.made[0]["spec"]["podFailurePolicy"]["rules"][0]
    assert (rule["action"], rule["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")


async def test_a_job_that_no_controller_ends_is_given_up_as_a_source_that_is_down() -> None:
    told = await answer(Jobs(), asking())
    assert isinstance(told, Down)
    assert "nobody ends it" in told.why


async def test_who_asks_again_after_a_restart_finds_the_job_that_runs() -> None:
    jobs = Jobs([(condition("Complete"), [ended(0)])])
    await answer(jobs, asking())
    await answer(jobs, asking())
    assert len(jobs.made) == 1


@pytest.mark.parametrize(
    "other",
    [
        asking(2),
        asking(owner=Owner("shop", "uid-1", 8)),
        asking(template={"spec": {"containers": [{**CONTAINER, "image": "other"}]}}),
    ],
)
async def test_another_window_release_or_template_is_another_job(other: Ask) -> None:
    jobs = Jobs([(condition("Complete"), [ended(0)])])
    await answer(jobs, asking())
    await answer(jobs, other)
    names = [each["metadata"]["name"] for each in jobs.made]
    assert len(set(names)) == 2


async def test_two_jobs_of_one_hook_never_run_at_once() -> None:
    jobs = Jobs(others=[{"metadata": {"name": "shop-migrate-old"}}])
    told = await answer(jobs, asking())
    assert told == Said(good=None, told="not yet: Job shop-migrate-old of an earlier one still runs")
    assert not jobs.made
    jobs.others[0] |= condition("Complete")
    jobs.story = [(condition("Complete"), [ended(0)])]
    assert await answer(jobs, asking()) == Said(good=True, told="exit code 0")


@pytest.mark.parametrize(
    ("status", "why", "kind"),
    [
        (HTTPStatus.UNPROCESSABLE_ENTITY, "spec.template.spec.containers[0].name: too long", Wrong),
        (HTTPStatus.FORBIDDEN, "violates PodSecurity", Wrong),
        (HTTPStatus.FORBIDDEN, "exceeded quota: jobs", Down),
        (HTTPStatus.INTERNAL_SERVER_ERROR, "etcd is away", Down),
    ],
)
async def test_what_the_api_server_refuses_is_told_in_its_words(
    status: HTTPStatus, why: str, kind: type
) -> None:
    told = await answer(Jobs(refusal=ApiError(status, "Refused", why)), asking())
    assert isinstance(told, kind)
    assert why in told.why


async def test_with_a_condition_the_number_that_the_job_leaves_decides() -> None:
    jobs = Jobs([(condition("Complete"), [ended(0, "requests: 1200\n0.3\n")])])
    assert await answer(jobs, asking(success="result < 0.5")) == Valued(0.3, good=True)
    jobs = Jobs([(condition("Complete"), [ended(0, "0.7")])])
    assert await answer(jobs, asking(success="result < 0.5")) == Valued(0.7, good=False)


@pytest.mark.parametrize("line", ["", "fast enough", "nan"])
async def test_without_a_number_there_is_no_data_for_a_condition(line: str) -> None:
    jobs = Jobs([(condition("Complete"), [ended(0, line)])])
    assert isinstance(await answer(jobs, asking(success="result < 0.5")), Nothing)


async def test_a_placeholder_that_nobody_fills_in_is_told_before_anything_is_made() -> None:
    wrong = {"spec": {"containers": [{"name": "job", "image": "{{imge}}"}]}}
    jobs = Jobs()
    told = await answer(jobs, asking(template=wrong))
    assert isinstance(told, Wrong)
    assert "{{imge}} is neither" in told.why
    assert not jobs.made


async def test_a_job_that_somebody_deletes_is_no_failure() -> None:
    class Deleted(Jobs):
        async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Raw:
            return dict(body)

    assert isinstance(await answer(Deleted(), asking()), Down)
