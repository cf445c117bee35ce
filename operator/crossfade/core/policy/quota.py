"""How often one Rollout may be released (`quota`): by the starts that its status keeps. It opens by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from crossfade.api.policy_rules import Quota
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import moment_of, text_of
from crossfade.core.policy.beginning import begins, is_second_try
from crossfade.core.policy.begun import DAY
from crossfade.core.policy.matched import Matched
from crossfade.core.policy.sentence import held
from crossfade.core.situation import Situation


def hold(s: Situation, policy: Matched) -> Answer:
    """Holds a release before it begins until the quota lets it; modes and bypasses are left to `holds`.

    Both limits are judged, and the one that lasts longer is told.
    """
    quota = policy.spec.quota if policy.spec is not None else None
    if quota is None or not begins(s) or is_second_try(s):
        return OPEN
    until, what = max(_limits(quota, s.memory.starts), default=(s.now, ""))
    if until <= s.now:
        return OPEN
    at = f"{until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    waits = f"{what}; it begins by itself at {at}, or sooner by a bypass of the policy"
    return held(policy, "quota", waits, text_of(until))


def _limits(quota: Quota, starts: Sequence[str]) -> Iterator[tuple[datetime, str]]:
    """Until when each limit that is used up holds, and in words how it is. `starts`: the newest first."""
    interval_s, a_day = quota.min_interval_seconds, quota.max_per_day
    if interval_s is not None and starts:
        last = moment_of(starts[0])
        what = f"its last release began at {last.astimezone(UTC):%H:%M:%S} UTC, and the next one may {interval_s} s later"
        yield last + timedelta(seconds=interval_s), what
    if a_day is not None and len(starts) >= a_day:
        releases = "release" if a_day == 1 else "releases"
        yield (
            moment_of(starts[a_day - 1]) + DAY,
            f"{a_day} of {a_day} {releases} of the last 24 hours have begun",
        )
