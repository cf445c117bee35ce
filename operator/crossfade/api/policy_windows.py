"""When releases may go on, as an admin writes it: windows in a calendar, and a freeze; and what is told of them."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from crossfade.api.base import Message, Model, Rule, Time, harmless
from crossfade.api.hooks import MetricName

WINDOWS_LENGTH: Final = 32
DATES_LENGTH: Final = 100
YEAR_SECONDS: Final = 366 * 24 * 3600

Moment = Literal["Start", "Step", "Promote"]
"""`Start`: a release begins. `Step`: the candidate gets a larger share, below all. `Promote`: it gets all requests."""

InFlight = Literal["Continue", "Pause", "Abort"]

_FIELD: Final = "[0-9A-Za-z*,/#-]+"
_DAY: Final = "2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"

Schedule = Annotated[str, Field(max_length=100, pattern=f"^{_FIELD}( +{_FIELD}){{4}}$")]
"""Five fields of cron."""

TimeZone = Annotated[str, Field(max_length=64, pattern="^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")]
"""A name of the IANA time zone database; without dots, so that it is never a path that leads elsewhere."""

Dates = Annotated[str, Field(max_length=21, pattern=f"^{_DAY}(/{_DAY})?$")]
"""A local day, or the first and the last of several."""

Moments = Annotated[list[Moment], Field(min_length=1, max_length=3)]
ClosedReason = Annotated[str, harmless(256), Field(max_length=256)]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Closing(Model):
    """What a window or a freeze holds back while it is closed."""

    applies: Moments = Field(default=["Start"], json_schema_extra={"x-kubernetes-list-type": "set"})
    """What waits while it is closed: `Start` (a release begins), `Step` (the candidate gets a larger share, below 100 %), `Promote`
    (it gets 100 %). By default `[Start]`: what has begun goes on. The way back never waits. Example: `[Start, Promote]`."""

    on_closed: Literal["Hold", "Reject"] = "Hold"
    """What happens to a change that is applied while it is closed and `applies` has `Start`: `Hold` (default) takes it, and the
    release waits; `Reject` refuses it at once, which also stops the whole sync of a GitOps tool."""

    in_flight: InFlight = "Continue"
    """What happens to a release that is under way when it closes: `Continue` (default) goes on, but for what `applies` names; `Pause`
    stands at its stage until it opens, or, where pods are exchanged, between two; `Abort` is taken back to the stable revision."""

    reason: ClosedReason = ""
    """Why, told to everybody who waits, at most 256 characters. Example: `no releases on Friday afternoon`."""


class Window(Closing):
    """A time in which releases may go on (Allow), or in which they may not (Deny). Exactly one of `schedule`, `start` and `end`, or
    `dates` says when it is active.

    A Deny window is closed while it is active. An Allow window is closed while it is not, unless another Allow window of the same policy
    is active for the same of `applies`. Deny wins over Allow. A window that cannot be read (a time zone that is not known, a day that no
    calendar has) is closed until it is corrected.
    """

    rules = (
        Rule(
            cel="[has(self.schedule), has(self.start) || has(self.end), has(self.dates) && size(self.dates) > 0]"
            ".filter(chosen, chosen).size() == 1",
            message="say when it is active by exactly one of schedule, start and end, and dates, "
            "for example `schedule: 0 16 * * FRI` and `durationSeconds: 28800`",
            holds=lambda self: (
                [bool(self.schedule), bool(self.start or self.end), bool(self.dates)].count(True) == 1
            ),
        ),
        Rule(
            cel="has(self.schedule) == has(self.durationSeconds)",
            message="schedule and durationSeconds belong together: the one says when it begins, the other for how long "
            "it is active, for example `durationSeconds: 28800`",
            holds=lambda self: (self.schedule is None) == (self.duration_seconds is None),
        ),
        Rule(
            cel="has(self.start) == has(self.end)",
            message="start and end belong together: write both; what has no end yet is a freeze of the policy",
            holds=lambda self: (self.start is None) == (self.end is None),
        ),
        Rule(
            cel="!has(self.start) || !has(self.end) || self.start < self.end",
            message="start must be before end",
            holds=lambda self: not (self.start and self.end) or _moment(self.start) < _moment(self.end),
        ),
    )

    name: MetricName
    """Its name, told in messages: small letters, digits and `-`, at most 40 characters. Example: `friday`."""

    kind: Literal["Allow", "Deny"]
    """`Allow`: releases go on only while it is active, or another Allow window of the same policy. `Deny`: they wait while it is
    active, whatever Allow windows say."""

    time_zone: TimeZone
    """The zone whose clocks `schedule`, `dates` and `exceptDates` mean, and in which its times are told: a name of the IANA time zone
    database. Clock changes are followed. Example: `Europe/Berlin`."""

    schedule: Schedule | None = None
    """When it begins, again and again: five fields of cron (minute, hour, day of month, month, day of week), read as Debian's cron
    does. Also `L` (last day of the month), `LW` (its last weekday), `5L` (last Friday), `MON#1` (first Monday). Of day of month and day of
    week both count where one of them begins with `*`, else either. A time that a clock change skips is when the skipped hour ends; one
    that comes twice is the first of the two. Where minute or hour begins with `*`, skipped times do not count, and both of two do.
    Example: `0 16 * * FRI`."""

    duration_seconds: Annotated[int, Field(ge=60, le=YEAR_SECONDS)] | None = None
    """For how long it is active each time that `schedule` begins it, in seconds, 60 to 31622400 (366 days). It is time that passes: eight
    hours are eight hours also in a night in which clocks change. It may be longer than the schedule's period: times that overlap are
    one. Example: `28800`."""

    start: Time | None = None
    """The moment at which it begins, with its offset. Example: `2026-12-18T16:00:00+01:00`."""

    end: Time | None = None
    """The moment at which it ends, with its offset; after `start`. Example: `2027-01-04T06:00:00+01:00`."""

    dates: Annotated[list[Dates], Field(max_length=DATES_LENGTH)] = Field(
        default_factory=list, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    """The local days on which it is active from midnight to midnight, at most 100: a day, or the first and the last of several with `/`
    between. For holidays write a Deny window. Example: `["2026-12-24/2026-12-26", "2027-01-01"]`."""

    except_dates: Annotated[list[Dates], Field(max_length=DATES_LENGTH)] = Field(
        default_factory=list, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    """The local days on which it is not active, from midnight to midnight, at most 100, written like `dates`: holidays on which an Allow
    window stays closed, or days on which a Deny window lets go on. What began the day before ends at midnight. Example: `["2026-12-25"]`."""


class Freeze(Closing):
    """Releases wait from now on, whatever the windows say: one command sets it (`crossfade freeze`), one takes it away."""

    applies: Moments = Field(
        default=["Start", "Step", "Promote"], json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    """What waits: `Start` (a release begins), `Step` (the candidate gets a larger share, below 100 %), `Promote` (it gets 100 %). By default
    all of them. The way back never waits. Example: `[Start]`."""

    until: Time | None = None
    """The moment at which it ends by itself. Default: somebody takes it away. Example: `2026-12-01T06:00:00Z`."""


class WindowStatus(Model):
    """What a window does now, and what it does next. Written by the operator only."""

    name: Annotated[str, Field(max_length=40)]
    """Name of the window."""

    closed: bool
    """Whether something waits for it now: a Deny window that is active, an Allow window when neither it nor another one that applies to
    the same is active, or a window that cannot be read."""

    closed_for: Annotated[list[Moment], Field(max_length=3)] = Field(default_factory=list)
    """What waits for it now, of what its `applies` names; empty while it is open. Example: `[Start]`."""

    reason: Message = ""
    """The window's own reason, or what is wrong with it where it cannot be read."""

    since: Time | None = None
    """Since when it is closed, or open; absent where that is more than a year."""

    next_open: Time | None = None
    """When it opens next; absent where it does not within a year."""

    next_close: Time | None = None
    """When it closes next; absent where it does not within a year."""


__all__ = [
    "DATES_LENGTH",
    "WINDOWS_LENGTH",
    "Closing",
    "Freeze",
    "InFlight",
    "Moment",
    "Window",
    "WindowStatus",
]
