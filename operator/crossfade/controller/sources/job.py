"""Jobs: made for one window, found again by whoever asks again, and watched until they end or their time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from crossfade.api.hooks import Job
from crossfade.api.labels import API_VERSION, LABEL_HOOK, LABEL_ROLLOUT
from crossfade.cluster import ApiError
from crossfade.controller.sources import asked, filled
from crossfade.controller.sources.means import Means, Runs
from crossfade.core.measured import Answer, Ask, Down, Nothing, Said, Wrong
from crossfade.providers import job as jobs
from crossfade.providers.outcome import NoData, Refused, number

LOOKS_S: Final = (0.5, 1.0, 2.0)
"""Pauses between two looks at a Job: short at first, then the last one again and again."""
PATIENCE_S: Final = 60.0
"""Its controller and its kubelet get so long beyond the Job's own time before nobody is taken to end it."""

Raw = dict[str, Any]
Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class _Asked:
    """One Job, and where it is."""

    runs: Runs
    namespace: str
    wanted: jobs.Wanted


async def measure(means: Means, ask: Ask, wanted: Job) -> Answer:
    """What the Job of this window came to."""
    return await measured(means, ask, wanted, asyncio.sleep)


async def measured(means: Means, ask: Ask, wanted: Job, pause: Pause) -> Answer:
    """The same, with the clock's pauses given."""
    template = jobs.filled(wanted.template, _values(ask))
    if isinstance(template, Refused):
        return Wrong(f"its template is wrong {template.why}")
    job = _Asked(means.runs, ask.both.namespace, _wanted(ask, wanted))
    try:
        trouble = await _made(job, jobs.manifest(job.wanted, template))
        return trouble or await _judged(means, ask, await _ended(job, pause))
    except ApiError as error:
        return Down(f"the API server does not tell of Job {jobs.name_of(job.wanted)}: {error}")


def _values(ask: Ask) -> dict[str, str]:
    """What stands for the placeholders; what this release has not is left out, so that naming it is told."""
    candidate = ask.both.candidate
    more = {"image": candidate.image, "candidateService": candidate.service}
    return {
        **filled.values_of(ask),
        **{name: value for name, value in more.items() if value},
        **ask.arguments,
    }


def _wanted(ask: Ask, wanted: Job) -> jobs.Wanted:
    owner, window = ask.owner, ask.window
    definition = jobs.digest_of({"job": wanted.model_dump(mode="json"), "arguments": dict(ask.arguments)})
    return jobs.Wanted(
        owner={"apiVersion": API_VERSION, "kind": "Rollout", "name": owner.rollout, "uid": owner.uid},
        labels={LABEL_ROLLOUT: owner.rollout, LABEL_HOOK: window.metric},
        name=f"{owner.rollout}-{window.metric}",
        identity=f"{owner.uid}/{owner.release}/{window.run}/{window.metric}/{window.number}/{definition}",
        timeout_s=wanted.timeout_seconds,
        retries=wanted.retries,
    )


async def _made(job: _Asked, manifest: Raw) -> Answer | None:
    """See to it that the Job is there; else why not. Two Jobs of one name of a Rollout never run at once."""
    name = manifest["metadata"]["name"]
    if await job.runs.get("Job", job.namespace, name) is not None:
        return None
    selector = ",".join(f"{key}={value}" for key, value in job.wanted.labels.items())
    others = await job.runs.list("Job", job.namespace, selector)
    running = next((each for each in others if not jobs.is_over(each)), None)
    if running is not None:
        return Said(
            good=None, told=f"not yet: Job {running['metadata']['name']} of an earlier one still runs"
        )
    try:
        await job.runs.create("Job", job.namespace, manifest)
    except ApiError as error:
        return _not_made(name, error)
    return None


def _not_made(name: str, error: ApiError) -> Answer | None:
    if error.status == HTTPStatus.CONFLICT:  # made by whoever asked before
        return None
    told = f"the API server refuses Job {name}: {error}"
    final = error.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.FORBIDDEN}
    return Wrong(told) if final and "quota" not in str(error) else Down(told)


async def _ended(job: _Asked, pause: Pause) -> jobs.Ended | jobs.Unstarted | Down:
    """Look at it until it has ended, or should have."""
    name, started, waited_s, looks = jobs.name_of(job.wanted), False, 0.0, 0
    while True:
        live = await job.runs.get("Job", job.namespace, name)
        if live is None:
            return Down(f"Job {name} was deleted before it ended")
        pods = await job.runs.list("Pod", job.namespace, f"batch.kubernetes.io/job-name={name}")
        started = started or jobs.has_started(pods)
        done = jobs.outcome(live, pods, started=started, timeout_s=job.wanted.timeout_s)
        if done is not None:
            return done
        if waited_s > job.wanted.timeout_s + PATIENCE_S:
            return Down(f"Job {name} should have ended, and nobody ends it: does the controller manager run?")
        wait_s = LOOKS_S[min(looks, len(LOOKS_S) - 1)]
        await pause(wait_s)
        waited_s, looks = waited_s + wait_s, looks + 1


async def _judged(means: Means, ask: Ask, done: jobs.Ended | jobs.Unstarted | Down) -> Answer:
    """Its exit code decides; where conditions are written, and it succeeded, the line that it left."""
    if isinstance(done, Down):
        return done
    if isinstance(done, jobs.Unstarted):
        return Nothing(done.why)
    if not done.good or not (ask.metric.success or ask.metric.failure):
        return Said(done.good, done.told)
    if not done.line:
        return Nothing(
            "the Job succeeded and left no line in /dev/termination-log, which the conditions ask about"
        )
    try:
        value = number(float(done.line), "the Job's line")
    except ValueError:
        return Nothing(f"the Job's last line is no number: {done.line}")
    return Nothing(value.why) if isinstance(value, NoData) else await asked.judged(means, ask, value)
