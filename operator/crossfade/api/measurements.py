"""What was measured of a release, and what it came to: kept in the status while it is under way, then in its Release."""

from typing import Annotated, Literal

from pydantic import Field

from crossfade.api.base import Count, Duration, Message, Model, Time

WINDOWS_KEPT = 30
WINDOWS_KEPT_IN_STRATA = 6
"""With 16 strata a window is as long as five without."""
STRATA_KEPT = 16
PODS_KEPT = 21
MEASURED_LENGTH = 64
PURSES_LENGTH = 16

EVENTS_MOST = 10**15
"""Whole numbers are exact in JSON up to nine times this."""

Events = Annotated[int, Field(ge=0, le=EVENTS_MOST)]
Logarithm = Annotated[float, Field(ge=-1e18, le=1e18)]
Short = Annotated[str, Field(max_length=64)]


class WindowStatus(Model):
    """The counts of one window."""

    at: Duration = 0
    """Its end, in seconds since the metric's first window began."""
    candidate_bad: Events = 0
    """Bad requests of the candidate."""
    candidate_total: Events = 0
    """All of its requests."""
    stable_bad: Events = 0
    """Bad requests of stable."""
    stable_total: Events = 0
    """All of its requests."""
    strata: Annotated[list[Events], Field(max_length=4 * STRATA_KEPT)] | None = None
    """The same for each of the metric's `strata`, four numbers each: bad and all of the candidate, bad and all of stable. What
    is in none of them is the rest. Absent where there are no strata."""


class PodStatus(Model):
    """What one pod of the candidate answered, in all windows."""

    name: Short = ""
    """Its name; empty for the others together."""
    bad: Events = 0
    """Bad requests."""
    total: Events = 0
    """All requests."""
    expected: Annotated[float, Field(ge=0, le=EVENTS_MOST)] | None = None
    """How many bad requests would be its part, were all pods alike; absent where that is not known."""


class ClaimStatus(Model):
    """The evidence against one claim, from the windows before those that are kept."""

    purses: Annotated[list[Logarithm], Field(max_length=PURSES_LENGTH)] = Field(default_factory=list)
    """The natural logarithm of what each bet has."""
    log_e: Logarithm = 0
    """The natural logarithm of the evidence."""


class EarlierStatus(Model):
    """What the windows that are not kept any more come to: a verdict is computed again from this and from those that are."""

    windows: Count = 0
    """How many there were."""
    compared: Count = 0
    """In how many of them stable had requests."""
    seconds: Duration = 0
    """How long the last of them was, in seconds."""
    last: WindowStatus | None = None
    """The last of them."""
    sums: WindowStatus | None = None
    """Their counts, added up; `at` is the end of the last one."""
    claims: Annotated[list[ClaimStatus], Field(max_length=4)] = Field(default_factory=list)
    """The evidence against each claim: not worse, worse, not broken, not negligible."""
    failed_by: Short = ""
    """The claim whose refutal took the candidate back; empty where none did."""
    passed_by: Short = ""
    """The claim whose refutal let it pass; empty where none did."""


class JudgedBy(Model):
    """What the judge was asked: a verdict is computed again with this."""

    tolerance: Annotated[float, Field(ge=0.5, le=100)] = 1
    """How many times as bad as stable the candidate might be."""
    certify: Annotated[float, Field(ge=0.5, le=1000)] = 2
    """It passed when it was shown to be less than so many times as bad."""
    alpha: Annotated[float, Field(ge=0.0001, le=0.5)] = 0.05
    """The risk of a wrong verdict."""
    max_error_ratio: Annotated[float, Field(ge=0, le=1)] | None = None
    """The part of bad requests above which it was plainly broken; absent where there was no such limit."""
    negligible: Annotated[float, Field(ge=0, le=1)] = 0.001
    """The part of bad requests below which it passed."""
    burst: Annotated[float, Field(ge=1, le=1000)] = 1
    """So many bad requests in a row counted as one."""
    max_seconds: Duration | None = None
    """For how long a step waited for it; absent in the background and in the bake, where no end is known."""


class PastStatus(Model):
    """What the candidate is compared with where stable gets no requests: weaker, since it is of another time."""

    bad: Events = 0
    """Bad requests."""
    total: Events = 0
    """All requests."""
    told: Short = ""
    """Whose they are. Example: `stable before` or `release 7`."""


class MetricStatus(Model):
    """One metric of one run: how often it was measured, and what it came to."""

    run: Short = ""
    """What it was measured for: `background`, `step 2` or `bake`."""
    metric: Short = ""
    """Its name."""
    definition: Short = ""
    """Hash of the metric and its arguments: one that is edited begins anew."""
    outcome: Literal["", "Passed", "Failed", "Inconclusive"] = ""
    """What it came to; empty while it goes on, and where the release ended before it had decided."""
    message: Message = ""
    """The same in a sentence, with the counts."""
    windows: Count = 0
    """Windows that were measured and taken in, each once."""
    until: Time | None = None
    """The end of the last one; the next one begins there."""
    good: Count = 0
    """Good measurements of a number."""
    bad: Count = 0
    """Bad ones."""
    bad_in_a_row: Count = 0
    """Bad ones since the last one that was not."""
    nothing_in_a_row: Count = 0
    """Measurements without data since the last one that had some."""
    errors_in_a_row: Count = 0
    """How often its source has not answered since it last did."""
    again_at: Time | None = None
    """When a source that did not answer, or has said when, is asked again; absent for the others."""
    judged_by: JudgedBy | None = None
    """What the judge was asked; absent for a number."""
    past: PastStatus | None = None
    """What is compared with since stable has had no requests; absent while it has some, and where nothing is known."""
    earlier: EarlierStatus | None = None
    """What the oldest windows come to, where there are more than are kept."""
    kept: Annotated[list[WindowStatus], Field(max_length=WINDOWS_KEPT)] = Field(default_factory=list)
    """The counts of the newest windows, oldest first, at most 30; where they come in strata, 6."""
    strata: Annotated[list[Short], Field(max_length=STRATA_KEPT)] = Field(default_factory=list)
    """The names of the strata in which both sides are compared one by one, as they first came, at most 16."""
    pods: Annotated[list[PodStatus], Field(max_length=PODS_KEPT)] = Field(default_factory=list)
    """The candidate's pods, the most bad requests first, at most 20 and the others together; empty where counts have none."""


__all__ = ["MEASURED_LENGTH", "EarlierStatus", "MetricStatus", "WindowStatus"]
